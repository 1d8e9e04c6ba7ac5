package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
)

// sweepEvery is how often what has run out is swept away.
const sweepEvery = time.Hour

// Keep looks after the store until ctx ends: it watches the clock and writes down
// its mark, sweeps capsules that are over, removes rows that nothing names, and lets
// the engine tidy up. Nothing depends on it having run: what is over opens nothing, swept or not.
func (s *Store) Keep(ctx context.Context) {
	look, mark, sweep := time.NewTicker(clockLook), time.NewTicker(markEvery), time.NewTicker(sweepEvery)
	defer look.Stop()
	defer mark.Stop()
	defer sweep.Stop()
	reclaim := time.NewTimer(reclaimAfter)
	defer reclaim.Stop()
	var passes sync.WaitGroup
	defer passes.Wait()
	s.watchClock()
	passes.Go(func() { // what is damaged in tables shows when all rows are looked at
		if s.looked(ctx) != nil {
			return
		}
		if bad, _ := s.tables(); bad > 0 {
			s.verifyGently(ctx)
		}
	})
	due := time.NewTicker(verifyLook)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			s.watchClock()
		case <-mark.C:
			s.clock.save(s)
		case <-sweep.C:
			if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("sweeping", "err", record.SafeText(err))
			}
		case <-due.C:
			passes.Go(func() { s.keepVerified(ctx) })
		case <-reclaim.C:
			passes.Go(func() { // it reads all there is
				s.keepReclaimed(ctx)
				reclaim.Reset(reclaimEvery)
			})
		}
	}
}

// Sweep removes the capsules that are over.
func (s *Store) Sweep(ctx context.Context) error {
	now, err := s.checkClock()
	if err != nil {
		return err // with a wrong clock nothing is over
	}
	if !s.calmClock() {
		return nil // nor soon after: what is swept does not come back
	}
	s.sessions.sweep(now)
	s.letGoEnded(now)
	hour := uint32(now.Unix() / 3600)
	err = s.engine.Partitions(func(part kv.Partition) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		over := false
		err := s.engine.View(part, func(r kv.Reader) error {
			c, err := s.readCapsule(r, crypto.CapsuleID(part))
			over = err == nil && c.Hour != crypto.NoExpiry && c.Hour < hour
			if errors.Is(err, errNoCapsule) { // a person
				return nil
			}
			return err
		})
		if errors.Is(err, record.Integrity) { // it stays, for an operator to look at
			s.log.Error("a credential's row is damaged", "err", record.SafeText(err))
			return nil
		}
		if err != nil || !over {
			return err
		}
		return s.dropCapsule(ctx, crypto.CapsuleID(part))
	})
	if err == nil {
		err = errors.Join(s.sweepSent(ctx, hour), s.sweepLinks(ctx, hour), s.sweepAsked(ctx, hour))
	}
	if err != nil {
		return err
	}
	if h, ok := s.engine.(interface{ Housekeep() error }); ok {
		return h.Housekeep()
	}
	return nil
}

// Status counts what an operator may know.
func (s *Store) Status(ctx context.Context) (Status, error) {
	st := Status{Store: s.id, Commit: s.engine.LastCommit(), Clock: s.Clock().Wrong}
	st.BadTables, st.Tables = s.tables()
	now := s.time()
	if err := s.keptStatus(&st); err != nil {
		return st, err
	}
	err := s.engine.Partitions(func(part kv.Partition) error {
		if err := ctx.Err(); err != nil || part == nodePartition {
			return err
		}
		return s.engine.View(part, func(r kv.Reader) error {
			p, err := s.load(r, record.PersonID(part))
			if errors.Is(err, errNoPerson) {
				st.Capsules++
				return nil
			}
			if errors.Is(err, record.Integrity) { // the others are counted all the same
				st.Broken++
				return nil
			}
			if err != nil {
				return err
			}
			st.People++
			st.Leaves += p.Head.Log.Size
			st.Used += p.Head.Used
			if p.Account.Waiting() {
				st.Waiting++
			}
			if p.Account.Moved != "" {
				st.Closed++
			}
			for _, g := range p.Live.Grants {
				if !g.Self && !g.Struck && (g.Until.IsZero() || now.Before(g.Until)) {
					st.Grants++
				}
			}
			return nil
		})
	})
	return st, err
}
