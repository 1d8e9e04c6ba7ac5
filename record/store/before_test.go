package store_test

import (
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
)

// TestWhoWroteBefore: whose content it is that the person disputes is whoever wrote it last,
// and not whoever wrote the first version.
func TestWhoWroteBefore(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	_, token := d.share(grant.Grant{To: grant.Party{Name: "Mallory"}, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
	other := view(t, s, token)
	ref := fhir.Ref{Type: "Observation", ID: "one"}
	text := `{"resourceType":"Observation","id":"one","status":"final","code":{"text":"mine"}}`
	put(t, me, text)
	before := func() (name string, at record.Version) {
		t.Helper()
		i, err := me.Why(ctx, ref)
		if err != nil {
			t.Fatal(err)
		}
		if i.Before != nil {
			name = i.Before.Author.Name
		}
		return name, i.BeforeAt
	}
	if name, at := before(); name != "" || at != 0 {
		t.Errorf("of their own: %q %d", name, at)
	}
	if _, err := tryPut(other, strings.Replace(text, "mine", "theirs", 1)); err != nil {
		t.Fatal(err)
	}
	if name, at := before(); name != "" || at != 0 {
		t.Errorf("written by somebody else last: %q %d", name, at)
	}
	for range 2 { // the words of the person's come in between
		if _, err := me.Annotate(ctx, ref, 0, "not so", true); err != nil {
			t.Fatal(err)
		}
	}
	if name, at := before(); name != "Mallory" || at != 2 {
		t.Errorf("disputed: %q %d", name, at)
	}
}
