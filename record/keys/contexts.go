package keys

import (
	"carehold/crypto"
	"carehold/record"
)

// RingContext is the context of a person's keyring as of one statement.
func RingContext(p record.PersonID, seq record.Seq) crypto.Context {
	return crypto.NewContext(crypto.ContextRing, p[:], crypto.U64(uint64(seq)))
}

// RootContext is of the root key as it is sealed to one slot.
func RootContext(p record.PersonID, slot crypto.CapsuleID) crypto.Context {
	return crypto.NewContext(crypto.ContextRoot, p[:], slot[:])
}

// grantRowContext leaves the epoch out: the row says it inside, and the live list
// says which is the right one.
func grantRowContext(p record.PersonID, g record.GrantID) crypto.Context {
	return crypto.NewContext(crypto.ContextGrantRow, p[:], g[:])
}

// prevContext is of the link from section s in epoch e to an earlier one. Where that
// is the epoch before, it goes without saying.
func prevContext(p record.PersonID, s record.Section, e, to record.Epoch) crypto.Context {
	if to == e-1 {
		return crypto.NewContext(crypto.ContextPrev, p[:], []byte{byte(s)}, crypto.U32(uint32(e)))
	}
	return crypto.NewContext(crypto.ContextPrev, p[:], []byte{byte(s)}, crypto.U32(uint32(e)), crypto.U32(uint32(to)))
}

func entryContext(p record.PersonID, s record.Section, e record.Epoch, entry record.EntryID,
	v record.Version, index, count uint32) crypto.Context {
	return crypto.NewContext(crypto.ContextEntry, p[:], []byte{byte(s)}, crypto.U32(uint32(e)), entry[:],
		crypto.U64(uint64(v)), crypto.U32(index), crypto.U32(count))
}

// GrantLeafContext is of a log entry written for a grant, at its place in the log.
func GrantLeafContext(p record.PersonID, g record.GrantID, index uint64) crypto.Context {
	return crypto.NewContext(crypto.ContextLeafGrant, p[:], g[:], crypto.U64(index))
}

// OwnerLeafContext is of the log entry inside a statement, whose place in the log
// its writer cannot know.
func OwnerLeafContext(p record.PersonID, seq record.Seq) crypto.Context {
	return crypto.NewContext(crypto.ContextLeafOwner, p[:], crypto.U64(uint64(seq)))
}

// NodeLeafContext is of a log entry that the server itself writes.
func NodeLeafContext(p record.PersonID, index uint64) crypto.Context {
	return crypto.NewContext(crypto.ContextLeafNode, p[:], crypto.U64(index))
}
