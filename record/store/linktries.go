package store

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// A link's passcode has a number of tries for its whole life. One is taken, on the disk,
// before the passcode is looked at, and given back when it was right, in the commit that
// logs the opening: so no number of requests at the same time, and no power cut, gives
// anybody one more.

// take takes a try, on the disk.
func (l *Link) take(ctx context.Context) error {
	usedUp := false
	err := l.update(ctx, nil, func(tx kv.Tx) error {
		used, err := l.tries(tx)
		if err != nil {
			return err
		}
		if usedUp = used >= l.capsule.Tries; !usedUp {
			return l.putTries(tx, used+1)
		}
		return nil
	})
	if err == nil && usedUp {
		return l.refuse(ctx, audit.UsedUp)
	}
	return err
}

// unasked is for a request without a passcode, as a viewer makes that asks for one only
// when it must: nothing was guessed, so no try is taken and nothing is logged. It counts
// as no opening either, or whoever has only the link could use up the day's.
func (l *Link) unasked(ctx context.Context) error {
	var used uint32
	err := l.s.engine.View(kv.Partition(l.capsule.Person), func(r kv.Reader) (err error) {
		used, err = l.tries(r)
		return err
	})
	switch {
	case err != nil:
		return err
	case used >= l.capsule.Tries:
		return l.refuse(ctx, audit.UsedUp)
	}
	return WrongPasscode{int(l.capsule.Tries - used)}
}

// wrong logs that the passcode was another: the try stays taken.
func (l *Link) wrong(ctx context.Context, recipient string) error {
	if l.Flags&keys.LinkPasscode == 0 {
		return rows.Damaged("capsule")
	}
	left := 0
	e := &audit.Event{Action: audit.Opened, Outcome: audit.Refused, Reason: audit.WrongCode, Text: recipient}
	err := l.update(ctx, e, func(tx kv.Tx) error {
		used, err := l.tries(tx)
		left = int(l.capsule.Tries - min(used, l.capsule.Tries))
		e.More = uint64(left)
		return err
	})
	if err != nil {
		return err
	}
	return WrongPasscode{left}
}

// tries reads how many are taken. The row is the node's word: who writes to its disk
// cannot write another number, though they can put an older one back.
func (l *Link) tries(r kv.Reader) (uint32, error) {
	row, err := r.Get(rows.TriesKey(l.id))
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(row) != 4+len(crypto.MAC{}) || !l.triesMAC(row[:4]).Equal(row[4:]) {
		return 0, rows.Damaged("link")
	}
	return binary.BigEndian.Uint32(row), nil
}

func (l *Link) putTries(tx kv.Tx, used uint32) error {
	row := crypto.U32(used)
	mac := l.triesMAC(row)
	tx.Put(rows.TriesKey(l.id), append(row, mac[:]...))
	return l.s.putMade(tx, l.id)
}

func (l *Link) triesMAC(count []byte) crypto.MAC {
	return l.s.node.MAC(crypto.LabelTries, l.s.id[:], l.id[:], count)
}

// place waits for one to stretch a passcode in, and returns what gives it back. Links
// have them in shares as all grants do, so that whoever has many links, or many
// people's, keeps nobody out. No try has been taken until then.
func (l *Link) place(ctx context.Context) (leave func(), err error) {
	of := sharesOf(l.capsule.Person, l.capsule.Grant)
	waiting, cancel := context.WithTimeout(ctx, coldPatience)
	defer cancel()
	if !l.s.stretching.take(waiting, of, coldWeight) {
		return nil, errLinksBusy
	}
	return sync.OnceFunc(func() { l.s.stretching.release(of, coldWeight) }), nil
}

var errLinksBusy error = record.Safef(record.Unavailable, "many links are being opened at the moment, and no try was taken: try again in a minute")
