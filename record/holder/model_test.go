package holder_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// modelled is what a grant should be, by the few rules that a person is told.
type modelled struct {
	id                         record.GrantID
	token                      string
	sections                   record.SectionSet
	until, tokenUntil          time.Time
	suspended, stopped, struck bool
}

func (m *modelled) over(now time.Time) bool {
	return m.stopped || m.struck || !m.until.IsZero() && !now.Before(m.until)
}

// opens is what its token should reach.
func (m *modelled) opens(now time.Time) record.SectionSet {
	if m.over(now) || m.suspended || !m.tokenUntil.IsZero() && !now.Before(m.tokenUntil) {
		return 0
	}
	return m.sections
}

// TestModel: two devices give, change, suspend, resume, stop, strike and let run out, at
// random, each sometimes without having heard of the other. After each step the tokens, the
// server's list, the keyrings and the epoch are what the model says.
func TestModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			runModel(t, rand.New(rand.NewPCG(seed, 6)), 80)
		})
	}
}

func runModel(t *testing.T, r *rand.Rand, steps int) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	devices := []*holder.Holder{h, unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})}
	set := func() record.SectionSet {
		all := []record.Section{record.Medicines, record.Plan, record.Results, record.MentalHealth}
		return record.SectionsOf(all[r.IntN(4)], all[r.IntN(4)])
	}
	lasts := func() time.Duration { return time.Duration(r.IntN(4)) * 90 * time.Minute }
	var model []*modelled
	seen := map[string]int{}
	for step := range steps {
		d := devices[r.IntN(2)]
		if r.IntN(2) == 0 {
			if err := d.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var m *modelled
		if len(model) > 0 {
			m = model[r.IntN(len(model))]
		}
		now, epoch := srv.clock(), h.Epoch()
		renews := false // it has to begin an epoch
		op := []string{"grant", "amend", "amend", "suspend", "resume", "revoke", "strike", "wait"}[r.IntN(8)]
		if m == nil {
			op = "grant"
		}
		var err, want error
		if m != nil && m.over(now) {
			want = record.NotFound
		}
		switch op {
		case "grant":
			var i holder.Issued
			req := gp(lasts())
			req.Sections = set()
			if i, err = d.Grant(t.Context(), req); err == nil {
				m = &modelled{id: i.Grant.ID, token: i.Token, sections: grant.With(req.Sections), until: i.Grant.Until, tokenUntil: i.Until}
				model = append(model, m)
			}
			want = nil
		case "amend":
			a := holder.Amend{Add: set(), Lasts: lasts()}
			a.Drop = set() &^ a.Add
			var got holder.Granted
			got, err = d.Amend(t.Context(), m.id, a)
			if m.struck && m.suspended && err == nil {
				want = nil // of a list only, that opens nothing
			}
			if err == nil && want == nil && !m.struck {
				next := m.sections&^a.Drop | a.Add
				renews = m.sections&^next != 0 && !m.suspended
				m.sections = next
				if a.Lasts > 0 {
					m.until = got.Grant.Until
				}
			}
		case "suspend":
			if err = d.Suspend(t.Context(), m.id); err == nil {
				renews, m.suspended = !m.suspended, true
			}
		case "resume":
			if err = d.Resume(t.Context(), m.id); err == nil {
				m.suspended = false
			}
		case "revoke":
			if err = d.Revoke(t.Context(), m.id); err == nil {
				renews, m.stopped = want == nil, true
			}
			want = nil
		case "strike":
			if m.over(now) {
				continue
			}
			if err = d.Strike(t.Context(), signIn(t, d), m.id); err == nil {
				m.struck = true
			}
		case "wait":
			srv.wait(time.Hour)
			for i := range devices {
				devices[i] = unlock(t, srv, kit.Recovery.Slot(), devices[i].Memory())
			}
			h, want = devices[0], nil
		}
		seen[op]++
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Fatalf("step %d, %s: %v, want %v", step, op, err, want)
		}
		agree(t, srv, step, op, h, model)
		if after := h.Epoch(); after < epoch || renews && after == epoch {
			t.Fatalf("step %d, %s: epoch %d after %d", step, op, after, epoch)
		}
	}
	checked(t, devices[1])
	t.Log(seen)
}

// agree compares what there is with the model.
func agree(t *testing.T, srv *local, step int, op string, h *holder.Holder, model []*modelled) {
	t.Helper()
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := srv.clock()
	ring, err := srv.Ring(t.Context(), h.Person(), slotsOf(h)[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	live := map[record.GrantID]holder.LiveGrant{}
	for _, l := range ring.Live {
		live[l.Grant] = l
	}
	for n, m := range model {
		if got, _ := srv.reach(m.token); got != m.opens(now) {
			t.Fatalf("step %d, %s: token %d reaches %v, want %v", step, op, n, got, m.opens(now))
		}
		l, there := live[m.id]
		g := state(t, h, m.id)
		if m.over(now) {
			if g.State == holder.Live || g.State == holder.Suspended || m.stopped && there {
				t.Fatalf("step %d, %s: grant %d is over, and %v", step, op, n, g.State)
			}
			continue
		}
		want := holder.Live
		if m.suspended {
			want = holder.Suspended
		}
		if g.State != want || g.Grant.Sections != m.sections || !g.Grant.Until.Equal(m.until) {
			t.Fatalf("step %d, %s: the keyring says of grant %d %v, %v, %v", step, op, n, g.State, g.Grant.Sections, g.Grant.Until)
		}
		if !there || l.Suspended != m.suspended || l.Struck || !m.suspended && !l.Until.Equal(m.until) {
			t.Fatalf("step %d, %s: the server's list says of grant %d %+v", step, op, n, l)
		}
	}
}

// Two devices at once change, suspend and stop one grant. Whichever is last, a stop is
// final; each says what became of it.
func TestAmendRace(t *testing.T) {
	t.Parallel()
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	acts := []func(*holder.Holder, record.GrantID) error{
		func(h *holder.Holder, id record.GrantID) error {
			_, err := h.Amend(t.Context(), id, holder.Amend{Add: record.SectionsOf(record.Plan), Drop: record.SectionsOf(record.Medicines)})
			return err
		},
		func(h *holder.Holder, id record.GrantID) error { return h.Suspend(t.Context(), id) },
		func(h *holder.Holder, id record.GrantID) error { return h.Resume(t.Context(), id) },
		func(h *holder.Holder, id record.GrantID) error { return h.Revoke(t.Context(), id) },
	}
	devices := []*holder.Holder{h}
	for range len(acts) - 1 {
		devices = append(devices, unlock(t, srv, kit.Recovery.Slot(), holder.Memory{}))
	}
	for range 8 {
		given := give(t, h, gp(0))
		var wg sync.WaitGroup
		errs := make([]error, len(acts))
		for i, act := range acts {
			wg.Go(func() { errs[i] = act(devices[i], given.Grant.ID) })
		}
		wg.Wait()
		for i, err := range errs {
			if err != nil && (i == 3 || !errors.Is(err, record.NotFound)) { // it was stopped before
				t.Errorf("act %d: %v", i, err)
			}
		}
		if err := h.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if g := state(t, h, given.Grant.ID); g.State != holder.Ended || g.Why != holder.Revoked || srv.opens(given.Token) {
			t.Errorf("it is %v", g.State)
		}
	}
	// Without the stop, all of it is done, in whatever order.
	for range 4 {
		given := give(t, h, gp(0))
		var wg sync.WaitGroup
		for i, act := range acts[:2] {
			wg.Go(func() {
				if err := act(devices[i], given.Grant.ID); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if err := devices[2].Resume(t.Context(), given.Grant.ID); err != nil {
			t.Fatal(err)
		}
		if got, _ := srv.reach(given.Token); got != grant.Clinical&^record.SectionsOf(record.Medicines)|record.SectionsOf(record.Plan) {
			t.Errorf("it reaches %v", got)
		}
	}
	checked(t, devices[1])
}
