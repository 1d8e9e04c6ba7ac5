package store_test

import (
	"errors"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// TestRefusedEntryIsNamed: of several entries, the one that is refused is named
// by its place, so that whoever sent them can mend it.
func TestRefusedEntryIsNamed(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	var changes []change.Change
	for i, json := range []string{allergy, `{"resourceType":"Goal","id":"g1","subject":{"reference":"Patient/somebody-else"}}`} {
		r, err := fhir.Parse([]byte(json), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, change.Change{Index: 5 + i, Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r})
	}
	_, err := me.Apply(t.Context(), changes, store.ApplyOptions{})
	wantKind(t, err, record.Unprocessed)
	if e, ok := errors.AsType[*record.Error](err); !ok || e.Path != "Bundle.entry[6].resource.subject.reference" {
		t.Errorf("the error is at %q", e.Path)
	}
	_, err = me.Apply(t.Context(), changes[1:], store.ApplyOptions{})
	if e, ok := errors.AsType[*record.Error](err); !ok || e.Path != "Goal.subject.reference" {
		t.Errorf("alone, the error is at %q", e.Path)
	}
}
