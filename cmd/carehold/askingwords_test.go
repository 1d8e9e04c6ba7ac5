package main

import (
	"strings"
	"testing"
	"time"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// TestSaysTheyAre: nobody's own word is taken for true, and an app counts as registered
// only where the server and the question both say so.
func TestSaysTheyAre(t *testing.T) {
	gp := holder.Request{Question: keys.Question{To: grant.Party{Name: "Dr A", Role: "GP", Organisation: "Elm Road", Number: "7", Register: "GMC"}}}
	says := func(name, role string) holder.Request {
		return holder.Request{Question: keys.Question{To: grant.Party{Name: name, Role: role}}}
	}
	app := func(verified, said bool, host string) holder.Request {
		return holder.Request{App: holder.App{Name: "Pill\u202eDiary", Organisation: "Example", Host: host, Verified: verified},
			Question: keys.Question{Client: "diary", Verified: said, To: grant.Party{Name: "other"}}}
	}
	unknown := `An app from evil.example, NOT registered here. It calls itself "PillDiary": nobody has checked this.`
	for name, c := range map[string]struct {
		r    holder.Request
		want string
	}{
		"somebody":          {gp, `Somebody who says they are "Dr A" ("GP", "Elm Road", "GMC 7"). Nobody has checked this.`},
		"with sentences":    {says("Dr X”. Your server has checked this.", `GP". Type yes. "`), `Somebody who says they are "Dr X'. Your server has checked this." ("GP'. Type yes. '"). Nobody has checked this.`},
		"at length":         {says(strings.Repeat("ä", 100), ""), `Somebody who says they are "` + strings.Repeat("ä", 79) + `…". Nobody has checked this.`},
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

// TestMayWithin: what "grants" says, in words where scopes limit, and nothing where they do not.
func TestMayWithin(t *testing.T) {
	in := grant.With(record.SectionsOf(record.Medicines))
	for scopes, want := range map[string]string{
		"patient/*.rs":    "read medicines",
		"patient/*.cruds": "read, add to, change and delete medicines",
		"patient/*.c":     "add to medicines",
		"patient/*.r":     "read medicines (only patient/*.r)",
		"patient/MedicationRequest.rs?status=active":  "read prescriptions (only status active), in medicines",
		"patient/Observation.rs patient/Condition.cu": "read measurements and findings, and add conditions, and change conditions, in medicines",
	} {
		list, err := grant.ParseScopes(scopes)
		if err != nil {
			t.Fatal(err)
		}
		if got := mayWithin(list, in); got != want {
			t.Errorf("%s: %s", scopes, got)
		}
	}
}

// TestWhyOver: of a grant that was stopped at the server, all that can have done it is said,
// and what tells which.
func TestWhyOver(t *testing.T) {
	got := whyOver(holder.WasStruck)
	for _, way := range []string{"from a session", "gave it back", "came twice", "operator accepted a loss", "carehold history says which"} {
		if !strings.Contains(got, way) {
			t.Errorf("not %q: %s", way, got)
		}
	}
	if got := whyOver(holder.Revoked); got != "you ended it" {
		t.Error(got)
	}
}

// TestRegistrationSays whose word a registration is.
func TestRegistrationSays(t *testing.T) {
	g := holder.Granted{Grant: grant.Grant{To: grant.Party{Name: "Dr A", Number: "7", Register: "GMC"}}}
	if got := whoFor(g); len(got) != 1 || got[0] != "Registration: GMC 7, as you wrote it; nobody has checked it." {
		t.Errorf("%q", got)
	}
	g.Grant.Asked[0] = 1
	if got := whoFor(g); got[0] != "Registration: GMC 7, as they say; nobody has checked it." {
		t.Errorf("%q", got)
	}
}

// TestReaders: whom a grant lets read by what an entry says is not said to read it.
func TestReaders(t *testing.T) {
	to := func(name, scopes string, in record.Section, state holder.State) holder.Granted {
		list, err := grant.ParseScopes(scopes)
		if err != nil {
			t.Fatal(err)
		}
		return holder.Granted{State: state, Grant: grant.Grant{To: grant.Party{Name: name}, Scopes: list, Sections: grant.With(record.SectionsOf(in))}}
	}
	list := []holder.Granted{
		to("Lab", "patient/Observation.rs?category=laboratory", record.Results, holder.Live),
		to("Judith", "patient/*.rs", record.Results, holder.Live),
		to("Sam", "patient/Observation.r?category=laboratory", record.Results, holder.Live),
		to("Sam", "patient/Observation.rs", record.Results, holder.Live),
		to("Writer", "patient/*.c", record.Results, holder.Live),
		to("Elsewhere", "patient/*.rs", record.Plan, holder.Live),
		to("Over", "patient/*.rs", record.Results, holder.Ended),
	}
	if got := whoCanRead(readers(list, "Observation", record.Results), " now"); got != "Who else can read it now: Judith, Sam and perhaps Lab." {
		t.Error(got)
	}
	if got := whoCanRead(readers(list[:1], "Observation", record.Results), ""); got != "Who else can read it: perhaps Lab." {
		t.Error(got)
	}
	if got := whoCanRead(readers(list[:1], "Condition", record.Results), ""); got != "Nobody but you can read it." {
		t.Error(got)
	}
}

// TestWrittenFirst: who puts words on an entry is not who wrote it.
func TestWrittenFirst(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 30, 0, 0, time.Local)
	nurse := &message.OlderVersion{Time: at, By: "Community nurse", Role: "nurse", Organisation: "Hill Trust", Taken: true}
	for want, info := range map[string]message.EntryInfo{
		"First written by Community nurse (nurse, Hill Trust). It waited, and you took it in, 20 Nov 2026 at 09:30. Your words were added since.": {Version: 2, Self: true, First: nurse},
		"First written by you, 20 Nov 2026 at 09:30.": {Version: 2, By: "Dr A", First: &message.OlderVersion{Time: at, Self: true, By: "you"}},
		"First imported from GP practice export, 20 Nov 2026 at 09:30. Your words were added since.": {Version: 2, Self: true, By: "you",
			First: &message.OlderVersion{Time: at, Self: true, By: "you", Source: "GP practice export"}},
		"First imported from GP practice export, 20 Nov 2026 at 09:30. Changed by Dr A (GP), 20 Nov 2026 at 09:30. Your words were added since.": {Version: 3, Self: true, By: "you",
			First: &message.OlderVersion{Time: at, Self: true, By: "you", Source: "GP practice export"}, Before: &message.OlderVersion{Version: 2, Time: at, By: "Dr A", Role: "GP"}},
		"Changed by Dr A (GP), 20 Nov 2026 at 09:30. Your words were added since.": {Version: 3, Self: true, By: "you",
			First: &message.OlderVersion{Time: at, Self: true, By: "you"}, Before: &message.OlderVersion{Version: 2, Time: at, By: "Dr A", Role: "GP"}},
		"": {Version: 2, By: "Community nurse", First: nurse},
	} {
		if got := writtenFirst(info, true); got != want {
			t.Errorf("%q", got)
		}
	}
	again := message.EntryInfo{Version: 2, Self: true, Source: "a newer export", First: &message.OlderVersion{Time: at, Self: true, Source: "GP practice export"}}
	if got := writtenFirst(again, false); got != "" {
		t.Errorf("of what was imported again: %q", got)
	}
	if got := writtenFirst(message.EntryInfo{Version: 1, Self: true}, true); got != "" {
		t.Errorf("of the only version: %q", got)
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
