package store_test

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/store"
)

// oauth is a person and a client of theirs, in a store whose clock the test sets.
type oauth struct {
	t   testing.TB
	now time.Time
	s   *store.Store
	d   *device
	by  store.Presented

	engine *memory // where the store is in memory
	node   crypto.Key
}

const (
	appScope = "openid fhirUser offline_access patient/*.rs"
	redirect = "https://app.example/back"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	nonce    = "n-0S6_WzA2Mj"
)

// oauthStart is a time after the program was made, on a whole hour.
var oauthStart = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

// newOAuth has its store in memory: for tests that do one thing at a time.
func newOAuth(t testing.TB) *oauth {
	o := &oauth{t: t, now: oauthStart, engine: newMemory(), node: crypto.NewKey(), by: store.Presented{Client: "app", Public: true}}
	if err := store.InitOn(o.engine); err != nil {
		t.Fatal(err)
	}
	o.boot()
	o.d = enrol(t, o.s)
	put(t, o.d.session(), allergy)
	put(t, o.d.session(), low)
	return o
}

// boot starts the store again, as it is on the disk.
func (o *oauth) boot() {
	o.t.Helper()
	o.engine = o.engine.reboot()
	s, err := store.OpenOn(o.engine, o.node, store.Options{Now: func() time.Time { return o.now }})
	if err != nil {
		o.t.Fatal(err)
	}
	if o.s = s; o.d != nil {
		o.d.s = s
	}
}

// newOAuthOnDisk is for tests that do much at once.
func newOAuthOnDisk(t testing.TB) *oauth {
	_, s := newStore(t)
	o := &oauth{t: t, now: s.Now(), s: s, d: enrol(t, s), by: store.Presented{Client: "app", Public: true}}
	put(t, o.d.session(), allergy)
	return o
}

// forApp is what the person gives the client.
func (o *oauth) forApp() grant.Grant {
	return grant.Grant{To: grant.Party{Name: "An app"}, Client: o.by.Client, Sections: grant.Clinical &^ record.SensitiveSections, Purpose: "PATRQT",
		Scopes: scopes("patient/*.rs"), Until: o.s.Now().Add(400 * 24 * time.Hour).Truncate(time.Second)}
}

// approve answers a request with yes, as a device does: one statement has the grant and
// the answer.
func (d *device) approve(g grant.Grant, request crypto.Credential, scope string) (grant.Grant, error) {
	d.t.Helper()
	g.Asked = request.CapsuleID()
	g = d.grant(g)
	answer, err := keys.SealAnswer(request.CapsuleID(), request.BoxKey().Public().Bytes(), keys.Answer{Person: d.person, Grant: g.ID,
		Key: keys.GrantKey(d.grants, g.ID), Audit: keys.AuditKey(d.audit, g.ID), Until: d.s.Now().Add(time.Hour).Truncate(time.Second), Ends: g.Until, Scope: scope})
	if err != nil {
		d.t.Fatal(err)
	}
	b := d.body()
	b.Grants = []statement.GrantRow{d.row(g)}
	b.Capsules = []record.Capsule{answer}
	return g, d.submit(b)
}

// asked is a request that was answered with yes.
func (o *oauth) asked(g grant.Grant, scope string) (crypto.Credential, grant.Grant) {
	o.t.Helper()
	request := crypto.NewCredential(crypto.Request)
	g, err := o.d.approve(g, request, scope)
	if err != nil {
		o.t.Fatal(err)
	}
	return request, g
}

func (o *oauth) codeFor() store.CodeFor {
	return store.CodeFor{Client: o.by.Client, Bound: o.by.Bound, Redirect: redirect, Challenge: sha256.Sum256([]byte(verifier)), Nonce: nonce}
}

// code is the authorization code of a request.
func (o *oauth) code(g grant.Grant, scope string) (crypto.Credential, grant.Grant) {
	o.t.Helper()
	request, g := o.asked(g, scope)
	a, err := o.s.Answer(ctx, request)
	if err != nil {
		o.t.Fatal(err)
	}
	defer a.Close()
	code, err := a.Code(ctx, o.codeFor())
	if err != nil {
		o.t.Fatal(err)
	}
	return code, g
}

func (o *oauth) exchange(code crypto.Credential) (store.Tokens, error) {
	return o.s.Exchange(ctx, code, o.by, redirect, verifier)
}

// tokens are those of a new grant.
func (o *oauth) tokens(scope string) (store.Tokens, grant.Grant) {
	o.t.Helper()
	code, g := o.code(o.forApp(), scope)
	t, err := o.exchange(code)
	if err != nil {
		o.t.Fatal(err)
	}
	return t, g
}

func (o *oauth) refresh(token crypto.Credential) (store.Tokens, error) {
	return o.s.Refresh(ctx, token, o.by, "")
}

// refreshed is refresh that has to go well.
func (o *oauth) refreshed(token crypto.Credential) store.Tokens {
	o.t.Helper()
	t, err := o.refresh(token)
	if err != nil {
		o.t.Fatal(err)
	}
	return t
}

// reads reports whether a token reads.
func (o *oauth) reads(token crypto.Credential) error {
	v, err := o.s.OpenBound(ctx, token, o.by.Bound)
	if err != nil {
		return err
	}
	defer v.Close()
	_, err = v.Read(ctx, allergyRef, 0)
	return err
}

func (o *oauth) mustRead(token crypto.Credential) {
	o.t.Helper()
	if err := o.reads(token); err != nil {
		o.t.Fatalf("a token that is good reads nothing: %v", err)
	}
}

// stopped fails unless the grant is struck.
func (o *oauth) struck(g grant.Grant) bool {
	o.t.Helper()
	ring, err := o.s.Ring(ctx, o.d.person, o.d.slot.CapsuleID(), 0)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, x := range ring.Live {
		if x.Grant == g.ID {
			return x.Struck
		}
	}
	o.t.Fatal("the grant is not on the list")
	return false
}

// suspend has a grant wait, and resume go on.
func (o *oauth) suspend(g grant.Grant) {
	o.t.Helper()
	b := o.d.body()
	b.Suspended = []statement.Ended{{Grant: g.ID, Row: keys.SealStoppedRow(o.d.person, g.ID, o.d.grants, o.d.audit)}}
	if err := o.d.submit(b); err != nil {
		o.t.Fatal(err)
	}
}

func (o *oauth) resume(g grant.Grant) {
	o.t.Helper()
	b := o.d.body()
	row := o.d.row(g)
	row.Resumes = true
	b.Grants = []statement.GrantRow{row}
	if err := o.d.submit(b); err != nil {
		o.t.Fatal(err)
	}
}

// did counts an action in the log of the grant.
func (o *oauth) did(g grant.Grant, a audit.Action, why audit.Reason) (n int) {
	o.t.Helper()
	page, err := o.d.session().Log(ctx, 0, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	r := audit.NewReader(o.d.person)
	r.AddGeneration(o.d.audit, []record.GrantID{g.ID})
	for i, leaf := range page.Leaves {
		e, err := r.Open(uint64(i), leaf)
		if err == nil && e.Writer == audit.ByGrant && e.Event.Grant == g.ID && e.Event.Action == a && e.Event.Reason == why {
			n++
		}
	}
	return n
}

// wantGrant fails unless an error is the one that tells nothing.
func wantGrant(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrGrant) {
		t.Errorf("%s: %v, want ErrGrant", what, err)
	}
}

// TestOAuthFlow is all of it, gone well: a request, the person's yes, a code, tokens,
// refresh tokens one after another, the end.
func TestOAuthFlow(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	request, g := o.asked(o.forApp(), appScope)
	a, err := o.s.Answer(ctx, request)
	if err != nil || !a.Yes || a.Client != "app" || a.Scope != appScope || !a.Ends.Equal(g.Until) {
		t.Fatalf("the answer: %+v, %v", a, err)
	}
	code, err := a.Code(ctx, o.codeFor())
	a.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.s.Answer(ctx, request); !errors.Is(err, record.NotFound) {
		t.Errorf("the answer is there a second time: %v", err)
	}
	o.now = o.now.Add(59 * time.Second)
	first, err := o.exchange(code)
	if err != nil {
		t.Fatal(err)
	}
	me := o.d.session()
	if first.Scope != appScope || first.Nonce != nonce || first.Patient != me.PatientID() || first.Grant.ID != g.ID ||
		len(first.Subject) != 26 || first.Subject == first.Patient || !first.Until.Equal(o.now.Add(10*time.Minute)) || first.Bound != [32]byte{} {
		t.Errorf("the tokens say %+v", first)
	}
	o.mustRead(first.Access)
	v := view(t, o.s, first.Access)
	if _, err := v.Read(ctx, allergyRef, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := tryPut(v, allergy); err == nil {
		t.Error("a token to read wrote")
	}
	o.now = o.now.Add(10 * time.Minute)
	if err := o.reads(first.Access); !errors.Is(err, record.Unauthorized) {
		t.Errorf("after ten minutes: %v", err)
	}
	next := first
	for range 5 {
		o.now = o.now.Add(80 * 24 * time.Hour / 5)
		next = o.refreshed(next.Refresh)
		o.mustRead(next.Access)
	}
	if next.Subject != first.Subject || next.Patient != first.Patient || next.Nonce != "" || next.Scope != appScope {
		t.Errorf("after all, the tokens say %+v", next)
	}
	if err := o.s.GiveBack(ctx, next.Refresh, o.by); err != nil {
		t.Fatal(err)
	}
	if err := o.reads(next.Access); !errors.Is(err, record.Unauthorized) {
		t.Errorf("given back: %v", err)
	}
	for action, n := range map[audit.Action]int{audit.Collected: 1, audit.Exchanged: 1, audit.Refreshed: 5, audit.GaveBack: 1, audit.Replayed: 0} {
		if got := o.did(g, action, 0); got != n {
			t.Errorf("action %d is in the log %d times, want %d", action, got, n)
		}
	}
}
