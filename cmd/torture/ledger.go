//go:build linux

package main

import (
	"maps"
	"slices"
	"sync"

	"carehold/record"
	"carehold/record/holder"
)

// ledger is what one person was told, and what they asked for besides. An attempt
// at an entry is a number that the entry says; the sure one was acknowledged, and
// what comes later may or may not be there.
type ledger struct {
	mu sync.Mutex
	account
}

type account struct {
	entries map[string]attempts
	imports map[int]bool    // tag → acknowledged
	uploads map[string]bool // begun, and neither claimed nor cancelled
	grants  []given
	reads   count
	changes count // writes and imports
	memory  []byte
}

type attempts struct{ sure, tried int }

// count is how many were acknowledged, and how many were asked for.
type count struct{ sure, tried int }

type given struct {
	id      record.GrantID
	token   string
	stopped stage
}

type stage int

const (
	live     stage = iota
	stopping       // asked for, not acknowledged
	stopped
)

func newLedger() *ledger {
	return &ledger{account: account{entries: map[string]attempts{}, imports: map[int]bool{}, uploads: map[string]bool{}}}
}

// take copies the ledger as it is now.
func (l *ledger) take() account {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account
	a.uploads = maps.Clone(a.uploads)
	a.entries, a.imports, a.grants = maps.Clone(a.entries), maps.Clone(a.imports), slices.Clone(a.grants)
	return a
}

func (l *ledger) with(f func(a *account)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.account)
}

func (l *ledger) trying(id string) (attempt int) {
	l.with(func(a *account) {
		e := a.entries[id]
		e.tried++
		a.entries[id], attempt = e, e.tried
		a.changes.tried++
	})
	return attempt
}

func (l *ledger) written(id string, attempt int) {
	l.with(func(a *account) {
		e := a.entries[id]
		e.sure = attempt
		a.entries[id] = e
		a.changes.sure++
	})
}

// leave notes that an upload is left behind, or is not any more.
func (l *ledger) leave(name string, there bool) {
	l.with(func(a *account) {
		if delete(a.uploads, name); there {
			a.uploads[name] = true
		}
	})
}

func (l *ledger) left() (names []string) {
	l.with(func(a *account) { names = slices.Sorted(maps.Keys(a.uploads)) })
	return names
}

func (l *ledger) bringing() (tag int) {
	l.with(func(a *account) { tag = len(a.imports); a.imports[tag] = false; a.changes.tried++ })
	return tag
}

func (l *ledger) brought(tag int) {
	l.with(func(a *account) { a.imports[tag] = true; a.changes.sure++ })
}

func (l *ledger) asking()   { l.with(func(a *account) { a.reads.tried++ }) }
func (l *ledger) answered() { l.with(func(a *account) { a.reads.sure++ }) }

func (l *ledger) shared(g holder.Issued) {
	l.with(func(a *account) { a.grants = append(a.grants, given{id: g.Grant.ID, token: g.Token}) })
}

// stopping picks the oldest live grant, if more than keep are live.
func (l *ledger) stopping(keep int) (id record.GrantID, ok bool) {
	l.with(func(a *account) {
		n := 0
		for _, g := range a.grants {
			if g.stopped == live {
				n++
			}
		}
		for i, g := range a.grants {
			if g.stopped != stopped && n > keep {
				a.grants[i].stopped = stopping
				id, ok = g.id, true
				return
			}
		}
	})
	return id, ok
}

func (l *ledger) stopped(id record.GrantID) {
	l.with(func(a *account) {
		for i := range a.grants {
			if a.grants[i].id == id {
				a.grants[i].stopped = stopped
			}
		}
	})
}

func (l *ledger) remember(m holder.Memory) { l.with(func(a *account) { a.memory = m.Marshal() }) }

// acknowledged is how much of everything was.
func (a account) acknowledged() (writes, reads, grants, stops int) {
	for _, g := range a.grants {
		if g.stopped == stopped {
			stops++
		}
	}
	return a.changes.sure, a.reads.sure, len(a.grants), stops
}
