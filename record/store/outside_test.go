package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

// filled is a record with entries in each of some sections, all of them pointing to
// everything in every section, whether it is there or not. What is said in a section
// is said in a needle of its own.
func filled(t *testing.T, sections []record.Section) (*store.Store, *device, map[record.Section]crypto.Credential) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	var everything []string
	for _, sec := range record.Sections() {
		for _, typ := range []string{"Observation", "Condition", "Encounter"} {
			everything = append(everything, fmt.Sprintf(`{"reference":"%s/%s"}`, typ, idIn(typ, sec)))
		}
	}
	var list []change.Change
	moves := map[record.Section][]fhir.Ref{}
	for _, sec := range sections {
		n := needleOf(sec)
		day := fmt.Sprintf("2020-01-%02d", int(sec))
		for typ, json := range map[string]string{
			"Observation": fmt.Sprintf(`"status":"final","identifier":[{"system":"urn:n","value":"%[1]s"}],"code":{"coding":[{"system":"urn:n","code":"%[1]s"},{"code":"common"}],"text":"%[1]s"},`+
				`"subject":{"reference":"Patient/%[2]s"},"effectiveDateTime":"%[3]s","valueString":"%[1]s","encounter":{"reference":"Encounter/%[4]s"},"focus":[%[5]s]`,
				n, me.PatientID(), day, idIn("Encounter", record.Sections()[int(sec)%record.NumSections]), strings.Join(everything, ",")),
			"Condition": fmt.Sprintf(`"code":{"coding":[{"system":"urn:n","code":"%[1]s"}],"text":"%[1]s"},"subject":{"reference":"Patient/%[2]s"},"recordedDate":"%[3]s","note":[{"text":"%[1]s"}],`+
				`"evidence":[{"detail":[%[4]s]}]`, n, me.PatientID(), day, strings.Join(everything, ",")),
			"Encounter": fmt.Sprintf(`"status":"finished","identifier":[{"system":"urn:n","value":"%[1]s"}],"class":{"code":"%[1]s"},"subject":{"reference":"Patient/%[2]s"},"period":{"start":"%[3]s"},"reasonReference":[%[4]s]`,
				n, me.PatientID(), day, strings.Join(everything, ",")),
		} {
			ref := fhir.Ref{Type: typ, ID: idIn(typ, sec)}
			r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"%s","id":"%s","meta":{"tag":[{"code":"%[3]s"},{"code":"common"}],"source":"urn:%[3]s","profile":["urn:%[3]s"],"security":[{"code":"%[3]s"}]},%s}`, typ, ref.ID, n, json), fhir.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, change.Change{Verb: change.Update, Ref: ref, Resource: r})
			moves[sec] = append(moves[sec], ref)
		}
	}
	if _, err := me.Apply(ctx, list, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	put(t, me, fmt.Sprintf(`{"resourceType":"Patient","id":"%s","name":[{"family":"Common"}]}`, me.PatientID()))
	tokens := map[record.Section]crypto.Credential{}
	for _, sec := range sections {
		if _, err := me.Move(ctx, moves[sec], sec); err != nil {
			t.Fatal(err)
		}
		// A version after the first, and an entry that was deleted.
		put(t, me, fmt.Sprintf(`{"resourceType":"Condition","id":"%s","code":{"text":"%s"}}`, idIn("Condition", sec)+"-gone", needleOf(sec)))
		gone := fhir.Ref{Type: "Condition", ID: idIn("Condition", sec) + "-gone"}
		if _, err := me.Move(ctx, []fhir.Ref{gone}, sec); err != nil {
			t.Fatal(err)
		}
		if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: gone}}, store.ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, sec := range sections {
		g := clinician(s)
		g.Sections = record.SectionSet(0).With(record.Identity).With(record.Providers).With(sec)
		g.Scopes = scopes("patient/*.cruds")
		_, tokens[sec] = d.share(g)
	}
	return s, d, tokens
}

// The ids say nothing of what an entry holds: entries point to one another by them.
func idIn(typ string, s record.Section) string {
	return fmt.Sprintf("%s-%d", strings.ToLower(typ[:1]), 1000+int(s)*7)
}

func needleOf(s record.Section) string { return fmt.Sprintf("ndl%02dquill", int(s)) }

// searchesFor are searches by everything there is to search by, for what is said in
// a section.
func searchesFor(n string, ids map[string]string) (list [][2]string) {
	add := func(typ string, texts ...string) {
		for _, text := range texts {
			list = append(list, [2]string{typ, text})
		}
	}
	for _, typ := range []string{"Observation", "Condition", "Encounter"} {
		add(typ, "_id="+ids[typ], "_tag="+n, "_source=urn:"+n, "_profile=urn:"+n, "_security="+n, "_tag:not="+n, "_lastUpdated=gt2000", "")
		add("", "_type="+typ+"&_id="+ids[typ], "_type="+typ+"&_tag="+n)
	}
	add("", "_id="+ids["Observation"], "_tag="+n, "_tag=common", "_tag=common&_sort=-_lastUpdated")
	for _, typ := range []string{"Observation", "Condition"} {
		add(typ, "code="+n, "code=urn:n|"+n, "code:text="+n, "code:not="+n, "code:missing=false", "_sort=code", "_sort=-code&_count=1", "_total=accurate&_summary=count", "code=common&_summary=count")
	}
	add("Observation", "value-string="+n, "value-string:contains="+n[3:6], "identifier="+n, "date=gt2019", "_sort=-date", "_sort=value-string", "code-value-string="+n+"$"+n,
		"encounter.identifier="+n, "encounter:Encounter.class="+n, "encounter="+ids["Encounter"], "focus:Condition.code="+n, "focus:Observation.code="+n, "focus:Encounter.identifier="+n, "focus=Condition/"+ids["Condition"],
		"_include=Observation:encounter", "_include=Observation:focus", "_include=Observation:*", "_include=*", "_revinclude=Observation:focus", "_revinclude=Condition:evidence-detail", "_revinclude=*",
		"code=common&_include=Observation:focus&_revinclude=Observation:focus")
	add("Encounter", "class="+n, "identifier="+n, "_has:Observation:encounter:code="+n, "_has:Observation:focus:code="+n, "_has:Condition:evidence-detail:code="+n, "reason-reference:Observation.code="+n,
		"_revinclude=Observation:encounter", "_include=Encounter:reason-reference", "_sort=date", "_sort=-class")
	add("Condition", "evidence-detail:Observation.code="+n, "_has:Observation:focus:code="+n, "recorded-date=gt2019&_sort=-recorded-date", "_revinclude=Observation:focus&_summary=count")
	add("Patient", "_has:Observation:patient:code="+n, "_has:Condition:patient:code="+n, "_revinclude=Observation:patient", "_revinclude=*", "name=common&_include=*", "_has:Encounter:patient:identifier="+n)
	return list
}

// TestOutsideDoesNotExist: what a grant to one section finds in a record that fills
// all of them is what it finds in one that has nothing else: by every search, in
// counts, pages, includes, histories, conditions and errors, to the byte.
func TestOutsideDoesNotExist(t *testing.T) {
	full, _, inFull := filled(t, record.Sections())
	sections := []record.Section{record.Results, record.MentalHealth, record.Private}
	if os.Getenv("CAREHOLD_LONG") != "" {
		sections = record.Sections()
	}
	others := record.Sections()
	for _, sec := range sections {
		only := []record.Section{record.Identity, record.Providers} // which are in every grant
		if !sec.Always() {
			only = append(only, sec)
		}
		alone, _, inAlone := filled(t, only)
		a, b := view(t, full, inFull[sec]), view(t, alone, inAlone[sec])
		may := a.Grant().Sections
		n := 0
		same := func(what string, ask func(v *store.View) string) {
			t.Helper()
			n++
			x, y := anonymous(ask(a), a), anonymous(ask(b), b)
			if x != y {
				at := 0
				for at < min(len(x), len(y)) && x[at] == y[at] {
					at++
				}
				t.Fatalf("%s, %s: with all the others there\n…%.400s\nwithout\n…%.400s", sec, what, x[max(0, at-40):], y[max(0, at-40):])
			}
			for _, other := range others {
				// What was asked for may come back; nothing else.
				if !may.Has(other) && strings.Contains(x, needleOf(other)) && !strings.Contains(what, needleOf(other)) {
					t.Errorf("%s, %s: shows something of %s: %s", sec, what, other, x)
				}
			}
		}
		for _, other := range others {
			if other != sec && other != record.Identity && int(other)%4 != int(sec)%4 {
				continue // a quarter of them each: all are somebody's
			}
			ids := map[string]string{}
			for _, typ := range []string{"Observation", "Condition", "Encounter"} {
				ids[typ] = idIn(typ, other)
			}
			for _, q := range searchesFor(needleOf(other), ids) {
				same(q[0]+"?"+q[1], func(v *store.View) string { return foundBy(v, q[0], q[1]) })
			}
			for typ, id := range ids {
				ref := fhir.Ref{Type: typ, ID: id}
				same("history of "+ref.String(), func(v *store.View) string { return historyBy(v, store.HistoryQuery{Type: typ, ID: id, Limit: 50}) })
				same("finding and patching "+ref.String(), func(v *store.View) string { return plannedBy(v, typ, "_id="+id, ref) })
				same("conditions on "+needleOf(other), func(v *store.View) string { return plannedBy(v, typ, "_tag="+needleOf(other), ref) })
				same("deleting "+ref.String()+"-gone", func(v *store.View) string {
					_, err := v.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: fhir.Ref{Type: typ, ID: id + "-none"}}}, store.ApplyOptions{})
					return fmt.Sprint(err)
				})
				same("reading it in a transaction "+ref.String(), func(v *store.View) string {
					res, err := v.Apply(ctx, []change.Change{{Verb: change.Read, Ref: ref}}, store.ApplyOptions{})
					if err != nil {
						return fmt.Sprint(err)
					}
					return withoutTimes(res[0].Body)
				})
			}
		}
		for _, typ := range []string{"", "Observation", "Condition", "Encounter", "Patient"} {
			for _, limit := range []int{0, 2, 50} {
				same("history of "+typ, func(v *store.View) string { return historyBy(v, store.HistoryQuery{Type: typ, Limit: limit}) })
			}
		}
		if n < 300 {
			t.Errorf("%s: only %d questions", sec, n)
		}
	}
}

// anonymous leaves out what differs between two records: times, and the Patient's id.
func anonymous(text string, v *store.View) string {
	return strings.ReplaceAll(text, v.PatientID(), "PATIENT")
}

// foundBy is all that a search gives, in pages of five, without the order that comes
// of the entries' names, which differ from record to record; and without times.
func foundBy(v *store.View, typ, text string) string {
	var out, shown []string
	pages := 0
	for next := ""; ; pages++ {
		p, err := lookFor(v, typ, text, 5, next)
		if err != nil {
			return err.Error() + "|" + record.SafeText(err)
		}
		for _, e := range p.Entries {
			if e.Mode == "match" || pages == 0 { // an include stands on each page whose matches include it
				shown = append(shown, e.Mode+" "+e.Ref.String()+" "+e.Version.String()+" "+e.Section.String()+" "+withoutTimes(e.Body))
			}
		}
		out = append(out, fmt.Sprint(p.Total, " ", p.Next != ""))
		if next = p.Next; next == "" {
			break
		}
	}
	if !strings.Contains(text, "include") {
		slices.Sort(shown)
		return strings.Join(append(out, shown...), "\n")
	}
	// Which matches are on the first page is by name: only what there is of each is
	// the same.
	slices.Sort(shown)
	matches := slices.DeleteFunc(shown, func(s string) bool { return strings.HasPrefix(s, "include") })
	return strings.Join(append(out, matches...), "\n") + includedBy(v, typ, text)
}

// includedBy is what all matches together include.
func includedBy(v *store.View, typ, text string) string {
	p, err := lookFor(v, typ, text, 500)
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, e := range p.Entries {
		out = append(out, e.Mode+" "+e.Ref.String()+" "+withoutTimes(e.Body))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func withoutTimes(body []byte) string {
	r, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return string(body)
	}
	return string(r.Stripped())
}

func historyBy(v *store.View, q store.HistoryQuery) string {
	var shown []string
	for pages := 0; ; pages++ {
		p, err := v.History(ctx, q)
		if err != nil {
			return err.Error() + "|" + record.SafeText(err)
		}
		for _, e := range p.Versions {
			shown = append(shown, fmt.Sprint(e.Ref, " ", e.Version, " ", e.Section, " ", e.Header.Deleted, " ", withoutTimes(e.Body)))
		}
		if q.Page = p.Next; q.Page == "" {
			slices.Sort(shown)
			return fmt.Sprint(p.Total, " ", pages, "\n", strings.Join(shown, "\n"))
		}
	}
}

// plannedBy is what a plan learns of a record, and what becomes of it.
func plannedBy(v *store.View, typ, query string, ref fhir.Ref) string {
	var out strings.Builder
	res, err := v.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
		out.Reset()
		refs, err := find.Find(typ, query)
		fmt.Fprintln(&out, len(refs), refs, err)
		r, err := find.Current(ref)
		fmt.Fprintln(&out, r != nil, err)
		if r != nil {
			fmt.Fprintln(&out, string(r.Stripped()))
		}
		if len(refs) == 1 {
			return []change.Change{{Verb: change.Exists, Ref: refs[0]}}, nil
		}
		return []change.Change{{Verb: change.Absent, Ref: fhir.Ref{Type: typ}}}, nil
	}, store.ApplyOptions{})
	for _, r := range res {
		fmt.Fprintln(&out, r.Ref, r.Version, r.Section, r.Created, r.Deleted, withoutTimes(r.Body))
	}
	fmt.Fprintln(&out, err)
	return out.String()
}

// TestPageOfAnother: a page's token is for its grant alone, and whole.
func TestPageOfAnother(t *testing.T) {
	s, d, tokens := filled(t, []record.Section{record.Results, record.Private})
	me, other := d.session(), view(t, s, tokens[record.Results])
	mine, err := lookFor(me, "Observation", "code=ndl19quill,ndl08quill&_sort=code", 1)
	if err != nil || mine.Next == "" {
		t.Fatal(mine.Total, err)
	}
	again, err := lookFor(me, "Observation", "code=ndl19quill,ndl08quill&_sort=code", 1)
	if err != nil || again.Next == mine.Next {
		t.Error("two tokens of one page are the same")
	}
	for _, n := range []string{"ndl", "Observation", "code"} {
		if strings.Contains(mine.Next, n) {
			t.Errorf("the token says %s", n)
		}
	}
	if a, err := d.session().OpenPage(mine.Next); err != nil || a.Path != "Observation" || a.Query != "code=ndl19quill,ndl08quill&_sort=code" {
		t.Errorf("%+v, %v", a, err)
	}
	hist, err := me.History(ctx, store.HistoryQuery{Limit: 1})
	if err != nil || hist.Next == "" {
		t.Fatal(err)
	}
	refuse := func(what string, v *store.View, typ, text, token string) {
		t.Helper()
		_, err := lookFor(v, typ, text, 1, token)
		if !errors.Is(err, record.Invalid) || !strings.Contains(err.Error(), "begin again without _page") {
			t.Errorf("%s: %v", what, err)
		}
	}
	text := "code=ndl19quill,ndl08quill&_sort=code"
	refuse("another grant's", other, "Observation", text, mine.Next)
	refuse("of another type", me, "Condition", text, mine.Next)
	refuse("of another search", me, "Observation", "code=x", mine.Next)
	refuse("a history's", me, "", "", hist.Next)
	refuse("no token", me, "Observation", text, "x")
	refuse("nothing", me, "Observation", text, "====")
	for i := range mine.Next {
		bad := []byte(mine.Next)
		if bad[i]++; i%7 == 0 {
			refuse(fmt.Sprint("altered at ", i), me, "Observation", text, string(bad))
		}
	}
	refuse("cut", me, "Observation", text, mine.Next[:len(mine.Next)-4])
	if _, err := other.History(ctx, store.HistoryQuery{Limit: 1, Page: hist.Next}); !errors.Is(err, record.Invalid) {
		t.Errorf("another's history: %v", err)
	}
	if _, err := other.OpenPage(mine.Next); !errors.Is(err, record.Invalid) {
		t.Error(err)
	}
}

// TestWriteOnly: a grant that may only write learns nothing by conditions.
func TestWriteOnly(t *testing.T) {
	s, d, _ := filled(t, []record.Section{record.Results})
	g := clinician(s)
	g.Scopes = scopes("patient/*.cud")
	_, token := d.share(g)
	v := view(t, s, token)
	there, not := fhir.Ref{Type: "Observation", ID: idIn("Observation", record.Results)}, fhir.Ref{Type: "Observation", ID: "no-such"}
	for _, q := range []string{"identifier=" + needleOf(record.Results), "identifier=nobody"} {
		_, err := v.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
			if refs, err := find.Find("Observation", q); err != nil || refs != nil {
				return nil, err
			}
			return nil, nil
		}, store.ApplyOptions{})
		if !errors.Is(err, record.Forbidden) {
			t.Errorf("%s: %v", q, err)
		}
	}
	for ref, want := range map[fhir.Ref]record.Kind{there: record.Forbidden, not: record.NotFound} {
		_, err := v.ApplyPlan(ctx, func(find change.Finder) ([]change.Change, error) {
			_, err := find.Current(ref)
			return nil, err
		}, store.ApplyOptions{})
		if !errors.Is(err, want) {
			t.Errorf("patching %s: %v", ref, err)
		}
	}
	if _, err := lookFor(v, "Observation", "", 1); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
	if _, err := v.History(ctx, store.HistoryQuery{Limit: 1}); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
}

// TestIncludesAreWhole: a page has all that its matches include, and fewer matches
// where that would be too much. One match that includes more than a page may show is
// refused, not cut.
func TestIncludesAreWhole(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	var list []change.Change
	add := func(json string) {
		r := resourceOf(t, json)
		list = append(list, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r})
	}
	for e := range 3 {
		add(fmt.Sprintf(`{"resourceType":"Encounter","id":"e%d","status":"finished"}`, e))
		for o := range 450 {
			add(fmt.Sprintf(`{"resourceType":"Observation","id":"o%dx%d","status":"final","encounter":{"reference":"Encounter/e%d"},"subject":{"reference":"Patient/%s"}}`, e, o, e, me.PatientID()))
		}
	}
	add(fmt.Sprintf(`{"resourceType":"Patient","id":"%s"}`, me.PatientID()))
	if _, err := me.Apply(ctx, list, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	var sizes []int
	for next := ""; ; {
		p, err := lookFor(me, "Encounter", "_revinclude=Observation:encounter", 50, next)
		if err != nil || p.Total != 3 {
			t.Fatal(p.Total, err)
		}
		sizes = append(sizes, len(p.Entries))
		on := map[string]bool{}
		for _, e := range p.Entries {
			seen[e.Ref.String()]++
			if e.Mode == "match" {
				on[e.Ref.ID] = true
			} else if !on[e.Ref.ID[1:strings.Index(e.Ref.ID, "x")]] && !on["e"+e.Ref.ID[1:strings.Index(e.Ref.ID, "x")]] {
				t.Errorf("%s is on a page without what includes it", e.Ref)
			}
		}
		if next = p.Next; next == "" {
			break
		}
	}
	if len(seen) != 3*451 || slices.Max(sizes) > 1200 {
		t.Errorf("%d entries, in pages of %d", len(seen), sizes)
	}
	for ref, n := range seen {
		if n != 1 {
			t.Errorf("%s is shown %d times", ref, n)
		}
	}
	_, err := lookFor(me, "Patient", "_revinclude=Observation:subject", 50)
	if !errors.Is(err, record.TooLarge) || !strings.Contains(err.Error(), "1350 entries") {
		t.Error(err)
	}
	for text, want := range map[string]store.Page{"_summary=count": {Total: 1350}, "_total=none": {Total: store.NotCounted}} {
		limit := 0
		if text == "_total=none" {
			limit = 1
		}
		p, err := lookFor(me, "Observation", text, max(limit, 1))
		if err != nil || p.Total != want.Total || len(p.Entries) != limit {
			t.Errorf("%s: %d, %d entries, %v", text, p.Total, len(p.Entries), err)
		}
	}
}

// TestPartsTellNothingOfOthers: what is derived is made in parts, and where one ends, and
// so what stands on a page, is the same whatever others did and have between.
func TestPartsTellNothingOfOthers(t *testing.T) {
	dir, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	const observation = `{"resourceType":"Observation","id":"%s","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"x"}}`
	for i := range 9 {
		put(t, me, fmt.Sprintf(observation, fmt.Sprint("o", i)))
	}
	_, token := d.share(grant.Grant{To: grant.Party{Name: "Narrow"}, Sections: grant.With(record.SectionsOf(record.Results)), Scopes: scopes("patient/*.rs"), Purpose: "TREAT"})
	_, theirs := d.share(grant.Grant{To: grant.Party{Name: "Wide"}, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "CAREMGT"})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(time.Minute) // one clock, or what was done at once would stand in another order
	clock := store.Options{Now: func() time.Time { return at }}
	full, bare := open(t, dir, clock), open(t, copyDir(t, dir), clock)
	other := view(t, full, theirs)
	for i := range 40 {
		put(t, other, fmt.Sprintf(`{"resourceType":"Condition","id":"c%d","code":{"text":"hidden"}}`, i))
	}
	for i := range 30 {
		at = at.Add(time.Second)
		for _, s := range []*store.Store{full, bare} {
			if _, err := view(t, s, token).Read(ctx, fhir.Ref{Type: "Observation", ID: fmt.Sprint("o", i%9)}, 0); err != nil {
				t.Fatal(err)
			}
		}
		for range i * i % 7 {
			if _, err := other.Read(ctx, fhir.Ref{Type: "Condition", ID: "c1"}, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	// pages is how a list falls into pages, and what stands on each but names and times.
	pages := func(v *store.View, typ, text string) string {
		var out strings.Builder
		for next, n := "", 0; n < 60; n++ {
			p, err := lookFor(v, typ, text, 50, next)
			if err != nil {
				return out.String() + err.Error()
			}
			fmt.Fprint(&out, p.Total, ":")
			for _, e := range p.Entries {
				var x struct {
					Entity []struct{ What struct{ Reference string } }
					Target []struct{ Reference string }
				}
				if err := json.Unmarshal(e.Body, &x); err != nil {
					t.Fatal(err)
				}
				for _, at := range x.Target {
					fmt.Fprint(&out, " ", at.Reference)
				}
				if len(x.Entity) > 1 && strings.HasPrefix(x.Entity[1].What.Reference, "Observation") {
					fmt.Fprint(&out, " ", x.Entity[1].What.Reference)
				}
			}
			fmt.Fprintln(&out)
			if next = p.Next; next == "" {
				break
			}
		}
		return out.String()
	}
	for _, limits := range []struct {
		made, part   int
		passed, step uint64
	}{{1000, 4, 1e6, 7}, {1000, 9, 1e6, 3}, {1000, 10, 1e6, 1000}, {8, 3, 1e6, 5}, {45, 4, 1e6, 50}, {100, 100, 1e6, 4}} {
		store.SmallParts(t, limits.made, limits.part, limits.passed, limits.step)
		a, b := view(t, full, token), view(t, bare, token)
		for _, q := range [][2]string{{"AuditEvent", ""}, {"AuditEvent", "_sort=-date"}, {"AuditEvent", "entity=Observation/o3"}, {"AuditEvent", "date=gt2020"}, {"AuditEvent", "_summary=count"}, {"AuditEvent", "_sort=date"}, {"AuditEvent", "date=gt2099"},
			{"Provenance", ""}, {"Provenance", "target=Observation/o3"}, {"Provenance", "recorded=gt2020"}, {"Provenance", "recorded=lt2020"}, {"Provenance", "_total=accurate"}, {"Provenance", "_sort=recorded&_elements=id"}} {
			if x, y := pages(a, q[0], q[1]), pages(b, q[0], q[1]); x != y {
				t.Errorf("%v: %s?%s: with others there\n%swithout\n%s", limits, q[0], q[1], x, y)
			}
		}
	}
}

// TestNamesOfOthersAreOfNothing: whoever can compute the name that a log entry of others
// would have, or the Provenance of a hidden entry, is answered as for a name of nothing.
func TestNamesOfOthersAreOfNothing(t *testing.T) {
	w := newDerivedWorld(t)
	for range 5 {
		if _, err := w.wideV.Read(ctx, w.hidden, 0); err != nil {
			t.Fatal(err)
		}
	}
	p, err := w.d.reader().Log(ctx, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	v := w.narrowV
	told := func(ref fhir.Ref, version record.Version) string {
		_, err := v.Read(ctx, ref, version)
		if err == nil {
			return "there"
		}
		return strings.ReplaceAll(err.Error()+"|"+record.SafeText(err), ref.ID, "ID")
	}
	nothing := told(v.LogName(p.Size+1000), 0)
	own := 0
	for i := range p.Size {
		got := told(v.LogName(i), 0)
		if got == "there" {
			own++
			continue
		}
		if got != nothing {
			t.Errorf("entry %d: %s; one of nothing: %s", i, got, nothing)
		}
		if found, err := lookFor(v, "AuditEvent", "_id="+v.LogName(i).ID, 5); err != nil || len(found.Entries) != 0 || found.Total != 0 {
			t.Errorf("entry %d is found: %v", i, err)
		}
	}
	if own != 1 {
		t.Errorf("%d of %d are theirs", own, p.Size)
	}
	for _, version := range []record.Version{0, 1, 2} {
		hidden, never := told(v.EntryName(w.hidden), version), told(v.EntryName(fhir.Ref{Type: "Condition", ID: "never"}), version)
		if hidden != never || hidden == "there" {
			t.Errorf("version %d: %s; of none: %s", version, hidden, never)
		}
	}
	if got := told(v.EntryName(w.shown), 0); got != "there" {
		t.Errorf("and this test is about nothing: %s", got)
	}
}

// TestContentGoesWithItsLetter: a letter that the person files elsewhere takes along the
// file that it is: under a grant to where it was, neither is there.
func TestContentGoesWithItsLetter(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	for _, json := range []string{
		`{"resourceType":"Binary","id":"scan","contentType":"text/plain","data":"bmVlZGxl"}`,
		`{"resourceType":"Binary","id":"old","contentType":"text/plain","data":"bmVlZGxl"}`,
		`{"resourceType":"Binary","id":"filed","contentType":"text/plain","data":"bmVlZGxl"}`,
		`{"resourceType":"DocumentReference","id":"letter","status":"current","content":[{"attachment":{"url":"Binary/old"}}]}`,
		`{"resourceType":"DocumentReference","id":"letter","status":"current","content":[{"attachment":{"url":"Binary/scan"}},{"attachment":{"url":"Binary/filed"}},{"attachment":{"url":"Binary/never"}}]}`,
	} {
		put(t, me, json)
	}
	file := func(ref fhir.Ref, to record.Section) []store.Result {
		t.Helper()
		results, err := me.Move(ctx, []fhir.Ref{ref}, to)
		if err != nil {
			t.Fatal(err)
		}
		return results
	}
	file(binaryRef("filed"), record.Visits)
	file(binaryRef("filed"), record.Documents) // where the person has put it
	where := func(id string) record.Section {
		t.Helper()
		info, err := me.Why(ctx, binaryRef(id))
		if err != nil {
			t.Fatal(err)
		}
		return info.Section
	}
	_, token := d.share(grant.Grant{To: grant.Party{Name: "Narrow"}, Sections: grant.With(record.SectionsOf(record.Documents)), Scopes: scopes("patient/*.rs"), Purpose: "TREAT"})
	v := view(t, s, token)
	for _, id := range []string{"scan", "old", "filed"} {
		if _, err := v.Read(ctx, binaryRef(id), 0); err != nil {
			t.Fatalf("%s is not there: %v", id, err)
		}
	}
	results := file(fhir.Ref{Type: "DocumentReference", ID: "letter"}, record.Private)
	if len(results) != 1 || results[0].Ref.ID != "letter" {
		t.Errorf("%+v", results) // what was asked for, and the log names the rest
	}
	if e := d.lastEvent(t); strings.Join(e.Entries, " ") != "DocumentReference/letter Binary/old Binary/scan" {
		t.Errorf("the log says %q", e.Entries)
	}
	for id, want := range map[string]record.Section{"scan": record.Private, "old": record.Private, "filed": record.Documents} {
		if got := where(id); got != want {
			t.Errorf("%s is in %s, not %s", id, got, want)
		}
		_, err := v.Read(ctx, binaryRef(id), 0)
		if (err == nil) != (want == record.Documents) {
			t.Errorf("%s under a grant to documents: %v", id, err)
		}
	}
	// To where more may see it, it takes nothing along: another may point to it.
	file(fhir.Ref{Type: "DocumentReference", ID: "letter"}, record.Visits)
	if got := where("scan"); got != record.Private {
		t.Errorf("it is in %s", got)
	}
}
