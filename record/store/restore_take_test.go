package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
	"carehold/record/keys"
	"carehold/record/store"
)

func invite(t testing.TB, s *store.Store, quota uint64) crypto.Credential {
	t.Helper()
	c, err := s.Invite(ctx, keys.Invite{Quota: quota, Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// recordOf makes a record with a few entries, versions, a large document, slots
// and grants.
func recordOf(t testing.TB, s *store.Store) *device {
	t.Helper()
	d := enrol(t, s)
	me := d.session()
	put(t, me, allergy)
	put(t, me, `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"needle-plaintext-penicillin"}}`)
	put(t, me, large("letter", 700<<10))
	if _, err := me.Apply(ctx, resources(40, "w"), store.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	d.share(clinician(s))
	g, _ := d.share(clinician(s))
	d.stop(g.ID)
	return d
}

func copyOf(t testing.TB, d *device) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.session().CopyRecord(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestTakeRecord: a record that was copied is at the other server, waiting, with
// all that it had but its grants; sent again it is answered as before.
func TestTakeRecord(t *testing.T) {
	t.Parallel()
	_, old := newStore(t)
	d := recordOf(t, old)
	b := copyOf(t, d)
	_, s := newStore(t)
	ticket := invite(t, s, 0)
	got, err := s.TakeRecord(ctx, bytes.NewReader(b), ticket)
	if err != nil {
		t.Fatal(err)
	}
	if got.Person != d.person || got.Entries != 42 || got.Again {
		t.Errorf("%+v", got)
	}
	ring, err := s.Ring(ctx, d.person, d.slot.CapsuleID(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if ring.From != old.ID() || len(ring.Live) != 0 || ring.Seq != d.seq {
		t.Errorf("%+v", ring)
	}
	head, err := audit.VerifyCheckpoint(ring.Note, old.Verifier(), old.ID(), d.person)
	if err != nil {
		t.Errorf("what the old server signed: %v", err)
	}
	page, err := s.RingLog(ctx, d.person, d.slot.CapsuleID(), 0)
	if err != nil || page.Size <= head.Size {
		t.Errorf("the log has %d of %d: %v", page.Size, head.Size, err)
	}
	if _, err := s.Slot(ctx, d.slot.CapsuleID()); err != nil {
		t.Errorf("the way to unlock: %v", err)
	}
	if st, err := s.Status(ctx); err != nil || st.Waiting != 1 || st.Grants != 0 {
		t.Errorf("%+v, %v", st, err)
	}

	again, err := s.TakeRecord(ctx, bytes.NewReader(b), ticket)
	if err != nil || !again.Again {
		t.Errorf("sent again: %+v, %v", again, err)
	}
	put(t, d.session(), `{"resourceType":"AllergyIntolerance","id":"later","code":{"text":"later"}}`)
	later := copyOf(t, d)
	if got, err := s.TakeRecord(ctx, bytes.NewReader(later), ticket); err != nil || got.Entries != 43 || got.Again {
		t.Errorf("a later copy: %+v, %v", got, err)
	}
	_, err = s.TakeRecord(ctx, bytes.NewReader(b), ticket)
	wantKind(t, err, record.Conflict)
	if _, err := s.Ring(ctx, d.person, d.slot.CapsuleID(), 0); err != nil {
		t.Errorf("after the later copy: %v", err)
	}
	_, err = old.TakeRecord(ctx, bytes.NewReader(b), invite(t, old, 0))
	wantKind(t, err, record.Conflict)
}

// TestTakeRecordRefused: what is not whole, not allowed or too large leaves nothing.
func TestTakeRecordRefused(t *testing.T) {
	t.Parallel()
	_, old := newStore(t)
	b := copyOf(t, recordOf(t, old))
	dir, s := newStore(t)
	small := invite(t, s, 200<<10)
	good := invite(t, s, 0)
	nothing := func(what string) {
		t.Helper()
		if st, err := s.Status(ctx); err != nil || st.People != 0 {
			t.Errorf("%s: %+v, %v", what, st, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "taking-*")); len(left) > 0 {
			t.Errorf("%s leaves %q", what, left)
		}
	}
	_, err := s.TakeRecord(ctx, bytes.NewReader(b), small)
	wantKind(t, err, record.TooMany)
	nothing("too large")
	_, err = s.TakeRecord(ctx, bytes.NewReader(b), crypto.NewCredential(crypto.Invite))
	wantKind(t, err, record.Unauthorized)
	nothing("an unknown invite")
	for _, n := range []int{0, 1, 100, len(b) / 2, len(b) - 1} {
		_, err := s.TakeRecord(ctx, bytes.NewReader(b[:n]), invite(t, s, 0))
		wantKind(t, err, record.Integrity)
		nothing("cut off")
	}
	for i := 0; i < len(b); i += len(b)/50 + 1 {
		bad := bytes.Clone(b)
		bad[i] ^= 4
		if _, err := s.TakeRecord(ctx, bytes.NewReader(bad), invite(t, s, 0)); err == nil {
			t.Errorf("byte %d turned is taken", i)
		}
	}
	nothing("a turned bit")
	if err := os.WriteFile(filepath.Join(dir, "taking-1.tmp"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir, store.Options{})
	nothing("a spool that was left")
	if _, err := s.TakeRecord(ctx, bytes.NewReader(b), good); err != nil {
		t.Errorf("and then the good one: %v", err)
	}
}

// TestCopyRecordIsSealed: nothing of what is in the record, and no token, is in a
// copy, and a damaged record is not copied.
func TestCopyRecordIsSealed(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := recordOf(t, s)
	b := copyOf(t, d)
	for _, needle := range []string{"needle-plaintext", "AllergyIntolerance", "penicillin", "chda_", clinician(s).To.Name} {
		if bytes.Contains(b, []byte(needle)) {
			t.Errorf("%q is in the copy", needle)
		}
	}
	r, err := backup.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[byte]int{}
	for {
		f, err := r.Next()
		if err != nil {
			break
		}
		if f.Key != nil {
			kinds[f.Key[0]]++
		}
	}
	for _, k := range "hardbesxl" {
		if kinds[byte(k)] == 0 {
			t.Errorf("no row %c is in the copy", k)
		}
	}
	if kinds['v']+kinds['g'] > 0 {
		t.Error("there are grants in the copy")
	}
	_, token := d.share(clinician(s))
	if err := view(t, s, token).CopyRecord(ctx, new(bytes.Buffer)); !errors.Is(err, record.Forbidden) {
		t.Errorf("a grant copies the record: %v", err)
	}
}

// TestTakeRecordForged: a server that signs what CopyRecord would not write, or two
// histories of one record, gets nothing in.
func TestTakeRecordForged(t *testing.T) {
	t.Parallel()
	dir, old := newStore(t)
	d := recordOf(t, old)
	b := copyOf(t, d)
	raw, err := os.ReadFile(filepath.Join(dir, "node.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := crypto.KeyFrom(raw)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.NewNodeSigner(old.ID(), key)
	if err != nil {
		t.Fatal(err)
	}
	// again writes the copy once more, with a row that nothing names.
	again := func(extra []byte) []byte {
		r, err := backup.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w, err := backup.NewWriter(&out, r.Header())
		for err == nil {
			var f backup.Frame
			if f, err = r.Next(); err != nil {
				break
			}
			switch {
			case f.Last != nil:
				err = w.Last(*f.Last)
			case f.Capsule != nil:
				err = w.Capsule(*f.Capsule)
			default:
				if extra != nil && bytes.Compare(extra, f.Key) < 0 {
					err = w.Row(f.Person, extra, []byte("nobody names this"))
					extra = nil
				}
				err = errors.Join(err, w.Row(f.Person, f.Key, f.Value))
			}
		}
		if _, err := w.End(0, signer.SignBackup); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	_, s := newStore(t)
	ticket := invite(t, s, 0)
	if !bytes.Equal(again(nil), b) {
		t.Fatal("a copy is not written again as it was")
	}
	_, err = s.TakeRecord(ctx, bytes.NewReader(again(append([]byte{'e'}, make([]byte, 24)...))), ticket)
	wantKind(t, err, record.Invalid)

	if _, err := s.TakeRecord(ctx, bytes.NewReader(b), ticket); err != nil {
		t.Fatal(err)
	}
	old.Close()
	var copies [][]byte
	for n := range 2 { // two histories from here on, under one node key
		fork := open(t, copyDir(t, dir), store.Options{})
		me := view(t, fork, signInAgain(t, fork, d))
		for range 1 + 3*n {
			put(t, me, `{"resourceType":"AllergyIntolerance","id":"fork","code":{"text":"`+string(rune('a'+n))+`"}}`)
		}
		copies = append(copies, copyOf(t, d))
	}
	if got, err := s.TakeRecord(ctx, bytes.NewReader(copies[0]), ticket); err != nil || got.Again {
		t.Errorf("the first history: %+v, %v", got, err)
	}
	_, err = s.TakeRecord(ctx, bytes.NewReader(copies[1]), ticket)
	wantKind(t, err, record.Conflict)
}
