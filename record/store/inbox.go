package store

import (
	"bytes"
	"context"
	"errors"

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
// other. It keeps nobody from writing: when there is no room for one more of its grant's,
// the newest takes the one place that each grant has for that (lastNotice), and says that
// it stands for others. The log has them all.
//
// A contribution is all there is of what was written, so there nothing takes the place
// of anything: who finds no room is told so. It stands beside a commitment to what was
// sealed (keys.Contribution), by which the server knows it again when a device brings it.
//
// One grant has a quarter of the room at most, so that none keeps the others out
// (inboxcount.go).

// WaitingID names what waits.
type WaitingID [16]byte

// Waiting is one thing that waits, as it is at rest.
type Waiting struct {
	ID     WaitingID
	Sealed []byte
}

// Notice reports whether it tells of what is in the record already.
func (id WaitingID) Notice() bool { return rows.IsNotice(id) }

// newWaiting draws an id.
func newWaiting(notice bool) WaitingID {
	id := WaitingID(crypto.RandomID())
	if id[0] &^= 0x80; notice {
		id[0] |= 0x80
	}
	return id
}

const (
	// noticeNames is how many entries a notice names; the rest are counted.
	noticeNames = 500

	// A page of the inbox.
	MaxWaiting   = 200
	waitingBytes = 4 << 20
)

// MayWait is how large a resource may be that waits, as JSON: its row has to fit a
// frame of a backup (docs/format.md §16) with what padding adds, an eighth at most.
const MayWait = 896 << 10

func waitingOf(key []byte) (id WaitingID, ok bool) {
	if len(key) != 1+len(id) {
		return id, false
	}
	return WaitingID(key[1:]), true
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
			// What is damaged is shown as well: it opens for nobody, and can be dismissed.
			w, _ := rows.ParseWaiting(id, row)
			page.Waiting = append(page.Waiting, Waiting{id, bytes.Clone(w.Box)})
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
	if c := s.counted(p.ID); c != nil {
		s.uncount(c, p.ID, id, row)
	}
	p.Head.Used -= min(uint64(len(row)), p.Head.Used)
	tx.Delete(rows.InboxKey(id))
	return nil
}
