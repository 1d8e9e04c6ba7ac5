package store

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
)

// A clock that is set back would bring ended grants back to life. So the node
// keeps the latest time it has seen, in the database, in the anchor and in every
// person's head, and opens nothing while its clock is more than clockSlack
// before that. It recovers by itself when the time is right again.
const (
	clockSlack = 5 * time.Minute
	markEvery  = 10 * time.Minute
)

// built is a time that no right clock is before: a board without a clock of its
// own starts in 1970.
var built = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

type clock struct {
	mu    sync.Mutex
	mark  time.Time // the latest time seen
	saved time.Time // the mark as it is on the disk
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
		return damaged("clock mark")
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

// time is the clock's, or the mark when the clock is before it: within the slack
// time stands still, it does not run back.
func (s *Store) time() time.Time {
	now := s.Now()
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	if now.Before(s.clock.mark) {
		return s.clock.mark.UTC()
	}
	return now
}

// checkClock returns the time, or an error when the clock cannot be believed.
func (s *Store) checkClock() (time.Time, error) {
	now := s.Now()
	s.clock.mu.Lock()
	mark := s.clock.mark
	s.clock.mu.Unlock()
	if now.Before(built) || now.Before(mark.Add(-clockSlack)) {
		return now, record.Safef(record.Unavailable, "the server's clock is wrong: it says %s, and it has been later already. Nothing opens until it is set right",
			now.Format(time.RFC3339))
	}
	s.clock.raise(now)
	return s.time(), nil
}

// save writes the mark down.
func (c *clock) save(s *Store) {
	c.mu.Lock()
	mark, saved := c.mark, c.saved
	c.mu.Unlock()
	if !mark.After(saved) {
		return
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(mark.UnixMilli()))
	err := s.engine.Update(context.Background(), nodePartition, func(tx kv.Tx) error {
		mac := s.node.MAC(crypto.LabelMark, b)
		tx.Put(markKey, append(mac[:], b...))
		return nil
	})
	if err == nil {
		c.mu.Lock()
		c.saved = mark
		c.mu.Unlock()
	}
}
