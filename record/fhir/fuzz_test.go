package fhir_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"carehold/record/fhir"
)

func seeds(f *testing.F) {
	for _, line := range lines(f, "testdata/strict.txt") {
		_, text, _ := strings.Cut(line, "\t")
		f.Add([]byte(unquote(f, text)))
	}
	for _, line := range lines(f, "testdata/splice.txt") {
		f.Add([]byte(unquote(f, line)))
	}
	f.Add([]byte(pointers))
}

// FuzzParse: nothing panics; what is taken encoding/json takes too; With and
// Stripped change their three members and nothing else.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := fhir.Parse(raw, fhir.Limits{})
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without a text")
			}
			return
		}
		if !json.Valid(raw) || !utf8.Valid(raw) {
			t.Fatalf("%q is not JSON", raw)
		}
		if err := checkSplice(r); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		r.Codings()
		r.Security()
		r.Subjects()
		r.Value("meta.tag")
	})
}

// FuzzReference: references are found and rewritten without harm: another value
// and back is the same resource, and a copy parsed afresh says the same.
func FuzzReference(f *testing.F) {
	seeds(f)
	for _, s := range []string{"Patient/1", "urn:uuid:1", "http://a/Patient/1/_history/2", "#", "Patient?identifier=1"} {
		f.Add([]byte(`{"resourceType":"Basic","subject":{"reference":"` + s + `"}}`))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fhir.ParseReference(string(raw))
		r, err := fhir.Parse(raw, fhir.Limits{})
		if err != nil {
			return
		}
		refs := r.References()
		there := r.Rewrite(func(ref fhir.Reference) (string, bool) { return "urn:uuid:new-" + ref.Path, true })
		fresh, err := fhir.Parse(there.Bytes(), fhir.Limits{})
		if err != nil {
			t.Fatalf("Rewrite of %q made %v", raw, err)
		}
		moved, again := there.References(), fresh.References()
		if len(moved) != len(again) {
			t.Fatalf("%d references, %d when parsed again: %s", len(moved), len(again), there.Bytes())
		}
		for i := range moved {
			if moved[i] != again[i] {
				t.Fatalf("%+v is %+v when parsed again", moved[i], again[i])
			}
		}
		if len(moved) != len(refs) {
			t.Fatalf("%d references became %d: %s", len(refs), len(moved), there.Bytes())
		}
	})
}
