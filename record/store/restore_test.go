package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
	"carehold/record/keys"
	"carehold/record/kv"
	atrest "carehold/record/rows"
	"carehold/record/store"
)

// folder is where backups go in these tests: in memory, and not encrypted.
type folder struct {
	names []string
	files map[string][]byte
}

func (f *folder) have() (list []store.BackupFile) {
	for name, b := range f.files {
		list = append(list, store.BackupFile{Name: name, Size: int64(len(b))})
	}
	return list
}

func (f *folder) add(t testing.TB, s *store.Store, full bool) store.Backup {
	t.Helper()
	var w bytes.Buffer
	b, err := s.Backup(ctx, &w, store.BackupOptions{Full: full, Have: f.have()})
	if err != nil {
		t.Fatal(err)
	}
	if f.files == nil {
		f.files = make(map[string][]byte)
	}
	f.names, f.files[b.Name] = append(f.names, b.Name), w.Bytes()
	if err := s.BackupDone(ctx, b.ID, int64(w.Len())); err != nil {
		t.Fatal(err)
	}
	return b
}

func readers(t testing.TB, files ...[]byte) (chain []*backup.Reader) {
	t.Helper()
	for _, b := range files {
		r, err := backup.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, r)
	}
	return chain
}

func (f *folder) chain(t testing.TB) []*backup.Reader {
	t.Helper()
	var files [][]byte
	for _, name := range f.names {
		files = append(files, f.files[name])
	}
	return readers(t, files...)
}

func restore(t testing.TB, chain []*backup.Reader) (string, store.Restored, *store.Store) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new")
	out, err := store.Restore(ctx, dir, chain, store.RestoreOptions{})
	if err != nil {
		t.Fatalf("%v: %+v", err, out.Damaged)
	}
	return dir, out, open(t, dir, store.Options{})
}

func engineOf(s *store.Store) (engine kv.Engine) {
	s.WrapEngine(func(e kv.Engine) kv.Engine { engine = e; return e })
	return engine
}

// rowsOf are a partition's rows.
func rowsOf(t testing.TB, s *store.Store, id [16]byte) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := engineOf(s).View(kv.Partition(id), func(r kv.Reader) error {
		return r.Scan(nil, nil, func(key, value []byte) (bool, error) {
			all[string(key)] = string(value)
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// addSlot gives the record another way to unlock it.
func (d *device) addSlot() crypto.Credential {
	d.t.Helper()
	slot := crypto.NewRecoveryCode().Slot()
	b := d.body()
	b.PutSlots = []record.Capsule{keys.SealSlot(slot.CapsuleKey(), d.person)}
	extra := b.Slots[0]
	extra.ID = slot.CapsuleID()
	b.Slots = append(b.Slots, extra)
	if err := d.submit(b); err != nil {
		d.t.Fatal(err)
	}
	return slot
}

// sameRecord compares what must be equal in a restored record, to the byte.
func sameRecord(t testing.TB, old, new *store.Store, d *device) {
	t.Helper()
	was, is := rowsOf(t, old, d.person), rowsOf(t, new, d.person)
	same := 0
	for key, row := range was {
		switch key[0] {
		case 'h', 'a', 'v', 'g':
		default:
			same++
			if is[key] != row {
				t.Errorf("row %x: %d bytes, were %d", key, len(is[key]), len(row))
			}
		}
	}
	for key := range is {
		if _, there := was[key]; !there && key[0] != 'l' {
			t.Errorf("row %x was not there before", key)
		}
		if key[0] == 'g' {
			t.Error("there is a grant")
		}
	}
	if len(is) != same+4 { // head, account, live list, and one entry in the log
		t.Errorf("%d rows, of them %d as before", len(is), same)
	}
	if same < 30 {
		t.Errorf("only %d rows compared", same)
	}
	a1, _ := atrest.ParseAccount([]byte(was["a"]))
	a2, _ := atrest.ParseAccount([]byte(is["a"]))
	if a2.From != old.ID() || !a2.Waiting() {
		t.Errorf("it does not wait: %+v", a2)
	}
	h, _ := atrest.ParseHead([]byte(was["h"])[32:])
	if head, err := audit.VerifyCheckpoint(a2.Note, old.Verifier(), old.ID(), d.person); err != nil || head != h.Log.Head() {
		t.Errorf("what the old server signed: %v, %v", head, err)
	}
	a2.From, a2.Note = record.StoreID{}, nil
	if !bytes.Equal(a1.Marshal(), a2.Marshal()) {
		t.Errorf("account %+v, was %+v", a2, a1)
	}
	l1, _ := atrest.ParseLive([]byte(was["v"]))
	l2, ok := atrest.ParseLive([]byte(is["v"]))
	if !ok || l2.Epoch != l1.Epoch || len(l2.Grants) != 0 {
		t.Errorf("live list %+v, was %+v", l2, l1)
	}
	page, err := new.RingLog(ctx, d.person, d.slot.CapsuleID(), h.Log.Size)
	if err != nil {
		t.Fatal(err)
	}
	reader := audit.NewReader(d.person)
	reader.AddBox(d.box)
	if e, err := reader.Open(h.Log.Size, page.Leaves[0]); err != nil || e.Event.Action != audit.Restored {
		t.Errorf("the log goes on with %+v, %v", e, err)
	}
}

// TestRestoreDrill: a full backup and two increments, made while the store is in
// use, are a store again, with every row as it was.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d1, d2 := recordOf(t, s), recordOf(t, s)
	var f folder
	if b := f.add(t, s, false); !b.Full || b.Why == "" {
		t.Errorf("the first backup: %+v", b)
	}
	gone := d1.addSlot()
	put(t, d1.session(), large("second-letter", 400<<10))
	if b := f.add(t, s, false); b.Full || b.Rows == 0 || b.Rows > 60 {
		t.Errorf("the second backup: %+v", b)
	}
	d3 := recordOf(t, s)
	b := d1.body()
	b.CutSlots = []crypto.CapsuleID{gone.CapsuleID()}
	if err := d1.submit(b); err != nil {
		t.Fatal(err)
	}
	put(t, d2.session(), `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"a third version"}}`)
	f.add(t, s, false)

	for name, b := range f.files {
		for _, needle := range []string{"needle-plaintext", "AllergyIntolerance", "chda_", "chds_", clinician(s).To.Name, "Binary"} {
			if bytes.Contains(b, []byte(needle)) {
				t.Errorf("%q is in %s", needle, name)
			}
		}
	}
	report, err := backup.Verify(ctx, f.chain(t), nil)
	if err != nil || report.People != 3 || report.Damage != 0 {
		t.Errorf("verified without restoring: %+v, %v", report, err)
	}
	dir, out, again := restore(t, f.chain(t))
	if out.People != 3 || out.Store == s.ID() || again.ID() != out.Store || again.Verifier() == s.Verifier() {
		t.Errorf("%+v", out)
	}
	for _, d := range []*device{d1, d2, d3} {
		sameRecord(t, s, again, d)
		if _, err := again.Slot(ctx, d.slot.CapsuleID()); err != nil {
			t.Errorf("a way to unlock: %v", err)
		}
		_, _, err := again.SignIn(ctx, d.person, d.self.ID, keys.GrantKey(d.grants, d.self.ID))
		wantKind(t, err, record.Unauthorized)
	}
	_, err = again.Slot(ctx, gone.CapsuleID())
	wantKind(t, err, record.NotFound)
	if r, err := again.Verify(ctx, nil); err != nil || r.All() != 0 || r.LeftOver != 0 || r.People != 3 {
		t.Errorf("the restored store: %+v, %v", r, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "restoring*")); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
	// A backup of the restored one is restored in turn: it waits as it did.
	var second folder
	if b := second.add(t, again, false); !b.Full {
		t.Error("the first backup of a restored store is no full one")
	}
	_, _, third := restore(t, second.chain(t))
	ring, err := third.Ring(ctx, d1.person, d1.slot.CapsuleID(), 0)
	if err != nil || ring.From != s.ID() {
		t.Errorf("restored twice it comes from %x, %v", ring.From, err)
	}
}

// TestBackupWhileServing: whatever moment a backup is of, it is whole.
func TestBackupWhileServing(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	people := []*device{recordOf(t, s), recordOf(t, s), recordOf(t, s)}
	stop := make(chan struct{})
	var writes atomic.Int64
	var running sync.WaitGroup
	for i, d := range people {
		me := d.session()
		running.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				body := fmt.Sprintf(`{"resourceType":"AllergyIntolerance","id":"n%d","code":{"text":"%d of %d"}}`, n%50, n, i)
				if n%10 == 9 {
					body = large(fmt.Sprint("big", n%30), 600<<10)
				}
				if _, err := tryPut(me, body); err != nil {
					t.Error(err)
					return
				}
				writes.Add(1)
			}
		})
	}
	var f folder
	for n := range 6 {
		before := writes.Load()
		b := f.add(t, s, n == 0)
		t.Logf("%d rows, %d KiB in %s, %d writes beside it", b.Rows, b.Bytes>>10, b.Name, writes.Load()-before)
		if n == 3 {
			people = append(people, recordOf(t, s))
		}
		time.Sleep(20 * time.Millisecond)
	}
	close(stop)
	running.Wait()
	for n := 1; n <= len(f.names); n++ {
		r, err := backup.Verify(ctx, f.chain(t)[:n], nil)
		if err != nil || r.Damage != 0 {
			t.Errorf("the first %d: %v, %+v", n, err, r.Damaged)
		}
	}
	_, out, _ := restore(t, f.chain(t))
	if out.People != 4 {
		t.Errorf("%d people", out.People)
	}
}

// TestBackupChain: what is no chain is refused, in words.
func TestBackupChain(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := recordOf(t, s)
	me := d.session()
	var f folder
	note := func(n int) {
		put(t, me, fmt.Sprintf(`{"resourceType":"AllergyIntolerance","id":"n%d","code":{"text":"x"}}`, n))
	}
	for n := range 4 {
		f.add(t, s, n == 0)
		note(n)
	}
	files := make([][]byte, 4)
	for i, name := range f.names {
		files[i] = f.files[name]
	}
	var other folder
	other.add(t, s, true)
	note(9)
	other.add(t, s, false)
	full2, incr2 := other.files[other.names[0]], other.files[other.names[1]]
	_, stranger := newStore(t)
	recordOf(t, stranger)
	var theirs folder
	theirs.add(t, stranger, true)

	for name, c := range map[string]struct {
		chain [][]byte
		words string
	}{
		"no full one":                    {files[1:], "full backup"},
		"nothing":                        {nil, "full backup"},
		"one missing":                    {[][]byte{files[0], files[2], files[3]}, "missing"},
		"the wrong order":                {[][]byte{files[0], files[2], files[1]}, "increment"},
		"one twice":                      {[][]byte{files[0], files[1], files[1]}, "increment"},
		"two full ones":                  {[][]byte{files[0], full2}, "increment"},
		"an increment of another chain":  {[][]byte{files[0], incr2}, "increment"},
		"the other's after ours":         {[][]byte{files[0], files[1], files[2], files[3], incr2}, "increment"},
		"ours after the other":           {[][]byte{full2, files[3]}, "increment"},
		"an increment of another server": {[][]byte{theirs.files[theirs.names[0]], files[1]}, "different servers"},
	} {
		_, err := backup.Verify(ctx, readers(t, c.chain...), nil)
		if !errors.Is(err, record.Integrity) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Yesterday's increment in the place of today's is a chain that ends yesterday:
	// what it has is whole, and it says how old it is.
	r, err := backup.Verify(ctx, readers(t, files[:2]...), nil)
	if err != nil || r.Damage != 0 {
		t.Errorf("the beginning of a chain: %+v, %v", r, err)
	}
}

// TestBackupBase: what a backup follows is known, there, and as it was written.
func TestBackupBase(t *testing.T) {
	t.Parallel()
	now := time.Now()
	dir := filepath.Join(t.TempDir(), "s")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	opt := store.Options{Now: func() time.Time { return now }}
	s := open(t, dir, opt)
	d := recordOf(t, s)
	me := d.session()
	next := func(have []store.BackupFile) store.Backup {
		t.Helper()
		now = now.Add(2 * time.Second)
		b, err := s.Backup(ctx, new(bytes.Buffer), store.BackupOptions{Have: have})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var f folder
	f.add(t, s, false)
	now = now.Add(2 * time.Second)
	put(t, me, `{"resourceType":"AllergyIntolerance","id":"n","code":{"text":"x"}}`)
	f.add(t, s, false)
	if b := next(f.have()); b.Full {
		t.Errorf("all is there: %s", b.Why)
	}
	if b := next(nil); !b.Full {
		t.Error("an increment of what is not there")
	}
	without := slices.DeleteFunc(f.have(), func(x store.BackupFile) bool { return x.Name == f.names[0] })
	if b := next(without); !b.Full {
		t.Error("an increment of one whose base is not there")
	}
	cut := f.have()
	for i := range cut {
		if cut[i].Name == f.names[1] {
			cut[i].Size--
		}
	}
	if b := next(cut); b.Full { // follows the first
		t.Errorf("an older one is there: %s", b.Why)
	}
	s.Close()
	s = open(t, dir, opt)
	me = view(t, s, signInAgain(t, s, d))
	if b := next(f.have()); b.Full {
		t.Errorf("after a restart: %s", b.Why)
	}
	b := next(f.have()) // never finished
	if err := s.BackupDone(ctx, atrest.Hash{1}, 5); !errors.Is(err, record.NotFound) {
		t.Errorf("one that is not known: %v", err)
	}
	if b2 := next(append(f.have(), store.BackupFile{Name: b.Name, Size: int64(b.Bytes)})); b2.Full {
		t.Errorf("%+v", b2)
	}
	if st, err := s.Status(ctx); err != nil || st.LastBackup.IsZero() || now.Sub(st.LastBackup) < 8*time.Second {
		t.Errorf("the last backup was %v", st.LastBackup)
	}
	for n := 2; n <= 31; n++ {
		now = now.Add(2 * time.Second)
		put(t, me, fmt.Sprintf(`{"resourceType":"AllergyIntolerance","id":"n","code":{"text":"%d"}}`, n))
		if b := f.add(t, s, false); b.Full != (n == 31) {
			t.Errorf("backup %d: full %t, %s", n, b.Full, b.Why)
		}
	}
	now = now.Add(31 * 24 * time.Hour)
	if b := next(f.have()); !b.Full {
		t.Error("an increment to a full backup of a month ago")
	}
}

func signInAgain(t testing.TB, s *store.Store, d *device) crypto.Credential {
	t.Helper()
	d.s = s
	c, _, err := s.SignIn(ctx, d.person, d.self.ID, keys.GrantKey(d.grants, d.self.ID))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestBackupHarmed: of a small backup each byte is turned, and each length cut off:
// nothing of it is restored.
func TestBackupHarmed(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	var f folder
	f.add(t, s, true)
	b := f.files[f.names[0]]
	refused := 0
	try := func(what string, bad []byte) {
		t.Helper()
		r, err := backup.NewReader(bytes.NewReader(bad))
		if err == nil {
			var report backup.Report
			report, err = backup.Verify(ctx, []*backup.Reader{r}, nil)
			if err == nil && report.Damage > 0 {
				err = record.Integrity
			}
		}
		if err == nil {
			t.Errorf("%s is taken for whole", what)
		}
		refused++
	}
	for n := 0; n < len(b); n += 3 {
		try(fmt.Sprintf("%d bytes of %d", n, len(b)), b[:n])
		bad := bytes.Clone(b)
		bad[n] ^= 1 << (n % 8)
		try(fmt.Sprintf("byte %d turned", n), bad)
	}
	try("one byte more", append(bytes.Clone(b), 0))
	try("twice", append(bytes.Clone(b), b...))
	t.Logf("%d harmed backups of %d bytes refused", refused, len(b))
	dir := filepath.Join(t.TempDir(), "new")
	bad := bytes.Clone(b)
	bad[len(b)/2] ^= 1
	if _, err := store.Restore(ctx, dir, readers(t, bad), store.RestoreOptions{}); !errors.Is(err, record.Integrity) {
		t.Errorf("a damaged one: %v", err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("it leaves a folder: %v", err)
	}
}

// TestRestoreDamaged: a backup of a damaged store is restored when that is asked
// for, with what is damaged as damage.
func TestRestoreDamaged(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := recordOf(t, s)
	whole := recordOf(t, s)
	harmed := ""
	err := engineOf(s).Update(ctx, kv.Partition(d.person), func(tx kv.Tx) error {
		return tx.Scan([]byte{'x'}, nil, func(key, value []byte) (bool, error) {
			harmed = string(key)
			bad := bytes.Clone(value)
			bad[9] ^= 1
			tx.Put(bytes.Clone(key), bad)
			return false, nil
		})
	})
	if err != nil || harmed == "" {
		t.Fatal(err)
	}
	r, err := s.Verify(ctx, nil)
	if err != nil || r.All() != 1 || len(r.Damaged) != 1 || r.Damaged[0].Person != d.person || r.Damaged[0].Findings[0].Part != atrest.PartEntry {
		t.Errorf("%+v, %v", r, err)
	}
	if st, err := s.Status(ctx); err != nil || st.Damage != 1 || st.LastVerify.IsZero() {
		t.Errorf("%+v, %v", st, err)
	}
	var f folder
	f.add(t, s, true)
	out, err := store.Restore(ctx, filepath.Join(t.TempDir(), "new"), f.chain(t), store.RestoreOptions{})
	if !errors.Is(err, record.Integrity) || out.Damage != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	if out, err = store.Restore(ctx, dir, f.chain(t), store.RestoreOptions{AcceptDamage: true}); err != nil || out.People != 2 || out.Left != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	again := open(t, dir, store.Options{})
	if _, err := again.Ring(ctx, d.person, d.slot.CapsuleID(), 0); err != nil {
		t.Error(err)
	}
	sameRecord(t, s, again, whole)
	if r, err := again.Verify(ctx, nil); err != nil || r.All() != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestVerifyStore finds a row of each sort that was harmed, and says whose.
func TestVerifyStore(t *testing.T) {
	t.Parallel()
	dir, s := newStore(t)
	d := recordOf(t, s)
	d.addSlot()
	if r, err := s.Verify(ctx, nil); err != nil || r.All() != 0 || r.People != 1 || r.Entries != 42 || r.Capsules < 4 {
		t.Fatalf("%+v, %v", r, err)
	}
	all := rowsOf(t, s, d.person)
	s.Close()
	kinds := map[byte]string{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if key[0] != 'b' && key[0] != 'g' && key[0] != 'h' { // sealed; or found at the start
			kinds[key[0]] = key
		}
	}
	for kind, key := range kinds {
		twin := copyDir(t, dir)
		s := open(t, twin, store.Options{})
		for _, harm := range []func(kv.Tx){
			func(tx kv.Tx) { bad := []byte(all[key]); bad[len(bad)-1] ^= 1; tx.Put([]byte(key), bad) },
			func(tx kv.Tx) { tx.Delete([]byte(key)) },
		} {
			if err := engineOf(s).Update(ctx, kv.Partition(d.person), func(tx kv.Tx) error { harm(tx); return nil }); err != nil {
				t.Fatal(err)
			}
			if r, err := s.Verify(ctx, nil); err != nil || r.Damage == 0 || r.Damaged[0].Person != d.person {
				t.Errorf("row %c: %+v, %v", kind, r, err)
			}
		}
		s.Close()
	}
	s = open(t, dir, store.Options{})
	err := engineOf(s).Update(ctx, kv.Partition(d.slot.CapsuleID()), func(tx kv.Tx) error { tx.Delete([]byte{'c'}); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Verify(ctx, nil); err != nil || r.Damage != 1 || r.Damaged[0].Findings[0].Part != atrest.PartSlot {
		t.Errorf("a slot's capsule: %+v, %v", r, err)
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Verify(stopped, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// TestKeepVerified: the store verifies itself when the last time is a week ago, and
// says in its log what it found, and nothing of whom.
func TestKeepVerified(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var said bytes.Buffer
	dir := filepath.Join(t.TempDir(), "s")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, store.Options{Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&said, nil))})
	d := recordOf(t, s)
	verified := func() time.Time {
		t.Helper()
		st, err := s.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return st.LastVerify
	}
	s.KeepVerified(ctx)
	first := verified()
	if first.IsZero() || !strings.Contains(said.String(), "verified") {
		t.Errorf("%v %s", first, said.String())
	}
	now = now.Add(store.VerifyEvery - time.Hour)
	s.KeepVerified(ctx)
	if again := verified(); again != first {
		t.Errorf("before it is due: %v", again)
	}
	now = now.Add(2 * time.Hour)
	err := engineOf(s).Update(ctx, kv.Partition(d.person), func(tx kv.Tx) error { tx.Delete([]byte{'r'}); return nil })
	if err != nil {
		t.Fatal(err)
	}
	s.KeepVerified(ctx)
	if !verified().After(first) || !strings.Contains(said.String(), "level=ERROR") || !strings.Contains(said.String(), "carehold verify") ||
		strings.Contains(said.String(), d.person.String()) {
		t.Error(said.String())
	}
}

// once is a writer that does something when the first bytes come.
type once struct {
	bytes.Buffer
	do func()
}

func (o *once) Write(b []byte) (int, error) {
	if o.do != nil {
		o.do()
		o.do = nil
	}
	return o.Buffer.Write(b)
}

// TestBackupHoldsSlots: a slot that is removed while a backup is written is in it,
// for the keyring of that moment names it, and is gone afterwards.
func TestBackupHoldsSlots(t *testing.T) {
	t.Parallel()
	_, s := newStore(t)
	d := recordOf(t, s) // more than the writer holds back
	gone := d.addSlot()
	w := &once{do: func() {
		b := d.body()
		b.CutSlots = []crypto.CapsuleID{gone.CapsuleID()}
		if err := d.submit(b); err != nil {
			t.Error(err)
		}
	}}
	if _, err := s.Backup(ctx, w, store.BackupOptions{}); err != nil || w.do != nil {
		t.Fatal(err)
	}
	if r, err := backup.Verify(ctx, readers(t, w.Bytes()), nil); err != nil || r.Damage != 0 {
		t.Errorf("%+v, %v", r.Damaged, err)
	}
	_, err := s.Slot(ctx, gone.CapsuleID())
	wantKind(t, err, record.NotFound)
	if r, err := s.Verify(ctx, nil); err != nil || r.All() != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
