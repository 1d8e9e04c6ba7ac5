package store

import (
	"bytes"
	"context"
	"errors"
	"time"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
)

// Rows that nothing names are left behind when a large change, a move, the removal of
// an upload or the taking in of a record is cut off between its commits. They do not exist as far as anyone
// can tell, and take room. Keep has them removed once a week, and a while after the
// start, since it is crashes that leave them.
//
// The directory alone says what is left over. It is read without the person's turn
// to write, and the rows go under it, in updates that each look whether the
// directory is still the one that was read: what a change staged meanwhile is never
// taken for what one left. In a record with any damage nothing is removed: what is
// left over may be what it can be mended with.
const (
	reclaimEvery = 7 * 24 * time.Hour
	reclaimAfter = time.Hour // the start

	reclaimAtOnce = 1 << 15 // keys of rows that are remembered
	reclaimTries  = 5       // while others change the record
)

// Reclaimed is what a pass over the store did.
type Reclaimed struct {
	Rows    int // that nothing named, removed
	Records int // that they were of
	Damaged int // records that are damaged, and were left alone
	Busy    int // records that were changed all the while: the next time
}

// Reclaim removes the rows that nothing names.
func (s *Store) Reclaim(ctx context.Context) (out Reclaimed, err error) {
	err = s.engine.Partitions(func(part kv.Partition) error {
		if part == nodePartition {
			return nil
		}
		before := out.Rows
		err := s.reclaim(ctx, part, &out)
		if out.Rows > before {
			out.Records++
		}
		return err
	})
	return out, err
}

// reclaim does one partition.
func (s *Store) reclaim(ctx context.Context, part kv.Partition, out *Reclaimed) error {
	for tries := 0; tries < reclaimTries; {
		l, err := s.leftOver(ctx, part)
		switch {
		case errors.Is(err, record.Integrity):
			out.Damaged++
			return nil
		case err != nil || len(l.keys) == 0:
			return err
		}
		n, err := s.drop(ctx, record.PersonID(part), l)
		out.Rows += n
		switch {
		case errors.Is(err, errStale): // another change came first: look again
			tries++
		case err != nil || !l.more:
			return err
		}
	}
	out.Busy++
	return nil
}

// leftover is what a record does not name.
type leftover struct {
	keys     [][]byte
	more     bool
	dir      hash // the directory's root that does not name them
	headless bool // there is no record, and these are all the rows
}

// leftOver finds what nothing names; record.Integrity if anything is damaged.
func (s *Store) leftOver(ctx context.Context, part kv.Partition) (l leftover, err error) {
	err = s.engine.View(part, func(r kv.Reader) error {
		if _, err := r.Get(rows.CapsuleKey); err == nil {
			return nil
		}
		keep := func(key []byte) {
			switch {
			case key[0] != rows.KindEntry && key[0] != rows.KindPart && key[0] != rows.KindSegment && key[0] != rows.KindSentRow:
			case len(l.keys) == reclaimAtOnce:
				l.more = true
			default:
				l.keys = append(l.keys, bytes.Clone(key))
			}
		}
		got, err := rows.Verify(r, rows.Check{
			Vouch: func(row []byte) bool {
				return len(row) >= rows.HeadMACSize && s.headMAC(record.PersonID(part), row[rows.HeadMACSize:]).Equal(row[:rows.HeadMACSize])
			},
			LeftOver: keep,
		}, func(int) error { return ctx.Err() })
		switch {
		case err != nil:
			return err
		case got.Damage > 0:
			return rows.Damaged("record")
		case !got.Person():
			l.headless = true
			return l.all(r)
		}
		l.dir = got.Head.Dir
		return nil
	})
	return l, err
}

// all takes every row of a partition without a record in it. One that has a keyring
// was a person's: whoever lost it may still have a way in, and it stays.
func (l *leftover) all(r kv.Reader) error {
	l.keys, l.more = nil, false
	if _, err := r.Get(rows.RingKey); !errors.Is(err, kv.ErrNotFound) {
		if err == nil {
			err = rows.Damaged("head")
		}
		return err
	}
	return r.Scan(nil, nil, func(key, _ []byte) (bool, error) {
		l.more = len(l.keys) == reclaimAtOnce
		if !l.more {
			l.keys = append(l.keys, bytes.Clone(key))
		}
		return !l.more, nil
	})
}

// drop removes what is left over, in the person's turn. errStale when it may no
// longer be.
func (s *Store) drop(ctx context.Context, id record.PersonID, l leftover) (dropped int, err error) {
	unlock, err := s.writers.lock(ctx, id)
	if err != nil {
		return 0, err
	}
	defer unlock()
	for keys := l.keys; len(keys) > 0; {
		n := fitting(keys, s.engine.MaxUpdate()/4)
		err := s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
			p, err := s.load(tx, id)
			switch {
			case errors.Is(err, errNoPerson) && l.headless:
			case err == nil && !l.headless && p.Head.Dir == l.dir:
			case err == nil || errors.Is(err, errNoPerson):
				return errStale
			default:
				return err
			}
			for _, key := range keys[:n] {
				tx.Delete(key)
			}
			return nil
		})
		if err != nil {
			return dropped, err
		}
		dropped += n
		keys = keys[n:]
	}
	return dropped, nil
}

// fitting is how many rows can be deleted at that cost, one at least.
func fitting(keys [][]byte, cost int) (n int) {
	for spent := 0; n < len(keys) && (n == 0 || spent < cost); n++ {
		spent += kv.RowCost + len(keys[n])
	}
	return n
}

// keepReclaimed is Reclaim for Keep: what it did is for the log.
func (s *Store) keepReclaimed(ctx context.Context) {
	out, err := s.Reclaim(ctx)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("removing rows that nothing names", "err", record.SafeText(err))
	}
	if out.Rows > 0 {
		s.log.Info("rows that nothing names were removed", "rows", out.Rows, "records", out.Records)
	}
	if out.Damaged > 0 {
		s.log.Error("records are damaged; \"carehold verify\" says where", "records", out.Damaged)
	}
}
