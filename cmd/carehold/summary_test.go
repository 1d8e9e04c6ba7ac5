package main

import (
	"testing"

	"carehold/record/sample"
)

func TestSummaries(t *testing.T) {
	for _, c := range []struct{ in, title, date, value string }{
		{`{"resourceType":"Observation","code":{"text":"HbA1c"},"effectiveDateTime":"2026-05-12T09:00:00Z","valueQuantity":{"value":61.0,"unit":"mmol/mol"}}`,
			"HbA1c", "2026-05-12", "61.0 mmol/mol"},
		{`{"resourceType":"Observation","code":{"coding":[{"code":"85354-9","display":"Blood pressure"}]},"effectivePeriod":{"start":"2026-05"},
			"component":[{"code":{"text":"s"},"valueQuantity":{"value":148,"unit":"mmHg"}},{"code":{"text":"d"},"valueQuantity":{"value":86,"unit":"mmHg"}}]}`,
			"Blood pressure", "2026-05", "148 mmHg / 86 mmHg"},
		// The diastolic stands first in many exports; another code, unit or a missing half is shown as it is.
		{`{"resourceType":"Observation","code":{"text":"BP"},
			"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":73,"unit":"mm[Hg]"}},
			{"code":{"coding":[{"system":"http://snomed.info/sct","code":"271649006"},{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":128,"code":"mm[Hg]"}}]}`,
			"BP", "", "128/73 mmHg"},
		{`{"resourceType":"Observation","code":{"text":"BP"},
			"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":73,"unit":"mmHg"}},
			{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":17.1,"unit":"kPa"}}]}`,
			"BP", "", "73 mmHg / 17.1 kPa"},
		{`{"resourceType":"Observation","code":{"text":"BP"},
			"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"dataAbsentReason":{"text":"not heard"}},
			{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":128,"unit":"mmHg"}}]}`,
			"BP", "", "128 mmHg"},
		{`{"resourceType":"Observation","code":{"text":"CRP"},"valueQuantity":{"value":5,"comparator":"<","unit":"mg/L"}}`, "CRP", "", "<5 mg/L"},
		{`{"resourceType":"Condition","code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006","display":"Type 2 diabetes mellitus"}]},"onsetDateTime":"2006"}`,
			"Type 2 diabetes mellitus", "2006", ""},
		{`{"resourceType":"Patient","name":[{"family":"Okafor","given":["Amara","B"],"prefix":["Dr"]}],"birthDate":"1970-01-02"}`, "Dr Amara B Okafor", "1970-01-02", ""},
		{`{"resourceType":"DocumentReference","type":{"text":"Letter"},"content":[{"attachment":{"title":"Discharge summary"}}],"date":"2024-01-31T10:00:00Z"}`,
			"Discharge summary", "2024-01-31", ""},
		{`{"resourceType":"Binary","contentType":"text/plain"}`, "text file", "", ""},
		{`{"resourceType":"Binary","contentType":"application/pdf"}`, "PDF file", "", ""},
		{`{"resourceType":"Binary","contentType":"application/x-other"}`, "file", "", ""},
		{`{"resourceType":"Observation","code":{"text":"Smokes"},"valueBoolean":false}`, "Smokes", "", "no"},
		{`[]`, "", "", ""},
		{`{"resourceType":7,"code":7,"name":[[]],"component":[1]}`, "", "", ""},
	} {
		if got := summarize([]byte(c.in)); got != (summary{c.title, c.date, c.value}) {
			t.Errorf("%s\nis %+v", c.in, got)
		}
	}
}

// TestValueIsNotCut: 7.1 cut short is another number.
func TestValueIsNotCut(t *testing.T) {
	s := summary{Title: "Glucose in venous plasma, fasting, by some method", Value: "7.1 mmol/L"}
	if got := s.in(30); got != "Glucose in venous …: 7.1 mmol/L" && got != "Glucose in venous…: 7.1 mmol/L" {
		t.Errorf("%q", got)
	}
}

func FuzzSummarize(f *testing.F) {
	for _, s := range sample.Sources() {
		o, _ := parseObject(s.Bundle)
		f.Add(s.Bundle[:0])
		for i, e := range list(o["entry"]) {
			if i > 3 {
				break
			}
			if entry, ok := e.(object); ok {
				f.Add([]byte(title(entry["resource"].(object))))
			}
		}
	}
	f.Add([]byte(`{"resourceType":"Observation","valueQuantity":{"value":[]},"component":{"a":1},"code":{"coding":{"coding":{"text":""}}}}`))
	f.Add([]byte(`{"resourceType":"Claim","item":[[{"productOrService":3}]],"name":{"given":{"a":[]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := summarize(b)
		_ = s.in(30)
		if clean(s.line()) != clean(clean(s.line())) {
			t.Error("what is clean is not clean")
		}
		if o, ok := parseObject(b); ok {
			facts(o)
		}
	})
}
