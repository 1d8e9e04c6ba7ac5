package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/statement"
	"carehold/record/wire"
)

type hash = [sha256.Size]byte

// person is what the server knows of one person without any key of theirs.
type person struct {
	id      record.PersonID
	head    head
	account account
	live    live
}

// head authenticates a person's other rows. It is written in every commit.
type head struct {
	time    time.Time // of the commit, to the millisecond: the person's clock mark
	log     audit.Frontier
	account hash
	live    hash
	ring    hash
	dir     hash
	used    uint64 // bytes of entries and log
}

// account changes only with a statement.
type account struct {
	signing crypto.PublicKey
	box     []byte
	seq     record.Seq
	last    statement.Hash
	quota   uint64
	since   time.Time
}

// live is the list of the grants valid now: the only thing that makes a grant
// valid.
type live struct {
	epoch  record.Epoch
	grants []liveGrant
}

// liveGrant is a line of the list with the hash of the grant's row, so that
// whether that is damaged shows without its key.
type liveGrant struct {
	LiveGrant
	row hash
}

// shown is the list as a device gets it.
func (l live) shown() []LiveGrant {
	var list []LiveGrant
	for _, g := range l.grants {
		list = append(list, g.LiveGrant)
	}
	return list
}

func (l live) find(g record.GrantID) (liveGrant, bool) {
	for _, x := range l.grants {
		if x.Grant == g {
			return x, true
		}
	}
	return liveGrant{}, false
}

// readRow reads a live grant's row.
func (g liveGrant) readRow(r kv.Reader) ([]byte, error) {
	return checked(r, grantKey(g.Grant), g.row, "grant")
}

// valid reports whether a grant opens anything now.
func (l live) valid(g record.GrantID, now time.Time) bool {
	x, there := l.find(g)
	return there && !x.Struck && (x.Until.IsZero() || now.Before(x.Until))
}

// errNoPerson: there is no record of that name.
var errNoPerson = errors.New("no such person")

func damaged(what string) error {
	return record.Safef(record.Integrity, "the %s of a record is not what was stored. Stop the server and keep a copy of its folder as it is before anything else is tried", what)
}

// load reads and authenticates a person's head, account and live list.
func (s *Store) load(r kv.Reader, id record.PersonID) (*person, error) {
	p := &person{id: id}
	row, err := r.Get(headKey)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, errNoPerson
	}
	if err != nil {
		return nil, err
	}
	if len(row) < 32 || !s.headMAC(id, row[32:]).Equal(row[:32]) || !p.head.parse(row[32:]) {
		return nil, damaged("head")
	}
	a, err := checked(r, accountKey, p.head.account, "account")
	if err != nil {
		return nil, err
	}
	l, err := checked(r, liveKey, p.head.live, "live list")
	if err != nil {
		return nil, err
	}
	if !p.account.parse(a) || !p.live.parse(l) {
		return nil, damaged("account")
	}
	return p, nil
}

func (s *Store) headMAC(id record.PersonID, message []byte) crypto.MAC {
	return s.node.MAC(crypto.LabelHead, s.id[:], id[:], message)
}

// checked reads a row whose hash the head has. A missing or other row is damage:
// never "none".
func checked(r kv.Reader, key []byte, want hash, what string) ([]byte, error) {
	row, err := r.Get(key)
	if errors.Is(err, kv.ErrNotFound) || err == nil && sha256.Sum256(row) != want {
		return nil, damaged(what)
	}
	return row, err
}

// save writes the head, and with it all that was changed.
func (s *Store) save(tx kv.Tx, p *person) {
	p.head.time = s.time().Truncate(time.Millisecond)
	message := p.head.marshal()
	mac := s.headMAC(p.id, message)
	tx.Put(headKey, append(mac[:], message...))
}

func (p *person) putAccount(tx kv.Tx) {
	row := p.account.marshal()
	p.head.account = sha256.Sum256(row)
	tx.Put(accountKey, row)
}

func (p *person) putLive(tx kv.Tx) {
	row := p.live.marshal()
	p.head.live = sha256.Sum256(row)
	tx.Put(liveKey, row)
}

// appendLeaf adds a log entry; make seals it for its place.
func (p *person) appendLeaf(tx kv.Tx, make func(index uint64) ([]byte, error)) error {
	index := p.head.log.Size
	leaf, err := make(index)
	if err != nil {
		return err
	}
	tx.Put(leafKey(index), leaf)
	p.head.log.Append(audit.LeafHash(leaf))
	p.head.used += uint64(len(leaf))
	return nil
}

func (h head) marshal() []byte {
	var w wire.Builder
	w.Uint(1, uint64(h.time.UnixMilli()))
	w.Uint(2, h.log.Size)
	w.Bytes(3, h.log.Marshal())
	w.Bytes(4, h.account[:])
	w.Bytes(5, h.live[:])
	w.Bytes(6, h.ring[:])
	w.Bytes(7, h.dir[:])
	w.Uint(8, h.used)
	return w.Finish()
}

func (h *head) parse(b []byte) bool {
	d := wire.Decode("head", b)
	h.time = time.UnixMilli(int64(d.Uint(1))).UTC()
	size, peaks := d.Uint(2), d.Bytes(3)
	d.Fixed(4, h.account[:])
	d.Fixed(5, h.live[:])
	d.Fixed(6, h.ring[:])
	d.Fixed(7, h.dir[:])
	h.used = d.Uint(8)
	var ok bool
	h.log, ok = audit.ParseFrontier(size, peaks)
	return d.Finish() == nil && ok
}

func (a account) marshal() []byte {
	var w wire.Builder
	w.Bytes(1, a.signing[:])
	w.Bytes(2, a.box)
	w.Uint(3, uint64(a.seq))
	w.Bytes(4, a.last[:])
	w.Uint(5, a.quota)
	w.Time(6, a.since)
	return w.Finish()
}

func (a *account) parse(b []byte) bool {
	d := wire.Decode("account", b)
	d.Fixed(1, a.signing[:])
	a.box = d.Bytes(2)
	a.seq = record.Seq(d.Uint(3))
	d.Fixed(4, a.last[:])
	a.quota = d.Uint(5)
	a.since = d.Time(6)
	return d.Finish() == nil
}

const (
	flagSelf   = 1
	flagStruck = 2
	lineSize   = 16 + 8 + 1 + 32
)

func (l live) marshal() []byte {
	var w wire.Builder
	w.Uint(1, uint64(l.epoch))
	for _, g := range l.grants {
		line := append([]byte(nil), g.Grant[:]...)
		until := uint64(0)
		if !g.Until.IsZero() {
			until = uint64(g.Until.Unix())
		}
		line = binary.BigEndian.AppendUint64(line, until)
		flags := byte(0)
		if g.Self {
			flags |= flagSelf
		}
		if g.Struck {
			flags |= flagStruck
		}
		line = append(line, flags)
		w.Bytes(2, append(line, g.row[:]...))
	}
	return w.Finish()
}

func (l *live) parse(b []byte) bool {
	d := wire.Decode("live list", b)
	l.epoch = record.Epoch(d.Uint32(1))
	for _, line := range d.List(2) {
		if len(line) != lineSize || line[24]&^(flagSelf|flagStruck) != 0 {
			return false
		}
		g := liveGrant{LiveGrant{Grant: record.GrantID(line[:16]), Self: line[24]&flagSelf != 0, Struck: line[24]&flagStruck != 0}, hash(line[25:])}
		if until := binary.BigEndian.Uint64(line[16:24]); until != 0 {
			g.Until = time.Unix(int64(until), 0).UTC()
		}
		l.grants = append(l.grants, g)
	}
	return d.Finish() == nil
}
