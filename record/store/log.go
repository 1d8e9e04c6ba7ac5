package store

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
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
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, err := v.s.load(r, v.person)
		if err != nil {
			return err
		}
		if from > p.head.log.Size {
			return record.Safef(record.Integrity, "this device has seen more of the log than this server has: the server was wound back")
		}
		page = LogPage{From: from, Size: p.head.log.Size}
		var before audit.Frontier
		if err := leaves(r, 0, from, func(leaf []byte) bool {
			before.Append(audit.LeafHash(leaf))
			return true
		}); err != nil {
			return err
		}
		page.Frontier = before.Marshal()
		size := 0
		if err := leaves(r, from, p.head.log.Size, func(leaf []byte) bool {
			page.Leaves = append(page.Leaves, append([]byte(nil), leaf...))
			size += len(leaf)
			return len(page.Leaves) < limit && size < maxLogBytes
		}); err != nil {
			return err
		}
		page.Checkpoint, err = v.s.signer.Sign(v.person, p.head.log.Head())
		return err
	})
	return page, err
}

// leaves gives the log entries from one place to another, in order. One that is
// missing is damage.
func leaves(r kv.Reader, from, to uint64, fn func(leaf []byte) bool) error {
	next, stopped := from, from >= to
	if stopped {
		return nil
	}
	err := r.Scan([]byte{kindLeaf}, leafKey(from), func(key, leaf []byte) (bool, error) {
		if next == to {
			return false, nil
		}
		if string(key) != string(leafKey(next)) {
			return false, damaged("log")
		}
		next++
		stopped = !fn(leaf)
		return !stopped, nil
	})
	if err == nil && !stopped && next < to {
		return damaged("log")
	}
	return err
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
		size := p.head.log.Size
		if from.Size == 0 || from.Size > size {
			return record.Safef(record.Invalid, "the log has from 1 to %d entries to compare with", size)
		}
		stored, err := storedHashes(r, size)
		if err != nil {
			return err
		}
		tree, err := tlog.ProveTree(int64(size), int64(from.Size), stored)
		if err != nil {
			return err
		}
		proof = tree
		checkpoint, err = v.s.signer.Sign(v.person, p.head.log.Head())
		return err
	})
	return proof, checkpoint, err
}

// storedHashes computes the tree's stored hashes from the leaves. They are not
// kept: ten thousand leaves hash in a few milliseconds, and what is not kept
// cannot disagree.
func storedHashes(r kv.Reader, size uint64) (tlog.HashReaderFunc, error) {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	n := int64(0)
	var failed error
	err := leaves(r, 0, size, func(leaf []byte) bool {
		hashes, err := tlog.StoredHashesForRecordHash(n, audit.LeafHash(leaf), read)
		if err != nil {
			failed = err
			return false
		}
		stored = append(stored, hashes...)
		n++
		return true
	})
	if err == nil {
		err = failed
	}
	return read, err
}
