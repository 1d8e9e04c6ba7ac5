package store

import (
	"context"

	"carehold/record"
)

// Turns are the turns to write of people.
type Turns struct{ writers }

// Lock takes one for the person, LockFor for a grant.
func (w *Turns) Lock(ctx context.Context, id record.PersonID) (func(), error) { return w.lock(ctx, id) }
func (w *Turns) LockFor(ctx context.Context, id record.PersonID, g record.GrantID) (func(), error) {
	return w.lockFor(ctx, id, g)
}

// MostInLine is how many requests of one grant wait for a turn.
const MostInLine = mostInLine

// Waiting is how many wait for a turn with a person, and -1 when nobody has it.
func (w *writers) Waiting(id record.PersonID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.turns[id]
	if t == nil {
		return -1
	}
	n := len(t.own)
	for _, l := range t.grants {
		n += len(l.line)
	}
	return n
}

// WaitingToWrite is how many wait to write to the record of a View.
func (v *View) WaitingToWrite() int { return v.s.writers.Waiting(v.person) }
