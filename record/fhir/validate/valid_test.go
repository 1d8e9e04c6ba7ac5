package validate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carehold/record/fhir"
	"carehold/record/fhir/validate"
)

func TestValid(t *testing.T) {
	for _, c := range brokenCases(t, "testdata/valid.txt") {
		if issues := validate.Resource(parse(t, c.raw)); len(issues) > 0 {
			t.Errorf("%s: %+v", c.what, issues)
		}
	}
}

// What a person reads of some issues: what is wrong, and what to do.
func TestTexts(t *testing.T) {
	for _, c := range []struct{ raw, text string }{
		{`{"resourceType":"Observation","code":{"text":"x"}}`,
			"Observation.status is missing: it is one of amended, cancelled, corrected, entered-in-error, final, preliminary, registered, unknown"},
		{`{"resourceType":"Observation","status":"Final","code":{"text":"x"}}`,
			`Observation.status is "Final", and codes are case-sensitive: write final`},
		{`{"resourceType":"Patient","gender":"f"}`,
			`Patient.gender is "f", and must be one of female, male, other, unknown`},
		{`{"resourceType":"Patient","birthdate":"1970"}`,
			"Patient.birthdate is not an element of Patient in FHIR R4; did you mean birthDate?"},
		{`{"resourceType":"Patient","birthDate":"3.4.1970"}`,
			`Patient.birthDate is not a date: it is YYYY, YYYY-MM or YYYY-MM-DD, and a day that there is; it is "3.4.1970"`},
		{`{"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9434765918"}]}`,
			"Patient.identifier[0].value is not an NHS number: its last digit, the check digit, does not fit the others; look it up again"},
		{`{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Practitioner/1"}}`,
			"Encounter.subject.reference leads to a Practitioner, and must lead to one of Patient, Group"},
		{`{"resourceType":"Observation","status":"final","code":{"text":"x"},"dataAbsentReason":{"text":"y"},"valueString":"z"}`,
			"Observation breaks obs-6: dataAbsentReason SHALL only be present if Observation.value[x] is not present"},
	} {
		issues := validate.Resource(parse(t, c.raw))
		if len(issues) != 1 || issues[0].Text != c.text {
			t.Errorf("%s\n got %+v\nwant %s", c.raw, issues, c.text)
		}
	}
}

// There are at most 100 issues, errors before warnings, and the last says that
// there are more.
func TestAtMost100(t *testing.T) {
	warned := strings.Repeat(`{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"1"},`, 500)
	unknown := strings.Repeat(`{"a":1},`, 500)
	for _, c := range []struct {
		raw              string
		errors, warnings int
	}{
		{`{"resourceType":"Patient","identifier":[` + warned + `{"value":"x"}]}`, 0, 50},
		{`{"resourceType":"Patient","name":[` + unknown + `{"family":"x"}]}`, 99, 0},
		{`{"resourceType":"Patient","identifier":[` + warned + `{"value":"x"}],"name":[` + unknown + `{"family":"x"}]}`, 99, 0},
		{`{"resourceType":"Patient","identifier":[` + warned + `{"value":"x"}],"gender":"x"}`, 1, 50},
	} {
		issues := validate.Resource(parse(t, c.raw))
		count := map[string]int{}
		for _, i := range issues {
			count[i.Severity]++
		}
		if len(issues) > 100 || count[validate.Error] != c.errors || count[validate.Warning] != c.warnings || c.errors == 99 && count[validate.Information] != 1 {
			t.Errorf("%.60s…: %v", c.raw, count)
		}
		if validate.Errors(issues) != (c.errors > 0) {
			t.Errorf("%.60s…: Errors says %v", c.raw, c.errors == 0)
		}
	}
}

// "Strings SHALL NOT exceed 1MB (1024*1024 characters) in size" (FHIR R4 §2.24.0.1).
func TestLongStrings(t *testing.T) {
	for _, c := range []struct {
		letter string
		n      int
		code   string
	}{{"a", 1 << 20, ""}, {"a", 1<<20 + 1, "too-long"}, {"é", 1 << 20, ""}, {"é", 1<<20 + 1, "too-long"}} {
		issues := validate.Resource(parse(t, `{"resourceType":"Patient","name":[{"text":"`+strings.Repeat(c.letter, c.n)+`"}]}`))
		if got := len(issues) > 0; got != (c.code != "") || got && (issues[0].Code != c.code || len(issues[0].Text) > 300) {
			t.Errorf("%d of %s: %.300v", c.n, c.letter, issues)
		}
	}
}

// What a stranger can send takes a bounded time, whatever it is made for.
func TestHostile(t *testing.T) {
	rep := func(n int, f string, args ...any) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, f, append([]any{i}, args...)...)
		}
		return b.String()
	}
	n := 20_000
	for name, raw := range map[string]string{
		"concepts in a row":        `{"resourceType":"CodeSystem","status":"draft","content":"complete","concept":[` + rep(n, `{"code":"c%d"}`) + `]}`,
		"questions in a row":       `{"resourceType":"Questionnaire","status":"draft","item":[` + rep(n, `{"linkId":"c%d","type":"string"}`) + `]}`,
		"components and codings":   `{"resourceType":"Observation","status":"final","code":{"coding":[` + rep(n, `{"code":"a%d"}`) + `]},"valueString":"x","component":[` + rep(n, `{"code":{"coding":[{"code":"b%d"}]}}`) + `]}`,
		"contained and referred":   `{"resourceType":"List","status":"current","mode":"working","entry":[` + rep(n, `{"item":{"reference":"#p%d"}}`) + `],"contained":[` + rep(n, `{"resourceType":"Patient","id":"p%d"}`) + `]}`,
		"entries":                  `{"resourceType":"Bundle","type":"collection","entry":[` + rep(n, `{"fullUrl":"http://example.org/Patient/%d","resource":{"resourceType":"Patient","active":true}}`) + `]}`,
		"unknown elements":         `{"resourceType":"Patient",` + rep(n, `"a%d":1`) + `}`,
		"extensions in extensions": `{"resourceType":"Patient",` + strings.Repeat(`"extension":[{"url":"x",`, 31) + `"valueString":"y"` + strings.Repeat(`}]`, 31) + `}`,
		"a narrative of tags":      `{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'>` + strings.Repeat("<b>", 100_000) + `"}}`,
		"a long binary":            `{"resourceType":"Binary","contentType":"text/plain","data":"` + strings.Repeat("QUJD", 1_000_000) + `"}`,
	} {
		r := parse(t, raw)
		start := time.Now()
		issues := validate.Resource(r)
		if took := time.Since(start); took > 15*time.Second {
			t.Errorf("%s: %v", name, took)
		} else {
			t.Logf("%s: %v, %d issues", name, took.Round(time.Millisecond/10), len(issues))
		}
	}
}

// A resource that was parsed with wider limits is not recursed into for ever.
func TestDeep(t *testing.T) {
	raw := `{"resourceType":"Patient",` + strings.Repeat(`"extension":[{"url":"x",`, 2000) + `"valueString":"y"` + strings.Repeat(`}]`, 2000) + `}`
	r, err := fhir.Parse([]byte(raw), fhir.Limits{Depth: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	issues := validate.Resource(r)
	if len(issues) != 1 || issues[0].Code != "too-costly" || len(issues[0].Path) > 300 {
		t.Errorf("%+v", issues)
	}
	for depth, want := range map[int]int{255: 0, 256: 1} {
		div := `<div xmlns='http://www.w3.org/1999/xhtml'>` + strings.Repeat("<b>", depth) + "x" + strings.Repeat("</b>", depth) + "</div>"
		issues = validate.Resource(parse(t, `{"resourceType":"Patient","text":{"status":"generated","div":"`+div+`"}}`))
		if len(issues) != want {
			t.Errorf("a narrative %d deep: %+v", depth, issues)
		}
	}
}
