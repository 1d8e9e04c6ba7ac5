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
