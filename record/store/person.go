package store

import (
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/rows"
)

type (
	hash  = rows.Hash
	stamp = rows.Stamp
	line  = rows.Line
)

// person is what the server knows of one person without any key of theirs.
type person struct{ rows.Person }

// shown is the live list as a device gets it.
func shown(l rows.Live) []LiveGrant {
	var list []LiveGrant
	for _, g := range l.Grants {
		list = append(list, LiveGrant{Grant: g.Grant, Until: g.Until, Self: g.Self, Struck: g.Struck, Suspended: g.Suspended})
	}
	return list
}

// errNoPerson: there is no record of that name.
var errNoPerson = errors.New("no such person")

// load reads and authenticates a person's head, account and live list.
func (s *Store) load(r kv.Reader, id record.PersonID) (*person, error) {
	row, err := r.Get(rows.HeadKey)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, errNoPerson
	}
	if err != nil {
		return nil, err
	}
	p := &person{rows.Person{ID: id}}
	known, _ := s.knownHeads.get(id)
	if x := known.knows(row); x != nil {
		p.Head = x.head
		p.Head.Log = own(x.head.Log)
		known.fill(p)
		return p, nil
	}
	ok := len(row) >= rows.HeadMACSize && s.headMAC(id, row[rows.HeadMACSize:]).Equal(row[:rows.HeadMACSize])
	if ok {
		p.Head, ok = rows.ParseHead(row[rows.HeadMACSize:])
	}
	if !ok {
		return nil, rows.Damaged("head")
	}
	if !known.fill(p) {
		if err := p.Fill(s.known.Reader(r)); err != nil {
			return nil, err
		}
	}
	s.keepHead(id, known, newKnownHead(row, p))
	return p, nil
}

func (s *Store) headMAC(id record.PersonID, message []byte) crypto.MAC {
	return s.node.MAC(crypto.LabelHead, s.id[:], id[:], message)
}

// save writes the head, and with it all that was changed.
func (s *Store) save(tx kv.Tx, p *person) {
	p.Head.Time = s.time().Truncate(time.Millisecond)
	message := p.Head.Marshal()
	mac := s.headMAC(p.ID, message)
	row := append(mac[:], message...)
	tx.Put(rows.HeadKey, row)
	known, _ := s.knownHeads.get(p.ID)
	if next := (&person{rows.Person{ID: p.ID, Head: p.Head}}); known.fill(next) {
		s.keepHead(p.ID, known, newKnownHead(row, next))
	}
}

func (p *person) putAccount(tx kv.Tx) {
	row := p.Account.Marshal()
	p.Head.Account = rows.HashOf(row)
	tx.Put(rows.AccountKey, row)
}

func (p *person) putLive(tx kv.Tx) {
	row := p.Live.Marshal()
	p.Head.Live = rows.HashOf(row)
	tx.Put(rows.LiveKey, row)
}

// appendLeaf adds a log entry; make seals it for its place.
func (p *person) appendLeaf(tx kv.Tx, make func(index uint64) ([]byte, error)) error {
	index := p.Head.Log.Size
	leaf, err := make(index)
	if err != nil {
		return err
	}
	tx.Put(rows.LeafKey(index), leaf)
	p.Head.Log.Append(audit.LeafHash(leaf))
	p.Head.Used += uint64(len(leaf))
	return nil
}
