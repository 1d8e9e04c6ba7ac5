package store_test

import (
	"context"
	"os"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/store"
)

// device is the least a person's device does, which shares
// record/keys with record/holder and nothing else: the store must hold against any client.
type device struct {
	t        testing.TB
	s        *store.Store
	identity crypto.SigningKey
	box      crypto.BoxKey
	boxSeed  crypto.Key
	person   record.PersonID
	id       crypto.Key
	root     crypto.Key
	grants   crypto.Key
	audit    crypto.Key
	epochs   []keys.EpochKey
	slot     crypto.Credential
	seq      record.Seq
	last     statement.Hash
	self     grant.Grant
	live     []grant.Grant
	ring     []byte // the keyring; the store never looks into it
}

func open(t testing.TB, dir string, opt store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newStore(t testing.TB) (string, *store.Store) {
	t.Helper()
	dir := t.TempDir()
	os.RemoveAll(dir)
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	return dir, open(t, dir, store.Options{})
}

func enrol(t testing.TB, s *store.Store) *device {
	t.Helper()
	invite, err := s.Invite(t.Context(), keys.Invite{Until: s.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := enrolWith(t, s, invite)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func scopes(text string) []grant.Scope {
	s, err := grant.ParseScopes(text)
	if err != nil {
		panic(err)
	}
	return s
}

func (d *device) grant(g grant.Grant) grant.Grant {
	g.ID, g.Person = record.GrantID(crypto.RandomID()), d.person
	g.From = d.s.Now().Add(-time.Minute).Truncate(time.Second)
	if g.Daily == 0 {
		g.Daily = 100000
	}
	d.live = append(d.live, g)
	return g
}

func (d *device) body() statement.Body {
	seq := d.seq + 1
	return statement.Body{Person: d.person, Store: d.s.ID(), Seq: seq, Prev: d.last, Time: d.s.Now(),
		Slots: []statement.Slot{{ID: d.slot.CapsuleID(), Wrap: d.wrap()}},
		Ring:  d.root.Derive(crypto.LabelRing).Seal(keys.RingContext(d.person, seq), append([]byte("keyring"), d.ring...)),
		Leaf:  audit.DeviceLeaf(d.audit, d.person, seq, audit.Event{Time: d.s.Now(), Action: audit.Grant})}
}

// wrap seals R to the slot.
func (d *device) wrap() []byte {
	k := d.slot.CapsuleKey()
	b, err := crypto.NewBoxKey(k.KEK).Public().Seal(keys.RootContext(d.person, k.ID), d.root.Bytes())
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

func (d *device) row(g grant.Grant) statement.GrantRow {
	e := d.epochs[len(d.epochs)-1]
	return statement.GrantRow{Grant: g.ID, Until: g.Until, Self: g.Self,
		Row: keys.SealGrantRow(g, g.Sign(d.identity), e, d.id, d.grants, d.audit)}
}

func (d *device) epochKey(e record.Epoch) crypto.Key { return d.epochs[e-1].Key }

func (d *device) newEpoch(b *statement.Body) {
	e := keys.NewEpochKey(record.Epoch(len(d.epochs) + 1))
	b.Epoch = &statement.Epoch{Number: e.Epoch}
	if len(d.epochs) > 0 {
		b.Epoch.Back = e.BackRow(d.person, d.epochKey)
	}
	d.epochs = append(d.epochs, e)
	for _, g := range d.live {
		b.Grants = append(b.Grants, d.row(g))
	}
}

func (d *device) done(st statement.Signed) { d.seq, d.last = d.seq+1, statement.HashOf(st.Body) }

func (d *device) submit(b statement.Body) error {
	st := statement.Sign(b, d.identity)
	_, err := d.s.Apply(d.t.Context(), st, crypto.Credential{})
	if err == nil {
		d.done(st)
	}
	return err
}

// share makes a grant and a token for it.
func (d *device) share(g grant.Grant) (grant.Grant, crypto.Credential) {
	d.t.Helper()
	g = d.grant(g)
	token := crypto.NewCredential(crypto.Access)
	b := d.body()
	b.Grants = []statement.GrantRow{d.row(g)}
	b.Capsules = []record.Capsule{keys.SealToken(token.CapsuleKey(), keys.TokenCapsule{Person: d.person, Grant: g.ID,
		Key: keys.GrantKey(d.grants, g.ID), Audit: keys.AuditKey(d.audit, g.ID), Until: g.Until})}
	if err := d.submit(b); err != nil {
		d.t.Fatal(err)
	}
	return g, token
}

// stop ends a grant and begins an epoch for the others.
func (d *device) stop(id record.GrantID) {
	d.t.Helper()
	kept := d.live[:0:0]
	for _, g := range d.live {
		if g.ID != id {
			kept = append(kept, g)
		}
	}
	d.live = kept
	b := d.body()
	b.Ended = []statement.Ended{{Grant: id, Row: keys.SealStoppedRow(d.person, id, d.grants, d.audit)}}
	d.newEpoch(&b)
	if err := d.submit(b); err != nil {
		d.t.Fatal(err)
	}
}

func (d *device) session() *store.View {
	d.t.Helper()
	c, _, err := d.s.SignIn(d.t.Context(), d.person, d.self.ID, keys.GrantKey(d.grants, d.self.ID))
	if err != nil {
		d.t.Fatal(err)
	}
	return view(d.t, d.s, c)
}

func view(t testing.TB, s *store.Store, c crypto.Credential) *store.View {
	t.Helper()
	v, err := s.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// put writes a resource under an id.
func put(t testing.TB, v *store.View, json string) store.Result {
	t.Helper()
	r, err := fhir.Parse([]byte(json), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	res, err := v.Apply(t.Context(), []change.Change{{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r}}, store.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return res[0]
}

func wantKind(t testing.TB, err error, k record.Kind) {
	t.Helper()
	if record.KindOf(err) != k || err == nil {
		t.Fatalf("error is %v (%s), want %s", err, record.KindOf(err), k)
	}
}

const (
	allergy = `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"Penicillin"},"patient":{"display":"her"}}`
	low     = `{"resourceType":"Condition","id":"c1","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"F32.1"}]},"subject":{"display":"her"}}`
)

// TestWalk is the main job, without HTTP: a record, a grant, a read while the
// person is away, a revoke.
func TestWalk(t *testing.T) {
	dir, s := newStore(t)
	d := enrol(t, s)
	me := d.session()
	put(t, me, allergy)
	put(t, me, low)

	gp, token := d.share(grant.Grant{To: grant.Party{Name: "Dr Okafor"}, Sections: grant.Clinical, Purpose: "TREAT",
		Scopes: scopes("patient/*.rs"), Until: s.Now().Add(24 * time.Hour).Truncate(time.Second)})
	v := view(t, s, token)
	e, err := v.Read(t.Context(), fhir.Ref{Type: "AllergyIntolerance", ID: "a1"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if e.Section != record.Allergies || e.Version != 1 {
		t.Errorf("filed under %s, version %s", e.Section, e.Version)
	}
	_, hidden := v.Read(t.Context(), fhir.Ref{Type: "Condition", ID: "c1"}, 0)
	wantKind(t, hidden, record.NotFound)
	_, absent := v.Read(t.Context(), fhir.Ref{Type: "Condition", ID: "c2"}, 0)
	wantKind(t, absent, record.NotFound)
	_, err = v.Apply(t.Context(), []change.Change{{Verb: change.Delete, Ref: fhir.Ref{Type: "AllergyIntolerance", ID: "a1"}}}, store.ApplyOptions{})
	wantKind(t, err, record.Forbidden)
	page, err := lookFor(v, "Condition", "", 50)
	if err != nil || page.Total != 0 {
		t.Errorf("search found %d, %v", page.Total, err)
	}

	s.Close()
	s = open(t, dir, store.Options{}) // the person is away, the server was restarted
	d.s = s
	v = view(t, s, token)
	if _, err := v.Read(t.Context(), fhir.Ref{Type: "AllergyIntolerance", ID: "a1"}, 0); err != nil {
		t.Fatal(err)
	}
	d.stop(gp.ID)
	_, err = v.Read(t.Context(), fhir.Ref{Type: "AllergyIntolerance", ID: "a1"}, 0)
	wantKind(t, err, record.Unauthorized)
	_, err = s.Open(t.Context(), token)
	wantKind(t, err, record.Unauthorized)

	// The person still reads what was sealed in the epoch before.
	me = d.session()
	if _, err := me.Read(t.Context(), fhir.Ref{Type: "Condition", ID: "c1"}, 0); err != nil {
		t.Fatal(err)
	}
	put(t, me, `{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"Penicillin, severe"},"patient":{"display":"her"}}`)
	if _, err := me.Move(t.Context(), []fhir.Ref{{Type: "AllergyIntolerance", ID: "a1"}}, record.Private); err != nil {
		t.Fatal(err)
	}
	e, err = me.Read(t.Context(), fhir.Ref{Type: "AllergyIntolerance", ID: "a1"}, 1)
	if err != nil || e.Section != record.Private {
		t.Errorf("after the move version 1 is in %s: %v", e.Section, err)
	}
	st, err := s.Status(t.Context())
	if err != nil || st.People != 1 {
		t.Errorf("status %+v, %v", st, err)
	}
	logPage, err := me.Log(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	head, err := audit.VerifyCheckpoint(logPage.Checkpoint, s.Verifier(), s.ID(), d.person)
	if err != nil {
		t.Fatal(err)
	}
	c := audit.NewChecker(audit.Frontier{}, statement.Head{})
	for _, leaf := range logPage.Leaves {
		c.Add(leaf)
	}
	if _, err := c.Finish(head); err != nil {
		t.Fatal(err)
	}
	r := audit.NewReader(d.person)
	r.AddGeneration(d.audit, []record.GrantID{d.self.ID, gp.ID})
	r.AddBox(d.box)
	for i, leaf := range logPage.Leaves {
		e, err := r.Open(uint64(i), leaf)
		if err != nil {
			t.Errorf("leaf %d: %v", i, err)
		}
		t.Logf("%2d %d action %d outcome %d reason %d %v", i, e.Writer, e.Event.Action, e.Event.Outcome, e.Event.Reason, e.Event.Entries)
	}
}
