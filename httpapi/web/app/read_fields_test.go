package app

import (
	"net/http/httptest"
	"strings"
	"testing"

	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/sample"
	"carehold/record/store"
)

func shownOf(t *testing.T, a *App, body string) shown {
	t.Helper()
	res, err := fhir.Parse([]byte(body), fhir.Limits{})
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return a.shown(httptest.NewRequest("GET", "/", nil), &store.Entry{Ref: fhir.Ref{Type: res.Type(), ID: "x"}, Header: entry.Header{}, Body: []byte(body)})
}

// What an entry says, in the words of its person and in the order in which they ask; by
// hand, of what HL7's and the sample's entries have.
func TestFields(t *testing.T) {
	a := screens()
	for _, x := range []struct{ body, want string }{
		{`{"resourceType":"AllergyIntolerance","recordedDate":"2024-01-17","type":"allergy","category":["medication","food"],"criticality":"high",
			"clinicalStatus":{"coding":[{"code":"active"}]},"verificationStatus":{"coding":[{"code":"confirmed"}]},"code":{"text":"Penicillin"},
			"reaction":[{"manifestation":[{"text":"Rash"},{"text":"Swelling"}],"severity":"moderate"},{"manifestation":[{"text":"Fever"}]}],"asserter":{"display":"Ada"}}`,
			"What happens: Rash, Swelling (moderate); Fever|How dangerous it can be: It can be dangerous|Is it so now: Yes|How sure it is: Sure|Sort: Medicine; Food|Sort: Allergy|Who says so: Ada|Written down on: 17 January 2024"},
		{`{"resourceType":"AllergyIntolerance","criticality":"vast","clinicalStatus":{"coding":[{"code":"odd","display":"Odd"}]},"code":{"text":"Latex"},"reaction":[{"severity":"severe"}]}`,
			"What happens: severe|How dangerous it can be: vast|Is it so now: Odd"},
		{`{"resourceType":"Communication","status":"completed","payload":[{"contentString":"Please ring."},{"contentReference":{"display":"A letter"}}],"sent":"2026-03-01"}`,
			"What was said: Please ring.; A letter|Sent on: 1 March 2026|+Status: Completed"},
		{`{"resourceType":"MedicationRequest","status":"active","intent":"order","medicationCodeableConcept":{"text":"Metformin"},"authoredOn":"2006-05-12",
			"dosageInstruction":[{"timing":{"repeat":{"frequency":2,"period":1,"periodUnit":"d"}},"doseAndRate":[{"doseQuantity":{"value":1,"unit":"tablet"}}]}]}`,
			"How to take it: dose 1 tablet, twice every day|Written on: 12 May 2006|+Status: Active|+Intent: Order"},
		{`{"resourceType":"QuestionnaireResponse","status":"completed","item":[{"text":"Do you smoke?","answer":[{"valueBoolean":false}]},{"text":"At home:","item":[{"text":"Stairs","answer":[{"valueCoding":{"display":"Some"}}]}]}]}`,
			"Answers: Do you smoke?: No; At home:; Stairs: Some|+Status: Completed"},
		{`{"resourceType":"Encounter","status":"finished","class":{"display":"A visit"},"participant":[{"individual":{"display":"Dr Okafor"}},{"individual":{"display":"Lorna"}}]}`,
			"Who takes part: Dr Okafor; Lorna|+Status: Finished"},
		{`{"resourceType":"Condition","code":{"text":"Gout"},"onsetAge":{"value":40,"unit":"years","code":"a","system":"http://unitsofmeasure.org"},"abatementString":"by itself","onsetting":"no element of FHIR's"}`,
			"Since: 40 years|Until: by itself|+Onsetting: no element of FHIR's"},
	} {
		s := shownOf(t, a, x.body)
		var got []string
		for _, row := range s.Rows {
			got = append(got, row.Label+": "+row.Value)
		}
		for _, row := range s.More {
			got = append(got, "+"+row.Label+": "+row.Value)
		}
		if strings.Join(got, "|") != x.want {
			t.Errorf("%.60s\n got %s\nwant %s", x.body, strings.Join(got, "|"), x.want)
		}
	}
}

// Every element and every code that has words of its own has them in the catalogue, and
// no entry of the sample is told with a key in place of words.
func TestFieldsHaveWords(t *testing.T) {
	a := screens()
	r := httptest.NewRequest("GET", "/", nil)
	for _, f := range fields {
		if said := a.pages.T(r, "show.field."+f); strings.HasPrefix(said, "[") {
			t.Errorf("no words for %s", f)
		}
	}
	for f, codes := range values {
		for _, c := range codes {
			if said := a.pages.T(r, "show.value."+f+"."+c); strings.HasPrefix(said, "[") {
				t.Errorf("no words for %s %s", f, c)
			}
		}
	}
	told := 0
	for _, source := range sample.Sources() {
		bundle, err := fhir.Parse(source.Bundle, fhir.Limits{Bytes: 64 << 20, Values: 10_000_000})
		if err != nil {
			t.Fatal(err)
		}
		for e := range bundle.Root().Get("entry").All() {
			s := shownOf(t, a, string(e.Get("resource").Raw()))
			for _, row := range append(s.Rows, s.More...) {
				told++
				if strings.Contains(row.Label+row.Value, "[show.") || row.Value == "" {
					t.Errorf("%s: %q", row.Label, row.Value)
				}
			}
		}
	}
	if told < 2000 {
		t.Errorf("%d rows: the sample has more to tell", told)
	}
}
