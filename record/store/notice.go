package store

import (
	"bytes"

	"carehold/record"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// notice is what the person is told of a change by somebody else, as long as it is on
// its way. nil: nothing.
type notice struct {
	v      *View
	box    []byte // the key it is sealed to
	row    []byte
	id     WaitingID
	last   []byte // the same for the grant's last place
	lastID WaitingID

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
	if n.row, err = v.sealWaiting(n.box, n.id, c); err == nil && v.s.noticesFull(v.person, v.grant.ID, waitingSize(n.row)) {
		c.NoRoom, n.lastID = true, newLast()
		n.last, err = v.sealWaiting(n.box, n.lastID, c)
	}
	return n, err
}

// sealWaiting makes the row of what waits.
func (v *View) sealWaiting(box []byte, id WaitingID, c keys.Contribution) ([]byte, error) {
	w := rows.Waiting{Whose: v.s.whose(v.person, v.grant.ID, id)}
	var err error
	if !id.Notice() {
		c.Opening = keys.NewOpening()
		if w.Commitment, err = c.Commitment(v.person, id); err != nil {
			return nil, err
		}
	}
	if w.Box, err = keys.SealContribution(v.person, box, id, c); err != nil {
		return nil, rows.Damaged("account")
	}
	return w.Marshal(id), nil
}

func (n *notice) size() uint64 {
	if n == nil {
		return 0
	}
	return uint64(1 + len(n.id) + len(n.row))
}

// put puts it into the commit of what it tells of.
func (n *notice) put(tx kv.Tx, p *person) error {
	if n == nil {
		return nil
	}
	if !bytes.Equal(p.Account.Box, n.box) {
		return errStale
	}
	s, g := n.v.s, n.v.grant.ID
	c, err := s.countInbox(tx, p.ID, g)
	switch {
	case err != nil:
		return err
	case c.full(g, true, 1, waitingSize(n.row)) == nil:
		n.counted = true
		c.add(g, n.id, 1, waitingSize(n.row))
		return p.keep(tx, rows.InboxKey(n.id), n.row)
	case n.last == nil:
		return errStale // it filled up meanwhile
	}
	n.counted = true
	if err := s.dropLast(tx, p, g); err != nil {
		return err
	}
	c.add(g, n.lastID, 1, waitingSize(n.last))
	return p.keep(tx, rows.InboxKey(n.lastID), n.last)
}

// lastIDs is how the ids begin of the newest of what finds no room. The rest is drawn
// anew for each: who looked at one has not looked at the next.
var lastIDs = bytes.Repeat([]byte{0xff}, 8)

func newLast() WaitingID {
	id := newWaiting(true)
	copy(id[:], lastIDs)
	return id
}

// dropLast removes the one of a grant that was the newest until now.
func (s *Store) dropLast(tx kv.Tx, p *person, g record.GrantID) error {
	var was []WaitingID
	prefix := append([]byte{rows.KindInbox}, lastIDs...)
	err := tx.Scan(prefix, nil, func(key, row []byte) (bool, error) {
		if id, ok := waitingOf(key); ok && s.isOf(row, p.ID, g, id) {
			was = append(was, id)
		}
		return true, nil
	})
	for _, id := range was {
		if err == nil {
			err = s.dropWaiting(tx, p, id)
		}
	}
	return err
}
