package rows

import (
	"crypto/sha256"
	"encoding/binary"

	"carehold/record"
)

// Hash is SHA-256.
type Hash = [sha256.Size]byte

// The first byte of each key says what the row is.
const (
	KindHead    = 'h'
	KindAccount = 'a'
	KindLive    = 'v'
	KindRing    = 'r'
	KindGrant   = 'g'
	KindBack    = 'b'
	KindDir     = 'd'
	KindSegment = 's'
	KindEntry   = 'e'
	KindPart    = 'x'
	KindLeaf    = 'l'
	KindSent    = 'u' // a content that was sent, and is not in the record yet
	KindSentRow = 'w' // a part of it
	KindFile    = 'f' // a file of a link, as its person's device sealed it
	KindTries   = 't' // how often the passcode of a link was tried
	KindMade    = 'n' // when the files of a link were put there
	KindInbox   = 'i' // what somebody wrote that the person has not looked at
	KindAsk     = 'q' // a request that waits for the person
	KindChain   = 'o' // how far the refresh tokens of a grant have come
	KindCapsule = 'c'
	KindNode    = 'm' // in partition zero: the node's own
)

// Anchored are the kinds of rows that a store's anchor answers for: the heads,
// which answer for all else of a person, and what no head knows of.
var Anchored = []byte{KindHead, KindCapsule, KindNode}

// Apart are the kinds of rows that are kept beside the database when they are large:
// parts, none of which is written twice.
var Apart = []byte{KindPart, KindSentRow, KindFile}

// Keys of the rows there is one of.
var (
	HeadKey    = []byte{KindHead}
	AccountKey = []byte{KindAccount}
	LiveKey    = []byte{KindLive}
	RingKey    = []byte{KindRing}
	DirKey     = []byte{KindDir}
	CapsuleKey = []byte{KindCapsule}
)

// GrantKey is the key of a grant's row.
func GrantKey(g record.GrantID) []byte { return append([]byte{KindGrant}, g[:]...) }

// BackKey is the key of an epoch's back row.
func BackKey(e record.Epoch) []byte {
	return binary.BigEndian.AppendUint32([]byte{KindBack}, uint32(e))
}

// SentKey is the key of a content that was sent.
func SentKey(id [16]byte) []byte { return append([]byte{KindSent}, id[:]...) }

// SentRowKey is the key of its part i, from 0.
func SentRowKey(id [16]byte, i int) []byte {
	return binary.BigEndian.AppendUint32(append([]byte{KindSentRow}, id[:]...), uint32(i))
}

// LeafKey is the key of a log entry.
func LeafKey(index uint64) []byte { return binary.BigEndian.AppendUint64([]byte{KindLeaf}, index) }

// SegmentKey is the key of a segment with that hash.
func SegmentKey(n int, h Hash) []byte {
	return append([]byte{KindSegment, byte(n)}, h[:]...)
}

// Stamp is the generation of an entry's rows and the version: what the rows of a
// version are named by, sealed under and listed as in the directory.
type Stamp uint64

const versionBits = 40

// NewStamp makes the stamp of a version in a generation.
func NewStamp(generation uint32, v record.Version) Stamp {
	return Stamp(generation)<<versionBits | Stamp(v)
}

// Version is the version's number, from 1.
func (s Stamp) Version() record.Version { return record.Version(s & (1<<versionBits - 1)) }

// Generation is how often the entry's rows have been written anew, from 0.
func (s Stamp) Generation() uint32 { return uint32(s >> versionBits) }

// Sealed is the number that stands for the version inside the seal.
func (s Stamp) Sealed() record.Version { return record.Version(s) }

// At is the stamp of another version in the same generation.
func (s Stamp) At(v record.Version) Stamp { return NewStamp(s.Generation(), v) }

// EntryKey is the key of a version's row 0. It orders the versions of an entry
// newest first.
func EntryKey(id record.EntryID, s Stamp) []byte {
	b := append([]byte{KindEntry}, id[:]...)
	return binary.BigEndian.AppendUint64(b, ^uint64(s))
}

// PartKey is the key of a version's row i, from 1.
func PartKey(id record.EntryID, s Stamp, i int) []byte {
	b := append([]byte{KindPart}, id[:]...)
	b = binary.BigEndian.AppendUint64(b, ^uint64(s))
	return binary.BigEndian.AppendUint32(b, uint32(i))
}

// RowKey is the key of row i of a version, from 0.
func RowKey(id record.EntryID, s Stamp, i int) []byte {
	if i == 0 {
		return EntryKey(id, s)
	}
	return PartKey(id, s, i)
}

// ParseEntryKey reads the key of a version's row 0.
func ParseEntryKey(key []byte) (id record.EntryID, s Stamp, ok bool) {
	if len(key) != 1+16+8 || key[0] != KindEntry {
		return id, 0, false
	}
	return record.EntryID(key[1:17]), Stamp(^binary.BigEndian.Uint64(key[17:])), true
}

// ParsePartKey reads the key of one of a version's other rows.
func ParsePartKey(key []byte) (id record.EntryID, s Stamp, i int, ok bool) {
	if len(key) != 1+16+8+4 || key[0] != KindPart {
		return id, 0, 0, false
	}
	i = int(binary.BigEndian.Uint32(key[25:]))
	return record.EntryID(key[1:17]), Stamp(^binary.BigEndian.Uint64(key[17:])), i, i > 0
}

// FileKey is the key of part i of a file of a link. File 0 says which there are.
func FileKey(link [16]byte, file, i int) []byte {
	b := append([]byte{KindFile}, link[:]...)
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, uint16(file)), uint16(i))
}

// FilesKey is what the keys of all files of a link begin with.
func FilesKey(link [16]byte) []byte { return append([]byte{KindFile}, link[:]...) }

// MadeKey is the key of when they were put there.
func MadeKey(link [16]byte) []byte { return append([]byte{KindMade}, link[:]...) }

// TriesKey is the key of how often a link was tried.
func TriesKey(link [16]byte) []byte { return append([]byte{KindTries}, link[:]...) }

// InboxKey is the key of what waits in the inbox.
func InboxKey(id [16]byte) []byte { return append([]byte{KindInbox}, id[:]...) }

// AskKey is the key of a request, by the name of its capsule.
func AskKey(request [16]byte) []byte { return append([]byte{KindAsk}, request[:]...) }

// ChainKey is the key of how far a grant's refresh tokens have come.
func ChainKey(g record.GrantID) []byte { return append([]byte{KindChain}, g[:]...) }
