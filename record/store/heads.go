package store

import (
	"bytes"
	"slices"

	"carehold/record"
	"carehold/record/rows"
)

// Each request reads its person's head three times, and the next one the head that
// this one wrote. So of the heads that were found good lately, or were written here,
// the row is remembered, and beside it what it says, the account and the live list.
// A head is believed without its MAC only if it is that row to the byte; there is
// nothing to make invalid. An account and a live list are taken for those that a head
// names only if it names them by the same hashes. None of it opens anything.

// headsMost is how many people's are remembered, twice: some two kilobytes each.
const headsMost = 1024

// knownHead is a head that is good. It does not change.
type knownHead struct {
	row     []byte
	head    rows.Head
	account rows.Account
	live    rows.Live
}

// knownHeads are the last two of a person: one that is being committed, and the one
// that others read meanwhile.
type knownHeads [2]*knownHead

func newKnownHead(row []byte, p *person) *knownHead {
	k := &knownHead{row: row, head: p.Head, account: p.Account, live: p.Live}
	k.head.Log = own(k.head.Log)
	k.live.Grants = slices.Clone(k.live.Grants)
	return k
}

// knows gives what a head row says, if it is one of these.
func (k knownHeads) knows(row []byte) *knownHead {
	for _, x := range k {
		if x != nil && bytes.Equal(x.row, row) {
			return x
		}
	}
	return nil
}

// fill gives a person the account and the live list that their head names, if they
// are known.
func (k knownHeads) fill(p *person) bool {
	for _, x := range k {
		if x != nil && x.head.Account == p.Head.Account && x.head.Live == p.Head.Live {
			p.Account, p.Live = x.account, x.live
			p.Live.Grants = slices.Clone(x.live.Grants)
			return true
		}
	}
	return false
}

func (s *Store) keepHead(id record.PersonID, k knownHeads, next *knownHead) {
	s.knownHeads.keep(id, knownHeads{next, k[0]})
}
