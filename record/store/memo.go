package store

import (
	"container/list"
	"context"
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
// here tells how much there is, and how much of it each grant wrote. Those used longest
// ago go first.
type memos struct {
	mu       sync.Mutex
	most     int // bytes
	size     int
	at       map[memoKey]*list.Element // of *memo
	order    list.List                 // used last in front
	of       map[record.PersonID]int   // bytes of each
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

	self    bool                   // it is the person's
	written map[record.GrantID]int // bytes of indexes, by who wrote them; not the person's

	// beyond is set on an empty memo: this record needs more than may be kept, as was
	// seen at since.
	beyond bool
	since  time.Time
}

// memoSize is what an empty memo takes, about.
const memoSize = 6 << 10

// beyondFor is how long a record that needs more than may be kept is not tried again,
// and fewChanged in how many segments a memo is brought up to date without a place
// among those who go through a whole record.
const (
	beyondFor  = 10 * time.Minute
	fewChanged = rows.Segments / 4
)

// personShare is the part of what is kept that one person's memos may be. Those of
// whoever has more go first when there is no room.
const personShare = 4

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
	return &memos{most: int(min(most, math.MaxInt)), at: make(map[memoKey]*list.Element), of: make(map[record.PersonID]int), building: make(map[memoKey]chan struct{})}
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
	m.of[x.key.person] += x.size
	for m.size += x.size; m.size > m.most; {
		m.drop(m.last())
	}
}

// last is the memo to go: of a person who has more than their share, first those of
// grants; so nobody's record drives out what is kept of the others', and no grant what
// is kept for the person. Of several it is the one used longest ago.
func (m *memos) last() *list.Element {
	var own *list.Element
	for e := m.order.Back(); e != nil; e = e.Prev() {
		x := e.Value.(*memo)
		if m.of[x.key.person] <= m.most/personShare {
			continue
		}
		if !x.self {
			return e
		}
		if own == nil {
			own = e
		}
	}
	if own != nil {
		return own
	}
	return m.order.Back()
}

func (m *memos) drop(e *list.Element) {
	x := m.order.Remove(e).(*memo)
	delete(m.at, x.key)
	m.size -= x.size
	if m.of[x.key.person] -= x.size; m.of[x.key.person] == 0 {
		delete(m.of, x.key.person)
	}
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

// begin is for whoever goes through a record: one at a time for a grant, as the
// others can use what comes of it. They wait for it a while.
func (m *memos) begin(ctx context.Context, key memoKey, patience time.Duration) (done func(), err error) {
	var late <-chan time.Time
	for {
		m.mu.Lock()
		wait := m.building[key]
		if wait == nil {
			break
		}
		m.mu.Unlock()
		if late == nil {
			late = time.After(patience)
		}
		select {
		case <-wait:
		case <-late:
			return nil, errColdPasses
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer m.mu.Unlock()
	c := make(chan struct{})
	m.building[key] = c
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.building, key)
		close(c)
	}, nil
}

// answers reports whether a memo, which may be nil, is as of a directory. One that says
// that a record needs too much is believed for a while: what was deleted makes room.
func (x *memo) answers(root hash, now time.Time) bool {
	return x != nil && (x.dir == root || x.beyond && now.Before(x.since.Add(beyondFor)))
}

// orNone is the memo, nil when it holds nothing.
func (x *memo) orNone() *memo {
	if x.beyond {
		return nil
	}
	return x
}

// changed is how many segments have to be looked at.
func (x *memo) changed(d *rows.Directory) (n int) {
	for i := range d {
		if x.segments[i] != d[i] {
			n++
		}
	}
	return n
}

// count counts what an entry's author has written.
func (x *memo) count(h *header, times int) {
	if h.author == (record.GrantID{}) {
		return
	}
	if x.written[h.author] += times * len(h.index); x.written[h.author] <= 0 {
		delete(x.written, h.author)
	}
}
