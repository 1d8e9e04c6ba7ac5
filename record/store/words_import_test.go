package store_test

import (
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/store"
)

// TestImportSaysNothing: a file is anybody's, so what it says in the person's name is
// refused, wherever it stands; what the person said stays, and their own export has it.
func TestImportSaysNothing(t *testing.T) {
	me, _, body := disputedFor(t)
	bring := func(text string, o store.ApplyOptions) error {
		o.Origin = entry.Origin{Import: record.ImportID{1}, Source: "file"}
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = me.Apply(ctx, []change.Change{{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r}}, o)
		return err
	}
	const plain = `{"resourceType":"Observation","id":"new","status":"final","code":{"text":"HIV positive"},"valueString":"x"}`
	for name, more := range map[string]string{
		"a note":        `"extension":[{"url":"urn:carehold:note","valueAnnotation":{"text":"I agree"}}],`,
		"a dispute":     `"extension":[{"url":"urn:carehold:disput\u0065","valueAnnotation":{"text":"not so"}}],`,
		"a tag":         `"meta":{"tag":[{"system":"urn:carehold:status","code":"disputed"}]},`,
		"in an element": `"_status":{"extension":[{"url":"urn:carehold:NOTE|1","valueString":"I agree"}]},`,
		"contained":     `"contained":[{"resourceType":"Basic","code":{"text":"x"},"extension":[{"url":"urn:carehold:note","valueString":"I agree"}]}],`,
	} {
		text := strings.Replace(plain, `"status"`, more+`"status"`, 1)
		err := bring(text, store.ApplyOptions{})
		if record.KindOf(err) != record.Unprocessed || !strings.Contains(record.SafeText(err), "words=own") {
			t.Errorf("%s: %v", name, err)
		}
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if r, err = store.Unspoken(r); err != nil || strings.Contains(string(r.Bytes()), "carehold") {
			t.Errorf("%s: %s is left, %v", name, r.Bytes(), err)
		}
	}
	if err := bring(plain, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	// What the person said of it is there: again is no news, more of it is.
	if err := bring(body, store.ApplyOptions{}); err != nil {
		t.Errorf("as it is: %v", err)
	}
	if err := bring(strings.Replace(body, `"valueString":"x"`, `"valueString":"y"`, 1), store.ApplyOptions{}); err != nil {
		t.Errorf("with the words that are there: %v", err)
	}
	more := strings.Replace(body, `"extension":[`, `"extension":[{"url":"urn:carehold:note","valueAnnotation":{"text":"I agree"}},`, 1)
	if err := bring(more, store.ApplyOptions{}); record.KindOf(err) != record.Unprocessed || more == body {
		t.Errorf("with more: %v", err)
	}
	if err := bring(more, store.ApplyOptions{OwnExport: true}); err != nil {
		t.Errorf("in the person's own export: %v", err)
	}
	e, err := me.Read(ctx, disputed, 0)
	if err != nil || !strings.Contains(string(e.Body), "I agree") || !strings.Contains(string(e.Body), "this is not true") {
		t.Errorf("%s %v", e.Body, err)
	}
}

// TestOwnExportIsThePersons: nobody else has an own export.
func TestOwnExportIsThePersons(t *testing.T) {
	_, other, body := disputedFor(t)
	r, err := fhir.Parse([]byte(strings.Replace(body, "this is not true", "this is true", 1)), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, origin := range []entry.Origin{{}, {Import: record.ImportID{1}, Source: "file"}} {
		_, err := other.Apply(ctx, []change.Change{{Verb: change.Update, Ref: disputed, Resource: r}}, store.ApplyOptions{Origin: origin, OwnExport: true})
		if record.KindOf(err) != record.Unprocessed {
			t.Errorf("%v: %v", origin, err)
		}
	}
}
