package store

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// What others write waits in the person's inbox, in rows that only a device of theirs
// opens: each is sealed to the person's own key (keys.Contribution). There are two sorts,
// and the first bit of a row's id tells which:
//
//	1  a notice: what somebody wrote that is in the record already. One for each request
//	0  a contribution: something that was written under a grant to add only, and is in
//	   the record when the person takes it in (adder.go, inboxtake.go)
//
// A notice comes in the commit of what it tells of, so that neither is there without the
// other. It keeps nobody from writing: when there is no room for one more, the newest
// takes the one place that is kept for that (lastNotice), and says by its being there
// that others are missing. The log has them all.
//
// A contribution is all there is of what was written, so there nothing takes the place
// of anything: who finds no room is told so.

// WaitingID names what waits.
type WaitingID [16]byte

// Waiting is one thing that waits, as it is at rest.
type Waiting struct {
	ID     WaitingID
	Sealed []byte
}

// Notice reports whether it tells of what is in the record already.
func (id WaitingID) Notice() bool { return id[0]&0x80 != 0 }

// NoRoom reports whether it is the newest of the notices that found no room: it stands
// for others, which only the log has.
func (id WaitingID) NoRoom() bool { return id == lastNotice }

var lastNotice = WaitingID(bytes.Repeat([]byte{0xff}, 16))

// newWaiting draws an id.
func newWaiting(notice bool) WaitingID {
	id := WaitingID(crypto.RandomID())
	if id[0] &^= 0x80; notice {
		id[0] |= 0x80
	}
	if id == lastNotice { // once in 2^127
		return newWaiting(notice)
	}
	return id
}

// The most that may wait. Tests have less.
var (
	mostNotices       = 4000
	mostContributions = 1000
)

const (
	noticeBytes       = 16 << 20
	contributionBytes = 64 << 20

	// noticeNames is how many entries a notice names; the rest are counted.
	noticeNames = 500

	// A page of the inbox.
	MaxWaiting   = 200
	waitingBytes = 4 << 20
)

// MayWait is how large a resource may be that waits, as JSON: its row has to fit a
// frame of a backup (docs/format.md §16) with what padding adds, an eighth at most.
const MayWait = 896 << 10

// An inbox is counted in memory, from its rows when that is first asked.
type inboxCount struct {
	mu                             sync.Mutex
	notices, contributions         int
	noticeBytes, contributionBytes int
}

type inboxes struct {
	mu sync.Mutex
	of map[record.PersonID]*inboxCount // what is in it changes in commits of that person alone
}

// countsMost is how many people's are remembered.
const countsMost = 10_000

func (c *inboxCount) add(id WaitingID, size, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case id == lastNotice: // it has a place of its own
	case id.Notice():
		c.notices, c.noticeBytes = c.notices+n, c.noticeBytes+n*size
	default:
		c.contributions, c.contributionBytes = c.contributions+n, c.contributionBytes+n*size
	}
}

// countInbox is what waits for a person, as a commit finds it.
func (s *Store) countInbox(tx kv.Tx, p record.PersonID) (*inboxCount, error) {
	s.inboxes.mu.Lock()
	c, known := s.inboxes.of[p]
	s.inboxes.mu.Unlock()
	if known {
		return c, nil
	}
	c = new(inboxCount)
	err := tx.Scan([]byte{rows.KindInbox}, nil, func(key, row []byte) (bool, error) {
		if id, ok := waitingOf(key); ok {
			c.add(id, len(key)+len(row), 1)
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	s.inboxes.mu.Lock()
	defer s.inboxes.mu.Unlock()
	if s.inboxes.of == nil || len(s.inboxes.of) >= countsMost {
		s.inboxes.of = make(map[record.PersonID]*inboxCount)
	}
	s.inboxes.of[p] = c
	return c, nil
}

// forgetInbox has it counted anew: a commit that counted may have failed.
func (s *Store) forgetInbox(p record.PersonID) {
	s.inboxes.mu.Lock()
	defer s.inboxes.mu.Unlock()
	delete(s.inboxes.of, p)
}

func waitingOf(key []byte) (id WaitingID, ok bool) {
	if len(key) != 1+len(id) {
		return id, false
	}
	return WaitingID(key[1:]), true
}

// notice is what the person is told of a change by somebody else, as long as it is on
// its way. nil: nothing.
type notice struct {
	v      *View
	box    []byte
	sealed []byte
	last   []byte // the same for the place of the last
	id     WaitingID

	counted bool // in memory: if the commit fails, falsely
}

// notice makes that of a change, before the commit that others wait for.
func (v *View) notice(ops []op) (*notice, error) {
	if v.grant.Self {
		return nil, nil
	}
	c := keys.Contribution{Grant: v.grant.ID, Time: v.s.time()}
	for i := range ops {
		o := &ops[i]
		if o.moves() { // along with what points to it: the log says so
			continue
		}
		if len(c.Entries) == noticeNames {
			c.More++
			continue
		}
		h := o.versions[0].header
		c.Entries = append(c.Entries, h.Type+"/"+h.ID+"/_history/"+o.at.Version().String())
	}
	if len(c.Entries) == 0 {
		return nil, nil
	}
	p, err := v.s.person(v.person)
	if err != nil {
		return nil, err
	}
	n := &notice{v: v, box: p.Account.Box, id: newWaiting(true)}
	if n.sealed, err = keys.SealContribution(v.person, n.box, n.id, c); err != nil {
		return nil, rows.Damaged("account")
	}
	if v.s.noticesFull(v.person) {
		n.last, err = keys.SealContribution(v.person, n.box, lastNotice, c)
	}
	return n, err
}

// noticesFull reports whether there is no room, as far as is known: the commit decides.
func (s *Store) noticesFull(p record.PersonID) bool {
	s.inboxes.mu.Lock()
	defer s.inboxes.mu.Unlock()
	c := s.inboxes.of[p]
	return c == nil || c.full(true, 0, 0)
}

// full reports whether so many more have no room.
func (c *inboxCount) full(notices bool, n, bytes int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if notices {
		return c.notices+max(n, 1) > mostNotices || c.noticeBytes+bytes > noticeBytes
	}
	return c.contributions+n > mostContributions || c.contributionBytes+bytes > contributionBytes
}

func (n *notice) size() uint64 {
	if n == nil {
		return 0
	}
	return uint64(1 + len(n.id) + len(n.sealed))
}

// put puts it into the commit of what it tells of.
func (n *notice) put(tx kv.Tx, p *person) error {
	if n == nil {
		return nil
	}
	if !bytes.Equal(p.Account.Box, n.box) {
		return errStale
	}
	c, err := n.v.s.countInbox(tx, p.ID)
	if err != nil {
		return err
	}
	if !c.full(true, 1, int(n.size())) {
		n.counted = true
		c.add(n.id, int(n.size()), 1)
		return p.keep(tx, rows.InboxKey(n.id), n.sealed)
	}
	if n.last == nil {
		return errStale // it filled up meanwhile
	}
	return p.keep(tx, rows.InboxKey(lastNotice), n.last)
}

// InboxPage is a run of what waits.
type InboxPage struct {
	Waiting []Waiting
	Next    WaitingID // where to go on from
	More    bool
}

// Inbox returns what waits for the person, from an id on, sealed as it is: only a device
// of theirs opens it. The order is none. So nothing is shown that the log would name: what
// is taken in, looked at or removed is.
func (v *View) Inbox(ctx context.Context, from WaitingID, limit int) (page InboxPage, err error) {
	if !v.grant.Self {
		return page, v.onlyPerson(ctx)
	}
	if limit <= 0 || limit > MaxWaiting {
		limit = MaxWaiting
	}
	if err := v.stillGood(ctx); err != nil {
		return page, err
	}
	size := 0
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		if err := v.stillLive(r); err != nil {
			return err
		}
		return r.Scan([]byte{rows.KindInbox}, rows.InboxKey(from), func(key, row []byte) (bool, error) {
			id, ok := waitingOf(key)
			if !ok {
				return true, nil
			}
			if len(page.Waiting) == limit || size > 0 && size+len(row) > waitingBytes {
				page.Next, page.More = id, true
				return false, nil
			}
			size += len(row)
			page.Waiting = append(page.Waiting, Waiting{id, bytes.Clone(row)})
			return true, nil
		})
	})
	return page, err
}

// stillGood counts a request that shows nothing the server can read.
func (v *View) stillGood(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now, err := v.s.checkClock()
	if err != nil {
		return err
	}
	if v.closed || v.ended(now) {
		return errUnauthorized
	}
	return v.Spend()
}

var errNotWaiting error = record.Safef(record.NotFound, "nothing waits in the inbox under this id: it may have been taken in, looked at or removed already")

// Looked removes a notice that the person has seen. It is no more there than the row:
// what it tells of stays in the record, and in the log.
func (v *View) Looked(ctx context.Context, id WaitingID) error {
	if v.grant.Self && !id.Notice() {
		return record.Safef(record.Unprocessed, "this is no notice: it waits to be taken in, and looking at it would remove it")
	}
	return v.unwait(ctx, id, audit.Event{Action: audit.TakenIn})
}

// Dismiss removes what waits unread, or unwanted. Of a contribution nothing is left but
// that somebody wrote it. What does not open is removed so as well.
func (v *View) Dismiss(ctx context.Context, id WaitingID) error {
	e := audit.Event{Action: audit.Dismissed}
	if !id.Notice() {
		e.Text = keys.FHIRID(id) // as the log named it when it was written
	}
	return v.unwait(ctx, id, e)
}

func (v *View) unwait(ctx context.Context, id WaitingID, e audit.Event) error {
	if !v.grant.Self {
		return v.onlyPerson(ctx)
	}
	err := v.retry(ctx, func() error {
		return v.commit(ctx, e, func(tx kv.Tx, p *person, _ *audit.Event) error { return v.s.dropWaiting(tx, p, id) })
	})
	if err != nil {
		v.s.forgetInbox(v.person)
	}
	return err
}

// dropWaiting removes a row; errNotWaiting when it is not there.
func (s *Store) dropWaiting(tx kv.Tx, p *person, id WaitingID) error {
	row, err := tx.Get(rows.InboxKey(id))
	if errors.Is(err, kv.ErrNotFound) {
		return errNotWaiting
	}
	if err != nil {
		return err
	}
	c, err := s.countInbox(tx, p.ID)
	if err != nil {
		return err
	}
	c.add(id, 1+len(id)+len(row), -1)
	p.Head.Used -= min(uint64(len(row)), p.Head.Used)
	tx.Delete(rows.InboxKey(id))
	return nil
}
