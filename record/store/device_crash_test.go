package store_test

import (
	"context"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/store"
)

// restarting is a server that goes down at one of its commits, and is up again when a
// device next speaks to it.
type restarting struct {
	holdertest.Server
	t      testing.TB
	engine *memory
	node   crypto.Key
}

func (r *restarting) boot(e *memory) {
	r.t.Helper()
	s, err := store.OpenOn(e, r.node, store.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.engine, r.Store = e, s
}

func (r *restarting) up() {
	if r.engine.down {
		r.boot(r.engine.reboot())
	}
}

func (r *restarting) Submit(ctx context.Context, signed []byte, invite string) (holder.Receipt, error) {
	r.up()
	return r.Server.Submit(ctx, signed, invite)
}

func (r *restarting) Ring(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, seen uint64) (holder.RingState, error) {
	r.up()
	return r.Server.Ring(ctx, p, slot, seen)
}

// TestDeviceCrash: what a device decides is done once, at whichever of its commits the
// server goes down; the device finds out by itself. An answer to a request is of one name
// in all its tries, and still comes.
func TestDeviceCrash(t *testing.T) {
	t.Parallel()
	r := &restarting{t: t, node: crypto.NewKey()}
	first := newMemory()
	if err := store.InitOn(first); err != nil {
		t.Fatal(err)
	}
	r.boot(first)
	invite, err := r.Invite(ctx, keys.Invite{Until: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	h, kit, err := holder.Enrol(ctx, r, holder.Enrolment{Invite: invite.Token(), Passphrase: crypto.SecretString("correct horse battery staple")})
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	for name, prepare := range map[string]func(t *testing.T, h *holder.Holder) (act func(*holder.Holder) error, done func(*holder.Holder) bool){
		"approve": func(t *testing.T, h *holder.Holder) (func(*holder.Holder) error, func(*holder.Holder) bool) {
			request := crypto.NewCredential(crypto.Request)
			q := holder.Request{ID: request.CapsuleID(), Expires: time.Now().Add(time.Hour), Question: keys.Question{To: grant.Party{Name: "Pill Diary"},
				Scope: "patient/Goal.rs", Client: "diary", Box: request.BoxKey().Public().Bytes()}}
			return func(h *holder.Holder) error { _, err := h.Approve(ctx, q, q.Proposal(), "yes"); return err },
				func(h *holder.Holder) bool {
					a, err := r.Answer(ctx, request)
					if err != nil {
						t.Log(err)
						return false
					}
					defer a.Close()
					return a.Yes && len(h.Grants()) == 1
				}
		},
		"amend": func(t *testing.T, h *holder.Holder) (func(*holder.Holder) error, func(*holder.Holder) bool) {
			i := given(t, h)
			return func(h *holder.Holder) error {
					_, err := h.Amend(ctx, i.Grant.ID, holder.Amend{Drop: record.SectionsOf(record.Plan), Add: record.SectionsOf(record.Results)})
					return err
				},
				func(h *holder.Holder) bool {
					v, err := r.View(ctx, i.Token)
					if err != nil {
						return false
					}
					defer v.Close()
					return v.Grant().Sections == grant.With(record.SectionsOf(record.Medicines, record.Results)) && h.Epoch() == 2
				}
		},
		"suspend": func(t *testing.T, h *holder.Holder) (func(*holder.Holder) error, func(*holder.Holder) bool) {
			i := given(t, h)
			return func(h *holder.Holder) error { return h.Suspend(ctx, i.Grant.ID) },
				func(h *holder.Holder) bool {
					_, err := r.View(ctx, i.Token)
					return err != nil && h.Epoch() == 2 && h.Grants()[0].State == holder.Suspended
				}
		},
		"resume": func(t *testing.T, h *holder.Holder) (func(*holder.Holder) error, func(*holder.Holder) bool) {
			i := given(t, h)
			if err := h.Suspend(ctx, i.Grant.ID); err != nil {
				t.Fatal(err)
			}
			return func(h *holder.Holder) error { return h.Resume(ctx, i.Grant.ID) },
				func(h *holder.Holder) bool {
					v, err := r.View(ctx, i.Token)
					if err != nil {
						return false
					}
					v.Close()
					return h.Epoch() == 2 && h.Grants()[0].State == holder.Live
				}
		},
		"address": func(t *testing.T, h *holder.Holder) (func(*holder.Holder) error, func(*holder.Holder) bool) {
			return func(h *holder.Holder) error { _, err := h.NewAddress(ctx, "card", time.Time{}); return err },
				func(h *holder.Holder) bool {
					if len(h.Addresses()) != 1 {
						return false
					}
					address, err := crypto.ParseToken(reAddress(h.Addresses()[0]))
					if err != nil {
						t.Fatal(err)
					}
					request := crypto.NewCredential(crypto.Request)
					if err := r.Ask(ctx, address, request.CapsuleID(), keys.Question{To: grant.Party{Name: "x"}, Box: request.BoxKey().Public().Bytes()}); err != nil {
						t.Fatal(err)
					}
					token, _, err := h.SignIn(ctx)
					if err != nil {
						t.Fatal(err)
					}
					asked, err := h.Requests(ctx, token)
					return err == nil && len(asked) == 1
				}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r.boot(first.fork())
			unlock := func() *holder.Holder {
				t.Helper()
				h, err := holder.Unlock(ctx, r, kit.Recovery.Slot(), holder.Memory{})
				if err != nil {
					t.Fatal(err)
				}
				return h
			}
			h := unlock()
			act, done := prepare(t, h)
			h.Close()
			start := r.engine
			cuts := 0
			for n := 1; n == 1 || cuts == 2*(n-1); n++ {
				for _, cut := range []int{1, 2} {
					r.boot(start.fork())
					h := unlock()
					was := h.Memory().Seq
					armed := r.engine
					armed.crash, armed.cut = n, cut
					if err := act(h); err != nil {
						t.Errorf("commit %d, cut %d: %v", n, cut, err)
					}
					if armed.down {
						cuts++
					} else {
						armed.crash = 0
					}
					r.up()
					u := unlock()
					if got := u.Memory().Seq - was; got != 1 || !done(u) {
						t.Errorf("commit %d, cut %d: it was done %d times, or is not as it should be", n, cut, got)
					}
					u.Close()
					h.Close()
				}
			}
			if cuts < 2 {
				t.Errorf("only %d cuts", cuts)
			}
			t.Logf("%d cuts", cuts)
		})
	}
}

// reAddress is the token of an address.
func reAddress(a holder.AddressInfo) string { return "chdw_" + a.Segment }

// given is a grant to two sections.
func given(t *testing.T, h *holder.Holder) holder.Issued {
	t.Helper()
	i, err := h.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: "x"}, Sections: record.SectionsOf(record.Plan, record.Medicines),
		Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}}, Purpose: "TREAT"})
	if err != nil {
		t.Fatal(err)
	}
	return i
}
