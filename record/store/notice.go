package store

import (
	"bytes"
	"errors"

	"carehold/record"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// notice is what the person is told of a change by somebody else, as long as it is on
// its way. nil: nothing.
type notice struct {
	v    *View
	box  []byte // the key it is sealed to
	row  []byte
	last []byte // the same for the grant's last place
	id   WaitingID

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
		c.NoRoom = true
		n.last, err = v.sealWaiting(n.box, v.s.lastNotice(v.person, v.grant.ID), c)
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
	key := rows.InboxKey(s.lastNotice(p.ID, g))
	switch before, err := tx.Get(key); {
	case err == nil:
		c.add(g, n.id, 0, len(n.last)-len(before))
	case errors.Is(err, kv.ErrNotFound):
		c.add(g, n.id, 1, waitingSize(n.last))
	default:
		return err
	}
	n.counted = true
	return p.keep(tx, key, n.last)
}

// lastNotice is the place that a grant has for the newest of what finds no room.
func (s *Store) lastNotice(p record.PersonID, g record.GrantID) WaitingID {
	id := WaitingID(bytes.Repeat([]byte{0xff}, 16))
	whose := s.whose(p, g, id)
	copy(id[8:], whose[:])
	return id
}
