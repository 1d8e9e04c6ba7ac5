package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
)

// renamed writes a copy again under another name, signed by the server it is from.
func renamed(t *testing.T, dir string, b []byte, of record.StoreID, name record.PersonID) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := crypto.KeyFrom(raw)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.NewNodeSigner(of, key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := backup.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	h := r.Header()
	h.Person = name
	var out bytes.Buffer
	w, err := backup.NewWriter(&out, h)
	for err == nil {
		var f backup.Frame
		if f, err = r.Next(); err != nil {
			break
		}
		switch {
		case f.Last != nil:
			head, e := audit.VerifyCheckpoint(f.Last.Checkpoint, h.Verifier, of, f.Last.Person)
			l := *f.Last
			l.Person = name
			l.Checkpoint, err = signer.Sign(name, head)
			err = errors.Join(e, err, w.Last(l))
		case f.Capsule != nil:
			err = w.Capsule(*f.Capsule)
		default:
			err = w.Row(name, f.Key, f.Value)
		}
	}
	if _, err := w.End(0, signer.SignBackup); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestTakeRecordNamedAsCredential: a record's name is what whoever made it says. A
// record that has the name of somebody's way to unlock takes that away from nobody, not
// when it comes, nor when a later copy takes its place, nor when it is forgotten.
func TestTakeRecordNamedAsCredential(t *testing.T) {
	t.Parallel()
	dir, evil := newStore(t)
	d := enrol(t, evil)
	_, s := newStore(t)
	victim := enrol(t, s)
	name := record.PersonID(victim.slot.CapsuleID())
	opens := func(when string) {
		t.Helper()
		if _, err := s.Slot(ctx, victim.slot.CapsuleID()); err != nil {
			t.Errorf("the victim's way to unlock, %s: %v", when, err)
		}
	}
	opens("before")
	ticket := invite(t, s, 0)
	for range 2 {
		b := renamed(t, dir, copyOf(t, d), evil.ID(), name)
		_, err := s.TakeRecord(ctx, bytes.NewReader(b), ticket)
		t.Log(err)
		opens("when a record of its name has come")
		put(t, d.session(), allergy)
	}
	t.Log(s.Forget(ctx, name))
	opens("when that was forgotten")
}
