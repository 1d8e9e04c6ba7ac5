package lineartest

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/store"
)

// What is done to a grant, or under it.
type action string

const (
	read    action = "read"
	refresh action = "refresh"
	suspend action = "suspend"
	resume  action = "resume"
	strike  action = "strike"
	give    action = "give back"
	revoke  action = "revoke"
	narrow  action = "narrow" // the section of what is read is taken out of the grant
	widen   action = "widen"  // and put into it again
)

// there is what is read.
var there = fhir.Ref{Type: "Condition", ID: "there"}

// answer is what comes of an action.
type answer string

const (
	done    answer = "done"
	absent  answer = "absent" // of a read: what is not in the grant is not there
	refused answer = "refused"
)

// state is that of a grant.
type state struct{ suspended, stopped, narrowed bool }

// model is a grant as one thing after another.
var model = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(was, input, output any) (bool, any) {
		s, got := was.(state), output.(answer)
		want := done
		switch a := input.(action); {
		case s.stopped && a != strike && a != give && a != revoke:
			want = refused
		case (a == read || a == refresh) && s.suspended:
			want = refused
		case a == read && s.narrowed:
			want = absent
		case a == suspend:
			s.suspended = true
		case a == resume:
			s.suspended = false
		case a == narrow:
			s.narrowed = true
		case a == widen:
			s.narrowed = false
		case a == strike, a == give, a == revoke:
			s.stopped = true
		}
		return got == want, s
	},
}

// history is what happened, in the order of a clock that nobody sets.
type history struct {
	mu    sync.Mutex
	start time.Time
	ops   []porcupine.Operation
	count map[action]map[answer]int
}

// do does something; what failed for another reason than the grant is no part of it.
func (h *history) do(t *testing.T, client int, a action, fn func() error) {
	call := time.Since(h.start)
	err := fn()
	back := time.Since(h.start)
	got := done
	switch {
	case errors.Is(err, record.Conflict):
		return // others were changing the record: nothing was shown
	case errors.Is(err, record.Unauthorized):
		got = refused
	case errors.Is(err, record.NotFound):
		got = absent
	case err != nil:
		t.Errorf("%s: %v", a, err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: a, Call: int64(call), Output: got, Return: int64(back)})
	if h.count[a] == nil {
		h.count[a] = map[answer]int{}
	}
	h.count[a][got]++
}

// TestStopIsOneMoment lives a few grants to their end, with readers and refreshers beside.
func TestStopIsOneMoment(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	srv := holdertest.Server{Store: s}
	invite, err := s.Invite(ctx, keys.Invite{Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	me, _, err := holder.Enrol(ctx, srv, holder.Enrolment{Invite: invite.Token(), Passphrase: crypto.SecretString("a passphrase of a test"), Label: "laptop"})
	if err != nil {
		t.Fatal(err)
	}
	defer me.Close()
	session, _, err := me.SignIn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, session)
	total := map[action]map[answer]int{}
	for round := range 9 {
		g, tokens := approved(t, s, me)
		h := &history{start: time.Now(), count: map[action]map[answer]int{}}
		over := make(chan struct{})
		var all sync.WaitGroup
		by := store.Presented{Client: "app"}
		for client := range 6 {
			all.Go(func() {
				for left := 12; left > 0; { // and some more once it is over
					select {
					case <-over:
						left -= 4
					default:
					}
					if client < 4 {
						h.do(t, client, read, func() error {
							v, err := s.Open(ctx, tokens.Access)
							if err != nil {
								return err
							}
							defer v.Close()
							_, err = v.Read(ctx, there, 0)
							return err
						})
					} else {
						h.do(t, client, refresh, func() error {
							_, err := s.Refresh(ctx, tokens.Refresh, by, "")
							return err
						})
					}
				}
			})
		}
		conditions := record.SectionsOf(record.Conditions)
		amend := func(a holder.Amend) func() error {
			return func() error { _, err := me.Amend(ctx, g.ID, a); return err }
		}
		for range 3 {
			h.do(t, 6, suspend, func() error { return me.Suspend(ctx, g.ID) })
			h.do(t, 6, resume, func() error { return me.Resume(ctx, g.ID) })
			h.do(t, 6, narrow, amend(holder.Amend{Drop: conditions}))
			h.do(t, 6, widen, amend(holder.Amend{Add: conditions}))
		}
		switch round % 3 {
		case 0:
			h.do(t, 6, strike, func() error { return me.Strike(ctx, session, g.ID) })
		case 1:
			h.do(t, 6, give, func() error { return s.GiveBack(ctx, tokens.Refresh, by) })
		case 2:
			h.do(t, 6, revoke, func() error { return me.Revoke(ctx, g.ID) })
		}
		close(over)
		all.Wait()
		if got := porcupine.CheckOperationsTimeout(model, h.ops, time.Minute); got != porcupine.Ok {
			t.Errorf("round %d: %d operations: %s", round, len(h.ops), got)
		}
		for a, answers := range h.count {
			if total[a] == nil {
				total[a] = map[answer]int{}
			}
			for got, n := range answers {
				total[a][got] += n
			}
		}
		if round%3 != 2 {
			if err := me.Revoke(ctx, g.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, x := range []struct {
		a   action
		got answer
	}{{read, done}, {read, absent}, {read, refused}, {refresh, done}, {refresh, refused}} {
		if total[x.a][x.got] == 0 {
			t.Errorf("no %s was ever %s: nothing happened at once", x.a, x.got)
		}
	}
	t.Logf("%v", total)
}

// TestModelRefuses: the checker sees a read after the stop, and of what was taken out.
func TestModelRefuses(t *testing.T) {
	op := func(a action, got answer, from, to int64) porcupine.Operation {
		return porcupine.Operation{ClientId: int(from), Input: a, Call: from, Output: got, Return: to}
	}
	for _, stop := range []action{strike, give, revoke} {
		if !porcupine.CheckOperations(model, []porcupine.Operation{op(stop, done, 1, 5), op(read, done, 2, 6), op(read, refused, 3, 7)}) {
			t.Errorf("%s: what may happen at once is refused", stop)
		}
		if porcupine.CheckOperations(model, []porcupine.Operation{op(stop, done, 1, 5), op(read, done, 6, 7)}) {
			t.Errorf("%s: a read after it is passed", stop)
		}
	}
	if porcupine.CheckOperations(model, []porcupine.Operation{op(narrow, done, 1, 5), op(read, done, 6, 7)}) ||
		porcupine.CheckOperations(model, []porcupine.Operation{op(narrow, done, 1, 2), op(widen, done, 3, 4), op(read, absent, 5, 6)}) {
		t.Error("what a grant covers is not looked at")
	}
}

// write puts there what is read.
func write(t *testing.T, s *store.Store, session string) {
	t.Helper()
	c, err := crypto.ParseToken(session)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	r, err := fhir.Parse([]byte(`{"resourceType":"Condition","id":"there","subject":{"display":"x"},"code":{"text":"asthma"}}`), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Apply(t.Context(), []change.Change{{Verb: change.Update, Ref: there, Resource: r}}, store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
}

// approved is a grant for a client, and its tokens.
func approved(t *testing.T, s *store.Store, me *holder.Holder) (grant.Grant, store.Tokens) {
	t.Helper()
	ctx := context.Background()
	const verifier = "a-verifier-of-at-least-43-characters-as-rfc-7636-has-it"
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	scopes, err := grant.ParseScopes("patient/*.rs")
	must(err)
	request := crypto.NewCredential(crypto.Request)
	asked := holder.Request{ID: request.CapsuleID(), Expires: s.Now().Add(time.Hour), Question: keys.Question{Box: request.BoxKey().Public().Bytes(),
		To: grant.Party{Name: "An app"}, Purpose: "PATRQT", Scope: "offline_access patient/*.rs", Client: "app", At: s.Now().Truncate(time.Second)}}
	g, err := me.Approve(ctx, asked, holder.GrantRequest{To: grant.Party{Name: "An app"}, Sections: grant.Clinical &^ record.SensitiveSections,
		Scopes: scopes, Purpose: "PATRQT", Lasts: 24 * time.Hour}, "")
	must(err)
	a, err := s.Answer(ctx, request)
	must(err)
	defer a.Close()
	code, err := a.Code(ctx, store.CodeFor{Client: "app", Redirect: "https://app.example/back", Challenge: sha256.Sum256([]byte(verifier))})
	must(err)
	tokens, err := s.Exchange(ctx, code, store.Presented{Client: "app"}, "https://app.example/back", verifier)
	must(err)
	return g, tokens
}
