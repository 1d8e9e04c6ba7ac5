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
	row "carehold/record/rows"
)

// TestTakeRecordEmptyLeaves: a copy whose log is of entries that take no room is refused.
func TestTakeRecordEmptyLeaves(t *testing.T) {
	const n = 1 << 12
	dir, evil := newStore(t)
	d := enrol(t, evil)
	b := copyOf(t, d)
	raw, err := os.ReadFile(filepath.Join(dir, "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := crypto.KeyFrom(raw)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.NewNodeSigner(evil.ID(), key)
	if err != nil {
		t.Fatal(err)
	}
	r, err := backup.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := backup.NewWriter(&out, r.Header())
	var head row.Head
	var headRow row.Hash
	var index uint64
	var ended bool
	pad := func(p [16]byte) {
		for ; index < n; index++ {
			err = errors.Join(err, w.Row(p, row.LeafKey(index), nil))
		}
		ended = true
	}
	for err == nil {
		var f backup.Frame
		if f, err = r.Next(); err != nil {
			break
		}
		if f.Key != nil && f.Key[0] > row.KindLeaf && !ended || f.Key == nil && !ended {
			pad(r.Header().Person)
		}
		switch {
		case f.Last != nil:
			l := *f.Last
			l.Head = headRow
			l.Checkpoint, err = signer.Sign(l.Person, head.Log.Head())
			err = errors.Join(err, w.Last(l))
		case f.Capsule != nil:
			err = w.Capsule(*f.Capsule)
		case f.Key[0] == row.KindHead:
			head, _ = row.ParseHead(f.Value[row.HeadMACSize:])
			var h audit.Frontier
			for h.Size < n {
				h.Append(audit.LeafHash(nil))
			}
			head.Log = h
			v := append(make([]byte, row.HeadMACSize), head.Marshal()...)
			headRow = row.HashOf(v)
			err = w.Row(f.Person, f.Key, v)
		case f.Key[0] == row.KindLeaf:
			err = w.Row(f.Person, f.Key, nil)
			index++
		default:
			err = w.Row(f.Person, f.Key, f.Value)
		}
	}
	if _, err := w.End(0, signer.SignBackup); err != nil {
		t.Fatal(err)
	}
	_, s := newStore(t)
	_, err = s.TakeRecord(ctx, bytes.NewReader(out.Bytes()), invite(t, s, 1<<20))
	wantKind(t, err, record.Invalid)
}
