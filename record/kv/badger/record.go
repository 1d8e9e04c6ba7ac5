package badger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math/bits"
	"time"

	"carehold/record/kv"
)

const (
	recordMagic = "carehold anchor2"
	recordSize  = 16 + 8 + 8 + 32 + 32

	// oldMagic begins the records of engines that summed the heads only. Such a
	// record is judged by them, and the next commit makes one of today's.
	oldMagic = "carehold anchor1"
)

// commitRecord says which commit was the last, and what the store was then.
// The zero value is the store before its first commit.
type commitRecord struct {
	seq   uint64
	at    int64 // Unix nanoseconds; 0 until the first update
	state [32]byte
	old   bool // of the first version
}

func (r commitRecord) time() time.Time {
	if r.at == 0 {
		return time.Time{}
	}
	return time.Unix(0, r.at)
}

// macKey is the node's anchor key.
type macKey []byte

func (k macKey) mac(label string, parts ...[]byte) (out [32]byte) {
	var h hash.Hash = hmac.New(sha256.New, k)
	h.Write([]byte(label + "\x00"))
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(out[:0])
	return out
}

// record is the record of commit seq, at which the anchored rows added up to s.
func (k macKey) record(seq uint64, at int64, s sum) commitRecord {
	b := s.bytes()
	return commitRecord{seq: seq, at: at, state: k.mac("state", binary.BigEndian.AppendUint64(nil, seq), b[:])}
}

func (r commitRecord) magic() string {
	if r.old {
		return oldMagic
	}
	return recordMagic
}

func (k macKey) encode(r commitRecord) []byte {
	b := append(make([]byte, 0, recordSize), r.magic()...)
	b = binary.BigEndian.AppendUint64(b, r.seq)
	b = binary.BigEndian.AppendUint64(b, uint64(r.at))
	b = append(b, r.state[:]...)
	mac := k.mac("slot", b)
	return append(b, mac[:]...)
}

// isRecord reports whether b looks like a record, whoever made it.
func isRecord(b []byte) bool {
	return len(b) == recordSize && (string(b[:16]) == recordMagic || string(b[:16]) == oldMagic)
}

// decode tells whether b is a record made with this key, and which.
func (k macKey) decode(b []byte) (r commitRecord, ok bool) {
	if !isRecord(b) {
		return r, false
	}
	mac := k.mac("slot", b[:recordSize-32])
	if !hmac.Equal(mac[:], b[recordSize-32:]) {
		return r, false
	}
	r.seq = binary.BigEndian.Uint64(b[16:])
	r.at = int64(binary.BigEndian.Uint64(b[24:]))
	copy(r.state[:], b[32:])
	r.old = string(b[:16]) == oldMagic
	return r, true
}

// row is what an anchored row adds to the sum.
func (k macKey) row(p kv.Partition, key, value []byte) sum {
	return number(k.mac("row", p[:], binary.BigEndian.AppendUint16(nil, uint16(len(key))), key, value))
}

// head is what a partition's head row added in the first version.
func (k macKey) head(p kv.Partition, value []byte) sum { return number(k.mac("head", p[:], value)) }

func number(h [32]byte) (s sum) {
	for i := range s {
		s[i] = binary.BigEndian.Uint64(h[8*i:])
	}
	return s
}

// sum is a number modulo 2^256, most significant word first.
type sum [4]uint64

func (s sum) add(t sum) sum {
	var c uint64
	for i := 3; i >= 0; i-- {
		s[i], c = bits.Add64(s[i], t[i], c)
	}
	return s
}

func (s sum) sub(t sum) sum {
	var c uint64
	for i := 3; i >= 0; i-- {
		s[i], c = bits.Sub64(s[i], t[i], c)
	}
	return s
}

func (s sum) bytes() (b [32]byte) {
	for i, w := range s {
		binary.BigEndian.PutUint64(b[8*i:], w)
	}
	return b
}
