package filing

import (
	"slices"
	"testing"

	"carehold/record"
	"carehold/record/grant"
)

// TestProposed: what is proposed for a type that a client asks for is where this table
// files entries of it, all of that, and nothing sensitive.
func TestProposed(t *testing.T) {
	letters := grant.Read | grant.Search
	for _, row := range types {
		want := record.SectionsOf(row.section)
		for _, r := range refinements {
			if slices.Contains(r.types, row.name) {
				want = want.With(r.section)
			}
		}
		want = grant.With(want &^ record.SensitiveSections)
		if got := grant.Proposed([]grant.Scope{{Type: row.name, Verbs: letters}}); got != want {
			t.Errorf("%s: %s are proposed, and it can be filed in %s", row.name, got, want)
		}
	}
	all := grant.Proposed([]grant.Scope{{Type: "*", Verbs: letters}})
	for _, s := range record.Sections() {
		if want := !s.Sensitive() && s != record.Budget; all.Has(s) != want {
			t.Errorf("for all types %s: %t", s, all.Has(s))
		}
	}
	if got := grant.Proposed(nil); got != grant.With(0) {
		t.Errorf("for nothing: %s", got)
	}
	if got := grant.Proposed([]grant.Scope{{Type: "Unheard", Verbs: letters}}); got != grant.With(record.SectionsOf(record.Documents)) {
		t.Errorf("for a type that nobody knows: %s", got)
	}
}
