package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/rows"
)

// A clock that is set back would bring ended grants back to life. So the node
// keeps the latest time it has seen, in the database, in the anchor and in every
// person's head, and opens nothing while its clock is more than clockSlack
// before that. It recovers by itself when the time is right again.
//
// A clock that jumps ahead would end grants, and raise the mark to a time that
// has not come. While the store is open it is compared with one that nobody can
// set (Options.Steady): a jump of more than clockSlack is believed when it has
// stayed for clockHold, and until then nothing opens and the mark stays. A board
// that starts with the time it was switched off at, and is then told the right
// one, goes on after that. A time that was wrong already when the store was
// opened is believed: AcceptClock is for what comes of that.
const (
	clockSlack = 5 * time.Minute
	clockCalm  = 50 * time.Minute // without a jump, before anything is swept away
	clockHold  = 2 * time.Minute
	clockLook  = 15 * time.Second // how often Keep looks at it
	markEvery  = 10 * time.Minute
)

// built is a time that no right clock is before: a board without a clock of its
// own starts in 1970.
var built = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

type clock struct {
	mu    sync.Mutex
	mark  time.Time // the latest time seen
	saved time.Time // the mark as it is on the disk

	believed reading       // the last that was
	jumped   reading       // the first after a jump ahead that is not believed yet
	calm     time.Duration // when, by the steady clock, it was last found to jump
	wrong    bool          // as Keep last found it, so that it is said once
}

// reading is one look at both clocks.
type reading struct {
	at     time.Time
	steady time.Duration
}

// ahead is how far the clock of a later reading is before where it would be, had
// it run on.
func (r reading) ahead(later reading) time.Duration {
	return later.at.Sub(r.at) - (later.steady - r.steady)
}

func (c *clock) load(r kv.Reader, node crypto.Key) error {
	row, err := r.Get(markKey)
	if errors.Is(err, kv.ErrNotFound) {
		return nil // a new store; the anchor still has a time
	}
	if err != nil {
		return err
	}
	if len(row) != 40 || !node.MAC(crypto.LabelMark, row[32:]).Equal(row[:32]) {
		return rows.Damaged("clock mark")
	}
	c.raise(time.UnixMilli(int64(binary.BigEndian.Uint64(row[32:]))))
	c.saved = c.mark
	return nil
}

func (c *clock) raise(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.mark) {
		c.mark = t
	}
}

// look takes a reading, and says what is wrong with it. Every reading that is
// believed raises the mark.
func (c *clock) look(now reading, steady bool) (wrong string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch at := now.at.Format(time.RFC3339); {
	case now.at.Before(built):
		return fmt.Sprintf("it says %s, which is before this program was made", at)
	case now.at.Before(c.mark.Add(-clockSlack)):
		return fmt.Sprintf("it says %s, and it has been later already", at)
	case !steady, c.believed.at.IsZero(), c.believed.ahead(now) <= clockSlack:
	case c.jumped.at.IsZero(), c.jumped.ahead(now).Abs() > clockSlack:
		c.jumped = now
		fallthrough
	case now.steady-c.jumped.steady < clockHold:
		left := clockHold - (now.steady - c.jumped.steady)
		return fmt.Sprintf("it jumped ahead by %s, to %s; it is believed if it stays so for another %s",
			long(c.believed.ahead(now)), at, left.Round(time.Second))
	}
	if c.believed.at.IsZero() || !c.jumped.at.IsZero() {
		c.calm = now.steady
	}
	c.believed, c.jumped = now, reading{}
	if now.at.After(c.mark) {
		c.mark = now.at
	}
	return ""
}

// long says a time of any length in one unit: 400 days, not 9600h0m0s.
func long(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

func (s *Store) reading() (r reading, steady bool) {
	if s.opts.Steady == nil {
		return reading{at: s.Now()}, false
	}
	return reading{s.Now(), s.opts.Steady()}, true
}

// time is the clock's, or the mark when the clock is before it: within the slack
// time stands still, it does not run back.
func (s *Store) time() time.Time {
	now := s.Now()
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	if now.Before(s.clock.mark) || !s.clock.jumped.at.IsZero() {
		return s.clock.mark.UTC()
	}
	return now
}

// checkClock returns the time, or an error when the clock cannot be believed.
func (s *Store) checkClock() (time.Time, error) {
	if wrong := s.clock.look(s.reading()); wrong != "" {
		return s.Now(), record.Safef(record.Unavailable, "the server's clock is wrong: %s. Nothing opens until it is right", wrong)
	}
	return s.time(), nil
}

// watchClock says once that the clock is wrong, and once that it is right again.
func (s *Store) watchClock() {
	wrong := s.clock.look(s.reading())
	s.clock.mu.Lock()
	was := s.clock.wrong
	s.clock.wrong = wrong != ""
	s.clock.mu.Unlock()
	switch {
	case wrong != "" && !was:
		s.log.Error("the clock is wrong, and nothing opens until it is right", "clock", wrong)
	case wrong == "" && was:
		s.log.Warn("the clock is right again")
	}
}

// calmClock reports whether the clock has not jumped for so long that what it says
// is over may be swept away.
func (s *Store) calmClock() bool {
	now, steady := s.reading()
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	return !steady || now.steady-s.clock.calm >= clockCalm
}

// Clock is what is known of the clock.
type Clock struct {
	Now   time.Time
	Mark  time.Time // the latest time that was believed
	Wrong string    // "" when the clock is believed
}

// Clock looks at the clock.
func (s *Store) Clock() Clock {
	wrong := s.clock.look(s.reading())
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	return Clock{Now: s.Now(), Mark: s.clock.mark.UTC(), Wrong: wrong}
}

// AcceptClock takes the clock as it is for right, after it was wrong once: the
// mark is set to it, back or ahead. It is an operator's decision, and is logged in
// every person's log. Grants that ended between the clock and the mark are as
// they were; what a wrong clock had swept away does not come back.
func (s *Store) AcceptClock(ctx context.Context) error {
	now, steady := s.reading()
	wrong := s.clock.look(now, steady)
	switch {
	case now.at.Before(built):
		return record.Safef(record.Unprocessed, "the clock says %s, which is before this program was made: set it right first", now.at.Format(time.RFC3339))
	case wrong == "":
		return record.Safef(record.Precondition, "there is nothing wrong with the clock")
	}
	before := s.clock.accept(now)
	// The commit of the mark is the first that the anchor has with the new time;
	// the pending row goes with it, so that a crash does not keep it from anybody.
	err := s.putMark(ctx, now.at, func(tx kv.Tx) { tx.Put(movedKey, []byte{1}) })
	if err != nil {
		s.clock.raise(before)
		return err
	}
	s.log.Warn("the operator has accepted the clock", "was", wrong)
	return s.tellMoved(ctx)
}

// accept believes a reading, whatever it is, and returns the mark there was.
func (c *clock) accept(now reading) (mark time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	mark = c.mark
	c.mark, c.believed, c.jumped, c.calm = now.at, now, reading{}, now.steady
	return mark
}

// tellMoved writes into every person's log that the clock was accepted, if that
// has not been done to its end.
func (s *Store) tellMoved(ctx context.Context) error {
	pending := false
	err := s.engine.View(nodePartition, func(r kv.Reader) error {
		_, err := r.Get(movedKey)
		pending = err == nil
		if errors.Is(err, kv.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil || !pending {
		return err
	}
	if err := s.tellAll(audit.ClockMoved, func(kv.Tx, *person) {}); err != nil {
		return err
	}
	return s.engine.Update(ctx, nodePartition, func(tx kv.Tx) error { tx.Delete(movedKey); return nil })
}

// save writes the mark down.
func (c *clock) save(s *Store) {
	c.mu.Lock()
	mark, saved := c.mark, c.saved
	c.mu.Unlock()
	if mark.After(saved) {
		_ = s.putMark(context.Background(), mark, func(kv.Tx) {}) // the next save does it
	}
}

func (s *Store) putMark(ctx context.Context, mark time.Time, also func(kv.Tx)) error {
	b := binary.BigEndian.AppendUint64(nil, uint64(mark.UnixMilli()))
	err := s.engine.Update(ctx, nodePartition, func(tx kv.Tx) error {
		mac := s.node.MAC(crypto.LabelMark, b)
		tx.Put(markKey, append(mac[:], b...))
		also(tx)
		return nil
	})
	if err == nil {
		s.clock.mu.Lock()
		s.clock.saved = mark
		s.clock.mu.Unlock()
	}
	return err
}
