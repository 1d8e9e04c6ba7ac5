package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/store"
)

func (d *device) writer() (grant.Grant, *store.View) {
	g, token := d.share(grant.Grant{To: nurse, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
	return g, view(d.t, d.s, token)
}

func create(v *store.View, texts ...string) ([]store.Result, error) {
	var changes []change.Change
	for i, text := range texts {
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			return nil, err
		}
		changes = append(changes, change.Change{Index: i, Verb: change.Create, Ref: fhir.Ref{Type: r.Type(), ID: v.NewID(r.Type())}, Resource: r})
	}
	return v.Apply(ctx, changes, store.ApplyOptions{})
}

// What somebody else writes is told, once for each request, with what it wrote; what the
// person writes is not, nor what wrote nothing.
func TestNotices(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	if list := d.inbox(); len(list) != 0 {
		t.Fatalf("of the person's own: %+v", list)
	}
	g, v := d.writer()
	results, err := create(v, weight, strings.Replace(weight, "71.5", "72", 1))
	if err != nil {
		t.Fatal(err)
	}
	list := d.inbox()
	want := []string{results[0].Ref.String() + "/_history/1", results[1].Ref.String() + "/_history/1"}
	if len(list) != 1 || list[0].Grant != g.ID || !slices.Equal(list[0].Entries, want) || list[0].More != 0 || !list[0].id.Notice() {
		t.Fatalf("%+v", list)
	}
	if e, err := v.Read(ctx, results[0].Ref, 0); err != nil || e.Header.Author.Number != nurse.Number || e.Header.Author.Organisation != nurse.Organisation {
		t.Errorf("%+v, %v", e.Header.Author, err)
	}
	me := d.session()
	if err := me.Looked(ctx, list[0].id); err != nil {
		t.Fatal(err)
	}
	if e := d.event(t, 1); e.Action != audit.TakenIn {
		t.Errorf("%+v", e)
	}
	if err := me.Looked(ctx, list[0].id); !errors.Is(err, record.NotFound) {
		t.Error("twice:", err)
	}
	if _, err := v.Apply(ctx, []change.Change{{Verb: change.Delete, Ref: results[1].Ref}}, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	if list = d.inbox(); len(list) != 1 || !slices.Equal(list[0].Entries, []string{results[1].Ref.String() + "/_history/2"}) {
		t.Fatalf("deleted: %+v", list)
	}
	tryPut(v, allergy)
	if list = d.inbox(); len(list) != 1 {
		t.Errorf("nothing was written: %+v", list)
	}
	if _, err := v.Inbox(ctx, store.WaitingID{}, 0); !errors.Is(err, record.Forbidden) {
		t.Error("a grantee reads the inbox:", err)
	}
	for _, err := range []error{v.Looked(ctx, list[0].id), v.Dismiss(ctx, list[0].id)} {
		if !errors.Is(err, record.Forbidden) {
			t.Error("a grantee empties the inbox:", err)
		}
	}
	if _, err := v.TakeIn(ctx, list[0].id, store.TakingIn{Type: "Observation", JSON: []byte(weight)}); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
}

// A request that writes very much is one notice, which counts what it does not name.
func TestNoticeOfMany(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, v := d.writer()
	texts := slices.Repeat([]string{weight}, 512)
	if _, err := create(v, texts...); err != nil {
		t.Fatal(err)
	}
	if list := d.inbox(); len(list) != 1 || len(list[0].Entries) != 500 || list[0].More != 12 {
		t.Errorf("%d notices: %d named, %d more", len(list), len(list[0].Entries), list[0].More)
	}
}

// An inbox that nobody looks into grows no further, keeps nobody from writing, and says
// that there is more. After a restart that is counted anew.
func TestInboxIsBounded(t *testing.T) {
	store.SetInbox(t, 12, 4)
	_, s := newStore(t)
	d := enrol(t, s)
	_, v := d.writer()
	var last string
	for i := range 6 {
		results, err := create(v, weight)
		if err != nil {
			t.Fatal(err)
		}
		last = results[0].Ref.String() + "/_history/1"
		if i == 4 {
			v.ForgetInbox()
		}
	}
	list := d.inbox()
	stands := slices.IndexFunc(list, func(w inItem) bool { return w.NoRoom })
	if len(list) != 4 || stands < 0 || list[stands].Entries[0] != last {
		t.Fatalf("%d: %+v", len(list), list)
	}
	// Another grant's have room beside them.
	_, other := d.writer()
	if _, err := create(other, weight); err != nil {
		t.Fatal(err)
	}
	if list = d.inbox(); len(list) != 5 {
		t.Errorf("%d wait", len(list))
	}
	me := d.session()
	for _, w := range list {
		if err := me.Looked(ctx, w.id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := create(v, weight); err != nil {
		t.Fatal(err)
	}
	if list = d.inbox(); len(list) != 1 || list[0].NoRoom {
		t.Errorf("%+v", list)
	}
}

// Looking at a contribution would lose it: it is taken in, or dismissed. And what does
// not open can be dismissed as well.
func TestLookingLosesNothing(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, token := d.addOnly(record.Measures)
	if _, err := add(adder(t, s, token), weight); err != nil {
		t.Fatal(err)
	}
	w, me := d.inbox()[0], d.session()
	if err := me.Looked(ctx, w.id); !errors.Is(err, record.Unprocessed) {
		t.Error(err)
	}
	if len(d.inbox()) != 1 {
		t.Fatal("it is gone")
	}
	if err := me.Dismiss(ctx, w.id); err != nil {
		t.Fatal(err)
	}
	if e := d.event(t, 1); e.Action != audit.Dismissed {
		t.Errorf("%+v", e)
	}
	if _, err := me.TakeIn(ctx, w.id, taking(w)); !errors.Is(err, record.NotFound) {
		t.Error("it is gone, and is taken in:", err)
	}
}

// Each commit of what others write, and of what is done in the inbox, is there wholly or
// not at all: the row with what it tells of, and with the log.
func TestInboxCutBetween(t *testing.T) {
	for _, after := range []bool{false, true} {
		dir, s := newStore(t)
		d := enrol(t, s)
		_, token := d.addOnly(record.Measures)
		_, write := d.share(grant.Grant{To: nurse, Sections: record.AllSections, Scopes: scopes("patient/*.cruds"), Purpose: "TREAT"})
		if _, err := add(adder(t, s, token), weight); err != nil {
			t.Fatal(err)
		}
		first := d.inbox()[0]
		cut := func(do func(s *store.Store) error) {
			t.Helper()
			s.WrapEngine(func(e kv.Engine) kv.Engine { return &failing{Engine: e, at: 1, after: after} })
			if err := do(s); err == nil {
				t.Fatal("it was cut, and says that it was not")
			}
			s.Close()
			s = open(t, dir, store.Options{})
			d.s = s
		}
		state := func() string {
			v := d.session()
			defer v.Close()
			list, err := v.List(ctx)
			if err != nil {
				t.Fatal(err)
			}
			notices, waits := 0, 0
			for _, w := range d.inbox() {
				if w.id.Notice() {
					notices++
				} else {
					waits++
				}
			}
			return fmt.Sprintf("%d entries, %d notices, %d wait", len(list), notices, waits)
		}
		steps := []struct {
			name      string
			do        func(*store.Store) error
			not, done string
		}{
			{"a change by somebody else", func(s *store.Store) error { _, err := create(view(t, s, write), weight); return err },
				"0 entries, 0 notices, 1 wait", "1 entries, 1 notices, 1 wait"},
			{"a contribution", func(s *store.Store) error {
				a := adder(t, s, token)
				_, err := add(a, weight)
				return err
			}, "0 entries, 0 notices, 1 wait", "1 entries, 1 notices, 2 wait"},
		}
		for _, x := range steps {
			cut(x.do)
			want := x.not
			if after {
				want = x.done
			}
			if got := state(); got != want {
				t.Errorf("%s, after %v: %s, not %s", x.name, after, got, want)
			}
		}
		me := d.session()
		s.WrapEngine(func(e kv.Engine) kv.Engine { return &failing{Engine: e, at: 1, after: after} })
		if _, err := me.TakeIn(ctx, first.id, taking(first)); err == nil {
			t.Fatal("it was cut, and says that it was not")
		}
		s.Close()
		s = open(t, dir, store.Options{})
		d.s = s
		before := "0 entries, 0 notices, 1 wait"
		taken := "1 entries, 0 notices, 0 wait"
		if after {
			before, taken = "", "2 entries, 1 notices, 1 wait"
		}
		if got := state(); after && got != taken || !after && got != before {
			t.Errorf("taken in, after %v: %s", after, got)
		}
		if out, err := d.session().TakeIn(ctx, first.id, taking(first)); err != nil || out.Unchanged != after || out.Version != 1 {
			t.Errorf("and again, after %v: %+v, %v", after, out, err)
		}
		if got := state(); got != taken {
			t.Errorf("taken in again, after %v: %s", after, got)
		}
		s.Close()
	}
}

// The person's words stay on what others change, whoever changes it.
func TestDispute(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, v := d.writer()
	results, err := create(v, weight)
	if err != nil {
		t.Fatal(err)
	}
	ref, me := results[0].Ref, d.session()
	before, _ := me.Read(ctx, ref, 0)
	res, err := me.Annotate(ctx, ref, 1, "I was never weighed that day", true)
	if err != nil || res.Version != 2 {
		t.Fatalf("%+v, %v", res, err)
	}
	if _, err := me.Annotate(ctx, ref, 1, "again", true); !errors.Is(err, record.Precondition) {
		t.Error("of a version that is not the newest:", err)
	}
	now, err := v.Read(ctx, ref, 0)
	if err != nil || !now.Header.Author.Self {
		t.Fatal(err)
	}
	for _, want := range []string{`"url":"urn:carehold:dispute"`, `"reference":"Patient/` + me.PatientID() + `"`, "I was never weighed that day", `"system":"urn:carehold:status","code":"disputed"`} {
		if !bytes.Contains(now.Body, []byte(want)) {
			t.Errorf("%s is not in %s", want, now.Body)
		}
	}
	update := func(v *store.View, text string) error {
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Apply(ctx, []change.Change{{Verb: change.Update, Ref: ref, Resource: r}}, store.ApplyOptions{})
		return err
	}
	withID := strings.Replace(weight, `"status"`, `"id":"`+ref.ID+`","status"`, 1)
	if err := update(v, withID); !errors.Is(err, record.Unprocessed) || !strings.Contains(err.Error(), "disputed by the person") {
		t.Error("without the dispute:", err)
	}
	kept := strings.Replace(string(now.Body), "71.5", "70", 1)
	for name, x := range map[string]string{
		"another text": strings.Replace(kept, "never weighed", "weighed", 1),
		"another tag":  strings.Replace(kept, `"code":"disputed"`, `"code":"settled"`, 1),
		"one more":     strings.Replace(kept, `"extension":[`, `"extension":[{"url":"urn:carehold:note","valueAnnotation":{"text":"all is well"}},`, 1),
	} {
		if err := update(v, x); !errors.Is(err, record.Unprocessed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// However it is written, it is the same.
	spaced := strings.Replace(strings.Replace(kept, `"urn:carehold:dispute"`, "\"urn:carehold:\\u0064ispute\"", 1), "70", "69", 1)
	if err := update(v, spaced); err != nil {
		t.Error("kept:", err)
	}
	if page, err := lookFor(me, "Observation", "_tag=urn:carehold:status|disputed", 10); err != nil || len(page.Entries) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := me.Annotate(ctx, ref, 0, "and a note", false); err != nil {
		t.Fatal(err)
	}
	if _, err := me.Withdraw(ctx, ref, 0); err != nil {
		t.Fatal(err)
	}
	after, err := me.Read(ctx, ref, 0)
	if err != nil || bytes.Contains(after.Body, []byte("carehold:")) {
		t.Errorf("withdrawn: %s, %v", after.Body, err)
	}
	if _, err := me.Withdraw(ctx, ref, 0); !errors.Is(err, record.NotFound) {
		t.Error("twice:", err)
	}
	if err := update(v, withID); err != nil {
		t.Error("withdrawn, and still to be kept:", err)
	}
	if old, err := me.Read(ctx, ref, 1); err != nil || !bytes.Equal(old.Body, before.Body) {
		t.Error("what was written first is another:", err)
	}
	// Nobody else says anything in their place.
	for _, text := range []string{
		strings.Replace(weight, `"status"`, `"extension":[{"url":"urn:carehold:note","valueAnnotation":{"text":"fine by me"}}],"status"`, 1),
		strings.Replace(weight, `"status"`, `"meta":{"tag":[{"system":"urn:carehold:status","code":"disputed"}]},"status"`, 1),
	} {
		if _, err := create(v, text); !errors.Is(err, record.Unprocessed) {
			t.Error(err)
		}
	}
	if _, err := v.Annotate(ctx, ref, 0, "me too", true); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
	if _, err := v.Withdraw(ctx, ref, 0); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
	for _, typ := range []string{"Binary", "Bundle"} {
		if _, err := me.Annotate(ctx, fhir.Ref{Type: typ, ID: "x"}, 0, "x", true); !errors.Is(err, record.Unprocessed) {
			t.Error(typ, err)
		}
	}
}

// A grant whose notices are many bytes, and not many, keeps writing too.
func TestNoticesFullOfBytes(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	_, v := d.writer()
	write := func(round, n int) error {
		var changes []change.Change
		for i := range n {
			ref := fhir.Ref{Type: "Observation", ID: fmt.Sprintf("%064d", i)} // as long as an id may be
			r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Observation","id":"%s","status":"final","code":{"text":"w%d"}}`, ref.ID, round), fhir.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			changes = append(changes, change.Change{Index: i, Verb: change.Update, Ref: ref, Resource: r})
		}
		_, err := v.Apply(ctx, changes, store.ApplyOptions{})
		return err
	}
	for round := range 120 { // of some 48 KiB each: 4 MiB are fewer than 100
		if err := write(round, 500); err != nil {
			t.Fatalf("%d: %v", round, err)
		}
	}
	if err := write(120, 1); err != nil {
		t.Error("a small one:", err)
	}
	list := d.inbox()
	if stands := slices.IndexFunc(list, func(w inItem) bool { return w.NoRoom }); len(list) > 110 || stands < 0 {
		t.Errorf("%d notices, and number %d stands for others", len(list), stands)
	}
}

// The newest of what found no room is there until it was seen: looking at the one before
// it removes nothing else.
func TestLastNoticeIsSeen(t *testing.T) {
	store.SetInbox(t, 12, 12)
	_, s := newStore(t)
	d := enrol(t, s)
	_, v := d.writer()
	last := func() (found inItem, n int) {
		for _, w := range d.inbox() {
			if w.NoRoom {
				found, n = w, n+1
			}
		}
		return found, n
	}
	for range 4 {
		if _, err := create(v, weight); err != nil {
			t.Fatal(err)
		}
	}
	seen, n := last()
	results, err := create(v, weight)
	if err != nil || n != 1 {
		t.Fatal(err, n)
	}
	if err := d.session().Looked(ctx, seen.id); !errors.Is(err, record.NotFound) {
		t.Error("what was seen is not there any more:", err)
	}
	if now, n := last(); n != 1 || now.Entries[0] != results[0].Ref.String()+"/_history/1" {
		t.Errorf("%d stand for others: %+v", n, now)
	}
}
