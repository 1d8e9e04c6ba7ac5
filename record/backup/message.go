package backup

import (
	"bytes"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/rows"
	"carehold/record/wire"
)

// Version is the version of the frames that are written.
const Version = 1

// Header says what a backup is of.
type Header struct {
	Store    record.StoreID
	Format   uint64 // of the store's rows
	Verifier string // of the store's node
	Time     time.Time
	From, To uint64          // marks of kv.Engine.Changes; From 0 is a full backup
	Base     rows.Hash       // End.Sum of the backup before; zeros in a full one
	Person   record.PersonID // of a copy of one record; zero for a store
}

// Full reports whether it follows no other.
func (h Header) Full() bool { return h.From == 0 }

func (h Header) marshal() []byte {
	var w wire.Builder
	w.Uint(1, Version)
	w.Bytes(2, h.Store[:])
	w.Uint(3, h.Format)
	w.String(4, h.Verifier)
	w.Uint(5, uint64(h.Time.UnixMilli()))
	w.Uint(6, h.From)
	if !h.Full() {
		w.Bytes(7, h.Base[:])
	}
	if h.Person != (record.PersonID{}) {
		w.Bytes(8, h.Person[:])
	}
	return w.Finish()
}

func parseHeader(b []byte) (h Header, err error) {
	d := wire.Decode("header", b)
	version := d.Uint(1)
	if version != Version {
		return h, record.Safef(record.Unsupported, "this backup is of version %d, and this program knows version %d: use the program that made it, or a newer one", version, Version)
	}
	d.Fixed(2, h.Store[:])
	h.Format = d.Uint(3)
	h.Verifier = d.String(4)
	ms := d.Uint(5)
	if ms > maxMilli {
		d.Fail("a time that cannot be")
	}
	h.Time = time.UnixMilli(int64(ms)).UTC()
	if h.From = d.Uint(6); h.From != 0 {
		d.Fixed(7, h.Base[:])
	}
	if p := d.Optional(8); p != nil {
		if len(p) != len(h.Person) || h.From != 0 || record.PersonID(p) == (record.PersonID{}) {
			d.Fail("not a copy of one record")
		} else {
			h.Person = record.PersonID(p)
		}
	}
	if err := d.Finish(); err != nil || !audit.IsVerifier(h.Verifier, h.Store) {
		return h, errNoBackup
	}
	return h, nil
}

// maxMilli is the end of the year 9999.
const maxMilli = 253402300799999

// Last ends a person's frames. Where the store has rows that are no record yet, or
// one whose head is damaged, it has the name alone: such rows are restored only if
// a later backup of the chain makes them whole.
type Last struct {
	Person     record.PersonID
	Head       rows.Hash // SHA-256 of the head's row
	Epoch      record.Epoch
	Checkpoint []byte // of their log, signed by the store's node
}

// Whole reports whether there is a record.
func (l Last) Whole() bool { return l.Epoch != 0 }

func (l Last) marshal() []byte {
	var w wire.Builder
	w.Bytes(1, l.Person[:])
	if l.Whole() {
		w.Bytes(2, l.Head[:])
		w.Uint(3, uint64(l.Epoch))
		w.Bytes(4, l.Checkpoint)
	}
	return w.Finish()
}

func parseLast(b []byte) (l Last, err error) {
	d := wire.Decode("end of a person", b)
	d.Fixed(1, l.Person[:])
	if epoch := d.OptionalUint(3); epoch != 0 {
		d.Fixed(2, l.Head[:])
		if l.Epoch = record.Epoch(epoch); uint64(l.Epoch) != epoch {
			d.Fail("an epoch that cannot be")
		}
		l.Checkpoint = bytes.Clone(d.Bytes(4))
	}
	return l, d.Finish()
}

// End ends a backup.
type End struct {
	Rows uint64 // and capsules
	To   uint64 // mark of kv.Engine.Changes; 0 for a copy of one record
	Sum  rows.Hash
	Note []byte
}

func (e End) marshal() []byte {
	var w wire.Builder
	w.Uint(1, e.Rows)
	w.Bytes(2, e.Sum[:])
	w.Uint(3, e.To)
	w.Bytes(4, e.Note)
	return w.Finish()
}

func parseEnd(b []byte) (e End, err error) {
	d := wire.Decode("end", b)
	e.Rows = d.Uint(1)
	d.Fixed(2, e.Sum[:])
	e.To = d.Uint(3)
	e.Note = d.Bytes(4)
	return e, d.Finish()
}
