package rows

import (
	"errors"
	"slices"

	"carehold/record"
	"carehold/record/kv"
)

// Damaged is the error for a row that is not what was stored.
func Damaged(what string) error {
	return record.Safef(record.Integrity, "the %s of a record is not what was stored. Keep a copy of the server's folder as it is before anything else is tried; \"carehold verify\" says what is damaged", what)
}

// Checked reads a row whose hash is known. A missing or other row is damage:
// never "none".
func Checked(r kv.Reader, key []byte, want Hash, what string) ([]byte, error) {
	row, err := checked(r, key, want, what)
	return slices.Clone(row), err
}

// checked is Checked for whoever only looks at the row: it may be others' too.
func checked(r kv.Reader, key []byte, want Hash, what string) ([]byte, error) {
	if row := recall(r, want); row != nil {
		return row, nil
	}
	row, err := r.Get(key)
	if errors.Is(err, kv.ErrNotFound) || err == nil && HashOf(row) != want {
		return nil, Damaged(what)
	}
	if err == nil {
		remember(r, want, row)
	}
	return row, err
}

// Fill reads the account and the live list that the head knows. The account's box key
// and note are in the row, which may be others' too, and are not to be changed.
func (p *Person) Fill(r kv.Reader) error {
	a, err := checked(r, AccountKey, p.Head.Account, "account")
	if err != nil {
		return err
	}
	l, err := checked(r, LiveKey, p.Head.Live, "live list")
	if err != nil {
		return err
	}
	var ok1, ok2 bool
	p.Account, ok1 = ParseAccount(a)
	p.Live, ok2 = ParseLive(l)
	if !ok1 || !ok2 {
		return Damaged("account")
	}
	return nil
}

// Ring reads the ring row that the head knows.
func (p *Person) Ring(r kv.Reader) (Ring, error) {
	row, err := Checked(r, RingKey, p.Head.Ring, "keyring")
	if err != nil {
		return Ring{}, err
	}
	x, ok := ParseRing(row)
	if !ok {
		return x, Damaged("keyring")
	}
	return x, nil
}

// Leaves gives the log entries from one place to another, in order. One that is
// missing is damage. Whether they are those of the head is Verify's to say.
func Leaves(r kv.Reader, from, to uint64, fn func(leaf []byte) bool) error {
	next, stopped := from, from >= to
	if stopped {
		return nil
	}
	err := r.Scan([]byte{KindLeaf}, LeafKey(from), func(key, leaf []byte) (bool, error) {
		if next == to {
			return false, nil
		}
		if string(key) != string(LeafKey(next)) {
			return false, Damaged("log")
		}
		next++
		stopped = !fn(leaf)
		return !stopped, nil
	})
	if err == nil && !stopped && next < to {
		return Damaged("log")
	}
	return err
}
