package store_test

import (
	"bytes"
	"errors"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
)

// TestKnownHeadIsTheHead: a head that was found good before is believed again, and none
// that differs from it in a byte, nor another person's.
func TestKnownHeadIsTheHead(t *testing.T) {
	engine := newMemory()
	s := memoryStore(t, engine, crypto.NewKey())
	d, e := enrol(t, s), enrol(t, s)
	put(t, d.session(), allergy)
	put(t, e.session(), allergy)
	_, token := d.share(clinician(s))
	_, others := e.share(clinician(s))
	head := func(p record.PersonID) (row []byte) {
		err := engine.View(kv.Partition(p), func(r kv.Reader) (err error) {
			row, err = r.Get([]byte("h"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	set := func(row []byte) {
		err := engine.Update(ctx, kv.Partition(d.person), func(tx kv.Tx) error { tx.Put([]byte("h"), row); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func(c crypto.Credential) error {
		_, err := readBy(s, c, "AllergyIntolerance", "a1")
		return err
	}
	for range 3 {
		if err := errors.Join(read(token), read(others)); err != nil {
			t.Fatal(err)
		}
	}
	good := head(d.person)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		set(bad)
		if err := read(token); !errors.Is(err, record.Integrity) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	set(head(e.person))
	if err := read(token); !errors.Is(err, record.Integrity) {
		t.Errorf("another person's head: %v", err)
	}
	set(good)
	if err := read(token); err != nil {
		t.Error(err)
	}
}
