package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/search"
	"carehold/record/store"
)

// leaves is a context that ends when it has been looked at so often.
type leaves struct {
	context.Context
	after, looked atomic.Int64
}

func (c *leaves) Err() error {
	if c.looked.Add(1) > c.after.Load() {
		return context.Canceled
	}
	return nil
}

func codedObservation(id, code, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":"%s","status":"final","code":{"coding":[{"code":"%s"}]}%s}`, id, code, more)
}

// A search that nobody waits for any more ends at the next entry, wherever it is: where
// what is kept is made, in parts, for the conditions of a change, in a history and in the
// person's own lists.
func TestSearchesEndWithTheirRequest(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	var list []change.Change
	for i := range 300 {
		r := resourceOf(t, codedObservation(fmt.Sprintf("o%d", i), "c", ""))
		list = append(list, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: "Observation", ID: r.ID()}, Resource: r})
	}
	if _, err := me.Apply(ctx, list, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	q, err := search.Parse("Observation", "code=x&_has:Observation:has-member:code=y", search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	look := func(c context.Context) error { _, err := me.Search(c, q, store.SearchOptions{Limit: 1}); return err }
	for what, do := range map[string]func(c context.Context) error{
		"what is kept": func(c context.Context) error { s.Rest(); return look(c) },
		"in parts":     func(c context.Context) (err error) { s.WithoutMemos(func() { err = look(c) }); return err },
		"a condition": func(c context.Context) (err error) {
			s.WithoutMemos(func() {
				_, err = me.ApplyPlan(c, func(find change.Finder) ([]change.Change, error) {
					_, err := find.Find("Observation", "code=x")
					return nil, err
				}, store.ApplyOptions{})
			})
			return err
		},
		"a history": func(c context.Context) (err error) {
			s.WithoutMemos(func() { _, err = me.History(c, store.HistoryQuery{Limit: 1}) })
			return err
		},
		"a list": func(c context.Context) error { _, err := me.List(c); return err },
	} {
		for _, after := range []int64{20, 200} {
			c := &leaves{Context: ctx}
			c.after.Store(after)
			if err := do(c); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: it went on: %v", what, err)
			}
			if more := c.looked.Load() - after; more < 1 || more > 4 {
				t.Errorf("%s: looked %d times after nobody waited", what, more)
			}
		}
		if n := s.ColdTaken(); n != 0 {
			t.Errorf("%s: %d places are taken for nobody", what, n)
		}
	}
	if err := look(ctx); err != nil {
		t.Error(err)
	}
}

// Few go through the rows at a time: one of a grant, two of a record's grants, three of
// grants in all. There is a place for whoever the record is of. Others are refused before
// anything is read.
func TestColdPlaces(t *testing.T) {
	_, s := newStore(t)
	ada, ben := enrol(t, s), enrol(t, s)
	of := func(d *device) *store.View {
		_, token := d.share(clinician(s))
		return view(t, s, token)
	}
	now, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	var leave []func()
	wants := func(what string, v *store.View, want bool) {
		t.Helper()
		l, err := v.Cold(now)
		if (err == nil) != want {
			t.Errorf("%s: %v", what, err)
		}
		if err == nil {
			leave = append(leave, l)
		}
	}
	a, a2, a3, b, b2 := of(ada), of(ada), of(ada), of(ben), of(ben)
	wants("a grant", a, true)
	wants("a second of the grant", a, false)
	wants("another grant", a2, true)
	wants("a third of the record's grants", a3, false)
	wants("another record's", b, true)
	wants("a fourth of grants", b2, false)
	wants("a person", ada.session(), true)
	wants("a fifth", ben.session(), false)
	for _, l := range leave[:2] {
		l()
	}
	later, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if l, err := ben.session().Cold(later); err != nil {
		t.Error(err)
	} else {
		l()
	}
	for _, l := range leave[2:] {
		l()
	}
	// Refused before anything is read: the context is looked at for no entry.
	for i := range 40 {
		put(t, ada.session(), codedObservation(fmt.Sprintf("o%d", i), "c", ""))
	}
	l, err := a.Cold(ctx)
	if err != nil {
		t.Fatal(err)
	}
	read := &leaves{}
	read.after.Store(1 << 40)
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	read.Context = short
	s.WithoutMemos(func() {
		if _, err := a.Search(read, mustParse(t, "Observation", "code=x"), store.SearchOptions{Limit: 1}); !errors.Is(err, record.Unavailable) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
	again, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	read.Context = again
	if _, err := a.Gather(read, "$summary", anything); !errors.Is(err, record.Unavailable) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a summary: %v", err)
	}
	if n := read.looked.Load(); n > 20 {
		t.Errorf("it looked %d times", n)
	}
	l()
}

func mustParse(t testing.TB, typ, text string) *search.Query {
	t.Helper()
	q, err := search.Parse(typ, text, search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// However much there is, the person finds what is there: nothing of it can be kept, and
// it is more than lies in memory at once.
func TestThereIsAlwaysAnAnswer(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	text := strings.Repeat("word ", 160<<10)
	const n = store.MostGathered/(800<<10) + 3
	for i := range n {
		put(t, me, codedObservation(fmt.Sprintf("o%d", i), "large", `,"encounter":{"reference":"Encounter/e"},"valueString":"`+text+`"`))
	}
	put(t, me, codedObservation("small", "small", `,"encounter":{"reference":"Encounter/e"}`))
	put(t, me, `{"resourceType":"Encounter","id":"e","identifier":[{"value":"n1"}]}`)
	g := clinician(s)
	g.Sections = record.AllSections
	_, token := d.share(g)
	me = d.session()
	s.MostMemos(1 << 20)
	for _, v := range []*store.View{me, view(t, s, token)} {
		for _, c := range []struct {
			typ, text string
			limit     int
			total     int
			shown     string
		}{
			{"Observation", "code=small", 5, 1, "Observation/small"},
			{"Observation", "code=large&_sort=_id", 1, n, "Observation/o0"},
			{"Observation", "_id=small", 5, 1, "Observation/small"},
			{"Observation", "", 0, n + 1, ""},
			{"", "_id=small,e", 5, 2, "Encounter/e Observation/small"},
			{"Observation", "encounter.identifier=n1&code=small", 5, 1, "Observation/small"},
			{"Encounter", "_has:Observation:encounter:code=small", 5, 1, "Encounter/e"},
			{"Observation", "code=small&_include=Observation:encounter", 5, 1, "Encounter/e Observation/small"},
		} {
			page, err := lookFor(v, c.typ, c.text, c.limit)
			if err != nil || page.Total != c.total || shownSorted(page) != c.shown {
				t.Errorf("%s?%s: %d, %q, %v", c.typ, c.text, page.Total, shownSorted(page), err)
			}
			page.Release()
		}
		if s.HasMemo(v) {
			t.Error("it is kept")
		}
	}
	// A _revinclude brings what there is, or says that it is too much for one page.
	if page, err := lookFor(me, "Encounter", "_revinclude=Observation:encounter", 5); err != nil || len(page.Entries) != n+2 {
		t.Errorf("%d, %v", len(page.Entries), err)
	}
	if res, err := createIfNone(t, me, "code=small", codedObservation("new", "small", "")); err != nil || res.Created || res.Ref.ID != "small" {
		t.Errorf("%+v, %v", res, err)
	}
	if page, err := me.History(ctx, store.HistoryQuery{Type: "Observation", Limit: 1}); err != nil || page.Total != n+1 {
		t.Errorf("%d, %v", page.Total, err)
	}
}

func shownSorted(p store.Page) string {
	var names []string
	for _, e := range p.Entries {
		names = append(names, e.Ref.String())
	}
	if len(names) == 2 && names[0] > names[1] {
		names[0], names[1] = names[1], names[0]
	}
	return strings.Join(names, " ")
}

// What has an id is looked up: nobody waits for it, and what is deleted or not in the
// grant is not found.
func TestIDsAreLookedUp(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	for _, id := range []string{"a", "b", "gone"} {
		put(t, me, codedObservation(id, "c"+id, ""))
	}
	put(t, me, `{"resourceType":"Condition","id":"a"}`)
	if _, err := me.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: fhir.Ref{Type: "Observation", ID: "gone"}}}, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	g := clinician(s)
	e, err := me.Read(ctx, fhir.Ref{Type: "Observation", ID: "a"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	g.Sections = record.SectionSet(0).With(record.Identity).With(record.Providers).With(e.Section)
	g.Scopes = scopes("patient/Observation.rs")
	_, token := d.share(g)
	me = d.session()
	lab := view(t, s, token)
	for _, v := range []*store.View{me, me, me} { // all there are
		leave, err := v.Cold(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	s.WithoutMemos(func() {
		for text, want := range map[string]string{
			"Observation?_id=a":             "Observation/a",
			"Observation?_id=a,b,gone,none": "Observation/a Observation/b",
			"Observation?_id=a,b&code=cb":   "Observation/b",
			"Observation?_id=a&_id=b":       "",
			"?_id=a":                        "Condition/a Observation/a",
		} {
			typ, query, _ := strings.Cut(text, "?")
			for _, v := range []*store.View{me, lab} {
				want := want
				if v == lab {
					want = strings.TrimPrefix(want, "Condition/a ")
				}
				page, err := lookFor(v, typ, query, 5)
				if err != nil || shownSorted(page) != want {
					t.Errorf("%s: %q, want %q, %v", text, shownSorted(page), want, err)
				}
			}
		}
	})
}
