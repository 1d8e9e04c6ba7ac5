package store_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/grant"
	"carehold/record/sample"
	"carehold/record/store"
	"carehold/record/store/storetest"
)

// Who finds what in the sample: a row for each entry that has the words, made by
// hand from what record/sample tells.
var whoFinds = []struct {
	typ, words   string
	gp, social   bool
	becauseItIsA string
}{
	{"Patient", "Wetherlow", true, true, "whose record it is"},
	{"Practitioner", "Qureshi", true, true, "her GP"},
	{"AllergyIntolerance", "aged seven", true, false, "penicillin"},
	{"Condition", "Type 2 diabetes since February 2006", true, false, "diagnosis"},
	{"MedicationRequest", "Metformin", true, false, "medicine"},
	{"List", "Gone through with Marion by telephone", true, false, "list of medicines"},
	{"Procedure", "Half hip replacement, left", true, false, "operation"},
	{"DocumentReference", "Discharge summary, Fellside Ward", true, false, "letter"},
	{"Composition", "Summary of Marion Wetherlow's record", true, false, "document"},
	{"Communication", "It was the elbow strap", true, false, "message about her record"},
	{"QuestionnaireResponse", "I am not ready to be done to", false, true, "needs assessment"},
	{"Device", "Walking frame", false, true, "piece of equipment"},
	{"EpisodeOfCare", "Home care, council-funded", false, true, "care package"},
	{"CareTeam", "One name, one number", false, true, "team"},
	{"Goal", "Sing with the choir", false, true, "goal"},
	{"Observation", "Solo line in the carol", false, true, "goal's rating"},
	{"QuestionnaireResponse", "nine different bears", false, true, "About Me"},
	{"DocumentReference", "My advance statement", false, true, "paper for an emergency"},
	{"RelatedPerson", "Judith", false, true, "carer"},
	{"QuestionnaireResponse", "Weekly contribution", false, false, "financial assessment"},
	{"Account", "Personal budget 2025/26", false, false, "budget"},
	{"Task", "section 42", false, false, "safeguarding enquiry"},
	{"MedicationRequest", "ertraline", false, false, "antidepressant"},
	{"DocumentReference", "Psychiatrist's letter", false, false, "psychiatrist's letter"},
	{"Practitioner", "Counsellor (to 2005)", false, false, "provider whom only sensitive entries name"},
	{"DiagnosticReport", "All clear", false, false, "sexual health result"},
	{"Observation", "Three births", false, false, "secret of hers"},
}

// The sample's six sources in one record: all of it reads back, every section is
// used, and a GP and a social worker see exactly the sections they were given.
func TestSample(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	types := make(map[string]int)
	sources := sample.Sources()
	total, size := 0, 0
	began := time.Now()
	for i, src := range sources {
		im := planOf(t, me, src.Bundle, src.Name)
		if len(im.Refused) != 0 || im.Dangling != 0 {
			t.Errorf("%s: refused %v, %d dangling", src.Name, im.Refused, im.Dangling)
		}
		_, n := apply(t, me, im.Changes, len(im.Changes), src.Title)
		if want := len(im.Changes) - min(i, 1); n.Created != want { // the Patient is there already
			t.Errorf("%s: %+v of %d", src.Name, n, want)
		}
		for typ, n := range im.Counts {
			types[typ] += n
		}
		total, size = total+n.Created, size+len(src.Bundle)
	}
	t.Logf("%d entries, %d bytes in %v", total, size, time.Since(began).Round(time.Millisecond))

	all := everything(t, me, types)
	if len(all) != total || total < 600 {
		t.Errorf("%d entries, want %d, and 600 or more", len(all), total)
	}
	for _, src := range sources {
		sent, moved := storetest.Source(t, src.Bundle, src.Name, me.PatientID())
		for _, e := range sent {
			if e.Type == "Patient" {
				continue // each source has its own, and the record one
			}
			if err := storetest.Same(e.Resource, all[e.Ref].Body, moved); err != nil {
				t.Errorf("%s, %s: %v", src.Name, e.Ref, err)
			}
		}
	}
	for _, src := range sources { // once more, each
		_, n := apply(t, me, planOf(t, me, src.Bundle, src.Name).Changes, 100_000, src.Title)
		if n.Created != 0 || n.Changed > 1 {
			t.Errorf("%s again: %+v", src.Name, n)
		}
	}

	gp := readyMade(t, d, "gp-visit")
	social := readyMade(t, d, "social-worker")
	seen := map[*store.View]map[string]store.Entry{gp: everything(t, gp, types), social: everything(t, social, types)}
	bySection := make(map[record.Section]int)
	for ref, e := range all {
		bySection[e.Section]++
		for v, found := range seen {
			if _, there := found[ref]; there != v.Grant().Sections.Has(e.Section) {
				t.Errorf("%s of %s: seen by %s is %t", ref, e.Section, v.Grant().To.Name, there)
			}
		}
	}
	for _, section := range record.Sections() {
		t.Logf("%-14s %4d", section, bySection[section])
		if bySection[section] == 0 {
			t.Errorf("nothing is filed in %s", section)
		}
	}
	for _, row := range whoFinds {
		rows := 0
		for ref, e := range all {
			if e.Ref.Type != row.typ || !bytes.Contains(e.Body, []byte(row.words)) {
				continue
			}
			rows++
			_, byGP := seen[gp][ref]
			_, bySocial := seen[social][ref]
			if byGP != row.gp || bySocial != row.social {
				t.Errorf("%s “%s”, a %s, in %s: GP %t, social worker %t; want %t, %t", row.typ, row.words, row.becauseItIsA, e.Section, byGP, bySocial, row.gp, row.social)
			}
			if !byGP {
				_, err := gp.Read(t.Context(), e.Ref, 0)
				wantKind(t, err, record.NotFound)
			}
		}
		if rows == 0 {
			t.Errorf("there is no %s with “%s”", row.typ, row.words)
		}
	}
}

// readyMade opens a ready-made grant.
func readyMade(t *testing.T, d *device, name string) *store.View {
	t.Helper()
	i := slices.IndexFunc(grant.ReadyMade, func(r grant.Ready) bool { return r.Name == name })
	r := grant.ReadyMade[i]
	_, token := d.share(grant.Grant{To: grant.Party{Name: name}, Sections: r.Sections, Purpose: r.Purpose, Scopes: scopes(r.Scopes),
		Until: d.s.Now().Add(r.Lasts).Truncate(time.Second)})
	return view(t, d.s, token)
}

// Imported in pieces, entries are filed by what is in their piece. That is why
// an import is one change: here the counsellor comes before the depression.
func TestImportIsOneChange(t *testing.T) {
	const about = `"subject":{"reference":"urn:uuid:p"}`
	raw := []byte(`{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient"}},
{"fullUrl":"urn:uuid:d","resource":{"resourceType":"Practitioner","name":[{"text":"Ruth"}]}},
{"fullUrl":"urn:uuid:c","resource":{"resourceType":"Condition","code":{"text":"Depression"},` + about + `,"recorder":{"reference":"urn:uuid:d"}}}]}`)
	for size, want := range map[int]record.Section{3: record.MentalHealth, 2: record.Providers} {
		_, s := newStore(t)
		me := enrol(t, s).session()
		im := planOf(t, me, raw, "source")
		apply(t, me, im.Changes, size, "source")
		i := slices.IndexFunc(im.Changes, func(c change.Change) bool { return c.Ref.Type == "Practitioner" })
		e, err := me.Read(t.Context(), im.Changes[i].Ref, 0)
		if err != nil || e.Section != want {
			t.Errorf("%d at a time: %s, want %s: %v", size, e.Section, want, err)
		}
	}
}
