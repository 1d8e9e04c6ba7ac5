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
)

// nothing is read: what is asked for is not there.
var nothing = fhir.Ref{Type: "Condition", ID: "nothing"}

// The states of a grant.
const (
	live = iota
	suspended
	stopped
)

// model is a grant as one thing after another.
var model = porcupine.Model{
	Init: func() any { return live },
	Step: func(state, input, output any) (bool, any) {
		ok := output.(bool)
		switch input.(action) {
		case read, refresh:
			return ok == (state == live), state
		case suspend:
			return ok == (state != stopped), suspended
		case resume:
			return ok == (state != stopped), live
		}
		return ok, stopped
	},
}

// history is what happened, in the order of a clock that nobody sets.
type history struct {
	mu    sync.Mutex
	start time.Time
	ops   []porcupine.Operation
	count map[action][2]int
}

// do does something; what failed for another reason than the grant is no part of it.
func (h *history) do(t *testing.T, client int, a action, fn func() error) {
	call := time.Since(h.start)
	err := fn()
	back := time.Since(h.start)
	refused := errors.Is(err, record.Unauthorized)
	switch {
	case errors.Is(err, record.Conflict):
		return // others were changing the record: nothing was shown
	case err != nil && !refused:
		t.Errorf("%s: %v", a, err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: a, Call: int64(call), Output: err == nil, Return: int64(back)})
	n := h.count[a]
	if n[0]++; refused {
		n[1]++
	}
	h.count[a] = n
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
	total := map[action][2]int{}
	for round := range 8 {
		g, tokens := approved(t, s, me)
		h := &history{start: time.Now(), count: map[action][2]int{}}
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
							if _, err = v.Read(ctx, nothing, 0); errors.Is(err, record.NotFound) {
								return nil // which is an answer, and in the log as any other
							}
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
		for range 3 {
			h.do(t, 6, suspend, func() error { return me.Suspend(ctx, g.ID) })
			h.do(t, 6, resume, func() error { return me.Resume(ctx, g.ID) })
		}
		if round%2 == 0 {
			h.do(t, 6, strike, func() error { return me.Strike(ctx, session, g.ID) })
		} else {
			h.do(t, 6, give, func() error { return s.GiveBack(ctx, tokens.Refresh, by) })
		}
		close(over)
		all.Wait()
		if got := porcupine.CheckOperationsTimeout(model, h.ops, time.Minute); got != porcupine.Ok {
			t.Errorf("round %d: %d operations: %s", round, len(h.ops), got)
		}
		for a, n := range h.count {
			total[a] = [2]int{total[a][0] + n[0], total[a][1] + n[1]}
		}
		if err := me.Revoke(ctx, g.ID); err != nil {
			t.Fatal(err)
		}
	}
	if total[read][1] == 0 || total[read][0] == total[read][1] || total[refresh][1] == 0 || total[refresh][0] == total[refresh][1] {
		t.Error("nothing happened at once")
	}
	for a, n := range total {
		t.Logf("%s: %d, %d of them refused", a, n[0], n[1])
	}
}

// TestModelRefuses: the checker sees a read after the stop.
func TestModelRefuses(t *testing.T) {
	op := func(a action, ok bool, from, to int64) porcupine.Operation {
		return porcupine.Operation{ClientId: int(from), Input: a, Call: from, Output: ok, Return: to}
	}
	if !porcupine.CheckOperations(model, []porcupine.Operation{op(strike, true, 1, 5), op(read, true, 2, 6), op(read, false, 3, 7)}) {
		t.Error("what may happen at once is refused")
	}
	if porcupine.CheckOperations(model, []porcupine.Operation{op(strike, true, 1, 5), op(read, true, 6, 7)}) {
		t.Error("a read after the stop is passed")
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
