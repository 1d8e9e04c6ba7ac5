package store

import (
	"context"
	"encoding/binary"

	"carehold/record/kv"
	"carehold/record/rows"
)

// Waits counts what waits for the person: requests, and what is in the inbox. What they
// are is sealed to them, so nothing is shown, and nothing logged.
func (v *View) Waits(ctx context.Context) (requests, inbox int, err error) {
	if !v.grant.Self {
		return 0, 0, v.onlyPerson(ctx)
	}
	if err := v.stillGood(ctx); err != nil {
		return 0, 0, err
	}
	hour := uint32(v.s.time().Unix() / 3600)
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		if err := v.stillLive(r); err != nil {
			return err
		}
		err := r.Scan([]byte{rows.KindAsk}, nil, func(_, row []byte) (bool, error) {
			if len(row) > 4 && binary.BigEndian.Uint32(row) >= hour {
				requests++
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		return r.Scan([]byte{rows.KindInbox}, nil, func(key, _ []byte) (bool, error) {
			if _, ok := waitingOf(key); ok {
				inbox++
			}
			return true, nil
		})
	})
	return requests, inbox, err
}
