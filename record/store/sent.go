package store

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/wire"
)

// A content that is large is sent before the entry that holds it, in as many requests
// as it takes, and can go on where a connection broke. Until a change claims it, it
// is no part of the record: nobody finds it, and no backup has it. Its parts are
// sealed under the key of the grant that sent it, so it can be claimed under that
// grant only, and whatever section the entry is filed in, and whatever epoch it is
// then, the content is sealed anew for them.
//
//	row u id   hour:u32 || size:u64 || Seal(message{1 size, 2 parts that are there, 3 until})
//	row w id i Seal(256 KiB of it, the last what is left)
//
// The hour and the size are in the clear: whoever has no key sweeps and counts.

// SentID names one.
type SentID [16]byte

// Sent is what is known of one.
type Sent struct {
	ID     SentID
	Size   int64     // of the whole
	Offset int64     // bytes that are there: go on from here
	Until  time.Time // then it is swept
}

const (
	sentPart  = 256 << 10
	sentLasts = 24 * time.Hour

	// MaxDocument is the largest content of one entry, in bytes.
	MaxDocument = 256 << 20
)

var (
	errNoSent   error = record.Safef(record.NotFound, "there is no such upload, or its day is over: begin again")
	errSentBusy error = record.Safef(record.Conflict, "this upload is being written by another request: ask where it is, and go on from there")
	errOffset   error = record.Safef(record.Conflict, "this is not where the upload is: ask where it is, and go on from there")
	errTooLong  error = record.Safef(record.TooLarge, "a document may have 256 MiB at most")
)

// Begin makes room for a content of that size.
func (v *View) Begin(ctx context.Context, size int64) (Sent, error) {
	now, err := v.s.checkClock()
	if err != nil {
		return Sent{}, err
	}
	x := Sent{ID: SentID(crypto.RandomID()), Size: size, Until: now.Add(sentLasts).Truncate(time.Second)}
	switch {
	case size < 0:
		return x, record.Safef(record.Invalid, "an upload says how long it is")
	case size > MaxDocument:
		return x, errTooLong
	case !grant.Covers(v.grant, grant.ActCreate, "Binary") && !grant.Covers(v.grant, grant.ActUpdate, "Binary"):
		return x, record.Safef(record.Forbidden, "this grant does not include creating Binary")
	}
	var over []sentRow
	err = v.unlogged(ctx, func(tx kv.Tx, p *person) error {
		all, err := v.sentRows(tx)
		if err != nil {
			return err
		}
		if over, err = v.makeRoom(p, all, size, now); err != nil {
			return err
		}
		for _, o := range over {
			tx.Delete(rows.SentKey(o.id))
		}
		tx.Put(rows.SentKey(x.ID), v.sealSent(x))
		return nil
	})
	if err == nil {
		v.s.sending.know(v, x)
		v.s.dropParts(ctx, v.person, over)
	}
	return x, err
}

// unlogged is commit for what shows and changes nothing of the record. It is counted
// as a request.
func (v *View) unlogged(ctx context.Context, write func(kv.Tx, *person) error) error {
	if !v.s.daily.take(requests, v.token.Grant, v.s.time(), v.grant.Daily) {
		return errOverDay(v.grant.Daily)
	}
	now, err := v.s.checkClock()
	if err != nil {
		return err
	}
	if v.closed || v.ended(now) {
		return errUnauthorized
	}
	return v.s.engine.Update(ctx, kv.Partition(v.person), func(tx kv.Tx) error {
		p, err := v.s.load(tx, v.person)
		switch {
		case errors.Is(err, errNoPerson) || err == nil && !p.Live.Valid(v.token.Grant, now):
			return errUnauthorized
		case err != nil:
			return err
		}
		if err := p.closed(); err != nil {
			return err
		}
		return write(tx, p)
	})
}

func (v *View) sealSent(x Sent) []byte {
	var w wire.Builder
	w.Uint(1, uint64(x.Size))
	w.Uint(2, uint64(x.Offset))
	w.Time(3, x.Until)
	key := v.token.SentKey()
	defer key.Destroy()
	row := binary.BigEndian.AppendUint32(nil, keys.ExpiryHour(x.Until))
	row = binary.BigEndian.AppendUint64(row, uint64(x.Size))
	return append(row, key.Seal(keys.SentContext(v.person, v.token.Grant, x.ID, sentState), w.Finish())...)
}

// sentState is the index of what is said of a content, beside its parts.
const sentState = 1<<32 - 1

// parseSent reads what whoever has no key may know.
func parseSent(row []byte) (hour uint32, size uint64, sealed []byte) {
	if len(row) < 12 {
		return 0, 0, nil
	}
	return binary.BigEndian.Uint32(row), binary.BigEndian.Uint64(row[4:]), row[12:]
}

// sent reads what is known of one; errNoSent for another grant's.
func (v *View) sent(r kv.Reader, id SentID) (x Sent, err error) {
	row, err := r.Get(rows.SentKey(id))
	if errors.Is(err, kv.ErrNotFound) {
		return x, errNoSent
	}
	if err != nil {
		return x, err
	}
	_, _, sealed := parseSent(row)
	key := v.token.SentKey()
	defer key.Destroy()
	b, err := key.Open(keys.SentContext(v.person, v.token.Grant, id, sentState), sealed)
	if err != nil {
		return x, errNoSent
	}
	d := wire.Decode("upload", b)
	x = Sent{ID: id, Size: int64(d.Uint(1)), Offset: int64(d.Uint(2)), Until: d.Time(3)}
	if err := d.Finish(); err != nil {
		return x, rows.Damaged("upload")
	}
	if now := v.s.time(); !now.Before(x.Until) {
		return x, errNoSent
	}
	v.s.sending.know(v, x)
	return x, nil
}

// Sent tells how far a content has come.
func (v *View) Sent(ctx context.Context, id SentID) (x Sent, err error) {
	err = v.unlogged(ctx, func(tx kv.Tx, _ *person) error {
		x, err = v.sent(tx, id)
		return err
	})
	return x, err
}

// enterSent begins to write or to remove a content, which one request at a time may. Whose
// it is comes first: to anybody else it is not there, busy or not.
func (v *View) enterSent(ctx context.Context, id SentID) (leave func(), x Sent, err error) {
	if x, err = v.Sent(ctx, id); err != nil {
		return nil, x, err
	}
	leave, ok := v.s.sending.enter(v.person, id)
	if !ok {
		return nil, Sent{}, errSentBusy
	}
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		x, err = v.sent(r, id) // as it was left meanwhile
		return err
	})
	if err != nil {
		leave()
		return nil, Sent{}, err
	}
	return leave, x, nil
}

// Send goes on with a content from where it is, and returns how far it came: to the
// end of what is read, or as far as the parts that are whole when that breaks off. A
// part is kept once it is on the disk, and nothing of one that is not whole.
func (v *View) Send(ctx context.Context, id SentID, offset int64, from io.Reader) (x Sent, err error) {
	leave, x, err := v.enterSent(ctx, id)
	if err != nil {
		return x, err
	}
	defer leave()
	if offset != x.Offset {
		return x, errOffset
	}
	key := v.token.SentKey()
	defer key.Destroy()
	// As many parts as one commit takes: each is synced.
	few := max(1, (v.s.engine.MaxUpdate()/2)/(sentPart+kv.RowCost+100))
	part := make([]byte, sentPart)
	defer clear(part)
	for x.Offset < x.Size {
		var set rowSet
		next := x
		for range few {
			want := int(min(sentPart, next.Size-next.Offset))
			var n int
			if n, err = io.ReadFull(from, part[:want]); err != nil || n == 0 {
				break
			}
			i := int(next.Offset / sentPart)
			set = append(set, struct{ key, value []byte }{rows.SentRowKey(id, i),
				key.Seal(keys.SentContext(v.person, v.token.Grant, id, uint32(i)), part[:want])})
			next.Offset += int64(want)
			garbage.passed(want)
		}
		if len(set) > 0 {
			if failed := v.keepSent(context.WithoutCancel(ctx), &next, set); failed != nil {
				return x, failed
			}
			x = next
		}
		if err != nil {
			break
		}
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil // the client stopped here, and can go on
	}
	if err == nil && x.Offset == x.Size {
		if n, _ := from.Read(part[:1]); n > 0 {
			return x, record.Safef(record.Invalid, "more was sent than the upload was begun for")
		}
	}
	return x, err
}

// keepSent writes parts, and how far it came.
func (v *View) keepSent(ctx context.Context, x *Sent, set rowSet) error {
	now, err := v.s.checkClock()
	if err != nil {
		return err
	}
	err = v.s.engine.Update(ctx, kv.Partition(v.person), func(tx kv.Tx) error {
		p, err := v.s.load(tx, v.person)
		switch {
		case errors.Is(err, errNoPerson) || err == nil && (v.ended(now) || !p.Live.Valid(v.token.Grant, now)):
			return errUnauthorized
		case err != nil:
			return err
		}
		was, err := v.sent(tx, x.ID)
		if err != nil {
			return err // cancelled, or swept
		}
		all, err := v.sentRows(tx)
		if err != nil {
			return err
		}
		if err := v.roomToSend(p, all, x.Offset-was.Offset, now); err != nil {
			return err
		}
		set.put(tx)
		tx.Put(rows.SentKey(x.ID), v.sealSent(*x))
		return nil
	})
	if err == nil {
		v.s.sending.know(v, *x)
	}
	return err
}

// Cancel removes a content that was sent.
func (v *View) Cancel(ctx context.Context, id SentID) error {
	leave, x, err := v.enterSent(ctx, id)
	if err != nil {
		return err
	}
	defer leave()
	return v.s.dropSent(ctx, v.person, x.ID, x.Size)
}

// dropSent removes the rows of a content: what is known of it first, so that nothing
// half there can be claimed.
func (s *Store) dropSent(ctx context.Context, person record.PersonID, id SentID, size int64) error {
	remove := [][]byte{rows.SentKey(id)}
	for i := int64(0); i*sentPart < size; i++ {
		remove = append(remove, rows.SentRowKey(id, int(i)))
	}
	for len(remove) > 0 {
		n := fitting(remove, s.engine.MaxUpdate()/4)
		err := s.engine.Update(ctx, kv.Partition(person), func(tx kv.Tx) error {
			for _, key := range remove[:n] {
				tx.Delete(key)
			}
			return nil
		})
		if err != nil {
			return err
		}
		remove = remove[n:]
	}
	s.sending.forget(person, id)
	return nil
}

// readSent gives a content that is whole, part by part.
func (v *View) readSent(x Sent, w io.Writer) error {
	key := v.token.SentKey()
	defer key.Destroy()
	for i := int64(0); i*sentPart < x.Size; i++ {
		err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
			row, err := r.Get(rows.SentRowKey(x.ID, int(i)))
			if errors.Is(err, kv.ErrNotFound) {
				return errNoSent
			}
			if err != nil {
				return err
			}
			part, err := key.Open(keys.SentContext(v.person, v.token.Grant, x.ID, uint32(i)), row)
			if err != nil || int64(len(part)) != min(sentPart, x.Size-i*sentPart) {
				return rows.Damaged("upload")
			}
			defer clear(part)
			garbage.passed(len(part))
			_, err = w.Write(part)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
