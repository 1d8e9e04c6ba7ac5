package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/holder/holdertest"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/store"
)

// restored is the store of d as a new one, in which d waits.
func (d *device) restored(dir string) *store.Store {
	d.t.Helper()
	if err := d.s.Close(); err != nil {
		d.t.Fatal(err)
	}
	to := filepath.Join(d.t.TempDir(), "restored")
	holdertest.Restored(d.t, dir, to, audit.Restored)
	return open(d.t, to, store.Options{})
}

// goOn is the statement that carries d on at its store.
func (d *device) goOn(from record.StoreID) statement.Body {
	d.live = nil
	d.self = d.grant(grant.Grant{Self: true, To: grant.Party{Name: "you"}, Sections: record.AllSections, Purpose: "PATRQT",
		Scopes: scopes("patient/*.cruds")})
	b := d.body()
	b.CarryOn = &statement.CarryOn{From: from, Verifier: d.s.Verifier()}
	d.newEpoch(&b)
	return b
}

// TestCarryOnRules breaks each rule of a carry-on once; the record waits on.
func TestCarryOnRules(t *testing.T) {
	dir, s := newStore(t)
	d := enrol(t, s)
	other := enrol(t, s)
	shared, token := d.share(clinician(s))
	put(t, d.session(), allergy)
	from, oldSelf := s.ID(), d.self
	d.s = d.restored(dir)
	other.s = d.s

	// It opens to nobody, and says nothing to who may not know.
	if _, err := d.s.Open(t.Context(), token); !errors.Is(err, record.Unauthorized) {
		t.Errorf("a token: %v", err)
	}
	if _, _, err := d.s.SignIn(t.Context(), d.person, oldSelf.ID, keys.GrantKey(d.grants, oldSelf.ID)); !errors.Is(err, record.Unauthorized) {
		t.Errorf("a session: %v", err)
	}
	if _, err := d.s.RingLog(t.Context(), d.person, other.slot.CapsuleID(), 0); !errors.Is(err, record.NotFound) {
		t.Errorf("the log, by another's slot: %v", err)
	}
	if _, err := d.s.RingLog(t.Context(), d.person, d.slot.CapsuleID(), 1<<40); !errors.Is(err, record.Integrity) {
		t.Errorf("the log from behind its end: %v", err)
	}
	ring, err := d.s.Ring(t.Context(), d.person, d.slot.CapsuleID(), 0)
	if err != nil || ring.From != from || ring.Note == nil || len(ring.Live) != 0 {
		t.Fatalf("the keyring: %+v, %v", ring, err)
	}

	good := d.goOn(from)
	for name, spoil := range map[string]func(*statement.Body){
		"not a carry-on":          func(b *statement.Body) { b.CarryOn = nil },
		"from another store":      func(b *statement.Body) { b.CarryOn.From[0] ^= 1 },
		"from this store":         func(b *statement.Body) { b.CarryOn.From = d.s.ID() },
		"at another node":         func(b *statement.Body) { b.CarryOn.Verifier = "carehold/node/x+00+AA" },
		"without an epoch":        func(b *statement.Body) { b.Epoch = nil },
		"with an epoch again":     func(b *statement.Body) { b.Epoch.Number-- },
		"with a grant besides":    func(b *statement.Body) { b.Grants = append(b.Grants, d.row(shared)) },
		"with a grant of another": func(b *statement.Body) { b.Grants[0].Self = false },
		"without a grant":         func(b *statement.Body) { b.Grants = nil },
		"with a token": func(b *statement.Body) {
			b.Capsules = []record.Capsule{keys.SealToken(crypto.NewCredential(crypto.Access).CapsuleKey(), keys.TokenCapsule{Person: d.person, Grant: d.self.ID, Key: crypto.NewKey(), Audit: crypto.NewKey()})}
		},
		"ending what is not there": func(b *statement.Body) { b.Ended = []statement.Ended{{Grant: shared.ID}} },
		"closed at once":           func(b *statement.Body) { b.MovedTo = "https://new.example.org" },
		"without a slot":           func(b *statement.Body) { b.Slots = nil },
		"for the old store":        func(b *statement.Body) { b.Store = from },
	} {
		b := good
		c := *good.CarryOn
		b.CarryOn, b.Grants = &c, append([]statement.GrantRow(nil), good.Grants...)
		e := *good.Epoch
		b.Epoch = &e
		spoil(&b)
		if err := d.try(b); !errors.Is(err, record.Unprocessed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, spoil := range map[string]func(*statement.Body){
		"a sequence too far":     func(b *statement.Body) { b.Seq++ },
		"another before it":      func(b *statement.Body) { b.Prev[0] ^= 1 },
		"the sequence of before": func(b *statement.Body) { b.Seq-- },
	} {
		b := good
		spoil(&b)
		if err := d.try(b); !errors.Is(err, record.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := good
	b.Seen.Size = 1 << 40
	if err := d.try(b); !errors.Is(err, record.Integrity) {
		t.Errorf("more of the log than there is: %v", err)
	}
	if _, err := d.s.Apply(t.Context(), statement.Sign(good, other.identity), crypto.Credential{}); !errors.Is(err, record.Unauthorized) {
		t.Errorf("signed by another: %v", err)
	}
	if st, err := d.s.Status(t.Context()); err != nil || st.Waiting != 2 {
		t.Errorf("%+v, %v", st, err)
	}

	if err := d.submit(good); err != nil {
		t.Fatal(err)
	}
	if e, err := d.session().Read(t.Context(), allergyRef, 0); err != nil || e.Version != 1 {
		t.Errorf("what was there: %+v, %v", e.Version, err)
	}
	put(t, d.session(), strings.Replace(allergy, "Penicillin", "Amoxicillin", 1))
	if _, err := d.s.RingLog(t.Context(), d.person, d.slot.CapsuleID(), 0); !errors.Is(err, record.Forbidden) {
		t.Errorf("the log without a session: %v", err)
	}
	before := d.self
	again := d.goOn(from)
	again.Ended = []statement.Ended{{Grant: before.ID, Row: keys.SealStoppedRow(d.person, before.ID, d.grants, d.audit)}}
	if err := d.try(again); !errors.Is(err, record.Unprocessed) {
		t.Errorf("carried on again: %v", err)
	}
	again.CarryOn.From = record.StoreID{}
	if err := d.try(again); !errors.Is(err, record.Unprocessed) {
		t.Errorf("carried on again, from nowhere: %v", err)
	}
}

// A full record goes on all the same: what was paid for with room is there already.
func TestCarryOnFull(t *testing.T) {
	dir, s := newStore(t)
	invite, err := s.Invite(t.Context(), keys.Invite{Quota: 60 << 10, Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := enrolWith(t, s, invite)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		if _, err := tryPut(d.session(), large("b"+string(rune('a'+i)), 12<<10)); err != nil {
			break
		}
	}
	from := s.ID()
	for range 200 { // and its log is longer than what was left
		if _, err := s.Ring(t.Context(), d.person, d.slot.CapsuleID(), 0); err != nil {
			t.Fatal(err)
		}
	}
	d.s = d.restored(dir)
	if err := d.submit(d.goOn(from)); err != nil {
		t.Error(err)
	}
	if _, err := tryPut(d.session(), large("more", 30<<10)); !errors.Is(err, record.TooMany) {
		t.Errorf("more than it may take: %v", err)
	}
}

// A closed record: no statement leaves a grant, and no request a change.
func TestClosedRules(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	_, token := d.share(clinician(s))
	b := d.body()
	b.MovedTo = "https://new.example.org"
	if err := d.try(b); !errors.Is(err, record.Unprocessed) {
		t.Errorf("closed with a grant: %v", err)
	}
	shared := d.live[1]
	d.live = d.live[:1]
	open := view(t, s, token)
	writing := d.session()
	for _, bad := range []string{"https://new.example.org/\x1b[2J", "https://new example.org", "https://new.example.org/\u202e", "https://new\u00adexample.org"} {
		b = d.body()
		b.MovedTo, b.Ended = bad, []statement.Ended{{Grant: shared.ID, Row: keys.SealStoppedRow(d.person, shared.ID, d.grants, d.audit)}}
		if err := d.try(b); !errors.Is(err, record.Unprocessed) {
			t.Errorf("closed for %q: %v", bad, err)
		}
	}
	b = d.body()
	b.MovedTo, b.Ended = "https://new.example.org", []statement.Ended{{Grant: shared.ID, Row: keys.SealStoppedRow(d.person, shared.ID, d.grants, d.audit)}}
	if err := d.submit(b); err != nil {
		t.Fatal(err)
	}
	if _, err := open.Read(t.Context(), allergyRef, 0); !errors.Is(err, record.Unauthorized) {
		t.Errorf("a View of before: %v", err)
	}
	if _, err := tryPut(writing, strings.Replace(allergy, "Penicillin", "Amoxicillin", 1)); !errors.Is(err, record.Unprocessed) || !strings.Contains(err.Error(), "https://new.example.org") {
		t.Errorf("a change: %v", err)
	}
	if e, err := d.session().Read(t.Context(), allergyRef, 0); err != nil || e.Version != 1 {
		t.Errorf("it is read: %+v, %v", e.Version, err)
	}
	b = d.body()
	b.MovedTo = "https://new.example.org"
	b.Grants = []statement.GrantRow{d.row(d.grant(clinician(s)))}
	d.live = d.live[:1]
	if err := d.try(b); !errors.Is(err, record.Unprocessed) {
		t.Errorf("a grant: %v", err)
	}
	if err := d.submit(d.body()); err != nil { // opens it
		t.Fatal(err)
	}
	put(t, d.session(), strings.Replace(allergy, "Penicillin", "Amoxicillin", 1))
}
