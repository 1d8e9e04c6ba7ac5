package store

import (
	"encoding/binary"

	"carehold/record"
	"carehold/record/kv"
)

// The first byte of each key says what the row is. docs/format.md, "Rows".
const (
	kindHead    = 'h'
	kindAccount = 'a'
	kindLive    = 'v'
	kindRing    = 'r'
	kindGrant   = 'g'
	kindBack    = 'b'
	kindDir     = 'd'
	kindSegment = 's'
	kindEntry   = 'e'
	kindPart    = 'x'
	kindLeaf    = 'l'
	kindCapsule = 'c'
	kindNode    = 'm'
)

var (
	headKey    = []byte{kindHead}
	accountKey = []byte{kindAccount}
	liveKey    = []byte{kindLive}
	ringKey    = []byte{kindRing}
	dirKey     = []byte{kindDir}
	capsuleKey = []byte{kindCapsule}
	storeKey   = []byte{kindNode, 's'} // in partition zero: the store's id and format
	lossKey    = []byte{kindNode, 'l'} // in partition zero: an accepted loss is being worked through
	markKey    = []byte{kindNode, 'c'} // in partition zero: the clock's high-water mark
)

// nodePartition is the node's own. No person and no capsule has the id zero.
var nodePartition kv.Partition

func grantKey(g record.GrantID) []byte { return append([]byte{kindGrant}, g[:]...) }

func backKey(e record.Epoch) []byte {
	return binary.BigEndian.AppendUint32([]byte{kindBack}, uint32(e))
}

func leafKey(index uint64) []byte { return binary.BigEndian.AppendUint64([]byte{kindLeaf}, index) }

func segmentKey(n int, h hash) []byte {
	return append([]byte{kindSegment, byte(n)}, h[:]...)
}

// stamp is the generation of an entry's rows and the version: what the rows of a
// version are named by, sealed under and listed as in the directory.
type stamp uint64

const versionBits = 40

func newStamp(generation uint32, v record.Version) stamp {
	return stamp(generation)<<versionBits | stamp(v)
}

func (s stamp) version() record.Version { return record.Version(s & (1<<versionBits - 1)) }
func (s stamp) generation() uint32      { return uint32(s >> versionBits) }

// sealed is the number that stands for the version inside the seal.
func (s stamp) sealed() record.Version { return record.Version(s) }

// at is the stamp of another version in the same generation.
func (s stamp) at(v record.Version) stamp { return newStamp(s.generation(), v) }

// entryKey orders the versions of an entry newest first.
func entryKey(id record.EntryID, s stamp) []byte {
	b := append([]byte{kindEntry}, id[:]...)
	return binary.BigEndian.AppendUint64(b, ^uint64(s))
}

func partKey(id record.EntryID, s stamp, index int) []byte {
	b := append([]byte{kindPart}, id[:]...)
	b = binary.BigEndian.AppendUint64(b, ^uint64(s))
	return binary.BigEndian.AppendUint32(b, uint32(index))
}

// rowKey is the key of row i of a version.
func rowKey(id record.EntryID, s stamp, i int) []byte {
	if i == 0 {
		return entryKey(id, s)
	}
	return partKey(id, s, i)
}

// parseEntryKey reads the key of a version's first row.
func parseEntryKey(key []byte) (id record.EntryID, s stamp, ok bool) {
	if len(key) != 1+16+8 || key[0] != kindEntry {
		return id, 0, false
	}
	copy(id[:], key[1:])
	return id, stamp(^binary.BigEndian.Uint64(key[17:])), true
}
