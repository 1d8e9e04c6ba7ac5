package store

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/statement"
)

// MaxLeaves is how many log entries one page has, and maxLogBytes how large it is.
const (
	MaxLeaves   = 2000
	maxLogBytes = 4 << 20
)

// Log returns a run of the log, sealed as it is: only a device of the person can
// open it. Reading the log is in the log.
func (v *View) Log(ctx context.Context, from uint64, limit int) (page LogPage, err error) {
	if limit <= 0 || limit > MaxLeaves {
		limit = MaxLeaves
	}
	if !v.grant.Self {
		return page, v.onlyPerson(ctx)
	}
	err = v.retry(ctx, func() error { return v.commit(ctx, audit.Event{Action: audit.History}, nil) })
	if err != nil {
		return page, err
	}
	return v.s.logPage(v.person, from, limit)
}

// Consistency proves that the log as it was at a head is the beginning of the log
// as it is (RFC 6962 §2.1.2).
func (v *View) Consistency(ctx context.Context, from statement.Head) (proof []audit.Hash, checkpoint []byte, err error) {
	if !v.grant.Self {
		return nil, nil, v.onlyPerson(ctx)
	}
	err = v.retry(ctx, func() error { return v.commit(ctx, audit.Event{Action: audit.History}, nil) })
	if err != nil {
		return nil, nil, err
	}
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, err := v.s.load(r, v.person)
		if err != nil {
			return err
		}
		size := p.Head.Log.Size
		if from.Size == 0 || from.Size > size {
			return record.Safef(record.Invalid, "the log has from 1 to %d entries to compare with", size)
		}
		tree, err := tlog.ProveTree(int64(size), int64(from.Size), storedHashes(r, p.Head.Log))
		if err != nil {
			return err
		}
		proof = tree
		checkpoint, err = v.s.signer.Sign(v.person, p.Head.Log.Head())
		return err
	})
	return proof, checkpoint, err
}

// storedHashes reads what a proof needs of the tree: some of the head's own peaks,
// and of the rest the perfect subtrees, hashed from their leaves. They are not kept:
// what is not kept cannot disagree. At the worst that hashes nearly half a million
// leaves of half a million, and seldom nearly so many.
func storedHashes(r kv.Reader, head audit.Frontier) tlog.HashReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			level, n := tlog.SplitStoredHashIndex(x)
			first, past := uint64(n)<<level, uint64(n+1)<<level
			if f := shared(head, past); n&1 == 0 && f.Size == past { // no right child is a peak
				out[i] = f.Peaks[len(f.Peaks)-1]
				continue
			}
			var f audit.Frontier
			err := rows.Leaves(r, first, past, func(leaf []byte) bool {
				f.Append(audit.LeafHash(leaf))
				return true
			})
			if err != nil {
				return nil, err
			}
			out[i] = f.Peaks[0]
		}
		return out, nil
	}
}
