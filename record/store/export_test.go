package store

import (
	"context"
	"log/slog"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
)

// WrapEngine puts a faulty engine before the real one.
func (s *Store) WrapEngine(wrap func(kv.Engine) kv.Engine) { s.engine = wrap(s.engine) }

// ClockSlack is how far back a clock may be before nothing opens.
const ClockSlack = clockSlack

// ClockHold is how long a jump ahead is not believed.
const ClockHold = clockHold

// SessionIdle is how long a session stays awake unused.
const SessionIdle = sessionIdle

// InitOn makes a store on an engine.
func InitOn(e kv.Engine) error {
	return e.Update(context.Background(), nodePartition, func(tx kv.Tx) error {
		tx.Put(storeKey, storeRow(record.StoreID(crypto.RandomID()), storeFormat))
		return nil
	})
}

// OpenOn opens the store on an engine.
func OpenOn(e kv.Engine, node crypto.Key, opt Options) (*Store, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{engine: e, node: node, opts: opt, log: opt.Log}
	return s, s.start()
}

// OldChain reads the rows of an entry as an upgrade does: the hash that the
// directory will have, whether it is to be rewritten, and whether it is damaged.
func OldChain(r kv.Reader, l rows.Line) (now rows.Hash, changes, damaged bool, err error) {
	c, err := readOldChain(r, l)
	return c.now(), c.changes(), c.damaged(), err
}

// OldRow is row 0 of a first version as an upgrade writes it.
func OldRow(r kv.Reader, l rows.Line) (row []byte, err error) {
	var x oldLink
	err = x.next(r, l, l.Stamp.Version())
	return x.row, err
}

// Counted is how much is counted of who asks what in a day.
func (s *Store) Counted() int {
	s.daily.mu.Lock()
	defer s.daily.mu.Unlock()
	return len(s.daily.count)
}

// WithoutMemos runs fn while searches keep nothing.
func (s *Store) WithoutMemos(fn func()) {
	kept := s.memos
	s.memos = newMemos(-1)
	defer func() { s.memos = kept }()
	fn()
}

// TakeMemos has the store keep what another one keeps.
func (s *Store) TakeMemos(from *Store) { s.memos = from.memos }

// MostMemos sets how much searches may keep, and drops what they have.
func (s *Store) MostMemos(bytes int64) { s.memos = newMemos(bytes) }

// Memos tells how many memos are kept, and what they count as.
func (s *Store) Memos() (n, size int) {
	s.memos.mu.Lock()
	defer s.memos.mu.Unlock()
	return s.memos.order.Len(), s.memos.size
}

// MemoBytes is all that is kept between requests.
func (s *Store) MemoBytes() (all [][]byte, real int) {
	s.memos.mu.Lock()
	defer s.memos.mu.Unlock()
	for e := s.memos.order.Front(); e != nil; e = e.Next() {
		x := e.Value.(*memo)
		all = append(append(all, x.table), x.pages...)
		all = append(all, x.lines[:]...)
	}
	for _, b := range all {
		real += cap(b)
	}
	return all, real
}

// PoolBytes is what a search finds in the buffers it takes: what was left there.
func PoolBytes() (plain []byte, entries int) {
	b := buffersPool.Get().(*buffers)
	defer buffersPool.Put(b)
	for _, e := range b.all[:cap(b.all)] {
		if e.Index != nil || e.Ref.ID != "" {
			entries++
		}
	}
	return b.plain[:cap(b.plain)], entries
}

// MemoPlain opens all that is kept for a View, as a search of everything would.
func (v *View) MemoPlain() (plain []byte, err error) {
	m := v.s.memos.get(memoKey{v.person, v.token.Grant}, v.hold.Epoch())
	if m == nil {
		return nil, errMemo
	}
	o, err := v.openMemo(m, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	defer o.close()
	for _, i := range o.pages {
		if plain, err = o.page(plain, i); err != nil {
			return nil, err
		}
	}
	return append(plain, o.plain...), nil
}

// HasMemo tells whether something is kept for a View's grant.
func (s *Store) HasMemo(v *View) bool {
	s.memos.mu.Lock()
	defer s.memos.mu.Unlock()
	e := s.memos.at[memoKey{v.person, v.token.Grant}]
	return e != nil && !e.Value.(*memo).beyond
}

// Cold takes a place among those who go through the rows.
func (v *View) Cold(ctx context.Context) (leave func(), err error) { return v.cold(ctx) }

// ColdWaiting is how many wait for one of those places.
func (s *Store) ColdWaiting() int {
	s.colds.mu.Lock()
	defer s.colds.mu.Unlock()
	return len(s.colds.line)
}

// ColdTaken is how many of those places are taken.
func (s *Store) ColdTaken() int {
	s.colds.mu.Lock()
	defer s.colds.mu.Unlock()
	used := s.colds.used
	return int(used / coldWeight)
}

// Searched is what a View's grant is counted to have written for searches.
func (v *View) Searched() int { return v.s.searched.by(v.person, v.grant.ID) }

// BeyondFor is how long what is too much to keep is not tried again.
const BeyondFor = beyondFor

// MostGathered is how much the conditions of a change hold of a record.
const MostGathered = mostGathered
