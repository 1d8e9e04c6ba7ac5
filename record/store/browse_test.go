package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/search"
	"carehold/record/store"
)

// looker is a list of everything of some kinds, by number.
type looker struct {
	began, seen int
	sources     map[string]int
	bodies      map[string]string // of the types that want them
	wants       string
	shows       func(*looker) []int
	refs        map[string]int
	coded       int
	unread      int
}

func (l *looker) Begin() {
	l.began++
	l.seen, l.sources, l.bodies, l.refs, l.coded, l.unread = 0, map[string]int{}, map[string]string{}, map[string]int{}, 0, 0
}

func (l *looker) Bodies(typ string) bool { return typ == l.wants }

func (l *looker) See(n int, s *store.Seen) {
	l.seen++
	l.sources[string(s.Source)]++
	l.refs[s.Ref.String()] = n
	if place := search.Place(s.Ref.Type, "code"); place >= 0 {
		for t := range search.Lookup(s.Index, place).Tokens {
			if string(t.Text) == "body mass index" {
				l.coded++
				break
			}
		}
	}
	if s.Unread {
		l.unread++
	}
	if s.Body != nil {
		l.bodies[s.Ref.String()] = string(s.Body)
	}
}

func (l *looker) Show() []int {
	if l.shows == nil {
		return nil
	}
	return l.shows(l)
}

func TestBrowse(t *testing.T) {
	for name, memory := range map[string]int64{"kept": 0, "nothing kept": -1} {
		t.Run(name, func(t *testing.T) {
			dir, s := newStore(t)
			d := enrol(t, s)
			me := d.session()
			me.Close()
			s.Close()
			s = open(t, dir, store.Options{SearchMemory: memory})
			d.s = s
			me = d.session()
			defer me.Close()
			if _, err := me.Apply(ctx, lifeOf(60, me.PatientID()), store.ApplyOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := tryImport(me, `{"resourceType":"Goal","id":"walk","lifecycleStatus":"active","description":{"text":"walk to the shop"},"subject":{"reference":"Patient/`+me.PatientID()+`"}}`,
				entry.Origin{Import: record.ImportID{1}, Source: "GP practice export"}); err != nil {
				t.Fatal(err)
			}
			l := &looker{wants: "Goal", shows: func(l *looker) []int { return []int{l.refs["Goal/walk"], l.refs["Observation/o11"]} }}
			page, err := me.Browse(ctx, nil, l)
			if err != nil {
				t.Fatal(err)
			}
			if l.seen != 61 || page.Total != 61 || l.coded != 48 {
				t.Errorf("seen %d, total %d, with the text of a code %d", l.seen, page.Total, l.coded)
			}
			if l.sources["GP practice export"] != 1 || l.sources[""] != 60 {
				t.Errorf("sources: %v", l.sources)
			}
			if len(l.bodies) != 1 || !strings.Contains(l.bodies["Goal/walk"], "walk to the shop") {
				t.Errorf("bodies: %v", l.bodies)
			}
			if len(page.Entries) != 2 || page.Entries[0].Ref.ID != "walk" || !strings.Contains(string(page.Entries[1].Body), `"id":"o11"`) {
				t.Errorf("shown: %v", page.Entries)
			}
			page.Release()
			e := d.lastEvent(t)
			if e.Action != audit.Search || !slices.Equal(e.Entries, []string{"Goal/walk/_history/1", "Observation/o11/_history/1"}) || e.More != 0 {
				t.Errorf("logged: %+v", e)
			}
			only := &looker{}
			if page, err = me.Browse(ctx, []string{"Condition"}, only); err != nil || only.seen != 6 || page.Total != 6 {
				t.Errorf("of one type: %d %v", only.seen, err)
			}
			if e := d.lastEvent(t); e.More != 6 || len(e.Entries) != 0 {
				t.Errorf("logged: %+v", e)
			}

			_, token := d.share(clinician(s))
			theirs := view(t, s, token)
			defer theirs.Close()
			if _, err := theirs.Browse(ctx, nil, &looker{}); record.KindOf(err) != record.Forbidden {
				t.Errorf("with a grant: %v", err)
			}
			if _, _, err := theirs.Waits(ctx); record.KindOf(err) != record.Forbidden {
				t.Errorf("what waits, with a grant: %v", err)
			}
		})
	}
}

// BenchmarkBrowse is a page of fifty out of ten thousand entries, warm: as every list is
// but the first after a start. It is logged and synced.
func BenchmarkBrowse(b *testing.B) {
	_, s := newStore(b)
	d := enrol(b, s)
	me := d.session()
	defer me.Close()
	if _, err := me.Apply(ctx, lifeOf(10_000, me.PatientID()), store.ApplyOptions{}); err != nil {
		b.Fatal(err)
	}
	l := &looker{shows: func(l *looker) (list []int) {
		for n := range 50 {
			list = append(list, l.refs[fmt.Sprintf("Observation/o%d", 5000+10*n)])
		}
		return list
	}}
	for b.Loop() {
		page, err := me.Browse(ctx, nil, l)
		if err != nil || len(page.Entries) != 50 {
			b.Fatal(err)
		}
		page.Release()
	}
}

// A few huge entries neither fill the memory nor hide the rest: of a page the smaller ones
// are opened first, as far as there is room, and the others are in it without a body. What
// is opened to look for words has a bound as well, and whoever looks is told of the rest.
func TestBrowseOfLargeEntries(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	defer me.Close()
	const size = 12 << 20
	notes := `[{"text":"` + strings.TrimSuffix(strings.Repeat(strings.Repeat("a", 1000<<10)+`"},{"text":"`, size>>20), `,{"text":"`) + `]`
	write := func(typ, id, more string) {
		t.Helper()
		json := fmt.Sprintf(`{"resourceType":"%s","id":"%s","subject":{"reference":"Patient/%s"}%s}`, typ, id, me.PatientID(), more)
		if _, err := tryImport(me, json, entry.Origin{}); err != nil {
			t.Fatal(err)
		}
	}
	const observed, wanted = `,"status":"final","code":{"text":"glucose"}`, `,"lifecycleStatus":"active","description":{"text":"walk"}`
	for _, id := range []string{"l1", "l2", "l3"} {
		write("Observation", id, observed+`,"note":`+notes)
	}
	write("Observation", "small", observed)
	for i := range 7 {
		write("Goal", fmt.Sprintf("g%d", i), wanted+`,"note":`+notes)
	}
	write("Goal", "little", wanted)

	l := &looker{wants: "Goal", shows: func(l *looker) (list []int) {
		for _, id := range []string{"l1", "l2", "small", "l3"} {
			list = append(list, l.refs["Observation/"+id])
		}
		return list
	}}
	page, err := me.Browse(ctx, nil, l)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Release()
	var shown []string
	opened := 0
	for _, e := range page.Entries {
		if shown = append(shown, e.Ref.ID); e.Body != nil {
			opened++
		}
	}
	if !slices.Equal(shown, []string{"l1", "l2", "small", "l3"}) || opened != 2 || page.Entries[2].Body == nil {
		t.Errorf("%v are shown, %d with a body", shown, opened)
	}
	if e := d.lastEvent(t); len(e.Entries) != 2 || e.More != 0 {
		t.Errorf("logged: %v, and %d more", e.Entries, e.More)
	}
	if len(l.bodies) != 6 || l.bodies["Goal/little"] == "" || l.unread != 2 || l.seen != 12 { // 64 MiB hold five
		t.Errorf("%d bodies were looked at and %d not, of %d entries", len(l.bodies), l.unread, l.seen)
	}
}

// Where more entries would have to be opened than a list opens, the small ones are, wherever
// they lie.
func TestBrowseOpensTheSmall(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	defer me.Close()
	const large, small = 2100, 40
	var list []change.Change
	for i := range large + small {
		text := "walk"
		if i < large {
			text = strings.Repeat("walk ", 30)
		}
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Goal","id":"g%d","lifecycleStatus":"active","description":{"text":"%s"},"subject":{"reference":"Patient/%s"}}`, i, text, me.PatientID()), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: "Goal", ID: r.ID()}, Resource: r})
	}
	if _, err := me.Apply(ctx, list, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	l := &looker{wants: "Goal"}
	page, err := me.Browse(ctx, nil, l)
	if err != nil {
		t.Fatal(err)
	}
	page.Release()
	for i := range small {
		if l.bodies[fmt.Sprintf("Goal/g%d", large+i)] == "" {
			t.Errorf("small number %d was not opened", i)
		}
	}
	if l.seen != large+small || len(l.bodies) != 2000 || l.unread != large+small-2000 {
		t.Errorf("%d were seen, %d opened, %d not", l.seen, len(l.bodies), l.unread)
	}
}
