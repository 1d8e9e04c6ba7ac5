package grant_test

import (
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/grant"
)

const lab = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"

// TestParseParams: SMART App Launch 2.2, scopes narrowed by search parameters. The
// second text is the one spelling.
func TestParseParams(t *testing.T) {
	for text, want := range map[string]string{
		"patient/Observation.rs?category=" + lab:                                      "patient/Observation.rs?category=" + lab,
		"patient/Observation.rs?category=http%3A%2F%2Fx%7Claboratory":                 "patient/Observation.rs?category=http://x|laboratory",
		"patient/Observation.rs?category=%6cab":                                       "patient/Observation.rs?category=lab",
		"patient/Observation.rs?code=a%2cb":                                           "patient/Observation.rs?code=a,b",
		"patient/Observation.rs?status=final&category=lab":                            "patient/Observation.rs?category=lab&status=final",
		"patient/Observation.rs?category=b&category=a":                                "patient/Observation.rs?category=a&category=b",
		"patient/Observation.rs?category=a&category=a":                                "patient/Observation.rs?category=a",
		"patient/Observation.cruds?code=http://loinc.org%7C8480-6":                    "patient/Observation.cruds?code=http://loinc.org|8480-6",
		"patient/Observation.rs?code=a%20b":                                           "patient/Observation.rs?code=a%20b",
		"patient/Observation.rs?code=a%2Bb%26c%3Dd%3F%23":                             "patient/Observation.rs?code=a%2Bb%26c%3Dd%3F%23",
		"patient/Observation.rs?code=a=b?c":                                           "patient/Observation.rs?code=a%3Db%3Fc",
		"patient/Observation.rs?code=a%5C,b":                                          "patient/Observation.rs?code=a%5C,b",
		"patient/Observation.rs?code=%C3%84%22":                                       "patient/Observation.rs?code=%C3%84%22",
		"patient/Condition.r?clinical-status=active&verification-status=%7cconfirmed": "patient/Condition.r?clinical-status=active&verification-status=|confirmed",
		"patient/Observation.rs?category=http://x|":                                   "patient/Observation.rs?category=http://x|",
	} {
		s, err := grant.ParseScope(text)
		if err != nil || s.String() != want {
			t.Errorf("%s: %s, %v, want %s", text, s, err, want)
			continue
		}
		if again, err := grant.ParseScope(want); err != nil || again.String() != want || !slices.Equal(again.Params, s.Params) {
			t.Errorf("%s: read again %+v, %v", want, again, err)
		}
	}
	for _, text := range []string{
		"patient/*.rs?category=a",               // of what type, now and in future?
		"patient/Observation.read?category=a",   // SMART v1 has no queries
		"patient/Observation.rs?",               //
		"patient/Observation.rs?category",       //
		"patient/Observation.rs?category=",      //
		"patient/Observation.rs?category=a,",    // an empty choice says nothing
		"patient/Observation.rs?category=a&",    //
		"patient/Observation.rs?&category=a",    //
		"patient/Observation.rs?category=|",     //
		"patient/Observation.rs?category=a|b|c", //
		"patient/Observation.rs?code:in=http://x", "patient/Observation.rs?category:not=a", "patient/Observation.rs?code:text=a",
		"patient/Observation.rs?subject.name=a", "patient/Observation.rs?_has:Provenance:target:agent=a", "patient/Observation.rs?_filter=a",
		"patient/Observation.rs?_count=1", "patient/Observation.rs?_sort=date", "patient/Observation.rs?_id=a", "patient/Observation.rs?_tag=a",
		"patient/Observation.rs?date=ge2020", "patient/Observation.rs?subject=Patient/1", "patient/Observation.rs?Category=a", "patient/Observation.rs?x=a",
		"patient/Observation.rs?%63ategory=a", // one spelling of names, too
		"patient/Observation.rs?category=a b", "patient/Observation.rs?category=a+b", "patient/Observation.rs?category=a\"", "patient/Observation.rs?category=a\\,b",
		"patient/Observation.rs?category=ä", "patient/Observation.rs?category=%", "patient/Observation.rs?category=%4", "patient/Observation.rs?category=%zz",
		"patient/Observation.rs?category=%00", "patient/Observation.rs?category=%0A", "patient/Observation.rs?category=%FF", "patient/Observation.rs?category=a%5C",
		"patient/Observation.rs?category=%E2%80%AEa", "patient/Observation.rs?category=a%5Cb", "patient/Observation.rs?category=a#b",
		"patient/Observation.rs?category=" + strings.Repeat("a", 513), "patient/Observation.rs?category=" + strings.Repeat("a,", 50) + "a",
		"patient/Observation.rs?category=a&category=b&category=c&category=d&category=e&category=f&category=g&category=h&category=i",
		"patient/Observation?category=a.rs", "patient/Observation.?category=a", "patient/Observation.rs?category=a?code=", "patient/Observation.sr?category=a",
	} {
		if s, err := grant.ParseScope(text); err == nil && text != "patient/Observation.rs?category=a?code=" {
			t.Errorf("%q is taken as %s", text, s)
		} else if err != nil && record.KindOf(err) != record.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestParamsInCertificate: what is signed has the one spelling, and no other is read.
func TestParamsInCertificate(t *testing.T) {
	g := sample(grant.Clinical, "patient/Observation.rs?category="+lab+" patient/Condition.r?status=a,b&category=c")
	got, err := grant.Parse(g.Marshal())
	if err != nil || grant.FormatScopes(got.Scopes) != "patient/Observation.rs?category="+lab+" patient/Condition.r?category=c&status=a,b" {
		t.Fatalf("%s, %v", grant.FormatScopes(got.Scopes), err)
	}
	for what, s := range map[string]grant.Scope{
		"out of order":  {Type: "Observation", Verbs: grant.Read, Params: []grant.Param{{Name: "status", Value: "a"}, {Name: "category", Value: "b"}}},
		"twice":         {Type: "Observation", Verbs: grant.Read, Params: []grant.Param{{Name: "status", Value: "a"}, {Name: "status", Value: "a"}}},
		"of all types":  {Type: "*", Verbs: grant.Create | grant.Read | grant.Update | grant.Delete | grant.Search, Params: []grant.Param{{Name: "status", Value: "a"}}},
		"no value":      {Type: "Observation", Verbs: grant.Read, Params: []grant.Param{{Name: "status"}}},
		"unknown":       {Type: "Observation", Verbs: grant.Read, Params: []grant.Param{{Name: "_id", Value: "a"}}},
		"a second name": {Type: "Observation", Verbs: grant.Read, Params: []grant.Param{{Name: "status=x&code", Value: "a"}}},
	} {
		g := g
		g.Scopes = []grant.Scope{s}
		if _, err := grant.Parse(g.Marshal()); err == nil {
			t.Errorf("%s: %s is read", what, s)
		}
	}
}

func FuzzScope(f *testing.F) {
	for _, text := range []string{"patient/*.rs", "patient/Observation.rs?category=" + lab, "patient/Observation.rs?code=a%5C,b&status=%22", "user/*.read", "patient/Condition.cud?category=a|b,|c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := grant.ParseScope(text)
		if err != nil {
			return
		}
		written := s.String()
		for i := range len(written) {
			if c := written[i]; c <= 0x20 || c == '"' || c == '\\' || c >= 0x7f {
				t.Fatalf("%q has what no scope may have", written)
			}
		}
		again, err := grant.ParseScope(written)
		if err != nil || again.String() != written || again.Type != s.Type || again.Verbs != s.Verbs || !slices.Equal(again.Params, s.Params) {
			t.Fatalf("%q is written %q and read as %+v, %v", text, written, again, err)
		}
		list, err := grant.ParseScopes(written + " patient/Patient.r " + written)
		if err != nil || len(list) != 3 {
			t.Fatalf("a list of %q: %d, %v", written, len(list), err)
		}
		if !grant.Within([]grant.Scope{s}, []grant.Scope{again}) || !grant.Within([]grant.Scope{s}, scopesOf(t, "patient/*.cruds")) {
			t.Fatalf("%q is not within itself, or within everything", written)
		}
	})
}

func scopesOf(t testing.TB, text string) []grant.Scope {
	t.Helper()
	s, err := grant.ParseScopes(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWithin(t *testing.T) {
	for _, r := range []struct {
		narrow, wide string
		want         bool
	}{
		{"patient/Observation.rs", "patient/Observation.rs", true},
		{"patient/Observation.r", "patient/Observation.rs", true},
		{"patient/Observation.rs", "patient/Observation.r", false},
		{"patient/Observation.rs", "patient/Observation.r patient/*.s", true},
		{"patient/Observation.rs", "patient/*.cruds", true},
		{"patient/*.rs", "patient/Observation.rs", false},
		{"patient/Observation.rs", "patient/Condition.rs", false},
		{"patient/Observation.rs?category=a", "patient/Observation.rs", true},
		{"patient/Observation.rs?category=a", "patient/*.rs", true},
		{"patient/Observation.rs", "patient/Observation.rs?category=a", false},
		{"patient/Observation.rs?category=a", "patient/Observation.rs?category=a", true},
		{"patient/Observation.rs?category=a", "patient/Observation.rs?category=b", false},
		{"patient/Observation.rs?category=a&status=final", "patient/Observation.rs?category=a", true},
		{"patient/Observation.rs?category=a", "patient/Observation.rs?category=a&status=final", false},
		{"patient/Observation.rs?category=a", "patient/Observation.rs?category=a,b", true},
		{"patient/Observation.rs?category=b,a", "patient/Observation.rs?category=a,b", true},
		{"patient/Observation.rs?category=a,b", "patient/Observation.rs?category=a", false},
		{"patient/Observation.rs?category=a%5C,b", "patient/Observation.rs?category=a,b", false}, // one choice, with a comma in it
		{"patient/Observation.rs?code=a", "patient/Observation.rs?category=a", false},
		{"patient/Observation.rs?category=a&category=b", "patient/Observation.rs?category=b", true},
		{"patient/Observation.r?category=a patient/Condition.r", "patient/Observation.rs?category=a patient/Condition.r", true},
		{"patient/Observation.r patient/Condition.r", "patient/Observation.rs", false},
	} {
		if got := grant.Within(scopesOf(t, r.narrow), scopesOf(t, r.wide)); got != r.want {
			t.Errorf("%s within %s: %t", r.narrow, r.wide, got)
		}
	}
	if !grant.Within(nil, nil) || grant.Within([]grant.Scope{{Type: "Observation"}}, scopesOf(t, "patient/*.cruds")) {
		t.Error("nothing is within nothing; a scope without letters is none")
	}
}

// TestDecideOn: what the scopes' parameters do to the policy. An entry is in the first
// scope of the grant that has parameters, in the second, in both or in none.
func TestDecideOn(t *testing.T) {
	const open, lab, status = "patient/Observation.rs", "patient/Observation.rs?category=lab", "patient/Observation.cud?status=final"
	H, F, A, D := grant.Hidden, grant.Forbidden, grant.Allowed, grant.Depends
	type row struct {
		scopes string
		in     string // the parameters that the entry matches; "-": nobody looked
		read   grant.Decision
		search grant.Decision
		create grant.Decision
		update grant.Decision
	}
	for _, r := range []row{
		{open, "-", A, A, F, F},
		{lab, "-", D, D, D, D}, // that it is Forbidden to change would tell that it is there
		{lab, "lab", A, A, F, F},
		{lab, "", H, H, H, H},
		{lab + " " + open, "-", A, A, F, F},
		{status + " " + open, "-", A, A, D, D},
		{status + " " + open, "", A, A, F, F},
		{status + " " + open, "final", A, A, A, A},
		{lab + " " + open, "", A, A, F, F},
		{lab + " patient/*.r", "-", A, D, F, F},
		{lab + " patient/*.r", "", A, F, F, F},
		{lab + " " + status, "-", D, D, D, D},
		{lab + " " + status, "lab", A, A, F, F},
		{lab + " " + status, "final", F, F, A, A},
		{lab + " " + status, "lab final", A, A, A, A},
		{lab + " " + status, "", H, H, H, H},
		{lab + " patient/Observation.c", "-", D, D, A, D},
		{lab + " patient/Observation.c", "", H, H, A, H}, // who may add sees no more of what is there
		{lab + " patient/Observation.u", "", F, F, F, A}, // who may change it knows of it
		{lab + " patient/Condition.rs", "", H, H, H, H},
		{"patient/Condition.rs?category=lab", "-", F, F, F, F}, // of another type, which has the same letters
	} {
		g := sample(record.SectionsOf(record.Results), r.scopes)
		matches := func(s grant.Scope) bool {
			if len(s.Params) == 0 || s.Type != "Observation" {
				t.Errorf("%s: asked of %s", r.scopes, s)
			}
			return strings.Contains(" "+r.in+" ", " "+s.Params[0].Value+" ")
		}
		for a, want := range map[grant.Action]grant.Decision{grant.ActRead: r.read, grant.ActVersion: r.read, grant.ActHistory: r.read, grant.ActSearch: r.search,
			grant.ActCreate: r.create, grant.ActUpdate: r.update, grant.ActChooseID: grant.Refused} {
			m := record.Meta{Type: "Observation", Section: record.Results}
			var got grant.Decision
			if r.in == "-" {
				got = grant.Decide(g, a, m, from)
			} else {
				got = grant.DecideOn(g, a, m, from, matches)
			}
			if got != want {
				t.Errorf("%s, entry %q, action %d: %d, want %d", r.scopes, r.in, a, got, want)
			}
			m.Section = record.MentalHealth
			if got := grant.DecideOn(g, a, m, from, func(grant.Scope) bool { return true }); got != H && a != grant.ActChooseID {
				t.Errorf("%s, another section: %d", r.scopes, got)
			}
			if got := grant.DecideOn(g, a, m, until, func(grant.Scope) bool { return true }); got != grant.Ended {
				t.Errorf("%s, after its end: %d", r.scopes, got)
			}
		}
	}
	// Never more than without parameters, and never Allowed where nobody looked.
	g := sample(record.AllSections, "patient/Observation.cruds?category=lab")
	g.Scopes = append(g.Scopes, grant.Scope{Type: "*", Verbs: grant.Read, Params: []grant.Param{{Name: "category", Value: "lab"}}})
	for _, typ := range []string{"Observation", "Condition"} {
		for a := grant.ActRead; a <= grant.ActChooseID; a++ {
			if got := grant.Decide(g, a, record.Meta{Type: typ, Section: record.Results}, from); got == A {
				t.Errorf("%s, action %d: allowed", typ, a)
			}
		}
	}
	if grant.CoversAll(g, grant.ActRead, "Observation") || !grant.Covers(g, grant.ActRead, "Observation") || grant.Covers(g, grant.ActRead, "Condition") || !grant.Limited(g) {
		t.Error("what the grant covers")
	}
	if g := sample(record.AllSections, open); !grant.CoversAll(g, grant.ActRead, "Observation") || grant.Limited(g) {
		t.Error("what a grant without parameters covers")
	}
}
