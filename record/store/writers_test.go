package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// until waits until a number is what it will be.
func until(t *testing.T, want int, is func() int) {
	t.Helper()
	for range 10_000 {
		if is() == want {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d, and not %d", is(), want)
}

// The person goes to the front of the line, however long it is, and grants have their
// turns one after the other, however much each asks for.
func TestWhoseTurnItIs(t *testing.T) {
	t.Parallel()
	var w store.Turns
	person := record.PersonID{1}
	unlock, err := w.LockFor(ctx, person, record.GrantID{'a'})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan byte)
	for i, who := range []byte("aaabbcPP") {
		go func() {
			lock := func() (func(), error) { return w.LockFor(ctx, person, record.GrantID{who}) }
			if who == 'P' {
				lock = func() (func(), error) { return w.Lock(ctx, person) }
			}
			unlock, err := lock()
			if err != nil {
				t.Error(err)
			}
			got <- who
			unlock()
		}()
		until(t, i+1, func() int { return w.Waiting(person) })
	}
	other, err := w.LockFor(ctx, record.PersonID{2}, record.GrantID{'a'}) // whom this does not concern
	if err != nil {
		t.Fatal(err)
	}
	other()
	unlock()
	var order []byte
	for range 8 {
		order = append(order, <-got)
	}
	if string(order) != "PPabcaba" {
		t.Errorf("%s", order)
	}
	until(t, -1, func() int { return w.Waiting(person) })
}

// A grant fills the line with so many, and who has gone takes nobody's turn.
func TestTheLineIsBounded(t *testing.T) {
	t.Parallel()
	var w store.Turns
	person, a := record.PersonID{1}, record.GrantID{'a'}
	unlock, err := w.LockFor(ctx, person, a)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(ctx)
	errs := make(chan error)
	for range store.MostInLine {
		go func() {
			_, err := w.LockFor(gone, person, a)
			errs <- err
		}()
	}
	until(t, store.MostInLine, func() int { return w.Waiting(person) })
	if _, err := w.LockFor(ctx, person, a); !errors.Is(err, record.Unavailable) {
		t.Errorf("one more than fits: %v", err)
	}
	own := make(chan error)
	go func() {
		unlock, err := w.Lock(ctx, person)
		if err == nil {
			unlock()
		}
		own <- err
	}()
	until(t, store.MostInLine+1, func() int { return w.Waiting(person) })
	cancel()
	for range store.MostInLine {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	until(t, 1, func() int { return w.Waiting(person) })
	unlock()
	if err := <-own; err != nil {
		t.Error(err)
	}
	until(t, -1, func() int { return w.Waiting(person) })
}

// The person writes, and stops a grant, behind one of its plans and not behind all
// that wait; and what a stopped grant had waiting is not planned at all.
func TestThePersonGoesFirst(t *testing.T) {
	for name, stop := range map[string]func(*device, *store.View, record.GrantID){
		"a statement": func(d *device, _ *store.View, g record.GrantID) { d.stop(g) },
		"a strike": func(_ *device, me *store.View, g record.GrantID) { // which waits for no turn
			if err := me.Strike(ctx, g); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			personGoesFirst(t, stop)
		})
	}
}

func personGoesFirst(t *testing.T, stop func(*device, *store.View, record.GrantID)) {
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	g := clinician(s)
	g.Scopes = scopes("patient/*.cruds")
	g, token := d.share(g)
	began, release := make(chan bool), make(chan bool)
	first := make(chan error)
	go func() {
		_, err := view(t, s, token).ApplyPlan(ctx, func(change.Finder) ([]change.Change, error) {
			close(began)
			<-release
			return nil, record.Safef(record.Invalid, "nothing")
		}, store.ApplyOptions{})
		first <- err
	}()
	<-began
	const waiting = 5
	var planned []string // by whoever has the turn
	others := make(chan error)
	for i := range waiting {
		v := view(t, s, token)
		go func() {
			_, err := v.ApplyPlan(ctx, func(change.Finder) ([]change.Change, error) {
				planned = append(planned, "grant")
				return nil, record.Safef(record.Invalid, "nothing")
			}, store.ApplyOptions{})
			others <- err
		}()
		until(t, i+1, me.WaitingToWrite)
	}
	done := make(chan error)
	ref := fhir.Ref{Type: "Basic", ID: me.NewID("Basic")}
	go func() {
		_, err := me.ApplyPlan(ctx, func(change.Finder) ([]change.Change, error) {
			planned = append(planned, "person")
			return []change.Change{{Verb: change.Update, Ref: ref, Resource: resourceOf(t, `{"resourceType":"Basic","id":"`+ref.ID+`","code":{"text":"x"}}`)}}, nil
		}, store.ApplyOptions{})
		done <- err
	}()
	until(t, waiting+1, me.WaitingToWrite)
	stopped, me2 := make(chan bool), d.session()
	go func() {
		stop(d, me2, g.ID)
		close(stopped)
		done <- nil
	}()
	for in := false; !in; in = in || me.WaitingToWrite() == waiting+2 {
		select {
		case <-stopped:
			in = true
		case <-time.After(time.Millisecond):
		}
	}
	close(release)
	<-first
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for range waiting {
		if err := <-others; !errors.Is(err, record.Unauthorized) {
			t.Error(err)
		}
	}
	if !slices.Equal(planned, []string{"person"}) {
		t.Errorf("planned by: %s", strings.Join(planned, ", "))
	}
}
