package search

import (
	"slices"
	"strings"
	"testing"
)

var includeTexts = []string{
	`{"resourceType":"Patient","id":"p","generalPractitioner":[{"reference":"Practitioner/gp"}]}`,
	`{"resourceType":"Practitioner","id":"gp"}`,
	`{"resourceType":"Organization","id":"lab"}`,
	`{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p"}}`,
	`{"resourceType":"Observation","id":"1","status":"final","subject":{"reference":"Patient/p"},"encounter":{"reference":"Encounter/e"},"performer":[{"reference":"Practitioner/gp"},{"reference":"Organization/lab"}]}`,
	`{"resourceType":"Observation","id":"2","status":"final","subject":{"reference":"https://record.example/fhir/Patient/p"},"hasMember":[{"reference":"Observation/1"}]}`,
	`{"resourceType":"Observation","id":"3","status":"amended","subject":{"reference":"https://other.example/fhir/Patient/p"},"performer":[{"reference":"Practitioner/unseen"}]}`,
	`{"resourceType":"Provenance","id":"pr","target":[{"reference":"Observation/1"},{"reference":"Observation/2"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"reference":"Practitioner/gp"}}]}`,
	`{"resourceType":"Questionnaire","id":"q1","status":"active","url":"http://q.example/a","version":"1"}`,
	`{"resourceType":"Questionnaire","id":"q2","status":"active","url":"http://q.example/a","version":"2"}`,
	`{"resourceType":"QuestionnaireResponse","id":"r","status":"completed","questionnaire":"http://q.example/a|2"}`,
}

func includeRecord(t testing.TB) []Entry { return entries(t, includeTexts...) }

// TestIncludes by FHIR R4 §3.1.1.5.4: each resource once, none that is a match of
// the page, one hop and no further.
func TestIncludes(t *testing.T) {
	all := includeRecord(t)
	for _, c := range []struct{ search, matches, included string }{
		{"Observation?_id=1", "Observation/1", ""},
		{"Observation?_id=1&_include=Observation:subject", "Observation/1", "Patient/p"},
		{"Observation?_id=2&_include=Observation:subject", "Observation/2", "Patient/p"},
		{"Observation?_id=3&_include=Observation:subject", "Observation/3", ""}, // on another server
		{"Observation?_id=3&_include=Observation:performer", "Observation/3", ""},
		{"Observation?_id=1&_include=Observation:performer", "Observation/1", "Organization/lab Practitioner/gp"},
		{"Observation?_id=1&_include=Observation:performer:Organization", "Observation/1", "Organization/lab"},
		{"Observation?_id=1&_include=Observation:performer&_include=Observation:encounter", "Observation/1", "Encounter/e Organization/lab Practitioner/gp"},
		{"Observation?_id=1&_include=Observation:*", "Observation/1", "Encounter/e Organization/lab Patient/p Practitioner/gp"},
		{"Observation?_id=1&_include=*", "Observation/1", "Encounter/e Organization/lab Patient/p Practitioner/gp"},
		{"Observation?_id=1&_include=Observation:*:Patient", "Observation/1", "Patient/p"},
		{"Observation?_id=1,2&_include=Observation:has-member", "Observation/1 Observation/2", ""}, // a match already
		{"Observation?_id=2&_include=Observation:has-member", "Observation/2", "Observation/1"},    // and no further
		{"Observation?_id=1&_revinclude=Provenance:target", "Observation/1", "Provenance/pr"},
		{"Observation?_id=1,2&_revinclude=Provenance:target", "Observation/1 Observation/2", "Provenance/pr"},
		{"Observation?_id=3&_revinclude=Provenance:target", "Observation/3", ""},
		{"Observation?_id=1&_revinclude=Observation:has-member", "Observation/1", "Observation/2"},
		{"Observation?_id=1&_revinclude=*", "Observation/1", "Observation/2 Provenance/pr"},
		{"Patient?_revinclude=Observation:patient", "Patient/p", "Observation/1 Observation/2"},
		{"Patient?_revinclude=Observation:*", "Patient/p", "Observation/1 Observation/2"},
		{"Patient?_revinclude=Observation:subject:Patient", "Patient/p", "Observation/1 Observation/2"},
		{"Patient?_revinclude=Encounter:patient&_include=Patient:general-practitioner", "Patient/p", "Encounter/e Practitioner/gp"},
		{"QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire", "QuestionnaireResponse/r", "Questionnaire/q2"},
		{"Questionnaire?_id=q2&_revinclude=QuestionnaireResponse:questionnaire", "Questionnaire/q2", "QuestionnaireResponse/r"},
		{"Questionnaire?_id=q1&_revinclude=QuestionnaireResponse:questionnaire", "Questionnaire/q1", ""},
		{"?_id=1,gp&_revinclude=Provenance:target:Practitioner", "Observation/1 Practitioner/gp", ""}, // it points to the other
		{"?_id=1,gp&_revinclude=Provenance:target:Observation", "Observation/1 Practitioner/gp", "Provenance/pr"},
		{"?_id=1,r&_include=Observation:subject&_include=QuestionnaireResponse:questionnaire", "Observation/1 QuestionnaireResponse/r", "Patient/p Questionnaire/q2"},
	} {
		typ, query, _ := strings.Cut(c.search, "?")
		q, err := Parse(typ, query, Options{Base: testBase})
		if err != nil {
			t.Errorf("%s: %v", c.search, err)
			continue
		}
		r, err := q.Run(all)
		if err != nil {
			t.Fatal(err)
		}
		page, _, err := r.Page(nil, 10)
		if err != nil {
			t.Fatal(err)
		}
		if got := sortedNames(all, page); got != c.matches {
			t.Errorf("%s: matches %s, want %s", c.search, got, c.matches)
		}
		if got := sortedNames(all, q.Includes(all, page)); got != c.included {
			t.Errorf("%s: includes %q, want %q", c.search, got, c.included)
		}
	}
}

func sortedNames(all []Entry, which []int) string {
	n := names(all, which)
	slices.Sort(n)
	return strings.Join(n, " ")
}

// TestIncludesOfPage: what a page includes is about the page, also when it is a
// match of another (§3.1.1.5.7).
func TestIncludesOfPage(t *testing.T) {
	all := includeRecord(t)
	q, err := Parse("Observation", "status=final&_sort=-_id&_include=Observation:has-member", Options{Base: testBase})
	if err != nil {
		t.Fatal(err)
	}
	r, err := q.Run(all)
	if err != nil {
		t.Fatal(err)
	}
	page, next, err := r.Page(nil, 1)
	if err != nil || sortedNames(all, page) != "Observation/2" {
		t.Fatal(names(all, page), err)
	}
	if got := sortedNames(all, q.Includes(all, page)); got != "Observation/1" {
		t.Errorf("the first page includes %q", got)
	}
	page, _, err = r.Page(next, 1)
	if err != nil || sortedNames(all, page) != "Observation/1" || q.Includes(all, page) != nil {
		t.Errorf("the second page: %v %v", names(all, page), err)
	}
}

// TestIncludeForms: what _include and _revinclude can say, and what is refused.
func TestIncludeForms(t *testing.T) {
	for _, c := range []struct{ search, why string }{
		{"Observation?_include=Observation:subject", ""},
		{"Observation?_include=", ""},
		{"Observation?_revinclude=*", ""},
		{"Observation?_revinclude=Provenance:target:Observation", ""},
		{"?_include=Observation:subject&_revinclude=Provenance:target", ""},
		{"Observation?_include:iterate=Observation:subject", ":iterate is not supported"},
		{"Observation?_include:recurse=Observation:subject", ":recurse is not supported"},
		{"Observation?_revinclude:iterate=Provenance:target", ":iterate is not supported"},
		{"Observation?_include:missing=true", "takes no"},
		{"Observation?_include.x=true", "takes no"},
		{"Observation?_include=Observation", "is not Type:parameter"},
		{"Observation?_include=Observation:subject:Patient:x", "is not Type:parameter"},
		{"Observation?_include=Alien:subject", "not a resource type"},
		{"Observation?_include=Observation:subject:Alien", "not a resource type"},
		{"Observation?_include=Observation:colour", "has no search parameter"},
		{"Observation?_include=Observation:code", "is a token and no reference"},
		{"Observation?_include=Observation:subject,Observation:encounter", "not a resource type"},
		{"Observation?_include=Observation:subject:Medication", "never points to Medication"},
		{"Observation?_include=Patient:general-practitioner", "not what is searched"},
		{"Observation?_revinclude=Encounter:patient", "never points to Observation"}, // it never points to an Observation
		{"Observation?_revinclude=Provenance:target:Patient", "not what is searched"},
		{"Observation?_summary=text&_include=Observation:subject", "cannot be mixed"},
		{"Observation?_include=Observation:subject&_summary=text", "cannot be mixed"},
		{"Observation?_include=Observation:subject&_summary=data", ""},
		{"Observation?" + strings.Repeat("&_include=Observation:subject", MaxIncludes), ""},
		{"Observation?" + strings.Repeat("&_include=Observation:subject", MaxIncludes+1), "more than"},
	} {
		typ, query, _ := strings.Cut(c.search, "?")
		_, err := Parse(typ, query, Options{})
		switch {
		case c.why == "" && err != nil:
			t.Errorf("%s: %v", c.search, err)
		case c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)):
			t.Errorf("%s: %v, want %q", c.search, err, c.why)
		}
	}
}
