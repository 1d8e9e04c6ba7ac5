package grant_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
)

var (
	from  = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	until = from.Add(24 * time.Hour)
)

func sample(sections record.SectionSet, scopes string) grant.Grant {
	s, err := grant.ParseScopes(scopes)
	if err != nil {
		panic(err)
	}
	return grant.Grant{ID: record.GrantID{1}, Person: record.PersonID{2}, To: grant.Party{Name: "Dr Okafor", Organisation: "Elm Road", Role: "GP"},
		Sections: grant.With(sections), Scopes: s, Purpose: "TREAT", From: from, Until: until, Daily: 100}
}

// TestDecide is the policy, line by line: what is asked of an Observation filed in
// results, under each kind of grant, before it counts, while it does and after.
func TestDecide(t *testing.T) {
	actions := map[string]grant.Action{"read": grant.ActRead, "version": grant.ActVersion, "history": grant.ActHistory, "search": grant.ActSearch,
		"create": grant.ActCreate, "update": grant.ActUpdate, "delete": grant.ActDelete, "choose": grant.ActChooseID}
	const in, out = record.Results, record.MentalHealth
	results := record.SectionsOf(in)
	rows := []struct {
		what    string
		g       grant.Grant
		section record.Section
		want    string // for each action that is not Hidden: its answer
	}{
		{"rs on all types, inside", sample(results, "patient/*.rs"), in,
			"read=Allowed version=Allowed history=Allowed search=Allowed create=Forbidden update=Forbidden delete=Forbidden choose=Refused"},
		{"rs on all types, outside", sample(results, "patient/*.rs"), out, "choose=Refused"},
		{"rs on this type, inside", sample(results, "patient/Observation.rs"), in,
			"read=Allowed version=Allowed history=Allowed search=Allowed create=Forbidden update=Forbidden delete=Forbidden choose=Refused"},
		{"cruds on another type", sample(results, "patient/Condition.cruds"), in,
			"read=Forbidden version=Forbidden history=Forbidden search=Forbidden create=Forbidden update=Forbidden delete=Forbidden choose=Refused"},
		{"a type that begins the same", sample(results, "patient/Observatio.cruds"), in,
			"read=Forbidden version=Forbidden history=Forbidden search=Forbidden create=Forbidden update=Forbidden delete=Forbidden choose=Refused"},
		{"r only", sample(results, "patient/*.r"), in,
			"read=Allowed version=Allowed history=Allowed search=Forbidden create=Forbidden update=Forbidden delete=Forbidden choose=Refused"},
		{"s only", sample(results, "patient/*.s"), in,
			"read=Forbidden version=Forbidden history=Forbidden search=Allowed create=Forbidden update=Forbidden delete=Forbidden choose=Refused"},
		{"c only", sample(results, "patient/*.c"), in,
			"read=Forbidden version=Forbidden history=Forbidden search=Forbidden create=Allowed update=Forbidden delete=Forbidden choose=Refused"},
		{"u only", sample(results, "patient/*.u"), in,
			"read=Forbidden version=Forbidden history=Forbidden search=Forbidden create=Forbidden update=Allowed delete=Forbidden choose=Refused"},
		{"d only", sample(results, "patient/*.d"), in,
			"read=Forbidden version=Forbidden history=Forbidden search=Forbidden create=Forbidden update=Forbidden delete=Allowed choose=Refused"},
		{"scopes add up", sample(results, "patient/Condition.cruds patient/Observation.r patient/*.s"), in,
			"read=Allowed version=Allowed history=Allowed search=Allowed create=Forbidden update=Forbidden delete=Forbidden choose=Refused"},
		{"all verbs on all types, outside", sample(results, "patient/*.cruds"), out, "choose=Refused"},
		{"every section, rs", sample(record.AllSections, "patient/*.rs"), out,
			"read=Allowed version=Allowed history=Allowed search=Allowed create=Forbidden update=Forbidden delete=Forbidden choose=Refused"},
		{"every section and verb on one type", sample(record.AllSections, "patient/Observation.cruds"), out,
			"read=Allowed version=Allowed history=Allowed search=Allowed create=Allowed update=Allowed delete=Allowed choose=Refused"},
		{"every section and verb, split", sample(record.AllSections, "patient/*.cru patient/*.ds"), in, // not whole: one scope must say it all
			"read=Allowed version=Allowed history=Allowed search=Allowed create=Allowed update=Allowed delete=Allowed choose=Refused"},
		{"all but one section, all verbs", sample(record.AllSections&^record.SectionsOf(record.Private), "patient/*.cruds"), in,
			"read=Allowed version=Allowed history=Allowed search=Allowed create=Allowed update=Allowed delete=Allowed choose=Refused"},
		{"everything", sample(record.AllSections, "patient/*.cruds"), out,
			"read=Allowed version=Allowed history=Allowed search=Allowed create=Allowed update=Allowed delete=Allowed choose=Allowed"},
	}
	answers := map[string]grant.Decision{"Hidden": grant.Hidden, "Ended": grant.Ended, "Forbidden": grant.Forbidden, "Refused": grant.Refused, "Allowed": grant.Allowed}
	n := 0
	for _, r := range rows {
		want := map[string]string{}
		for _, part := range strings.Fields(r.want) {
			k, v, _ := strings.Cut(part, "=")
			want[k] = v
		}
		for name, a := range actions {
			answer := want[name]
			if answer == "" {
				answer = "Hidden"
			}
			m := record.Meta{Type: "Observation", Section: r.section}
			for _, at := range []struct {
				when string
				now  time.Time
				want string
			}{
				{"before", from.Add(-time.Nanosecond), "Ended"}, {"at the start", from, answer}, {"within", from.Add(time.Hour), answer},
				{"at the last moment", until.Add(-time.Nanosecond), answer}, {"at the end", until, "Ended"}, {"after", until.Add(time.Hour), "Ended"},
			} {
				n++
				if got := grant.Decide(r.g, a, m, at.now); got != answers[at.want] {
					t.Errorf("%s, %s, %s: %d, want %s", r.what, name, at.when, got, at.want)
				}
			}
			open := r.g
			open.Until = time.Time{}
			if got := grant.Decide(open, a, m, until.AddDate(100, 0, 0)); got != answers[answer] {
				t.Errorf("%s, %s, until stopped: %d, want %s", r.what, name, got, answer)
			}
		}
	}
	for _, a := range []grant.Action{0, 99} { // what is not in the table is not allowed
		if got := grant.Decide(sample(record.AllSections, "patient/*.cruds"), a, record.Meta{Type: "Observation", Section: in}, from); got == grant.Allowed {
			t.Errorf("action %d is allowed", a)
		}
	}
	for _, s := range []record.Section{0, 20, 31, 32, 255} {
		if got := grant.Decide(sample(record.AllSections, "patient/*.cruds"), grant.ActRead, record.Meta{Type: "Observation", Section: s}, from); got != grant.Hidden {
			t.Errorf("section %d: %d", s, got)
		}
	}
	t.Logf("%d decisions", n)
}

// TestDecideUnasked: the sections that come along with every grant are read, and
// changed only by who wrote there or under a grant to everything.
func TestDecideUnasked(t *testing.T) {
	part := sample(grant.Clinical, "patient/*.cruds")
	for _, c := range []struct {
		g       grant.Grant
		section record.Section
		own     bool
		a       grant.Action
		want    grant.Decision
	}{
		{part, record.Identity, false, grant.ActRead, grant.Allowed},
		{part, record.Identity, false, grant.ActSearch, grant.Allowed},
		{part, record.Identity, false, grant.ActHistory, grant.Allowed},
		{part, record.Identity, false, grant.ActCreate, grant.Allowed},
		{part, record.Identity, false, grant.ActUpdate, grant.Forbidden},
		{part, record.Identity, false, grant.ActDelete, grant.Forbidden},
		{part, record.Providers, false, grant.ActUpdate, grant.Forbidden},
		{part, record.Providers, false, grant.ActDelete, grant.Forbidden},
		{part, record.Providers, true, grant.ActUpdate, grant.Allowed},
		{part, record.Providers, true, grant.ActDelete, grant.Allowed},
		{part, record.Results, false, grant.ActUpdate, grant.Allowed},
		{sample(grant.Clinical, "patient/*.rs"), record.Providers, true, grant.ActUpdate, grant.Forbidden},
		{sample(record.AllSections, "patient/*.cruds"), record.Identity, false, grant.ActUpdate, grant.Allowed},
		{sample(record.AllSections, "patient/Patient.cruds"), record.Identity, false, grant.ActUpdate, grant.Forbidden},
	} {
		if got := grant.Decide(c.g, c.a, record.Meta{Type: "Patient", Section: c.section, Own: c.own}, from); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// TestParseScope: SMART App Launch 2.2 §3.0.2, in a table.
func TestParseScope(t *testing.T) {
	for text, want := range map[string]string{
		"patient/*.cruds": "patient/*.cruds", "patient/*.rs": "patient/*.rs", "patient/Observation.r": "patient/Observation.r",
		"patient/Observation.read": "patient/Observation.rs", "patient/Observation.write": "patient/Observation.cud", "patient/*.*": "patient/*.cruds",
		"patient/*.read": "patient/*.rs", "patient/Patient.cud": "patient/Patient.cud", "patient/MedicationRequest.s": "patient/MedicationRequest.s",
	} {
		if s, err := grant.ParseScope(text); err != nil || s.String() != want {
			t.Errorf("%s: %s, %v, want %s", text, s, err, want)
		}
	}
	for _, text := range []string{"", "patient", "patient/", "patient/*", "patient/*.", "patient/.rs", "patient/*.sr", "patient/*.rr", "patient/*.x", "patient/*.RS",
		"user/*.rs", "system/*.rs", "Patient/*.rs", "patient/observation.rs", "patient/Obs*.rs", "patient/**.rs", "patient/Observation.rs.rs",
		"patient/*.rs?", "patient/ Observation.rs", "patient/Observation .rs", "patient/Observation.r s", " patient/*.rs",
		"patient/*.rs\n", "patient/*.readwrite", "launch/patient", "openid", "offline_access", "patient/O1.rs", "patient/Ö.rs",
		"patient/" + strings.Repeat("A", 65) + ".rs", "patient\\*.rs", "patient//*.rs", "patient/*.\x00rs"} {
		if s, err := grant.ParseScope(text); err == nil {
			t.Errorf("%q is taken as %s", text, s)
		} else if record.KindOf(err) != record.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCheck(t *testing.T) {
	good := sample(grant.Clinical, "patient/*.rs")
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*grant.Grant){
		"no section":             func(g *grant.Grant) { g.Sections = 0 },
		"a section there is not": func(g *grant.Grant) { g.Sections |= 1 << 20 },
		"section zero":           func(g *grant.Grant) { g.Sections |= 1 },
		"without identity":       func(g *grant.Grant) { g.Sections &^= record.SectionsOf(record.Identity) },
		"without providers":      func(g *grant.Grant) { g.Sections &^= record.SectionsOf(record.Providers) },
		"no scope":               func(g *grant.Grant) { g.Scopes = nil },
		"nobody":                 func(g *grant.Grant) { g.To.Name = "" },
		"no start":               func(g *grant.Grant) { g.From = time.Time{} },
		"ends as it starts":      func(g *grant.Grant) { g.Until = g.From },
		"no purpose":             func(g *grant.Grant) { g.Purpose = "" },
		"another purpose":        func(g *grant.Grant) { g.Purpose = "HMARKT" },
		"self, and not whole":    func(g *grant.Grant) { g.Self = true },
		"a long name":            func(g *grant.Grant) { g.To.Name = strings.Repeat("a", 201) },
		"a line in a name":       func(g *grant.Grant) { g.To.Name = "a\nb" },
		"a name turned round":    func(g *grant.Grant) { g.To.Organisation = "a\u202eb" },
		"an invisible letter":    func(g *grant.Grant) { g.To.Role = "a\u200bb" },
		"broken UTF-8":           func(g *grant.Grant) { g.To.Role = "a\xff" },
	} {
		g := good
		spoil(&g)
		if err := g.Check(); record.KindOf(err) != record.Invalid || err == nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestCertificate: a certificate that is altered anywhere is refused.
func TestCertificate(t *testing.T) {
	k := crypto.NewSigningKey(crypto.NewKey())
	g := sample(grant.Clinical, "patient/*.rs patient/Condition.cud")
	cert := g.Sign(k)
	got, err := grant.Verify(cert, k.Public())
	if err != nil || !bytes.Equal(got.Marshal(), g.Marshal()) {
		t.Fatalf("%v, %v", got, err)
	}
	for i := range cert {
		for bit := range 8 {
			bad := bytes.Clone(cert)
			bad[i] ^= 1 << bit
			if _, err := grant.Verify(bad, k.Public()); err == nil {
				t.Fatalf("bit %d of byte %d flipped, and it is taken", bit, i)
			}
		}
	}
	for n := range len(cert) {
		if _, err := grant.Verify(cert[:n], k.Public()); err == nil {
			t.Fatalf("cut to %d bytes, and it is taken", n)
		}
	}
	if _, err := grant.Verify(cert, crypto.NewSigningKey(crypto.NewKey()).Public()); err == nil {
		t.Error("by another identity, and it is taken")
	}
}

// FuzzParse: whatever is read is written again to the byte, and passes Check.
func FuzzParse(f *testing.F) {
	f.Add(sample(grant.Clinical, "patient/*.rs").Marshal())
	f.Add(sample(record.AllSections, "patient/*.cruds patient/Condition.r").Marshal())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := grant.Parse(b)
		if err != nil {
			return
		}
		if !bytes.Equal(g.Marshal(), b) {
			t.Errorf("%x is written again as %x", b, g.Marshal())
		}
		if err := g.Check(); err != nil {
			t.Error(err)
		}
	})
}
