package keys

import (
	"testing"

	"carehold/record"
)

// Every section is tried, once.
func TestOrder(t *testing.T) {
	var set record.SectionSet
	for _, s := range commonFirst {
		if set.Has(s) {
			t.Errorf("%s is tried twice", s)
		}
		set = set.With(s)
	}
	if !set.Whole() {
		t.Errorf("only %s are tried", set)
	}
}
