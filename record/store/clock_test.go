package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/store"
)

// clocks are the two clocks of a machine: one can be set, the other runs on.
type clocks struct {
	mu     sync.Mutex
	at     time.Time
	steady time.Duration
}

func (c *clocks) options() store.Options {
	return store.Options{
		Now:    func() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at },
		Steady: func() time.Duration { c.mu.Lock(); defer c.mu.Unlock(); return c.steady },
	}
}

// run lets time pass, jump sets the clock.
func (c *clocks) run(d time.Duration) { c.mu.Lock(); c.at = c.at.Add(d); c.steady += d; c.mu.Unlock() }
func (c *clocks) jump(d time.Duration) {
	c.mu.Lock()
	c.at = c.at.Add(d)
	c.mu.Unlock()
}

const year = 365 * 24 * time.Hour

// clockBed is a store with one person, who has granted something for an hour.
func clockBed(t *testing.T) (c *clocks, dir string, s *store.Store, d *device, check func(name string, granted error)) {
	t.Helper()
	c = &clocks{at: time.Now()}
	dir = filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, c.options())
	d = enrol(t, s)
	put(t, d.session(), allergy)
	g := clinician(s)
	g.Until = c.at.Add(time.Hour).Truncate(time.Second)
	_, token := d.share(g)
	return c, dir, s, d, func(name string, want error) {
		t.Helper()
		v, err := d.s.Open(ctx, token)
		if err == nil {
			_, err = v.Read(ctx, allergyRef, 0)
			v.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

// A clock that is a year ahead for a minute ends nothing, and leaves no mark.
func TestClockWrongForAMinute(t *testing.T) {
	c, dir, s, d, granted := clockBed(t)
	granted("before", nil)
	mark := s.Clock().Mark
	c.jump(year)
	granted("a year ahead", record.Unavailable)
	c.run(time.Minute)
	granted("a minute later", record.Unavailable)
	if got := s.Clock(); !got.Mark.Equal(mark) || !strings.Contains(got.Wrong, "jumped ahead by 365 days, to") {
		t.Errorf("the clock is %+v, the mark was %v", got, mark)
	}
	c.jump(-year)
	granted("right again", nil)
	// And a jump to another wrong time begins the wait anew.
	c.jump(year)
	granted("ahead again", record.Unavailable)
	c.run(store.ClockHold - time.Second)
	c.jump(year)
	granted("two years ahead", record.Unavailable)
	c.run(store.ClockHold - time.Second)
	granted("two years ahead", record.Unavailable)
	c.jump(-2 * year)
	granted("right at last", nil)
	c.jump(store.ClockSlack - time.Second) // a little is taken as it is
	granted("four minutes ahead", nil)
	c.jump(-store.ClockSlack + time.Second)
	granted("and back", nil)
	// Stopped in the middle of it, what is written last has a time that was believed.
	c.run(time.Minute)
	granted("a minute on", nil)
	c.jump(year)
	granted("ahead", record.Unavailable)
	s.Close()
	c.jump(-year)
	d.s = open(t, dir, c.options())
	granted("right, and opened again", nil)
}

// A jump that stays is the time: what ended meanwhile has ended.
func TestClockJumpStays(t *testing.T) {
	c, _, s, d, granted := clockBed(t)
	c.jump(3 * time.Hour)
	granted("at once", record.Unavailable)
	c.run(store.ClockHold - time.Second)
	granted("not yet", record.Unavailable)
	capsules := count(t, s).Capsules
	c.run(2 * time.Second)
	granted("believed", record.Unauthorized)
	put(t, d.session(), allergy)
	// What is over is not swept away before the clock has been calm for a while.
	c.run(48 * time.Minute)
	if err := s.Sweep(ctx); err != nil || count(t, s).Capsules < capsules {
		t.Errorf("swept soon after a jump: %v, %d capsules of %d", err, count(t, s).Capsules, capsules)
	}
	c.run(time.Hour)
	if err := s.Sweep(ctx); err != nil || count(t, s).Capsules >= capsules {
		t.Errorf("nothing swept an hour later: %v, %d capsules of %d", err, count(t, s).Capsules, capsules)
	}
}

func count(t *testing.T, s *store.Store) store.Status {
	t.Helper()
	st, err := s.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// A board without a clock of its own begins in 1970, or when it was switched off,
// and is told the time by the network a little later. Nothing has to be restarted.
func TestBoardWithoutClock(t *testing.T) {
	c, dir, s, d, granted := clockBed(t)
	s.Close()
	off := c.at
	for _, name := range []string{"1970", "switched off"} {
		c.at, c.steady = off, 0
		if name == "1970" {
			c.at = time.Unix(30, 0)
		}
		s = open(t, dir, c.options())
		d.s = s
		c.run(20 * time.Second)
		if name == "1970" {
			if got := s.Clock().Wrong; !strings.Contains(got, "before this program was made") {
				t.Errorf("in 1970 the clock is wrong: %q", got)
			}
			granted("in 1970", record.Unavailable)
			if err := d.try(d.body()); !errors.Is(err, record.Unavailable) {
				t.Errorf("a statement in 1970: %v", err)
			}
		} else {
			granted("when it was switched off", nil)
		}
		c.jump(off.Add(10 * time.Minute).Sub(c.at)) // NTP
		if name != "1970" {
			granted("told the time", record.Unavailable)
			c.run(store.ClockHold)
		}
		granted(name+", with the right time", nil)
		s.Close()
		off = c.at
	}
	c.at = off.Add(2 * time.Hour)
	d.s = open(t, dir, c.options())
	granted("two hours later", record.Unauthorized)
}

// A server that ran with a clock far ahead has a mark that has not come. Once the
// clock is right again the operator accepts it, and everybody can see that.
func TestAcceptClock(t *testing.T) {
	c, dir, s, d, granted := clockBed(t)
	other := enrol(t, s)
	if err := s.AcceptClock(ctx); !errors.Is(err, record.Precondition) {
		t.Errorf("with a right clock: %v", err)
	}
	s.Close()
	right := c.at
	c.at = right.Add(75 * year)
	s = open(t, dir, c.options())
	d.s, other.s = s, s
	put(t, other.session(), allergy)
	granted("in 75 years", record.Unauthorized)
	s.Close()

	c.at = right.Add(time.Minute)
	s = open(t, dir, c.options())
	d.s, other.s = s, s
	granted("with the right time again", record.Unavailable)
	if got := s.Clock(); got.Mark.Before(right.Add(74*year)) || !strings.Contains(got.Wrong, "later already") {
		t.Errorf("the clock is %+v", got)
	}
	c.jump(-100 * year)
	if err := s.AcceptClock(ctx); !errors.Is(err, record.Unprocessed) {
		t.Errorf("accepting a time before this program: %v", err)
	}
	c.jump(100 * year)

	// The power goes after the commit of the mark, before anybody is told.
	leaves := count(t, s).Leaves
	s.WrapEngine(func(e kv.Engine) kv.Engine { return &failing{Engine: e, at: 1, after: true} })
	if err := s.AcceptClock(ctx); err == nil {
		t.Fatal("accepted, though the power went")
	}
	if got := count(t, s).Leaves; got != leaves {
		t.Fatalf("%d log entries, want %d", got, leaves)
	}
	s.Close()
	s = open(t, dir, c.options())
	d.s, other.s = s, s
	if got := count(t, s).Leaves; got != leaves+2 {
		t.Errorf("%d log entries, want one more for each of two people: %d", got, leaves+2)
	}
	granted("accepted", nil)
	put(t, d.session(), allergy)
	put(t, other.session(), allergy)
	s.Close()
	s = open(t, dir, c.options())
	d.s = s
	granted("and opened again", nil)
	if got := count(t, s).Leaves; got < leaves+4 || s.Clock().Wrong != "" {
		t.Errorf("%d log entries; the clock: %s", got, s.Clock().Wrong)
	}
}
