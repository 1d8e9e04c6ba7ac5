package store_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"carehold/record"
	"carehold/record/backup"
	"carehold/record/kv"
	atrest "carehold/record/rows"
	"carehold/record/store"
)

// TestRecordLimits: a change that would make a record too large to be backed up or
// verified is refused with all it brings; what is there can still be read, changed
// where the limit allows it, and backed up.
func TestRecordLimits(t *testing.T) {
	defer store.LimitRecords(atrest.MaxLines, 1<<30)()
	_, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	apply := func(n int, source string) error {
		_, err := me.Apply(ctx, resources(n, source), store.ApplyOptions{})
		return err
	}
	if err := apply(120, "a"); err != nil {
		t.Fatal(err)
	}
	store.LimitRecords(1, 1<<30) // each of 64 segments one entry
	if err := apply(120, "b"); !errors.Is(err, record.TooLarge) {
		t.Errorf("more entries in a segment than fit: %v", err)
	}
	if err := apply(120, "a"); err != nil { // the same again changes nothing
		t.Errorf("the same again: %v", err)
	}
	before := mustUsed(t, s)
	store.LimitRecords(atrest.MaxLines, 130)
	if err := apply(11, "c"); !errors.Is(err, record.TooLarge) {
		t.Errorf("131 versions: %v", err)
	}
	if got := mustUsed(t, s); got != before {
		t.Errorf("what was refused takes %d bytes", got-before)
	}
	if err := apply(10, "c"); err != nil {
		t.Errorf("130 versions: %v", err)
	}
	put := `{"resourceType":"AllergyIntolerance","id":"a0","code":{"text":"another"},"patient":{"display":"her"}}`
	if _, err := tryPut(me, put); !errors.Is(err, record.TooLarge) {
		t.Errorf("a version more of an entry that is there: %v", err)
	}
	var f folder
	f.add(t, s, true)
	restore(t, f.chain(t))
}

// TestBackupRowTooLarge: one row that no frame holds keeps nobody else from being
// backed up, and the one it is of is named.
func TestBackupRowTooLarge(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d, other := recordOf(t, s), recordOf(t, s)
	var f folder
	f.add(t, s, true)
	key := atrest.SegmentKey(0, atrest.Hash{1})
	err := engineOf(s).Update(ctx, kv.Partition(d.person), func(tx kv.Tx) error {
		tx.Put(key, atrest.MarshalSegment(make([]atrest.Line, atrest.MaxLines+1)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second does not follow the first, which lacks it
		b := f.add(t, s, false)
		if b.Full || b.People != 1 || b.Damaged != 1 || len(b.Lacking) != 1 || b.Lacking[0] != d.person {
			t.Errorf("%+v", b)
		}
		if st, err := s.Status(ctx); err != nil || !st.BackupLacks {
			t.Errorf("status: %+v, %v", st, err)
		}
		chain := readers(t, f.files[f.names[0]], f.files[b.Name])
		if r, err := backup.Verify(ctx, chain, nil); err != nil || r.Damage != 0 || r.People != 1 {
			t.Errorf("verify --from: %v, %+v", err, r)
		}
	}
	dir := filepath.Join(t.TempDir(), "new")
	chain := readers(t, f.files[f.names[0]], f.files[f.names[2]])
	if _, err := store.Restore(ctx, dir, chain, store.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	sameRecord(t, s, open(t, dir, store.Options{}), other)
	err = engineOf(s).Update(ctx, kv.Partition(d.person), func(tx kv.Tx) error { tx.Delete(key); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if b := f.add(t, s, false); b.People != 2 || b.Damaged != 0 {
		t.Errorf("once it is gone: %+v", b)
	}
	var w bytes.Buffer
	if b, err := s.Backup(ctx, &w, store.BackupOptions{Full: true}); err != nil || b.People != 2 || len(b.Lacking) != 0 {
		t.Errorf("%+v, %v", b, err)
	}
}
