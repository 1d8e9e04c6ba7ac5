package grant_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/grant"
)

// Intersect, in a table: never more than either list allows.
func TestIntersect(t *testing.T) {
	const lab, vital = "?category=laboratory", "?category=vital-signs"
	for _, c := range []struct{ a, b, want string }{
		{"patient/*.rs", "patient/*.rs", "patient/*.rs"},
		{"patient/*.cruds", "patient/Observation.r", "patient/Observation.r"},
		{"patient/Observation.rs", "patient/*.cru", "patient/Observation.r"},
		{"patient/Observation.rs", "patient/Condition.rs", ""},
		{"patient/Observation.rs", "patient/Observation.cud", ""},
		{"patient/Observation.rs" + lab, "patient/Observation.rs", "patient/Observation.rs" + lab},
		{"patient/Observation.rs", "patient/*.r" + lab, ""}, // a limit needs a type
		{"patient/Observation.rs" + lab, "patient/Observation.rs" + lab, "patient/Observation.rs" + lab},
		{"patient/Observation.rs" + lab, "patient/Observation.rs" + vital, "patient/Observation.rs" + lab + "&category=vital-signs"},
		{"patient/Observation.rs patient/Condition.r", "patient/*.rs", "patient/Observation.rs patient/Condition.r"},
		{"patient/*.rs", "openid launch/patient offline_access user/Observation.read", "patient/Observation.rs"},
		{"patient/*.rs", "openid", ""},
		{"patient/*.rs", "patient/Observation.rs?_has=x", ""},
	} {
		if got := grant.FormatScopes(grant.Intersect(grant.ScopesIn(c.a), grant.ScopesIn(c.b))); got != c.want {
			t.Errorf("%s and %s: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

// listOf is a list of n scopes, no two the same, of which as many have parameters as may.
func listOf(n int) string {
	types := strings.Fields("Account AdverseEvent AllergyIntolerance Appointment CarePlan CareTeam Claim Condition Consent Coverage Device Encounter Goal Group Immunization Invoice " +
		"List Location Measure Media Medication Observation Organization Patient Person Practitioner Procedure Provenance Schedule Slot Specimen Task")
	words := make([]string, n)
	for i := range words {
		words[i] = "patient/" + types[i%len(types)] + "." + []string{"r", "s", "c", "u"}[i/len(types)%4]
		if i < grant.MaxNarrowed {
			words[i] = "patient/Observation.rs?category=lab,vital&code=" + strconv.Itoa(i) + ",x"
		}
	}
	return strings.Join(words, " ")
}

// What many ask for is refused, or answered as fast as what few ask for: it is looked at
// in every request.
func TestScopesBounded(t *testing.T) {
	most := listOf(grant.MaxScopes)
	r, err := grant.ParseRequested("openid launch/patient " + most + " nonsense")
	if err != nil || len(r.Scopes) != grant.MaxScopes {
		t.Fatalf("%d scopes, %v", len(r.Scopes), err)
	}
	g := sample(grant.Clinical, "patient/*.rs")
	g.Scopes = r.Scopes
	if err := g.Check(); err != nil {
		t.Error(err)
	}
	if both := grant.Intersect(r.Scopes, r.Scopes); grant.FormatScopes(both) != most {
		t.Errorf("a list and itself: %s", grant.FormatScopes(both))
	}
	if allocs := testing.AllocsPerRun(3, func() { grant.Intersect(r.Scopes, r.Scopes) }); allocs > 40*grant.MaxScopes {
		t.Errorf("%.0f allocations for %d scopes", allocs, grant.MaxScopes)
	}
	for _, text := range []string{
		listOf(grant.MaxScopes + 1),
		most + " user/Substance.r",
		listOf(grant.MaxNarrowed) + " patient/Goal.rs?status=active",
	} {
		if _, err := grant.ParseRequested(text); record.KindOf(err) != record.Invalid || !strings.Contains(record.SafeText(err), "at most 64 scopes") {
			t.Errorf("%d bytes are taken: %v", len(text), err)
		}
		scopes, err := grant.ParseScopes(strings.ReplaceAll(text, "user/", "patient/"))
		if err != nil {
			t.Fatal(err)
		}
		if g.Scopes = scopes; g.Check() == nil {
			t.Errorf("a grant of %d scopes is one", len(scopes))
		}
		if _, err := grant.Parse(g.Marshal()); err == nil {
			t.Errorf("a certificate of %d scopes is one", len(scopes))
		}
	}
	// The same in other words counts once.
	if _, err := grant.ParseRequested(most + " user/Task.r system/Task.r"); err != nil {
		t.Error(err)
	}
}

// Intersect means what both mean: each type, letter and entry is asked of it and of both.
func TestIntersectMeans(t *testing.T) {
	params := []string{"", "?category=a", "?category=a,b", "?category=b", "?category=a&code=x", "?code=x"}
	matches := func(s grant.Scope, entry []string) bool { // an entry has one category and one code
		for _, p := range s.Params {
			at := 0
			if p.Name == "code" {
				at = 1
			}
			if !slices.Contains(strings.Split(p.Value, ","), entry[at]) {
				return false
			}
		}
		return true
	}
	allows := func(list []grant.Scope, typ string, verb grant.Verbs, entry []string) bool {
		return slices.ContainsFunc(list, func(s grant.Scope) bool {
			return (s.Type == typ || s.Type == "*" && len(s.Params) == 0) && s.Verbs&verb != 0 && matches(s, entry)
		})
	}
	random := rand.New(rand.NewPCG(1, 2))
	list := func() []grant.Scope {
		var words []string
		for range 1 + random.IntN(5) {
			typ, param := []string{"Observation", "Goal", "*"}[random.IntN(3)], params[random.IntN(len(params))]
			words = append(words, "patient/"+typ+"."+[]string{"r", "rs", "s", "cru", "cruds"}[random.IntN(5)]+param)
			if typ == "*" && param != "" {
				words = words[:len(words)-1]
			}
		}
		return grant.ScopesIn(strings.Join(words, " "))
	}
	for range 20_000 {
		a, b := list(), list()
		both := grant.Intersect(a, b)
		for _, typ := range []string{"Observation", "Goal", "Task"} {
			for verb := grant.Create; verb <= grant.Search; verb <<= 1 {
				for _, entry := range [][]string{{"a", "x"}, {"a", "y"}, {"b", "x"}, {"b", "y"}, {"c", "x"}, {"c", "y"}} {
					want := allows(a, typ, verb, entry) && allows(b, typ, verb, entry)
					if got := allows(both, typ, verb, entry); got != want {
						t.Fatalf("%s and %s are %s: %s.%s of %v is %v", grant.FormatScopes(a), grant.FormatScopes(b), grant.FormatScopes(both), typ, verb, entry, got)
					}
				}
			}
		}
	}
}

// Two lists of which no scope is within the other: the most there is to do.
func BenchmarkIntersect(b *testing.B) {
	choices := strings.Repeat("a,", 49)
	against := make([]string, grant.MaxNarrowed)
	mine := slices.Clone(against)
	for i := range against {
		against[i] = "patient/Observation.rs?code=" + choices + "b" + strconv.Itoa(i) + "&status=" + choices + "a"
		mine[i] = "patient/Observation.rs?code=" + choices + "c" + strconv.Itoa(i)
	}
	for name, lists := range map[string][2]string{
		"same":  {listOf(grant.MaxScopes), listOf(grant.MaxScopes)},
		"every": {listOf(grant.MaxScopes), "patient/*.cruds"},
		"apart": {strings.Join(against, " "), strings.Join(mine, " ")},
	} {
		x, y := grant.ScopesIn(lists[0]), grant.ScopesIn(lists[1])
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				grant.Intersect(x, y)
			}
		})
	}
}
