package rows

import (
	"crypto/sha256"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
	"carehold/record/wire"
)

// HeadMACSize is what a head's row has before its message: the MAC of the server
// that wrote it.
const HeadMACSize = 32

// Head authenticates a person's other rows. It is written in every commit.
type Head struct {
	Time    time.Time // of the commit, to the millisecond: the person's clock mark
	Log     audit.Frontier
	Account Hash
	Live    Hash
	Ring    Hash
	Dir     Hash
	Used    uint64 // bytes of entries and log
}

// Marshal writes the head's message.
func (h Head) Marshal() []byte {
	var w wire.Builder
	w.Uint(1, uint64(h.Time.UnixMilli()))
	w.Uint(2, h.Log.Size)
	w.Bytes(3, h.Log.Marshal())
	w.Bytes(4, h.Account[:])
	w.Bytes(5, h.Live[:])
	w.Bytes(6, h.Ring[:])
	w.Bytes(7, h.Dir[:])
	w.Uint(8, h.Used)
	return w.Finish()
}

// ParseHead reads a head's message.
func ParseHead(b []byte) (h Head, ok bool) {
	d := wire.Decode("head", b)
	h.Time = time.UnixMilli(int64(d.Uint(1))).UTC()
	size, peaks := d.Uint(2), d.Bytes(3)
	d.Fixed(4, h.Account[:])
	d.Fixed(5, h.Live[:])
	d.Fixed(6, h.Ring[:])
	d.Fixed(7, h.Dir[:])
	h.Used = d.Uint(8)
	h.Log, ok = audit.ParseFrontier(size, peaks)
	return h, d.Finish() == nil && ok
}

// Account changes only with a statement.
type Account struct {
	Signing crypto.PublicKey
	Box     []byte // X-Wing public key
	Seq     record.Seq
	Last    statement.Hash
	Quota   uint64 // bytes; 0: none
	Since   time.Time

	// From is the store the record was restored or moved from, while it waits for
	// its owner to carry it on, and Note the checkpoint of its log that the node
	// there signed. Until then it has no grants.
	From record.StoreID
	Note []byte

	// Moved says where the record has moved, once it was closed here.
	Moved string
}

// Waiting reports whether the record waits for a carry-on statement.
func (a Account) Waiting() bool { return a.From != (record.StoreID{}) }

// Marshal writes the account's row.
func (a Account) Marshal() []byte {
	var w wire.Builder
	w.Bytes(1, a.Signing[:])
	w.Bytes(2, a.Box)
	w.Uint(3, uint64(a.Seq))
	w.Bytes(4, a.Last[:])
	w.Uint(5, a.Quota)
	w.Time(6, a.Since)
	if a.Waiting() {
		w.Bytes(7, a.From[:])
		w.Bytes(8, a.Note)
	}
	w.String(9, a.Moved)
	return w.Finish()
}

// ParseAccount reads an account's row.
func ParseAccount(b []byte) (a Account, ok bool) {
	d := wire.Decode("account", b)
	d.Fixed(1, a.Signing[:])
	a.Box = d.Bytes(2)
	a.Seq = record.Seq(d.Uint(3))
	d.Fixed(4, a.Last[:])
	a.Quota = d.Uint(5)
	a.Since = d.Time(6)
	if from := d.Optional(7); from != nil {
		if len(from) != len(a.From) || record.StoreID(from) == (record.StoreID{}) {
			return a, false
		}
		a.From, a.Note = record.StoreID(from), d.Bytes(8)
	}
	a.Moved = d.String(9)
	return a, d.Finish() == nil
}

// Person is what can be known of one person without any key of theirs.
type Person struct {
	ID      record.PersonID
	Head    Head
	Account Account
	Live    Live
}

// HashOf is the hash a head knows a row by.
func HashOf(row []byte) Hash { return sha256.Sum256(row) }
