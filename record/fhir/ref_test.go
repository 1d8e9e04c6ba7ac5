package fhir_test

import (
	"strings"
	"testing"

	"carehold/record/fhir"
)

func TestParseReference(t *testing.T) {
	ref := func(typ, id string) fhir.Ref { return fhir.Ref{Type: typ, ID: id} }
	const server = "http://example.org/fhir/"
	for s, want := range map[string]fhir.Target{
		"Patient/1":                          {Form: fhir.Relative, Ref: ref("Patient", "1")},
		"Patient/1/_history/2":               {Form: fhir.Relative, Ref: ref("Patient", "1"), Version: "2"},
		"Patient/A-z.9":                      {Form: fhir.Relative, Ref: ref("Patient", "A-z.9")},
		server + "Patient/1":                 {Form: fhir.Absolute, Ref: ref("Patient", "1"), Base: server},
		server + "Patient/1/_history/2":      {Form: fhir.Absolute, Ref: ref("Patient", "1"), Base: server, Version: "2"},
		"https://h/Patient/1":                {Form: fhir.Absolute, Ref: ref("Patient", "1"), Base: "https://h/"},
		"http://example.org/letter.pdf":      {Form: fhir.Absolute},
		"http://example.org/Patient/":        {Form: fhir.Absolute},
		server + "Patient/1?x=1":             {Form: fhir.Absolute},
		"urn:uuid:0c3151bd-1cbf-4d64-b04d":   {Form: fhir.URN},
		"urn:oid:1.2.3":                      {Form: fhir.URN},
		"urn:nhs:1":                          {Form: fhir.Absolute},
		"mailto:Patient/1":                   {Form: fhir.Absolute},
		"#p1":                                {Form: fhir.Contained, ID: "p1"},
		"#":                                  {Form: fhir.Contained},
		"Patient?identifier=a|b":             {Form: fhir.Conditional, Ref: ref("Patient", ""), Query: "identifier=a|b"},
		"Patient?":                           {Form: fhir.Conditional, Ref: ref("Patient", "")},
		"":                                   {},
		"Patient":                            {},
		"Patient/":                           {},
		"/Patient/1":                         {},
		"x/Patient/1":                        {},
		"patient/1":                          {},
		"Patient/1/2":                        {},
		"Patient/a b":                        {},
		"Patient/1/_history/":                {},
		"Patient/1#x":                        {},
		"Nothing?identifier=1":               {},
		"Patient/" + strings.Repeat("1", 65): {},
	} {
		if got := fhir.ParseReference(s); got != want {
			t.Errorf("%q: %+v, want %+v", s, got, want)
		}
	}
}

func TestParseRef(t *testing.T) {
	if r, err := fhir.ParseRef("Patient/1"); err != nil || r.String() != "Patient/1" {
		t.Errorf("%v %v", r, err)
	}
	for _, s := range []string{"", "Patient", "Patient/", "/1", "Patient/1/2", "Patient/1/_history/1", "Nobody/1", "Patient/ü"} {
		if _, err := fhir.ParseRef(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}

const pointers = `{"resourceType":"DocumentReference",
"text":{"status":"generated","div":"<div><a href=\"urn:uuid:1\">x<\/a> <img alt='y' src='urn:\u0075uid:2'/> urn:uuid:3 <b href=\"urn:uuid:4\"/><a href=\"#urn:uuid:5\"/></div>"},
"contained":[{"resourceType":"Observation","id":"c","subject":{"reference":"Patient/6"}}],
"extension":[{"url":"urn:uuid:ext","valueUri":"urn:uuid:7"},{"url":"http://x/StructureDefinition/y","valueCanonical":"urn:uuid:canonical"}],
"identifier":[{"system":"urn:oid:8","value":"urn:uuid:value"}],
"subject":{"type":"Patient","reference":"Patient\/9","display":"urn:uuid:display"},
"author":[{"reference":"#c"},{"display":"nobody"}],
"content":[{"attachment":{"url":"Binary\/10","title":"urn:uuid:title"}}],
"note":["urn:uuid:note"]}`

func TestReferences(t *testing.T) {
	var got []string
	where := []string{"reference", "uri", "narrative"}
	for _, r := range parse(t, []byte(pointers)).References() {
		got = append(got, where[r.In]+" "+r.Path+" "+r.Value)
	}
	want := `narrative DocumentReference.text.div urn:uuid:1
narrative DocumentReference.text.div urn:uuid:2
reference DocumentReference.contained[0].subject.reference Patient/6
uri DocumentReference.extension[0].url urn:uuid:ext
uri DocumentReference.extension[0].valueUri urn:uuid:7
uri DocumentReference.identifier[0].system urn:oid:8
reference DocumentReference.subject.reference Patient/9
reference DocumentReference.author[0].reference #c
uri DocumentReference.content[0].attachment.url Binary/10`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// A Bundle that is a resource keeps what its entries say to one another.
func TestReferencesOfABundle(t *testing.T) {
	r := parse(t, []byte(`{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:1"}}}],"identifier":{"assigner":{"reference":"Organization/2"}},"type":"document"}`))
	refs := r.References()
	if len(refs) != 1 || refs[0].Value != "Organization/2" {
		t.Errorf("%+v", refs)
	}
}

func TestRewrite(t *testing.T) {
	r := parse(t, []byte(pointers))
	to := map[string]string{
		"urn:uuid:1": "Basic/one", "urn:uuid:2": `Basic/"two"&`, "Patient/6": `Patient/"six"`, "urn:uuid:7": "Basic/seven",
		"Patient/9": `Patient/9"` + "\n", "Binary/10": "Binary/10\u00e9", "#c": "",
	}
	got := r.Rewrite(func(ref fhir.Reference) (string, bool) { v, ok := to[ref.Value]; return v, ok })
	want := strings.NewReplacer(
		`href=\"urn:uuid:1\"`, `href=\"Basic/one\"`,
		`src='urn:\u0075uid:2'`, `src='Basic/&#34;two&#34;&amp;'`,
		`"Patient/6"`, `"Patient/\"six\""`, `"valueUri":"urn:uuid:7"`, `"valueUri":"Basic/seven"`,
		`"Patient\/9"`, `"Patient/9\"\n"`, `"Binary\/10"`, `"Binary/10é"`,
	).Replace(pointers)
	if string(got.Bytes()) != want {
		t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
	}
	// The nodes have moved with the bytes.
	fresh := parse(t, got.Bytes())
	for i, ref := range fresh.References() {
		if got := got.References()[i]; got != ref {
			t.Errorf("%+v, want %+v", got, ref)
		}
	}
	if string(got.With(newMeta)) != string(fresh.With(newMeta)) {
		t.Error("With differs after Rewrite")
	}
	if s := got.Subjects(); len(s) != 1 || s[0].Value != "Patient/9\"\n" {
		t.Errorf("%+v", s)
	}
	if same := r.Rewrite(func(fhir.Reference) (string, bool) { return "", false }); same != r {
		t.Error("nothing to do, and yet something else")
	}
}

func TestSubjects(t *testing.T) {
	for raw, want := range map[string]string{
		`{"resourceType":"Observation","subject":{"reference":"Patient/1"},"performer":[{"reference":"Patient/2"}]}`:                  "Patient/1",
		`{"resourceType":"Task","for":{"reference":"Patient/1"},"owner":{"reference":"Patient/2"}}`:                                   "Patient/1",
		`{"resourceType":"Coverage","beneficiary":{"reference":"Patient/1"},"policyHolder":{"reference":"Patient/2"}}`:                "Patient/1",
		`{"resourceType":"Immunization","patient":{"reference":"Patient/1"}}`:                                                         "Patient/1",
		`{"resourceType":"ResearchSubject","individual":{"reference":"Patient/1"}}`:                                                   "Patient/1",
		`{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/1"}},{"actor":{"reference":"Practitioner/2"}}]}`: "Patient/1 Practitioner/2",
		`{"resourceType":"Account","subject":[{"reference":"Patient/1"},{"reference":"Patient/2"}]}`:                                  "Patient/1 Patient/2",
		`{"resourceType":"Group","member":[{"entity":{"reference":"Patient/1"}}]}`:                                                    "Patient/1",
		`{"resourceType":"Patient","link":[{"other":{"reference":"Patient/2"}}]}`:                                                     "",
		`{"resourceType":"Person","link":[{"target":{"reference":"Patient/2"}}]}`:                                                     "",
		`{"resourceType":"Observation","subject":"Patient/1"}`:                                                                        "",
	} {
		var got []string
		for _, r := range parse(t, []byte(raw)).Subjects() {
			got = append(got, r.Value)
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %q, want %q", raw, text, want)
		}
	}
}

func TestCodings(t *testing.T) {
	r := parse(t, []byte(`{"resourceType":"Condition",
"meta":{"security":[{"system":"s","code":"PSY"},{"display":"only words"}],"tag":[{"code":"t"}]},
"text":{"status":"generated","div":"<div/>"},
"code":{"coding":[{"system":"http://snomed.info/sct","version":"1","code":"35489007","display":"Depressive\u0020disorder","userSelected":true}],"text":"low mood"},
"category":[{"text":"just text"}],
"note":[{"text":"not a code"}],
"stage":[{"summary":{"coding":[{"code":"2","_code":{"id":"x"}}]}}],
"extension":[{"url":"u","valueCoding":{"code":"e"}},{"url":"u","valueQuantity":{"value":1,"system":"ucum","code":"kg"}},{"url":"u","valueIdentifier":{"system":"a","value":"b"}}]}`))
	var got []string
	for _, c := range r.Codings() {
		got = append(got, strings.Join([]string{c.Path, c.System, c.Code, c.Display}, "|"))
	}
	want := `Condition.meta.security[0]|s|PSY|
Condition.meta.security[1]|||only words
Condition.meta.tag[0]||t|
Condition.code.coding[0]|http://snomed.info/sct|35489007|Depressive disorder
Condition.code.text|||low mood
Condition.category[0].text|||just text
Condition.stage[0].summary.coding[0]||2|
Condition.extension[0].valueCoding||e|`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if s := r.Security(); len(s) != 2 || s[0].Code != "PSY" || s[1].Display != "only words" {
		t.Errorf("%+v", s)
	}
}

func TestValue(t *testing.T) {
	r := parse(t, []byte(`{"resourceType":"Observation","c\u0061tegory":[ 1 ],"subject":{"reference" : "Patient\/1"},"value":1.10}`))
	for path, want := range map[string]string{"category": "[ 1 ]", "subject.reference": `"Patient\/1"`, "value": "1.10", "subject.id": "", "category.x": "", "": ""} {
		if got, ok := r.Value(path); string(got) != want || ok != (want != "") {
			t.Errorf("%s: %s %v, want %s", path, got, ok, want)
		}
	}
}
