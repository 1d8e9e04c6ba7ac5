package store

import (
	"context"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/statement"
)

// NameSlot writes a slot into a person's keyring row, whosever it is.
func (s *Store) NameSlot(id record.PersonID, slot statement.Slot) error {
	return s.engine.Update(context.Background(), kv.Partition(id), func(tx kv.Tx) error {
		p, err := s.load(tx, id)
		if err != nil {
			return err
		}
		x, err := p.Ring(tx)
		if err != nil {
			return err
		}
		x.Slots = append(x.Slots, slot)
		row := x.Marshal()
		p.Head.Ring = rows.HashOf(row)
		tx.Put(rows.RingKey, row)
		s.save(tx, p)
		return nil
	})
}
