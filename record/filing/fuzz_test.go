package filing_test

import (
	"encoding/json"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/filing"
)

// Strangers write labels and codes: whatever they are, filing answers, the same
// each time, with a section of the format, and a sensitive label next to them
// is still obeyed.
func FuzzCodings(f *testing.F) {
	for _, s := range []struct{ system, code, display string }{
		{systems["act"], "PSY", "psychiatry"}, {systems["conf"], "R", ""}, {"", "F32.1", ""}, {systems["icd10"], "F10–F16", ""}, {systems["icd10"], "", "HIV"},
		{systems["sct"], "35489007", "Depressi\u200bve disorder"}, {systems["loinc"], "44249-1", " PHQ–9 "}, {"urn:oid:2.16.840.1.113883.5.4|2018", "hiv", "İ"}, {"#", "\x00", "lithium heparin lithium"},
	} {
		f.Add("Observation", s.system, s.code, s.display)
	}
	f.Fuzz(func(t *testing.T, typ, system, code, display string) {
		c := map[string]any{"system": system, "code": code, "display": display}
		parse := func(security ...any) *fhir.Resource {
			b, err := json.Marshal(map[string]any{"resourceType": typ, "meta": map[string]any{"security": append(security, c)},
				"code": map[string]any{"coding": []any{c}, "text": display}, "title": display})
			if err != nil {
				return nil
			}
			r, err := fhir.Parse(b, fhir.Limits{})
			if err != nil {
				return nil
			}
			return r
		}
		plain := parse()
		if plain == nil {
			return // no resource: nothing to file
		}
		got := filing.Section(plain, nil)
		if !got.Section.Valid() || got.Why.Rule == "" || got.Why.Text == "" {
			t.Fatalf("%+v", got)
		}
		if again := filing.Section(plain, nil); again != got {
			t.Fatalf("%v, then %v", got, again)
		}
		labelled := filing.Section(parse(map[string]any{"system": systems["act"], "code": "SDV"}), nil)
		if typ != "Patient" && !labelled.Section.Sensitive() {
			t.Fatalf("labelled and in %v", labelled.Section)
		}
		if filing.Stricter(got.Section, labelled.Section) && got.Why.Rule != "label:R" {
			t.Fatalf("%v without the label, %v with it", got.Section, labelled.Section)
		}
	})
}

// Words are found in capitals, with other spaces, and with invisible letters in
// them.
func TestWordsInDisguise(t *testing.T) {
	for _, text := range []string{"DEPRESSION", "post-traumatic   STRESS\tdisorder", "Depres\u00adsion", "Depres\u200bsive episode", "(HIV)", "HIV-1", "hiv", "…HIV…", "anti-depressant", "Self‑harm"} {
		b, _ := json.Marshal(map[string]any{"resourceType": "Condition", "code": map[string]any{"text": text}})
		r, err := fhir.Parse(b, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := filing.Section(r, nil); !got.Section.Sensitive() {
			t.Errorf("%q went to %v", text, got.Section)
		}
	}
}

// Labels count wherever they stand.
func TestLabelsInside(t *testing.T) {
	for where, body := range map[string]string{
		"contained": `{"resourceType":"DiagnosticReport","contained":[{"resourceType":"Observation","meta":{"security":[{"system":"ACT","code":"PSY"}]}}]}`,
		"bundled":   `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation","meta":{"security":[{"system":"ACT","code":"PSY"}]}}}]}`,
		"provision": `{"resourceType":"Consent","provision":{"provision":[{"securityLabel":[{"system":"ACT","code":"PSY"}]}]}}`,
		"section":   `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Composition","confidentiality":"V"}}]}`,
		"reference": `{"resourceType":"Encounter","reasonReference":[{"reference":"Condition/1","display":"Major depression"}]}`,
		"file":      `{"resourceType":"DocumentReference","content":[{"attachment":{"title":"Sexual health clinic letter.pdf"}}]}`,
		"bundle":    `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Organization","name":"Drug and Alcohol Service"}}]}`,
	} {
		r, err := fhir.Parse([]byte(strings.ReplaceAll(body, "ACT", systems["act"])), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := filing.Section(r, nil); !got.Section.Sensitive() {
			t.Errorf("%s: %v by %s", where, got.Section, got.Why.Rule)
		}
	}
}
