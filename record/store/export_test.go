package store

import (
	"context"
	"log/slog"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
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
	return s, s.start(false)
}
