package store

import (
	"context"
	"slices"
	"sync"
	"time"

	"carehold/record"
)

// writers gives each person a turn to write. Turns of people nobody is writing for
// are let go.
//
// The record is the person's: they and the server itself go to the front of the line,
// so that they wait for one turn of somebody else's at most, however many are asked
// for. Grants have their turns one after the other: who asks for forty has the next one
// when all others have had theirs.
type writers struct {
	mu    sync.Mutex
	turns map[record.PersonID]*turn
}

// turn is who has it, and who waits.
type turn struct {
	own    []*waiter
	grants []*inLine // the one whose turn is next comes first
}

// inLine are the waiting requests of one grant, in the order they came.
type inLine struct {
	grant record.GrantID
	line  []*waiter
}

// waiter is one request that waits. Its channel is closed when it has the turn.
type waiter struct{ turn chan struct{} }

// A grant's requests wait for a turn for so long, and so many of them: whoever waits
// holds what they sent. The person's own wait as long as it takes.
const (
	turnPatience = 10 * time.Second
	mostInLine   = 32
)

var errNoTurn error = record.Safef(record.Unavailable, "others are writing to this record: try again in a moment")

// lock waits for a person's turn to write, for the person or for the server, until
// ctx ends, and returns what ends the turn.
func (w *writers) lock(ctx context.Context, id record.PersonID) (unlock func(), err error) {
	return w.take(ctx, id, record.GrantID{})
}

// lockFor is lock for a grant that is not the person's own.
func (w *writers) lockFor(ctx context.Context, id record.PersonID, g record.GrantID) (unlock func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, turnPatience)
	defer cancel()
	unlock, err = w.take(waiting, id, g)
	if err != nil && ctx.Err() == nil {
		return nil, errNoTurn
	}
	return unlock, err
}

func (w *writers) take(ctx context.Context, id record.PersonID, g record.GrantID) (unlock func(), err error) {
	unlock = func() { w.next(id) }
	w.mu.Lock()
	t := w.turns[id]
	if t == nil {
		if w.turns == nil {
			w.turns = make(map[record.PersonID]*turn)
		}
		w.turns[id] = &turn{}
		w.mu.Unlock()
		return unlock, nil
	}
	x := &waiter{make(chan struct{})}
	if !t.wait(x, g) {
		w.mu.Unlock()
		return nil, errNoTurn
	}
	w.mu.Unlock()
	select {
	case <-x.turn:
		return unlock, nil
	case <-ctx.Done():
	}
	w.mu.Lock()
	waits := t.gone(x)
	w.mu.Unlock()
	if !waits { // it was given at the same moment
		unlock()
	}
	return nil, ctx.Err()
}

// next gives the turn on.
func (w *writers) next(id record.PersonID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if x := w.turns[id].first(); x != nil {
		close(x.turn)
	} else {
		delete(w.turns, id)
	}
}

// wait puts a request in the line; false when its grant has too many there.
func (t *turn) wait(x *waiter, g record.GrantID) bool {
	if g == (record.GrantID{}) {
		t.own = append(t.own, x)
		return true
	}
	i := slices.IndexFunc(t.grants, func(l *inLine) bool { return l.grant == g })
	if i < 0 {
		t.grants = append(t.grants, &inLine{g, []*waiter{x}})
		return true
	}
	l := t.grants[i]
	if len(l.line) == mostInLine {
		return false
	}
	l.line = append(l.line, x)
	return true
}

// first takes whose turn it is out of the line; nil when nobody waits. A grant that
// has more to do goes behind the others.
func (t *turn) first() *waiter {
	if len(t.own) > 0 {
		x := t.own[0]
		t.own = t.own[1:]
		return x
	}
	if len(t.grants) == 0 {
		return nil
	}
	l := t.grants[0]
	t.grants = t.grants[1:]
	x := l.line[0]
	if l.line = l.line[1:]; len(l.line) > 0 {
		t.grants = append(t.grants, l)
	}
	return x
}

// gone takes a request out of the line; false when it is not there any more.
func (t *turn) gone(x *waiter) bool {
	if i := slices.Index(t.own, x); i >= 0 {
		t.own = slices.Delete(t.own, i, i+1)
		return true
	}
	for k, l := range t.grants {
		if i := slices.Index(l.line, x); i >= 0 {
			if l.line = slices.Delete(l.line, i, i+1); len(l.line) == 0 {
				t.grants = slices.Delete(t.grants, k, k+1)
			}
			return true
		}
	}
	return false
}
