package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/backup"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/holder/holdertest"
	"carehold/record/statement"
	"carehold/record/store"
)

// sealed encrypts the files of a folder for one key, and gives their paths in order.
func (f *folder) sealed(t *testing.T, to age.Recipient) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range f.names {
		var out bytes.Buffer
		w, err := backup.Encrypt(&out, []age.Recipient{to})
		if err != nil {
			t.Fatal(err)
		}
		must[int](t)(w.Write(f.files[name]))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// sum compares what a chain has with what the second reader found in it.
func sum(t *testing.T, got secondRead, want backup.Report) {
	t.Helper()
	var entries, versions, leaves uint64
	for _, p := range got.People {
		entries, versions, leaves = entries+p.Entries, versions+p.Versions, leaves+p.Log
	}
	if uint64(len(got.People)) != want.People || entries != want.Entries || versions != want.Versions || leaves != want.Leaves || want.Damage != 0 {
		t.Errorf("the second reader has %d people, %d entries, %d versions, %d leaves; the program %+v", len(got.People), entries, versions, leaves, want)
	}
}

// TestSecondReaderBackup: a full backup and an increment, encrypted for the
// operator's key, open to the second reader with what the person has; a copy of one
// record as well. Where a byte is altered it refuses them.
func TestSecondReaderBackup(t *testing.T) {
	node(t)
	if testing.Short() {
		t.Skip("makes a store, and reads its backup some hundred times")
	}
	t.Parallel()
	_, s := newStore(t)
	srv := holdertest.Server{Store: s}
	p := newFixturePerson(t, srv)
	defer p.h.Close()
	p.story()
	var f folder
	f.add(t, s, true)
	p.evicted()
	other := newFixturePerson(t, srv)
	other.story()
	other.finish()
	movedPeople(t, srv) // one waits, and has come from elsewhere
	me := p.me()
	want := secondVersions(t, me)
	if b := f.add(t, s, false); b.Full {
		t.Fatalf("no increment: %+v", b)
	}
	id := must[*age.X25519Identity](t)(age.GenerateX25519Identity())
	source := func(more ...any) map[string]any {
		in := map[string]any{"files": f.sealed(t, id.Recipient()), "identity": id.String()}
		for i := 0; i < len(more); i += 2 {
			in[more[i].(string)] = more[i+1]
		}
		return in
	}
	report := must[backup.Report](t)(backup.Verify(ctx, f.chain(t), nil))
	for way, in := range map[string]map[string]any{
		"recovery code": source("recovery", p.out.Recovery),
		"passphrase":    source("passphrase", p.out.Passphrase, "device_key", p.out.DeviceKey),
	} {
		var got secondRead
		secondReader(t, "open", in, &got)
		sum(t, got, report)
		if got.Store != s.ID().String() || got.Verifier != s.Verifier() || got.Person != p.out.Person || len(waiting(got.People)) != 1 {
			t.Errorf("by the %s: %s, %s, %s; %q wait", way, got.Store, got.Verifier, got.Person, waiting(got.People))
		}
		compareVersions(t, got.Entries, want)
		t.Logf("by the %s: %d people and %d rows; of one %d versions, %d leaves, %d epochs", way, len(got.People), report.Rows, len(got.Entries), len(got.Log), got.Epochs)
	}
	stranger := must[*age.X25519Identity](t)(age.GenerateX25519Identity())
	if err := trySecond(t, "open", source("identity", stranger.String()), new(secondRead)); err == nil {
		t.Error("the second reader opens a backup with another key")
	}

	// A copy of the record, as it travels to another server.
	var copied bytes.Buffer
	if err := me.CopyRecord(ctx, &copied); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var got secondRead
	secondReader(t, "open", map[string]any{"files": []string{path}, "recovery": p.out.Recovery}, &got)
	compareVersions(t, got.Entries, want)

	secondDamage(t, &f, p.out, source)
}

// secondDamage alters bytes of the frames, and rows as whoever signs the backup anew
// could.
func secondDamage(t *testing.T, f *folder, p fixturePerson, source func(...any) map[string]any) {
	t.Helper()
	var list []map[string]any
	r := rand.New(rand.NewPCG(1, 2))
	for file, name := range f.names {
		size := len(f.files[name])
		for range 100 {
			list = append(list, map[string]any{"file": file, "flip": r.IntN(size), "xor": 1 << r.IntN(8)})
		}
		for back := 1; back <= 400; back += 4 { // what ends a file, and is not in its sum
			list = append(list, map[string]any{"file": file, "flip": size - back})
		}
	}
	frames := len(list)
	slot := must[crypto.RecoveryCode](t)(crypto.ParseRecoveryCode(p.Recovery)).Slot().CapsuleID()
	seen := make(map[byte]int)
	var directory []byte
	err := backup.Merge(ctx, f.chain(t), laid(func(of record.PersonID, key, value []byte) {
		kind := key[0]
		switch {
		case of.String() != p.Person:
			return
		case kind == 'd':
			directory = value
		case kind == 's' && !bytes.Contains(directory, key[2:]):
			return // of an earlier directory: nothing names it
		case kind == 'c' && !bytes.Equal(key[1:], slot[:]):
			return // another slot's than the one that opens
		case kind == 'l' && seen[kind] > 10:
			return
		}
		seen[kind]++
		row := secondRow{Partition: of.String(), Key: hex.EncodeToString(key)}
		list = append(list, map[string]any{"row": row, "flip": 0}, map[string]any{"row": row, "flip": -1}, map[string]any{"row": row, "value": nil})
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range "harbdsexlc" {
		if seen[byte(kind)] == 0 {
			t.Errorf("the backup has no row of kind %c", kind)
		}
	}
	var out struct {
		Refused, Accepted int
		Results           []struct {
			Refused    bool
			File, Flip int
			Row        secondRow
		}
	}
	secondReader(t, "damage", source("recovery", p.Recovery, "alterations", list), &out)
	for _, r := range out.Results {
		if !r.Refused {
			t.Errorf("the second reader takes a backup with an altered byte: %+v", r)
		}
	}
	if out.Refused != len(list) {
		t.Errorf("%d of %d refused", out.Refused, len(list))
	}
	t.Logf("%d damaged backups refused: %d by a byte of the frames, %d by a row of the record", out.Refused, frames, len(list)-frames)
}

// laid is told of the rows of a chain, and of the capsules as rows: as the second
// reader names them.
type laid func(p record.PersonID, key, value []byte)

func (l laid) Row(p record.PersonID, key, value []byte) error {
	l(p, key, slices.Clone(value))
	return nil
}

func (l laid) Capsule(p record.PersonID, c record.Capsule) error {
	l(p, append([]byte{'c'}, c.ID[:]...), c.Blob)
	return nil
}

func (l laid) Last(backup.Last, statement.Head) error { return nil }

// TestSecondWriter: a backup that the second implementation wrote, with keys and
// record of its own, is a store; its person unlocks it, carries on, finds every version
// as it was written, and can write, share and check.
func TestSecondWriter(t *testing.T) {
	node(t)
	t.Parallel()
	id := must[*age.X25519Identity](t)(age.GenerateX25519Identity())
	path := filepath.Join(t.TempDir(), "carehold-second-full.age")
	var wrote struct {
		secondRead
		Recovery string
	}
	secondReader(t, "write", map[string]any{"backup": path, "recipient": id.Recipient().String()}, &wrote)

	verified := must[*backup.Chain](t)(backup.OpenChain([]string{path}, []backup.Identity{id}, ""))
	defer verified.Close()
	report := must[backup.Report](t)(backup.Verify(ctx, verified.Readers, nil))
	sum(t, wrote.secondRead, report)
	chain := must[*backup.Chain](t)(backup.OpenChain([]string{path}, []backup.Identity{id}, ""))
	defer chain.Close()
	_, out, s := restore(t, chain.Readers)
	if out.People != 1 || out.Header.Store.String() != wrote.Store || out.Header.Verifier != wrote.Verifier {
		t.Errorf("%+v", out)
	}
	srv := holdertest.Server{Store: s}
	slot := must[crypto.RecoveryCode](t)(crypto.ParseRecoveryCode(wrote.Recovery)).Slot()
	h := must[*holder.Holder](t)(holder.Unlock(ctx, srv, slot, holder.Memory{}))
	defer h.Close()
	if w := h.Waiting(); w == nil || w.Store.String() != wrote.Store || h.Person().String() != wrote.Person {
		t.Fatalf("it waits as %+v", w)
	}
	if err := h.CarryOn(ctx, false); err != nil {
		t.Fatal(err)
	}
	me := must[*store.View](t)(srv.View(ctx, signIn(t, h)))
	defer me.Close()
	compareVersions(t, wrote.Entries, secondVersions(t, me))
	history := must[[]audit.Entry](t)(h.History(ctx, signIn(t, h), 0))
	for i, w := range wrote.Log {
		if got := secondEventOf(history[i]); !reflect.DeepEqual(got, w) {
			t.Errorf("leaf %d:\n second %+v\nprogram %+v", i, w, got)
		}
	}

	// It is a record like another.
	share := must[holder.Issued](t)(h.Grant(ctx, holder.GrantRequest{To: grant.Party{Name: "Dr Second"}, Sections: record.AllSections,
		Scopes: scopes("patient/*.rs"), Purpose: "TREAT", Lasts: time.Hour}))
	theirs := must[*store.View](t)(srv.View(ctx, share.Token))
	defer theirs.Close()
	for _, v := range wrote.Entries {
		resource, id, _ := strings.Cut(v.Ref, "/")
		e, err := theirs.Read(ctx, fhir.Ref{Type: resource, ID: id}, v.Version)
		if v.Deleted {
			wantKind(t, err, record.Gone)
		} else if got := sha256.Sum256(wholeBody(t, theirs, e)); err != nil || hex.EncodeToString(got[:]) != v.SHA256 {
			t.Errorf("under a grant %s/%d has %x, %v", v.Ref, v.Version, got, err)
		}
	}
	put(t, me, allergy)
	must[holder.CheckReport](t)(h.Check(ctx, signIn(t, h)))
	if r := must[store.VerifyReport](t)(s.Verify(ctx, nil)); r.All() != 0 {
		t.Errorf("%+v", r)
	}
	t.Logf("%d versions and %d leaves written in JavaScript, restored, carried on and read", len(wrote.Entries), len(wrote.Log))
}
