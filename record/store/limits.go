package store

import (
	"sync"
	"time"

	"carehold/crypto"
)

// refusalsDaily is how many refusals of one grant's tokens are logged in a day.
const refusalsDaily = 200

// ringsDaily is how often a day one slot gets the keyring: each time is an entry
// in the log, and a slot's id is no secret key.
const ringsDaily = 2000

// statementsDaily is how many statements of a person are carried out in a day.
const statementsDaily = 1000

// daily counts what each grant and slot asks, so that nobody floods a person's log.
// It is kept in memory: a restart begins the day anew.
type daily struct {
	mu    sync.Mutex
	day   int64
	count map[counted]uint32
}

// counted is what is counted: requests do not use up the refusals, or a grant
// that was busy before it was stopped could be tried afterwards unseen.
type counted struct {
	what counting
	id   [16]byte
}

type counting byte

const (
	requests counting = iota
	refusals
	rings         // fetches of the keyring with one slot
	statements    // of one person
	tries         // to bring a record with one invite that failed
	mints         // fetches of tokens by a grant's client
	asks          // at one address of a person's
	contributions // under one grant
)

// take counts a request; false when the day's are used up.
func (d *daily) take(what counting, id [16]byte, now time.Time, limit uint32) bool {
	return d.takeMany(what, id, now, limit, 1)
}

// takeMany counts n at once, or none.
func (d *daily) takeMany(what counting, id [16]byte, now time.Time, limit, n uint32) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if day := now.Unix() / 86400; d.count == nil || day != d.day {
		d.day, d.count = day, make(map[counted]uint32)
	}
	c := counted{what, id}
	if n > limit || d.count[c] > limit-n {
		return false
	}
	d.count[c] += n
	return true
}

// spent reports whether the day's are used up, and takes nothing.
func (d *daily) spent(what counting, id [16]byte, now time.Time, limit uint32) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count != nil && now.Unix()/86400 == d.day && d.count[counted{what, id}] >= limit
}

// A session ends after sessionIdle without use, and sessionMost after it began.
const (
	sessionIdle = 15 * time.Minute
	sessionMost = 12 * time.Hour
)

// sessions remembers when each was last used. After a restart a session that is
// not known counts from its next use: its 12 hours are in its capsule.
type sessions struct {
	mu   sync.Mutex
	used map[crypto.CapsuleID]time.Time
}

// touch reports whether the session is still awake, and keeps it so.
func (x *sessions) touch(id crypto.CapsuleID, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.used == nil {
		x.used = make(map[crypto.CapsuleID]time.Time)
	}
	last, known := x.used[id]
	if known && now.Sub(last) > sessionIdle {
		return false // and stays asleep: the entry is what tells
	}
	x.used[id] = now
	return true
}

func (x *sessions) forget(id crypto.CapsuleID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.used, id)
}

// sweep forgets sessions whose capsules are over.
func (x *sessions) sweep(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, last := range x.used {
		if now.Sub(last) > sessionMost {
			delete(x.used, id)
		}
	}
}
