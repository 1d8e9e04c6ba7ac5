package search

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/fhir"
)

// finds runs a search and names what it matched, in order.
func finds(t testing.TB, all []Entry, typ, query string) []string {
	t.Helper()
	q, err := Parse(typ, query, Options{Base: testBase, Now: testNow, Strict: true})
	if err != nil {
		t.Fatalf("%s?%s: %v", typ, query, err)
	}
	r, err := q.Run(all)
	if err != nil {
		t.Fatalf("%s?%s: %v", typ, query, err)
	}
	return names(all, r.Matches)
}

func names(all []Entry, which []int) []string {
	out := []string{}
	for _, i := range which {
		out = append(out, all[i].Ref.String())
	}
	return out
}

// expect asks several searches, "Type?text": each names what it finds in any
// order, separated by spaces.
func expect(t *testing.T, all []Entry, want map[string]string) {
	t.Helper()
	for search, names := range want {
		typ, query, _ := strings.Cut(search, "?")
		got := finds(t, all, typ, query)
		slices.Sort(got)
		if sought := strings.Fields(names); !slices.Equal(got, slices.Sorted(slices.Values(sought))) && len(got)+len(sought) > 0 {
			t.Errorf("%s\n  found %v\n  want  %v", search, got, sought)
		}
	}
}

// TestTokenCase: with a system case counts, also one that the element implies;
// without it does not (FHIR R4 §3.1.1.4.10: "when in doubt, servers SHOULD treat
// tokens in a case-insensitive manner").
func TestTokenCase(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Patient","id":"a","gender":"male","identifier":[{"system":"http://s","value":"Ab1"}]}`,
		`{"resourceType":"Patient","id":"b","identifier":[{"value":"Ab1"}],"telecom":[{"system":"email","value":"Ada@Example.org"}]}`,
	)
	expect(t, all, map[string]string{
		"Patient?identifier=Ab1":            "Patient/a Patient/b",
		"Patient?identifier=ab1":            "Patient/b",
		"Patient?identifier=http://s|ab1":   "",
		"Patient?identifier=http://s|Ab1":   "Patient/a",
		"Patient?identifier=HTTP://s|Ab1":   "",
		"Patient?identifier=|AB1":           "Patient/b",
		"Patient?gender=male":               "Patient/a",
		"Patient?gender=Male":               "",
		"Patient?gender=|male":              "Patient/a",
		"Patient?email=ada@example.org":     "Patient/b",
		"Patient?email=mailto|ada":          "",
		"Patient?_id=A":                     "",
		"Patient?_id=a,b,c":                 "Patient/a Patient/b",
		"Patient?_id:not=a":                 "Patient/b",
		"Patient?_id:missing=true":          "",
		"Patient?_lastUpdated:missing=true": "",
		"Patient?_id:missing=false":         "Patient/a Patient/b",
	})
}

// TestReferenceForms: relative, absolute and versioned, on either side (FHIR R4
// §3.1.1.4.12, §3.1.1.4.13).
func TestReferenceForms(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Observation","id":"rel","status":"final","subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Observation","id":"abs","status":"final","subject":{"reference":"https://record.example/fhir/Patient/p"}}`,
		`{"resourceType":"Observation","id":"ver","status":"final","subject":{"reference":"Patient/p/_history/3"}}`,
		`{"resourceType":"Observation","id":"far","status":"final","subject":{"reference":"https://other.example/fhir/Patient/p"}}`,
		`{"resourceType":"Observation","id":"group","status":"final","subject":{"reference":"Group/p"}}`,
		`{"resourceType":"Observation","id":"urn","status":"final","subject":{"reference":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}}`,
		`{"resourceType":"Observation","id":"name","status":"final","subject":{"display":"Ada","identifier":{"system":"http://mrn","value":"7"}}}`,
		`{"resourceType":"QuestionnaireResponse","id":"v1","status":"completed","questionnaire":"http://q.example/a|1.0"}`,
		`{"resourceType":"QuestionnaireResponse","id":"v0","status":"completed","questionnaire":"http://q.example/a"}`,
	)
	const here = "Observation/rel Observation/abs Observation/ver"
	expect(t, all, map[string]string{
		"Observation?subject=Patient/p":                                     here,
		"Observation?subject=https://record.example/fhir/Patient/p":         here,
		"Observation?subject=Patient/p/_history/9":                          here,
		"Observation?subject:Patient=p":                                     here,
		"Observation?subject=Group/p":                                       "Observation/group",
		"Observation?patient=p":                                             here,
		"Observation?subject=https://other.example/fhir/Patient/p":          "Observation/far",
		"Observation?subject=http://record.example/fhir/Patient/p":          "",
		"Observation?subject=urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0": "Observation/urn",
		"Observation?subject:identifier=http://mrn|7":                       "Observation/name",
		"Observation?subject:identifier=7":                                  "Observation/name",
		"Observation?subject:identifier=http://mrn|8":                       "",
		"QuestionnaireResponse?questionnaire=http://q.example/a":            "QuestionnaireResponse/v0 QuestionnaireResponse/v1",
		"QuestionnaireResponse?questionnaire=http://q.example/a|1.0":        "QuestionnaireResponse/v1",
		"QuestionnaireResponse?questionnaire=http://q.example/a|2.0":        "",
	})
	// Without a base nothing absolute is this server's.
	q, err := Parse("Observation", "subject=Patient/p", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := q.Run(all); len(r.Matches) != 2 {
		t.Errorf("without a base: %v", names(all, r.Matches))
	}
}

// TestAmbiguousID: "Servers SHOULD reject a search where the logical id refers to
// more than one matching resource across different types" (§3.1.1.4.12).
func TestAmbiguousID(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Patient","id":"p"}`,
		`{"resourceType":"Group","id":"p","type":"person","actual":true}`,
		`{"resourceType":"Medication","id":"p"}`,
		`{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Observation","id":"g","status":"final","subject":{"reference":"Group/p"}}`,
		`{"resourceType":"Observation","id":"m","status":"amended","subject":{"reference":"Group/p"}}`,
		`{"resourceType":"DiagnosticReport","id":"d","status":"final","result":[{"reference":"Observation/o"}]}`,
	)
	q, err := Parse("Observation", "status=final&subject=p", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Run(all); !errors.Is(err, record.Invalid) || !strings.HasPrefix(err.Error(), "subject: ") {
		t.Errorf("an id of a Patient and a Group: %v", err)
	}
	if got := finds(t, all, "Observation", "subject:Patient=p"); len(got) != 1 {
		t.Error(got)
	}
	if got := finds(t, all, "Observation", "patient=p"); len(got) != 1 {
		t.Error(got) // patient points to patients alone
	}
	if got := finds(t, all, "Observation", "status=amended&subject=p"); len(got) != 1 {
		t.Error(got) // what else does not hold of is not in question
	}
	q, err = Parse("DiagnosticReport", "result.subject=p", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Run(all); !errors.Is(err, record.Invalid) {
		t.Errorf("in a chain: %v", err)
	}
}

// TestLastUpdated compares with the time of the entry, which is an instant.
func TestLastUpdated(t *testing.T) {
	all := entries(t, `{"resourceType":"Patient","id":"a"}`, `{"resourceType":"Patient","id":"b"}`)
	// They were changed at 11:58 and 11:59 on 2026-11-22.
	expect(t, all, map[string]string{
		"Patient?_lastUpdated=2026-11-22":                                              "Patient/a Patient/b",
		"Patient?_lastUpdated=2026-11-22T11:58":                                        "Patient/a",
		"Patient?_lastUpdated=gt2026-11-22T11:58Z":                                     "Patient/b",
		"Patient?_lastUpdated=ge2026-11-22T11:58:00Z":                                  "Patient/a Patient/b",
		"Patient?_lastUpdated=lt2026-11-22T11:58:00Z":                                  "",
		"Patient?_lastUpdated=lt2026-11-22T12:59:00%2B01:00":                           "Patient/a",
		"Patient?_lastUpdated=ne2026-11-22T11:58":                                      "Patient/b",
		"Patient?_lastUpdated=ge2026-11-22T11:58:30Z&_lastUpdated=le2026-11-22T11:59Z": "Patient/b",
		"?_lastUpdated=ge2026-11-22T11:58:30Z":                                         "Patient/b",
	})
}

// TestChains over every type that the reference can point to, and through
// canonicals.
func TestChains(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Patient","id":"p","name":[{"family":"Berg"}],"gender":"female","generalPractitioner":[{"reference":"Practitioner/d"}]}`,
		`{"resourceType":"Practitioner","id":"d","name":[{"family":"Bergson"}]}`,
		`{"resourceType":"Organization","id":"g","name":"Bergen surgery"}`,
		`{"resourceType":"Observation","id":"1","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/p"},"performer":[{"reference":"Practitioner/d"}]}`,
		`{"resourceType":"Observation","id":"2","status":"amended","code":{"coding":[{"code":"y"}]},"subject":{"reference":"https://record.example/fhir/Patient/p"},"performer":[{"reference":"Organization/g"}]}`,
		`{"resourceType":"Observation","id":"3","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/gone"}}`,
		`{"resourceType":"Questionnaire","id":"q1","status":"active","url":"http://q.example/a","version":"1","title":"Falls"}`,
		`{"resourceType":"Questionnaire","id":"q2","status":"active","url":"http://q.example/a","version":"2","title":"Falls and trips"}`,
		`{"resourceType":"QuestionnaireResponse","id":"r1","status":"completed","questionnaire":"http://q.example/a|1"}`,
		`{"resourceType":"QuestionnaireResponse","id":"r2","status":"completed","questionnaire":"http://q.example/a|2"}`,
		`{"resourceType":"QuestionnaireResponse","id":"r3","status":"completed","questionnaire":"http://q.example/a"}`,
	)
	expect(t, all, map[string]string{
		"Observation?subject:Patient.name=berg":                                           "Observation/1 Observation/2",
		"Observation?patient.name=berg&status=final":                                      "Observation/1",
		"Observation?performer.name=berg":                                                 "Observation/1 Observation/2",
		"Observation?performer:Practitioner.name=berg":                                    "Observation/1",
		"Observation?performer.name:exact=Bergson":                                        "Observation/1",
		"Observation?patient._id=p":                                                       "Observation/1 Observation/2",
		"Observation?patient._id=gone":                                                    "", // it is not there
		"Observation?patient.gender:not=male":                                             "Observation/1 Observation/2",
		"Observation?patient.birthdate:missing=true":                                      "Observation/1 Observation/2",
		"Observation?patient.general-practitioner=d":                                      "Observation/1 Observation/2",
		"Observation?patient.name=nobody":                                                 "",
		"QuestionnaireResponse?questionnaire.title=Falls":                                 "QuestionnaireResponse/r1 QuestionnaireResponse/r2 QuestionnaireResponse/r3",
		"QuestionnaireResponse?questionnaire.title=falls%20and":                           "QuestionnaireResponse/r2 QuestionnaireResponse/r3",
		"Patient?_has:Observation:patient:code=x":                                         "Patient/p",
		"Patient?_has:Observation:patient:status=amended&_has:Observation:patient:code=x": "Patient/p",
		"Patient?_has:Observation:patient:code=z":                                         "",
		"Patient?_has:Observation:patient:code=z,y":                                       "Patient/p",
		"Practitioner?_has:Observation:performer:code=x":                                  "Practitioner/d",
		"Practitioner?_has:Patient:general-practitioner:gender=female":                    "Practitioner/d",
		"Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=r1":                   "Questionnaire/q1",
		"Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=r3":                   "Questionnaire/q1 Questionnaire/q2",
		"?_has:Observation:performer:status=final&_type=Practitioner,Organization":        "Practitioner/d",
	})
}

// TestAllTypes searches without a type: what every type has, and with _type what
// those have in common.
func TestAllTypes(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Patient","id":"p","meta":{"tag":[{"code":"a"}]},"name":[{"family":"Berg"}]}`,
		`{"resourceType":"Practitioner","id":"d","name":[{"family":"Berg"}]}`,
		`{"resourceType":"Condition","id":"c","meta":{"tag":[{"code":"a"}]},"subject":{"reference":"Patient/p"},"code":{"coding":[{"code":"x"}]},"recordedDate":"2020"}`,
		`{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/p"}}`,
	)
	expect(t, all, map[string]string{
		"?":                                   "Patient/p Practitioner/d Condition/c Observation/o",
		"?_tag=a":                             "Patient/p Condition/c",
		"?_tag:not=a":                         "Practitioner/d Observation/o",
		"?_id=p,o":                            "Patient/p Observation/o",
		"?_type=Patient,Practitioner&name=be": "Patient/p Practitioner/d",
		"?_type=Condition,Observation&code=x": "Condition/c Observation/o",
		"?_type=Condition&recorded-date=2020": "Condition/c",
		"?_type=Condition,Observation":        "Condition/c Observation/o",
		"?_type=Condition,Observation&patient.name=berg": "Condition/c Observation/o",
	})
	got := finds(t, all, "", "_type=Practitioner,Patient,Condition&_sort=-_id")
	if want := []string{"Patient/p", "Practitioner/d", "Condition/c"}; !slices.Equal(got, want) {
		t.Errorf("sorted over types: %v", got)
	}
}

// TestWithin: R4's patient compartment (CompartmentDefinition/patient).
func TestWithin(t *testing.T) {
	all := entries(t,
		`{"resourceType":"Patient","id":"p"}`,
		`{"resourceType":"Patient","id":"linked","link":[{"other":{"reference":"Patient/p"},"type":"seealso"}]}`,
		`{"resourceType":"Patient","id":"other"}`,
		`{"resourceType":"Observation","id":"subject","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Observation","id":"performer","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/other"},"performer":[{"reference":"Patient/p"}]}`,
		`{"resourceType":"Observation","id":"neither","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/other"}}`,
		`{"resourceType":"Device","id":"d","patient":{"reference":"Patient/p"}}`,
	)
	for _, c := range []struct{ typ, query, want string }{
		{"Observation", "", "Observation/performer Observation/subject"},
		{"Observation", "code=x&performer=Patient/p", "Observation/performer"},
		{"Observation", "code=y", ""},
		{"Patient", "", "Patient/linked Patient/p"},
		{"", "", "Observation/performer Observation/subject Patient/linked Patient/p"},
		{"", "_type=Observation,Patient", "Observation/performer Observation/subject Patient/linked Patient/p"},
	} {
		q, err := Parse(c.typ, c.query, Options{Base: testBase})
		if err == nil {
			err = q.Within(fhir.Ref{Type: "Patient", ID: "p"})
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := q.Run(all)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(all, r.Matches); strings.Join(slices.Sorted(slices.Values(got)), " ") != c.want {
			t.Errorf("%s?%s in the compartment: %v, want %s", c.typ, c.query, got, c.want)
		}
	}
	q, _ := Parse("Device", "", Options{})
	if err := q.Within(fhir.Ref{Type: "Patient", ID: "p"}); !errors.Is(err, record.Invalid) {
		t.Errorf("Device is in no compartment of R4's: %v", err)
	}
	q, _ = Parse("Observation", "", Options{})
	if err := q.Within(fhir.Ref{Type: "Encounter", ID: "e"}); !errors.Is(err, record.Invalid) {
		t.Errorf("only the patient's compartment: %v", err)
	}
}

// TestNoMemoryForEachEntry: what a search that matches nothing takes does not grow
// with what it looks at.
func TestNoMemoryForEachEntry(t *testing.T) {
	all := aRecord(t, 1_000)
	for _, query := range []string{
		"code=nothing", "code:text=nothing", "code:not=1042-3&code=1042-3", "status:missing=true", "category=vital-signs&code=nothing",
		"patient=q", "patient:Patient=q", "subject:identifier=x", "encounter.status=planned", "date=1900", "date=ap1900", "value-quantity=gt999",
		"value-quantity=gt999|http://unitsofmeasure.org|mmol/L", "value-quantity=gt999||mmol/L", "code-value-quantity=1042-3$gt999",
		"value-string=x", "_tag=x", "_profile=http://x", "_profile:below=http://x", "_id=x", "_lastUpdated=gt2030",
	} {
		q, err := Parse("Observation", query, Options{Base: testBase, Now: testNow})
		if err != nil {
			t.Fatal(err)
		}
		took := testing.AllocsPerRun(3, func() {
			if r, err := q.Run(all); err != nil || len(r.Matches) != 0 {
				t.Fatalf("%s: %d matches, %v", query, len(r.Matches), err)
			}
		})
		if took > 100 {
			t.Errorf("%s: %v allocations for %d entries", query, took, len(all))
		}
	}
}
