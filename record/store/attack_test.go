package store_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	bdb "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/statement"
	"carehold/record/store"
)

// What follows attacks a store the way keys.md §10's attackers would: with the
// disk, with a token they should no longer have, with an old statement, with an
// old database, with the clock.

var allergyRef = fhir.Ref{Type: "AllergyIntolerance", ID: "a1"}

func clinician(s *store.Store) grant.Grant {
	return grant.Grant{To: grant.Party{Name: "Dr Okafor"}, Sections: grant.Clinical, Purpose: "TREAT",
		Scopes: scopes("patient/*.rs"), Until: s.Now().Add(24 * time.Hour).Truncate(time.Second)}
}

// copyDir copies a closed store.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(filepath.Join(to, "store"), os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	to = filepath.Join(to, "store")
	err := filepath.WalkDir(to, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// rows reads every row of a closed store's database, past all checks, by
// partition and key: the engine's own prefix is taken off.
func rows(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	db, err := bdb.Open(bdb.DefaultOptions(filepath.Join(dir, "db")).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := make(map[string][]byte)
	err = db.View(func(txn *bdb.Txn) error {
		it := txn.NewIterator(bdb.DefaultIteratorOptions)
		defer it.Close()
		for it.Seek([]byte{'r'}); it.ValidForPrefix([]byte{'r'}); it.Next() {
			v, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			if it.Item().UserMeta() == 1 { // v says where in a file beside the tables the row is
				at, size := binary.BigEndian.Uint32(v[8:]), binary.BigEndian.Uint32(v[12:])
				file, err := os.ReadFile(filepath.Join(dir, "db", "apart", hex.EncodeToString(v[:8])+".rows"))
				if err != nil {
					return err
				}
				v = file[at:][:size]
			}
			all[string(it.Item().KeyCopy(nil)[1:])] = v
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// plant writes rows into a closed store's database, past all checks, in files such
// as the engine writes. A nil value deletes.
func plant(t testing.TB, dir string, set map[string][]byte) {
	t.Helper()
	db, err := bdb.OpenManaged(bdb.DefaultOptions(filepath.Join(dir, "db")).WithLogger(nil).
		WithCompression(options.None).WithBlockCacheSize(0).WithNumVersionsToKeep(1))
	if err != nil {
		t.Fatal(err)
	}
	ts := db.MaxVersion() + 1
	txn := db.NewTransactionAt(ts-1, true)
	for k, v := range set {
		k = "r" + k
		if v == nil {
			err = errors.Join(err, txn.Delete([]byte(k)))
		} else {
			err = errors.Join(err, txn.Set([]byte(k), v))
		}
	}
	if err := errors.Join(err, txn.CommitAt(ts, nil), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestViewOpenedBefore: what was opened before a revoke answers nothing after it.
func TestViewOpenedBefore(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	for _, how := range []string{"revoke", "strike"} {
		g, token := d.share(clinician(s))
		v := view(t, s, token)
		if _, err := v.Read(t.Context(), allergyRef, 0); err != nil {
			t.Fatal(err)
		}
		if how == "revoke" {
			d.stop(g.ID)
		} else if err := d.session().Strike(t.Context(), g.ID); err != nil {
			t.Fatal(err)
		}
		_, err := v.Read(t.Context(), allergyRef, 0)
		wantKind(t, err, record.Unauthorized)
		_, err = lookFor(v, "AllergyIntolerance", "", 1)
		wantKind(t, err, record.Unauthorized)
		_, err = s.Open(t.Context(), token)
		wantKind(t, err, record.Unauthorized)
		if how == "strike" { // until the statement that follows, nothing may bring it back
			b := d.body()
			b.Grants = []statement.GrantRow{d.row(g)}
			if err := d.submit(b); err == nil {
				t.Error("a struck grant was renewed")
			}
			d.stop(g.ID)
		}
	}
}

// TestOtherGrantsGoOn: an epoch begins for those who remain, and a View of
// theirs that was open goes on.
func TestOtherGrantsGoOn(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	gone, _ := d.share(clinician(s))
	_, token := d.share(clinician(s))
	v := view(t, s, token)
	d.stop(gone.ID)
	if _, err := v.Read(t.Context(), allergyRef, 0); err != nil {
		t.Fatalf("the other grant's open View: %v", err)
	}
	put(t, d.session(), `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"Latex"}}`)
	e, err := v.Read(t.Context(), allergyRef, 0)
	if err != nil || e.Version != 2 {
		t.Fatalf("what was written in the new epoch: %v, version %d", err, e.Version)
	}
	if _, err := v.Read(t.Context(), allergyRef, 1); err != nil {
		t.Fatalf("what was written in the old one: %v", err)
	}
}

// TestStolenDiskAndRevokedToken: a copy of the whole disk, node.key included, and
// a token that was revoked open nothing that was written in a later epoch.
func TestStolenDiskAndRevokedToken(t *testing.T) {
	dir, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	g, token := d.share(clinician(s))
	s.Close()
	before := rows(t, dir)
	s = open(t, dir, store.Options{})
	d.s = s
	d.stop(g.ID)
	put(t, d.session(), `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"LATER"}}`)
	put(t, d.session(), `{"resourceType":"AllergyIntolerance","id":"a2","code":{"text":"LATER"}}`)
	s.Close()
	after := rows(t, dir)

	// The thief opens the capsule (it is still there) and gets GK. With it they try
	// every blob under every key and context they can make.
	id := token.CapsuleID()
	capsule := after[string(id[:])+"c"]
	tok, err := keys.OpenToken(token.CapsuleKey(), record.Capsule{ID: id, Hour: keys.ExpiryHour(g.Until), Blob: capsule[69:]})
	if err != nil {
		t.Fatal("the attack is not even set up: ", err)
	}
	rowKey := string(d.person[:]) + "g" + string(g.ID[:])
	if row, err := keys.OpenGrantRow(d.person, g.ID, tok.Key, after[rowKey]); err != nil || !row.Stopped || row.Hold != nil {
		t.Fatalf("after the revoke the grant's row still has keys (%v)", err)
	}
	// From an older copy of the disk they also have the row of the old epoch.
	old, err := keys.OpenGrantRow(d.person, g.ID, tok.Key, before[rowKey])
	if err != nil {
		t.Fatal(err)
	}
	old.Hold.Back = func(e record.Epoch) ([]byte, error) {
		return after[string(append(append(d.person[:], 'b'), crypto.U32(uint32(e))...))], nil
	}
	opened, tried := 0, 0
	for _, id := range []string{"a1", "a2"} {
		entry := old.Hold.EntryID("AllergyIntolerance", id)
		for version := record.Version(1); version <= 2; version++ {
			key := append(append(d.person[:], 'e'), entry[:]...)
			key = append(key, crypto.U64(^uint64(version))...)
			row, there := after[string(key)]
			if !there {
				continue
			}
			tried++
			row = row[32:] // after the hash of the version before
			if _, _, mine := old.Hold.Recognise(entry, version, row); mine {
				opened++
				if id != "a1" || version != 1 {
					t.Errorf("%s version %d is recognised", id, version)
				}
				continue
			}
			for _, sec := range record.Sections() {
				for epoch := record.Epoch(1); epoch <= 3; epoch++ {
					if _, err := old.Hold.OpenEntry(sec, epoch, entry, version, [][]byte{row}); err == nil {
						t.Errorf("%s version %d opens with the old keys", id, version)
					}
				}
			}
		}
	}
	if tried != 3 || opened != 1 {
		t.Errorf("tried %d rows and opened %d, want 3 and 1: what could be read before, no more", tried, opened)
	}
}

// TestResurrection: rows that a revoke replaced or removed, put back while the
// server is down, bring nothing back.
func TestResurrection(t *testing.T) {
	dir, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	g, token := d.share(clinician(s))
	s.Close()
	before := rows(t, dir)
	s = open(t, dir, store.Options{})
	d.s = s
	d.stop(g.ID)
	s.Close()
	p := string(d.person[:])
	for name, set := range map[string][]string{
		"the grant's row":                 {p + "g" + string(g.ID[:])},
		"the live list":                   {p + "v"},
		"the live list and the grant":     {p + "v", p + "g" + string(g.ID[:])},
		"the live list and the account":   {p + "v", p + "a"},
		"the head":                        {p + "h"},
		"head, live list, account, grant": {p + "h", p + "v", p + "a", p + "r", p + "g" + string(g.ID[:])},
	} {
		t.Run(name, func(t *testing.T) {
			twin := copyDir(t, dir)
			rows := make(map[string][]byte)
			for _, k := range set {
				rows[k] = before[k]
			}
			plant(t, twin, rows)
			s, err := store.Open(twin, store.Options{})
			if err != nil {
				if record.KindOf(err) != record.Integrity {
					t.Fatalf("opening: %v", err)
				}
				return // refused to start: the anchor disagrees
			}
			defer s.Close()
			v, err := s.Open(t.Context(), token)
			if err == nil {
				_, err = v.Read(t.Context(), allergyRef, 0)
			}
			if k := record.KindOf(err); err == nil || k != record.Unauthorized && k != record.Integrity {
				t.Errorf("the revoked token got %v", err)
			}
		})
	}
}

// TestOlderDatabase: the database as it was before the revoke, with the anchor as
// it is, is refused; accepting the loss is the operator's, and is logged.
func TestOlderDatabase(t *testing.T) {
	dir, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	g, _ := d.share(clinician(s))
	s.Close()
	old := copyDir(t, dir)
	s = open(t, dir, store.Options{})
	d.s = s
	d.stop(g.ID)
	s.Close()
	anchor, err := os.ReadFile(filepath.Join(dir, "anchor"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(old, "anchor"), anchor, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(old, store.Options{})
	wantKind(t, err, record.Integrity)
	accepted, err := store.Open(old, store.Options{AcceptLoss: true})
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	// The device that revoked knows better: its next statement does not follow.
	d.s = accepted
	b := d.body()
	if err := d.submit(b); record.KindOf(err) != record.Conflict {
		t.Errorf("a statement after the loss: %v", err)
	}
}

// TestReplayedStatement: a statement, word for word, changes nothing the second
// time, and an older one is a conflict.
func TestReplayedStatement(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	g := d.grant(clinician(s))
	token := crypto.NewCredential(crypto.Access)
	b := d.body()
	b.Grants = []statement.GrantRow{d.row(g)}
	b.Capsules = []record.Capsule{keys.SealToken(token.CapsuleKey(), keys.TokenCapsule{Person: d.person, Grant: g.ID,
		Key: keys.GrantKey(d.grants, g.ID), Audit: keys.AuditKey(d.audit, g.ID)})}
	shared := statement.Sign(b, d.identity)
	for range 2 { // the second is the answer that was lost on its way
		if _, err := s.Apply(t.Context(), shared, crypto.Credential{}); err != nil {
			t.Fatal(err)
		}
	}
	d.done(shared)
	d.stop(g.ID)
	_, err := s.Apply(t.Context(), shared, crypto.Credential{})
	wantKind(t, err, record.Conflict)
	_, err = s.Open(t.Context(), token)
	wantKind(t, err, record.Unauthorized)
}

// TestStrangersStatement: who signs with another key learns nothing by it: one
// answer, whether there is such a person or not and whatever the statement says.
func TestStrangersStatement(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	d.share(clinician(s))
	stranger := newDevice(t, s)
	invite, err := s.Invite(t.Context(), keys.Invite{Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	nobody := d.person
	nobody[0] ^= 1
	said, asked := map[string]bool{}, 0
	for _, person := range []record.PersonID{d.person, nobody} {
		for _, seq := range []record.Seq{0, 1, d.seq, d.seq + 1, d.seq + 2, ^record.Seq(0)} {
			for _, last := range []statement.Hash{d.last, {}} {
				for _, own := range []bool{false, true} {
					for _, with := range []crypto.Credential{{}, invite} {
						b := d.body()
						b.Person, b.Seq, b.Prev = person, seq, last
						if own {
							b.Identity = &statement.Identity{Signing: stranger.identity.Public(), Box: stranger.box.Public().Bytes()}
						}
						st := statement.Sign(b, stranger.identity)
						if own {
							st = st.SignNew(stranger.identity)
						}
						_, err := s.Apply(t.Context(), st, with)
						wantKind(t, err, record.Unauthorized)
						said[err.Error()] = true
						asked++
					}
				}
			}
		}
	}
	if len(said) != 1 || asked != 96 {
		t.Errorf("%d answers to %d statements, want one: %v", len(said), asked, said)
	}
	// Who knows the last statement word for word, and not its signature.
	for name, make := range map[string]func(*device) statement.Signed{
		"the first": func(d *device) statement.Signed { return d.first() },
		"a later":   func(d *device) statement.Signed { return statement.Sign(d.body(), d.identity) },
		"a new identity's": func(d *device) statement.Signed {
			b, old := d.body(), d.identity
			d.identity = crypto.NewSigningKey(crypto.NewKey())
			b.Identity = &statement.Identity{Signing: d.identity.Public(), Box: d.box.Public().Bytes()}
			d.newEpoch(&b)
			return statement.Sign(b, old).SignNew(d.identity)
		},
	} {
		d, invite := newDevice(t, s), crypto.Credential{}
		if name != "the first" {
			d = enrol(t, s)
		} else if invite, err = s.Invite(t.Context(), keys.Invite{Until: s.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		st := make(d)
		want, err := s.Apply(t.Context(), st, invite)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := s.Apply(t.Context(), st, crypto.Credential{}); err != nil || got.Seq != want.Seq {
			t.Errorf("%s, sent again: %v", name, err)
		}
		st.Signature, st.NewSignature = append([]byte{}, st.Signature...), append([]byte(nil), st.NewSignature...)
		if st.Signature[5] ^= 1; len(st.NewSignature) > 0 {
			st.NewSignature[5] ^= 1
		}
		_, err = s.Apply(t.Context(), st, crypto.Credential{})
		wantKind(t, err, record.Unauthorized)
		if !said[err.Error()] {
			t.Errorf("%s, signed wrongly: %v", name, err)
		}
	}
}

// TestClockSetBack: an ended grant stays ended when the clock is set back, and
// everything opens again when it is right.
func TestClockSetBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	now := time.Now()
	set := func(at time.Time) { mu.Lock(); now = at; mu.Unlock() }
	opt := store.Options{Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }}
	s := open(t, dir, opt)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	g := clinician(s)
	g.Until = now.Add(time.Hour).Truncate(time.Second)
	_, token := d.share(g)
	start := now
	set(start.Add(2 * time.Hour))
	_, err := s.Open(t.Context(), token)
	wantKind(t, err, record.Unauthorized)
	for _, restart := range []bool{false, true} {
		set(start.Add(30 * time.Minute))
		if restart {
			s.Close()
			s = open(t, dir, opt)
			d.s = s
		}
		_, err = s.Open(t.Context(), token)
		wantKind(t, err, record.Unavailable)
		set(start.Add(2*time.Hour - store.ClockSlack/2)) // a little back: time stands still
		_, err = s.Open(t.Context(), token)
		wantKind(t, err, record.Unauthorized)
	}
	set(start.Add(3 * time.Hour))
	if _, err := d.session().Read(t.Context(), allergyRef, 0); err != nil {
		t.Errorf("with the right time again: %v", err)
	}
	set(time.Unix(0, 0)) // a board without a clock
	_, err = s.Open(t.Context(), token)
	wantKind(t, err, record.Unavailable)
}

// TestSessionEnds: idle for a quarter of an hour, or twelve hours old.
func TestSessionEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	s := open(t, dir, store.Options{Now: func() time.Time { return now }})
	d := enrol(t, s)
	c, until, err := s.SignIn(t.Context(), d.person, d.self.ID, keys.GrantKey(d.grants, d.self.ID))
	if err != nil || until.Before(now) {
		t.Fatal(err, until)
	}
	for range 10 {
		now = now.Add(store.SessionIdle - time.Second)
		view(t, s, c)
	}
	now = now.Add(store.SessionIdle + time.Second)
	_, err = s.Open(t.Context(), c)
	wantKind(t, err, record.Unauthorized)
	_, err = s.Open(t.Context(), c) // and trying again does not wake it
	wantKind(t, err, record.Unauthorized)
	c, until, err = s.SignIn(t.Context(), d.person, d.self.ID, keys.GrantKey(d.grants, d.self.ID))
	if err != nil {
		t.Fatal(err)
	}
	for now.Before(until.Add(-10 * time.Minute)) {
		now = now.Add(10 * time.Minute)
		view(t, s, c)
	}
	now = now.Add(10 * time.Minute)
	_, err = s.Open(t.Context(), c)
	wantKind(t, err, record.Unauthorized)
	_, _, err = s.SignIn(t.Context(), d.person, d.self.ID, crypto.NewKey())
	wantKind(t, err, record.Unauthorized)
	v := d.session()
	if _, err := v.SignOut(t.Context()); err != nil {
		t.Error("signing out failed")
	} else if _, err := v.Read(t.Context(), allergyRef, 0); err != nil {
		wantKind(t, err, record.NotFound)
	}
}

// failing is an engine whose n-th update fails before or after it is written.
type failing struct {
	kv.Engine
	mu    sync.Mutex
	at    int
	after bool
	seen  int
	down  bool
}

func (f *failing) Update(ctx context.Context, p kv.Partition, fn func(kv.Tx) error) error {
	f.mu.Lock()
	f.seen++
	hit := f.at > 0 && f.seen == f.at
	if f.down || hit && !f.after {
		f.down = true
		f.mu.Unlock()
		return kv.ErrFailed
	}
	f.mu.Unlock()
	err := f.Engine.Update(ctx, p, fn)
	if hit {
		f.mu.Lock()
		f.down = true
		f.mu.Unlock()
		return kv.ErrFailed
	}
	return err
}

// TestUnloggedReadDoesNotExist: a read whose log entry cannot be written shows
// nothing.
func TestUnloggedReadDoesNotExist(t *testing.T) {
	dir, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	_, token := d.share(clinician(s))
	s.Close()
	s = open(t, dir, store.Options{})
	v := view(t, s, token)
	s.WrapEngine(func(e kv.Engine) kv.Engine { return &failing{Engine: e, at: 1} })
	if e, err := v.Read(t.Context(), allergyRef, 0); err == nil || len(e.Body) > 0 {
		t.Errorf("an unlogged read showed %d bytes, %v", len(e.Body), err)
	}
	if page, err := lookFor(v, "AllergyIntolerance", "", 10); err == nil || len(page.Entries) > 0 {
		t.Errorf("an unlogged search showed %d entries, %v", len(page.Entries), err)
	}
}

// TestLossRevivesNothing: an operator who accepts an older database does not
// bring back a grant that was revoked since, not even when the power fails in
// the middle.
func TestLossRevivesNothing(t *testing.T) {
	dir, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	g, token := d.share(clinician(s))
	_, kept := d.share(clinician(s))
	s.Close()
	old := copyDir(t, dir)
	s = open(t, dir, store.Options{})
	d.s = s
	d.stop(g.ID)
	s.Close()
	anchor, err := os.ReadFile(filepath.Join(dir, "anchor"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(old, "anchor"), anchor, 0o600); err != nil {
		t.Fatal(err)
	}
	accepted := open(t, old, store.Options{AcceptLoss: true})
	for _, c := range []crypto.Credential{token, kept} {
		_, err := accepted.Open(t.Context(), c)
		wantKind(t, err, record.Unauthorized)
	}
	accepted.Close()
	accepted = open(t, old, store.Options{}) // it is taken once, and stays taken
	_, err = accepted.Open(t.Context(), token)
	wantKind(t, err, record.Unauthorized)
	d.s = accepted
	if _, err := d.session().Read(t.Context(), allergyRef, 0); err != nil {
		t.Errorf("the person themself: %v", err)
	}
}

// TestPageEnds: a page of large entries ends before it fills the memory, and the
// pages together show each entry once.
func TestPageEnds(t *testing.T) {
	_, s := newStore(t)
	me := enrol(t, s).session()
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		put(t, me, `{"resourceType":"Media","id":"`+id+`","status":"completed","content":{"data":"`+strings.Repeat("AAAA", 7<<18)+`"}}`)
	}
	seen := map[string]int{}
	pages := 0
	for next := ""; ; pages++ {
		p, err := lookFor(me, "Media", "", 500, next)
		if err != nil || p.Total != 5 {
			t.Fatal(p.Total, err)
		}
		size := 0
		for _, e := range p.Entries {
			seen[e.Ref.ID]++
			size += len(e.Body)
		}
		if size > 20<<20 || size == 0 {
			t.Errorf("a page of %d bytes", size)
		}
		if next = p.Next; next == "" {
			break
		}
	}
	if len(seen) != 5 || pages != 2 {
		t.Errorf("%v in %d pages", seen, pages+1)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is shown %d times", id, n)
		}
	}
}

// TestTokenEndsInTime: a View that was opened while its token was good answers
// nothing once it is not, though the grant goes on.
func TestTokenEndsInTime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	s := open(t, dir, store.Options{Now: func() time.Time { return now }})
	d := enrol(t, s)
	put(t, d.session(), allergy)
	g, _ := d.share(clinician(s))
	short := crypto.NewCredential(crypto.Access)
	b := d.body()
	b.Capsules = []record.Capsule{keys.SealToken(short.CapsuleKey(), keys.TokenCapsule{Person: d.person, Grant: g.ID,
		Key: keys.GrantKey(d.grants, g.ID), Audit: keys.AuditKey(d.audit, g.ID), Until: now.Add(10 * time.Minute).Truncate(time.Second)})}
	if err := d.submit(b); err != nil {
		t.Fatal(err)
	}
	v := view(t, s, short)
	if _, err := v.Read(t.Context(), allergyRef, 0); err != nil {
		t.Fatal(err)
	}
	now = now.Add(11 * time.Minute)
	_, err := v.Read(t.Context(), allergyRef, 0)
	wantKind(t, err, record.Unauthorized)
	v.Close()
	_, err = v.Read(t.Context(), allergyRef, 0) // and a closed one nothing at all
	wantKind(t, err, record.Unauthorized)
}
