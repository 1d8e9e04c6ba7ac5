package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// told is what a history shows: Type/id/version, a deletion with a dash.
func told(p store.HistoryPage) string {
	var out []string
	for _, e := range p.Versions {
		out = append(out, fmt.Sprintf("%s/%s%s", e.Ref, e.Version, map[bool]string{true: "-", false: ""}[e.Header.Deleted]))
		if e.Header.Deleted != (e.Body == nil) {
			out = append(out, "with a body that it should not have, or without")
		}
	}
	return strings.Join(out, " ")
}

// TestHistory is a life of five entries, an hour between its versions, and what each
// question about it shows.
func TestHistory(t *testing.T) {
	began := time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	now := began
	dir, s := newStore(t)
	s.Close()
	s = open(t, dir, store.Options{Now: func() time.Time { return now }})
	d := enrol(t, s)
	me := d.session()
	write := func(typ, id, text string) {
		now = now.Add(time.Hour)
		me = d.session()
		put(t, me, fmt.Sprintf(`{"resourceType":"%s","id":"%s","code":{"text":"%s"}}`, typ, id, text))
	}
	write("Condition", "a", "one")   // 01:00
	write("Observation", "b", "one") // 02:00
	write("Condition", "a", "two")   // 03:00
	write("Condition", "c", "one")   // 04:00
	now = now.Add(time.Hour)         // 05:00
	if _, err := d.session().Apply(ctx, []change.Change{{Verb: change.Delete, Ref: fhir.Ref{Type: "Condition", ID: "a"}}}, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	write("Condition", "a", "three")         // 06:00
	write("AllergyIntolerance", "d", "nuts") // 07:00
	now = now.Add(time.Hour)
	me = d.session()
	if _, err := me.Move(ctx, []fhir.Ref{{Type: "Condition", ID: "c"}}, record.Private); err != nil {
		t.Fatal(err)
	}
	g := clinician(s)
	_, token := d.share(g)
	narrow := clinician(s)
	narrow.Scopes = scopes("patient/Observation.rs patient/Condition.s")
	_, only := d.share(narrow)
	gp, nurse := view(t, s, token), view(t, s, only)

	at := func(text string) fhir.Date {
		if text == "" {
			return fhir.Date{}
		}
		date, err := fhir.ParseDateTime(text)
		if err != nil {
			t.Fatal(err)
		}
		return date
	}
	for _, c := range []struct {
		who         *store.View
		typ, id     string
		since, when string
		want        string
		total       int
	}{
		{me, "Condition", "a", "", "", "Condition/a/4 Condition/a/3- Condition/a/2 Condition/a/1", 4},
		{me, "Condition", "", "", "", "Condition/a/4 Condition/a/3- Condition/c/1 Condition/a/2 Condition/a/1", 5},
		{me, "", "", "", "", "AllergyIntolerance/d/1 Condition/a/4 Condition/a/3- Condition/c/1 Condition/a/2 Observation/b/1 Condition/a/1", 7},
		{gp, "", "", "", "", "AllergyIntolerance/d/1 Condition/a/4 Condition/a/3- Condition/a/2 Observation/b/1 Condition/a/1", 6}, // c is private
		{nurse, "", "", "", "", "Observation/b/1", 1},
		{nurse, "Observation", "", "", "", "Observation/b/1", 1},
		{me, "Condition", "a", "2027-05-01T05:00:00Z", "", "Condition/a/4 Condition/a/3-", 2}, // at the instant, or after it
		{me, "", "", "2027-05-01T05:00:01Z", "", "AllergyIntolerance/d/1 Condition/a/4", 2},
		{me, "", "", "2028-01-01T00:00:00Z", "", "", 0},
		// What was the newest at some moment of the time: 03:30 is between two versions.
		{me, "Condition", "a", "", "2027-05-01T03:30:00Z", "Condition/a/2", 1},
		{me, "Condition", "a", "", "2027-05-01T03:00:00Z", "Condition/a/2", 1},
		{me, "Condition", "a", "", "2027-04", "", 0},
		{me, "Condition", "a", "", "2027-05-01", "Condition/a/4 Condition/a/3- Condition/a/2 Condition/a/1", 4},
		{me, "", "", "", "2027-05-01T05:30:00Z", "Condition/a/3- Condition/c/1 Observation/b/1", 3},
		{me, "", "", "", "2027-06", "AllergyIntolerance/d/1 Condition/a/4 Condition/c/1 Observation/b/1", 4},
		{me, "", "", "2027-05-01T06:00:00Z", "2027-06", "AllergyIntolerance/d/1 Condition/a/4", 2},
		{me, "Patient", "", "", "", "", 0},
	} {
		q := store.HistoryQuery{Type: c.typ, ID: c.id, Limit: 50, At: at(c.when), Asked: store.Asked{Path: c.typ}}
		if c.since != "" {
			q.Since, _ = time.Parse(time.RFC3339, c.since)
		}
		p, err := c.who.History(ctx, q)
		if got := told(p); err != nil || got != c.want || p.Total != c.total || p.Next != "" {
			t.Errorf("%s/%s since %q at %q: %d: %s, %v; want %d: %s", c.typ, c.id, c.since, c.when, p.Total, got, err, c.total, c.want)
		}
		// In pages of each size the same, and none twice.
		for limit := 1; limit < 4; limit++ {
			q.Limit, q.Page = limit, ""
			var all []string
			for {
				p, err := c.who.History(ctx, q)
				if err != nil || p.Total != c.total || len(p.Versions) > limit {
					t.Fatal(p.Total, err)
				}
				if text := told(p); text != "" {
					all = append(all, text)
				}
				if q.Page = p.Next; q.Page == "" {
					break
				}
			}
			if got := strings.Join(all, " "); got != c.want {
				t.Errorf("%s/%s in pages of %d: %s, want %s", c.typ, c.id, limit, got, c.want)
			}
		}
	}
	// What is not there, what is outside, and what is a verb short.
	missing := func(v *store.View, id string, want record.Kind) string {
		_, err := v.History(ctx, store.HistoryQuery{Type: "Condition", ID: id, Limit: 5})
		if !errors.Is(err, want) {
			t.Errorf("the history of %s: %v", id, err)
		}
		return strings.ReplaceAll(fmt.Sprint(err), "Condition/"+id, "it")
	}
	if a, b := missing(gp, "c", record.NotFound), missing(gp, "nobody", record.NotFound); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	missing(nurse, "a", record.Forbidden)
	if _, err := nurse.History(ctx, store.HistoryQuery{Type: "Condition", Limit: 5}); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
	// What is written between two pages moves nothing from one to another.
	q := store.HistoryQuery{Type: "Condition", Limit: 2}
	first, err := me.History(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	write("Condition", "e", "new")
	q.Page = first.Next
	second, err := me.History(ctx, q)
	if got := told(first) + " " + told(second); err != nil || got != "Condition/a/4 Condition/a/3- Condition/c/1 Condition/a/2" {
		t.Errorf("%s, %v", got, err)
	}
	// Each version shown is named in the log.
	if _, err := gp.History(ctx, store.HistoryQuery{Type: "Condition", Limit: 2}); err != nil {
		t.Fatal(err)
	}
	e := d.lastEvent(t)
	if e.Action != audit.Read || e.Outcome != audit.Done || e.Query != "Condition" || !slices.Equal(e.Entries, []string{"Condition/e/_history/1", "Condition/a/_history/4"}) && len(e.Entries) != 2 {
		t.Errorf("%+v", e)
	}
	missing(gp, "c", record.NotFound)
	if e := d.lastEvent(t); e.Outcome != audit.Refused || e.Reason != audit.OutsideGrant || !slices.Equal(e.Entries, []string{"Condition/c/_history"}) {
		t.Errorf("%+v", e)
	}
}

// TestHistoryOfLarge: a page of a history ends before it fills the memory, and the
// headers of large documents are read without the documents.
func TestHistoryOfLarge(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	for i := range 4 {
		put(t, me, large("a", 6<<20+400*i))
	}
	q := store.HistoryQuery{Type: "Binary", ID: "a", Limit: 10}
	var seen []string
	for {
		p, err := me.History(ctx, q)
		if err != nil || p.Total != 4 || len(p.Versions) == 0 {
			t.Fatal(p.Total, err)
		}
		size := 0
		for _, e := range p.Versions {
			size += len(e.Body)
		}
		if size > 20<<20 {
			t.Errorf("a page of %d bytes", size)
		}
		seen = append(seen, told(p))
		if q.Page = p.Next; q.Page == "" {
			break
		}
	}
	if len(seen) < 2 || strings.Join(seen, " ") != "Binary/a/4 Binary/a/3 Binary/a/2 Binary/a/1" {
		t.Errorf("%q", seen)
	}
}

// A history that is only counted (_summary=count) shows no version, and the log says
// how many it told of, and of what.
func TestHistoryCountIsLogged(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, `{"resourceType":"Condition","id":"a","code":{"text":"one"}}`)
	put(t, me, `{"resourceType":"Condition","id":"a","code":{"text":"two"}}`)
	put(t, me, `{"resourceType":"Condition","id":"b","code":{"text":"one"}}`)
	put(t, me, `{"resourceType":"Observation","id":"c","status":"final","code":{"text":"one"}}`)
	for _, c := range []struct {
		typ, id, query string
		more           uint64
	}{
		{"Condition", "a", "Condition/a", 2},
		{"Condition", "", "Condition", 3},
		{"", "", "", 4},
		{"Goal", "", "Goal", 0},
	} {
		if p, err := me.History(ctx, store.HistoryQuery{Type: c.typ, ID: c.id}); err != nil || uint64(p.Total) != c.more || len(p.Versions) > 0 {
			t.Fatal(p, err)
		}
		if e := d.event(t, 1); e.Action != audit.Read || e.Outcome != 0 || len(e.Entries) != 0 || e.More != c.more || e.Query != c.query {
			t.Errorf("counting %s/%s: %+v", c.typ, c.id, e)
		}
	}
}

// The token of a list's first page is where the list begins, opens for its grant alone,
// and is of its own list.
func TestFirstPage(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	for _, id := range []string{"a", "b", "c"} {
		put(t, me, `{"resourceType":"Condition","id":"`+id+`","code":{"text":"needle"}}`)
	}
	as := store.Asked{Path: "Condition/_history", Query: "_count=2"}
	q := store.HistoryQuery{Type: "Condition", Limit: 2, Asked: as}
	want, err := me.History(ctx, q)
	if err != nil || want.Next == "" {
		t.Fatal(want, err)
	}
	if q.Page, err = me.FirstOfHistory(as); err != nil {
		t.Fatal(err)
	}
	got, err := me.History(ctx, q)
	if err != nil || told(got) != told(want) || got.Total != 3 || got.Next == "" {
		t.Errorf("%s, %v; want %s", told(got), err, told(want))
	}
	refused := func(v *store.View, page string) {
		t.Helper()
		q := q
		q.Page = page
		if _, err := v.History(ctx, q); !errors.Is(err, record.Invalid) {
			t.Error(err)
		}
	}
	other, err := me.FirstOfHistory(store.Asked{Path: "Condition/_history", Query: "_count=3"})
	if err != nil {
		t.Fatal(err)
	}
	refused(me, other)
	if other, err = me.FirstOfSearch(as); err != nil {
		t.Fatal(err)
	}
	refused(me, other)
	_, token := d.share(clinician(s))
	refused(view(t, s, token), q.Page)
}
