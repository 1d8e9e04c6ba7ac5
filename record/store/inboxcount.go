package store

import (
	"sync"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
)

// What waits is counted in memory, from the rows when it is first asked: how much there is,
// and how much of it is a grant's. Whose a row is stands beside it as a tag that only this
// node can make, of one grant at a time (rows.Waiting): so a restart changes nothing of
// what a grant may have waiting, and the disk alone does not tell which rows are of one.

// The most that may wait. Tests have less.
var (
	mostNotices       = 4000
	mostContributions = 1000
)

const (
	noticeBytes       = 16 << 20
	contributionBytes = 64 << 20

	// grantsShare is the part of it that one grant may have.
	grantsShare = 4

	// How many people's, and of each how many grants', are remembered.
	countsMost = 10_000
	grantsMost = 64
)

// amount is how much waits: of contributions, and of notices.
type amount [2]struct{ n, bytes int }

func (a *amount) add(id WaitingID, n, bytes int) {
	x := &a[sortOf(id.Notice())]
	x.n, x.bytes = x.n+n, x.bytes+bytes
}

// over reports whether with so many more it would be more than a part of what may wait.
func (a *amount) over(notice bool, n, bytes, part int) bool {
	x, most, room := a[sortOf(notice)], mostContributions, contributionBytes
	if notice {
		most, room = mostNotices, noticeBytes
	}
	return x.n+n > most/part || x.bytes+bytes > room/part
}

func sortOf(notice bool) int {
	if notice {
		return 1
	}
	return 0
}

// inboxCount is what waits for one person. It changes in commits of that person alone.
type inboxCount struct {
	mu  sync.Mutex
	all amount
	of  map[record.GrantID]*amount // of those that wrote lately
}

type inboxes struct {
	mu sync.Mutex
	of map[record.PersonID]*inboxCount
}

// full says what keeps a grant from leaving so many more: the inbox has no room, or the
// grant has its part of it. The grant was counted.
func (c *inboxCount) full(g record.GrantID, notice bool, n, bytes int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch own := c.of[g]; {
	case own == nil || c.all.over(notice, n, bytes, 1):
		return errInboxFull
	case own.over(notice, n, bytes, grantsShare):
		return errGrantWaits
	}
	return nil
}

// add counts a row that a grant leaves.
func (c *inboxCount) add(g record.GrantID, id WaitingID, n, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.add(id, n, bytes)
	if own := c.of[g]; own != nil {
		own.add(id, n, bytes)
	}
}

// uncount is of a row that is removed.
func (s *Store) uncount(c *inboxCount, p record.PersonID, id WaitingID, row []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := waitingSize(row)
	c.all.add(id, -1, -size)
	for g, own := range c.of {
		if s.isOf(row, p, g, id) {
			own.add(id, -1, -size)
		}
	}
}

// waitingSize is what a row takes.
func waitingSize(row []byte) int { return len(rows.InboxKey([16]byte{})) + len(row) }

// whose is the tag of a grant's row.
func (s *Store) whose(p record.PersonID, g record.GrantID, id WaitingID) (tag [8]byte) {
	m := s.node.MAC(crypto.LabelWaits, s.id[:], p[:], g[:], id[:])
	copy(tag[:], m[:])
	return tag
}

func (s *Store) isOf(row []byte, p record.PersonID, g record.GrantID, id WaitingID) bool {
	w, ok := rows.ParseWaiting(id, row)
	return ok && w.Whose == s.whose(p, g, id)
}

// countInbox is what waits for a person as a commit finds it, that of a grant included.
func (s *Store) countInbox(tx kv.Tx, p record.PersonID, g record.GrantID) (*inboxCount, error) {
	c := s.counted(p)
	if c != nil && c.knows(g) {
		return c, nil
	}
	var all, own amount
	err := tx.Scan([]byte{rows.KindInbox}, nil, func(key, row []byte) (bool, error) {
		if id, ok := waitingOf(key); ok {
			all.add(id, 1, waitingSize(row))
			if s.isOf(row, p, g, id) {
				own.add(id, 1, waitingSize(row))
			}
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if c == nil {
		c = new(inboxCount)
	}
	c.learn(all, g, own)
	s.inboxes.mu.Lock()
	defer s.inboxes.mu.Unlock()
	if s.inboxes.of == nil || len(s.inboxes.of) >= countsMost {
		s.inboxes.of = make(map[record.PersonID]*inboxCount)
	}
	s.inboxes.of[p] = c
	return c, nil
}

func (c *inboxCount) knows(g record.GrantID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[g] != nil
}

func (c *inboxCount) learn(all amount, g record.GrantID, own amount) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all = all; len(c.of) >= grantsMost || c.of == nil {
		c.of = make(map[record.GrantID]*amount)
	}
	c.of[g] = &own
}

// noticesFull reports whether a grant's next notice, of this size, may find no room, as far
// as is known: the commit decides.
func (s *Store) noticesFull(p record.PersonID, g record.GrantID, size int) bool {
	c := s.counted(p)
	return c == nil || c.full(g, true, 1, size) != nil
}

// counted is what is known of a person's inbox; nil: nothing.
func (s *Store) counted(p record.PersonID) *inboxCount {
	s.inboxes.mu.Lock()
	defer s.inboxes.mu.Unlock()
	return s.inboxes.of[p]
}

// forgetInbox has it counted anew: a commit that counted may have failed.
func (s *Store) forgetInbox(p record.PersonID) {
	s.inboxes.mu.Lock()
	defer s.inboxes.mu.Unlock()
	delete(s.inboxes.of, p)
}
