package main

import (
	"testing"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// TestSaysTheyAre: nobody's own word is taken for true, and an app counts as registered
// only where the server and the question both say so.
func TestSaysTheyAre(t *testing.T) {
	gp := holder.Request{Question: keys.Question{To: grant.Party{Name: "Dr A", Role: "GP", Organisation: "Elm Road", Number: "7", Register: "GMC"}}}
	app := func(verified, said bool, host string) holder.Request {
		return holder.Request{App: holder.App{Name: "Pill\u202eDiary", Organisation: "Example", Host: host, Verified: verified},
			Question: keys.Question{Client: "diary", Verified: said, To: grant.Party{Name: "other"}}}
	}
	unknown := `An app from evil.example, NOT registered here. It calls itself "PillDiary": nobody has checked this.`
	for name, c := range map[string]struct {
		r    holder.Request
		want string
	}{
		"somebody":          {gp, "Somebody who says they are Dr A (GP, Elm Road, GMC 7). Nobody has checked this."},
		"a registered app":  {app(true, true, "app.example"), `The app "PillDiary" of Example. Whoever runs your server has registered it.`},
		"one that is not":   {app(false, false, "evil.example"), unknown},
		"that says it is":   {app(false, true, "evil.example"), unknown},
		"its question not":  {app(true, false, "evil.example"), unknown},
		"without a website": {app(false, false, ""), `An app, NOT registered here. It calls itself "PillDiary": nobody has checked this.`},
	} {
		if got := saysTheyAre(c.r); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestMay(t *testing.T) {
	in := grant.With(record.SectionsOf(record.Allergies, record.Medicines))
	for scopes, want := range map[string]string{
		"patient/*.rs":    "read: allergies and medicines",
		"patient/*.cruds": "read, add to, change and delete: allergies and medicines",
		"patient/*.c":     "add to: allergies and medicines",
		"patient/MedicationRequest.rs patient/AllergyIntolerance.crs": "read prescriptions and allergies, and add allergies, in: allergies and medicines",
		"patient/Observation.rs?category=laboratory patient/*.c":      "read measurements and findings (only category laboratory), and add everything, in: allergies and medicines",
	} {
		list, err := grant.ParseScopes(scopes)
		if err != nil {
			t.Fatal(err)
		}
		if got := may(list, in); got != want {
			t.Errorf("%s: %s", scopes, got)
		}
	}
}

// TestUntil: a day is meant to its end, where the person is.
func TestUntil(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2027-01-31":                time.Date(2027, 2, 1, 0, 0, 0, 0, time.Local),
		"2027-12-31":                time.Date(2028, 1, 1, 0, 0, 0, 0, time.Local),
		"2027-01-31 15:00":          time.Date(2027, 1, 31, 15, 0, 0, 0, time.Local),
		"2027-01-31T15:00:00+01:00": time.Date(2027, 1, 31, 14, 0, 0, 0, time.UTC),
		"31.1.2027":                 {}, "2027-02-30": {}, "soon": {}, "": {},
	} {
		if got, err := parseUntil(text); (err == nil) == want.IsZero() || err == nil && !got.Equal(want) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}
