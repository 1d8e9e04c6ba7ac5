package store

import (
	"container/list"
	"math"
	"runtime/debug"
	"sync"
	"time"

	"carehold/record"
	"carehold/record/rows"
)

// memos keeps, between requests, what searches need of a record: a memo for each
// grant that searched lately. All of a memo is sealed under a key that comes from
// the grant's own, which the server has only while it serves that grant: what lies
// here tells how much there is, and nothing else. Those used longest ago go first.
type memos struct {
	mu       sync.Mutex
	most     int // bytes
	size     int
	at       map[memoKey]*list.Element // of *memo
	order    list.List                 // used last in front
	building map[memoKey]chan struct{} // closed when it is done
}

type memoKey struct {
	person record.PersonID
	grant  record.GrantID
}

// memo is what a search needs of one record, for one grant in one epoch, as of one
// directory. It does not change: one that is brought up to date shares what stays.
type memo struct {
	key   memoKey
	epoch record.Epoch
	until time.Time // when the grant ends; zero: until it is stopped

	dir      hash
	segments rows.Directory

	table []byte                // sealed: which pages there are, and what they hold
	pages [][]byte              // sealed: the headers of some entries of one type
	lines [rows.Segments][]byte // sealed: which page each entry of a segment is in
	size  int

	// beyond is set on an empty memo: this record needs more than may be kept.
	beyond bool
}

// memoSize is what an empty memo takes, about.
const memoSize = 6 << 10

// The most that is kept unless Options say otherwise: so much, and of the memory
// there is for the program this part.
const (
	memosMost  = 64 << 20
	memosShare = 16
)

func newMemos(most int64) *memos {
	switch {
	case most < 0:
		most = 0
	case most == 0:
		most = min(memosMost, debug.SetMemoryLimit(-1)/memosShare)
	}
	return &memos{most: int(min(most, math.MaxInt)), at: make(map[memoKey]*list.Element), building: make(map[memoKey]chan struct{})}
}

// off reports whether nothing is kept.
func (m *memos) off() bool { return m.most == 0 }

// get returns the memo of a grant in an epoch. One of an earlier epoch is dropped.
func (m *memos) get(key memoKey, epoch record.Epoch) *memo {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.at[key]
	if e == nil {
		return nil
	}
	x := e.Value.(*memo)
	if x.epoch != epoch {
		if x.epoch < epoch {
			m.drop(e)
		}
		return nil
	}
	m.order.MoveToFront(e)
	return x
}

// put keeps a memo in place of the grant's last.
func (m *memos) put(x *memo) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.at[x.key]; e != nil {
		if e.Value.(*memo).epoch > x.epoch {
			return
		}
		m.drop(e)
	}
	if x.size > m.most {
		return
	}
	m.at[x.key] = m.order.PushFront(x)
	for m.size += x.size; m.size > m.most; {
		m.drop(m.order.Back())
	}
}

func (m *memos) drop(e *list.Element) {
	x := m.order.Remove(e).(*memo)
	delete(m.at, x.key)
	m.size -= x.size
}

// forget drops a person's memos that are not to be kept.
func (m *memos) forget(p record.PersonID, keep func(*memo) bool) {
	m.each(func(x *memo) bool { return x.key.person != p || keep != nil && keep(x) })
}

// sweep drops the memos of grants that have run out.
func (m *memos) sweep(now time.Time) {
	m.each(func(x *memo) bool { return x.until.IsZero() || now.Before(x.until) })
}

// clear drops them all.
func (m *memos) clear() { m.each(func(*memo) bool { return false }) }

func (m *memos) each(keep func(*memo) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for e := m.order.Front(); e != nil; {
		next := e.Next()
		if !keep(e.Value.(*memo)) {
			m.drop(e)
		}
		e = next
	}
}

// begin is for whoever goes through a whole record: one at a time for a grant, as
// the others can use what comes of it. With none before them done says that they
// are through, else wait tells when whoever was before them is.
func (m *memos) begin(key memoKey) (done func(), wait <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.building[key]; c != nil {
		return nil, c
	}
	c := make(chan struct{})
	m.building[key] = c
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.building, key)
		close(c)
	}, nil
}
