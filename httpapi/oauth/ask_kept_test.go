package oauth

import (
	"slices"
	"testing"
)

func TestParseKept(t *testing.T) {
	x, ok := parseKept("1795270320.18.1.7") // sections 3 and 4, as docs/format.md numbers them
	if !ok || !slices.Equal(x.Sections, []string{"what matters to them", "allergies"}) || x.Days != 7 || x.Do != "look at it, and add to it" || x.Until != "21 November 2026, 14:12 UTC" {
		t.Errorf("%+v %v", x, ok)
	}
	for _, text := range []string{"", "1.2.3", "1795270320.18.1.7.1", "x.18.1.7", "-1.18.1.7", "1795270320.ffffffff.1.7", "1795270320.18.3.7", "1795270320.18.-1.7",
		"1795270320.18.1.3661", "1795270320.18.1.-1", "99999999999999.18.1.7"} {
		if x, ok := parseKept(text); ok || x.Until != "" {
			t.Errorf("%q: %+v", text, x)
		}
	}
}

// FuzzKept: whatever a browser sends as what it kept, it is read as said in the form or
// not at all.
func FuzzKept(f *testing.F) {
	f.Add("1795270320.18.1.7")
	f.Fuzz(func(t *testing.T, text string) {
		x, ok := parseKept(text)
		if ok != (x.Until != "") || ok && (x.Do == "" || x.Days < 0 || x.Days > maxAskedDays) {
			t.Errorf("%q: %+v %v", text, x, ok)
		}
	})
}
