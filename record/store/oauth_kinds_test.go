package store_test

import (
	"errors"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/store"
)

// TestTokenKinds takes a good credential of every kind to every door. None opens but its
// own, the others give the answer that unknown ones get, and nothing comes of it.
func TestTokenKinds(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	o.by = store.Presented{Client: "app"}
	tokens, g := o.tokens(appScope)
	request, _ := o.asked(o.forApp(), appScope)
	code, _ := o.code(o.forApp(), appScope)
	backend, segment := o.segment(o.forApp())
	session, _, err := o.s.SignIn(ctx, o.d.person, o.d.self.ID, keys.GrantKey(o.d.grants, o.d.self.ID))
	if err != nil {
		t.Fatal(err)
	}
	invite, err := o.s.Invite(ctx, keys.Invite{Until: o.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	address := o.d.address(time.Time{})
	good := map[string]crypto.Credential{
		"access token": tokens.Access, "refresh token": tokens.Refresh, "request": request, "code": code, "backend's": segment,
		"session": session, "invite": invite, "address": address, "link": crypto.NewCredential(crypto.Link), "card": crypto.NewCredential(crypto.Emergency),
		"slot": o.d.slot, "nothing": {},
	}
	for _, k := range crypto.TokenKinds { // and the same, unknown
		good["unknown "+string(k)] = crypto.NewCredential(crypto.Kind(k))
	}
	doors := map[string]struct {
		own  map[string]bool
		try  func(crypto.Credential) error
		want error
	}{
		"open": {map[string]bool{"access token": true, "session": true}, func(c crypto.Credential) error {
			v, err := o.s.Open(ctx, c)
			if err == nil {
				v.Close()
			}
			return err
		}, record.Unauthorized},
		"answer": {map[string]bool{"request": true}, func(c crypto.Credential) error {
			a, err := o.s.Answer(ctx, c)
			if err == nil {
				a.Close()
			}
			return err
		}, record.NotFound},
		"exchange": {map[string]bool{}, func(c crypto.Credential) error { // without the verifier, so that the code stays
			_, err := o.s.Exchange(ctx, c, o.by, redirect, "")
			return err
		}, store.ErrGrant},
		"refresh": {map[string]bool{"refresh token": true}, func(c crypto.Credential) error {
			_, err := o.s.Refresh(ctx, c, o.by, "")
			return err
		}, store.ErrGrant},
		"backend": {map[string]bool{"backend's": true}, func(c crypto.Credential) error {
			_, err := o.s.Backend(ctx, c, o.by, "")
			return err
		}, store.ErrGrant},
		"introspect": {map[string]bool{"access token": true, "refresh token": true, "backend's": true}, func(c crypto.Credential) error {
			i, active, err := o.s.Introspect(ctx, c, o.by)
			if err == nil && !active {
				if i.Scope != "" || i.Client != "" || i.Subject != "" {
					t.Errorf("of what is not active: %+v", i)
				}
				return store.ErrGrant
			}
			return err
		}, store.ErrGrant},
	}
	tried := 0
	for door, d := range doors {
		for what, c := range good {
			err := d.try(c)
			tried++
			if d.own[what] {
				if err != nil {
					t.Errorf("%s at %s: %v", what, door, err)
				}
			} else if !errors.Is(err, d.want) {
				t.Errorf("%s at %s: %v, want %v", what, door, err, d.want)
			}
		}
	}
	// Another client gives them all back, and then nothing has happened.
	for what, c := range good {
		if err := o.s.GiveBack(ctx, c, store.Presented{Client: "app2"}); err != nil {
			t.Errorf("%s, given back by another: %v", what, err)
		}
		if k := c.Kind(); k != crypto.Refresh && k != crypto.Access {
			if err := o.s.GiveBack(ctx, c, o.by); err != nil {
				t.Errorf("%s, given back: %v", what, err)
			}
		}
	}
	if o.struck(g) || o.struck(backend) {
		t.Error("a grant was stopped")
	}
	o.mustRead(tokens.Access)
	if _, err := o.exchange(code); err != nil {
		t.Errorf("the code: %v", err)
	}
	t.Logf("%d combinations of credential and door", tried)
}

// TestIntrospect: a client is told of its own, and nobody of anything else.
func TestIntrospect(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	o.by.Bound = [32]byte{3}
	tokens, g := o.tokens(appScope)
	for _, c := range []crypto.Credential{tokens.Access, tokens.Refresh} {
		i, active, err := o.s.Introspect(ctx, c, store.Presented{Client: "app"}) // who asks need not have the key
		if err != nil || !active || i.Client != "app" || i.Kind != c.Kind() || i.Scope != appScope || i.Bound != o.by.Bound ||
			i.Patient != tokens.Patient || i.Subject != tokens.Subject || i.Grant.ID != g.ID {
			t.Errorf("%+v, %v, %v", i, active, err)
		}
		want := tokens.Until
		if c.Kind() == crypto.Refresh {
			want = g.Until
		}
		if !i.Until.Equal(want) {
			t.Errorf("until %v, want %v", i.Until, want)
		}
		for _, by := range []store.Presented{{Client: "app2", Bound: o.by.Bound}, {}} {
			if i, active, err := o.s.Introspect(ctx, c, by); active || err != nil || i.Client != "" {
				t.Errorf("by %q: %+v, %v, %v", by.Client, i, active, err)
			}
		}
	}
	if n := o.did(g, audit.Used, audit.NotTheirs); n != 4 {
		t.Errorf("another client's are in the log %d times", n)
	}
	shared, given := o.d.share(clinician(o.s)) // handed out by the person, for nobody's client
	for _, by := range []store.Presented{{Client: "app"}, {}} {
		if _, active, _ := o.s.Introspect(ctx, given, by); active {
			t.Error("a token of the person's own making is told of")
		}
		if err := o.s.GiveBack(ctx, given, by); err != nil || o.struck(shared) {
			t.Error("or given back", err)
		}
	}
	active := func(c crypto.Credential) bool {
		_, active, err := o.s.Introspect(ctx, c, o.by)
		if err != nil {
			t.Error(err)
		}
		return active
	}
	o.suspend(g)
	if active(tokens.Access) || active(tokens.Refresh) {
		t.Error("suspended, and active")
	}
	_, err := o.refresh(tokens.Refresh)
	wantGrant(t, "suspended", err)
	o.resume(g)
	if !active(tokens.Access) || !active(tokens.Refresh) {
		t.Error("going on, and not active")
	}
	o.now = tokens.Until
	if active(tokens.Access) || !active(tokens.Refresh) {
		t.Error("after ten minutes")
	}
	if err := o.d.session().Strike(ctx, g.ID); err != nil {
		t.Fatal(err)
	}
	if active(tokens.Refresh) {
		t.Error("stopped, and active")
	}
	// Of those that are replaced, an old one is none.
	o.by.Bound = [32]byte{}
	first, g := o.tokens(appScope)
	second := o.refreshed(first.Refresh)
	if !active(first.Refresh) || !active(second.Refresh) { // the first may be tried again
		t.Error("before the successor is used")
	}
	o.refreshed(second.Refresh)
	if active(first.Refresh) || !active(second.Refresh) {
		t.Error("after")
	}
	if o.struck(g) {
		t.Error("to ask stopped the grant")
	}
}

// TestGiveBack: what ends with what.
func TestGiveBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, scope    string
		of             func(store.Tokens) crypto.Credential
		grant, sibling bool // goes on
	}{
		{"a refresh token", appScope, func(x store.Tokens) crypto.Credential { return x.Refresh }, false, false},
		{"an access token", appScope, func(x store.Tokens) crypto.Credential { return x.Access }, true, true},
		{"all a client has", "patient/*.rs", func(x store.Tokens) crypto.Credential { return x.Access }, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOAuth(t)
			o.by = store.Presented{Client: "app", Bound: [32]byte{1}}
			tokens, g := o.tokens(c.scope)
			sibling := tokens
			if !tokens.Refresh.IsZero() {
				sibling = o.refreshed(tokens.Refresh)
			}
			back := c.of(tokens)
			v, err := o.s.OpenBound(ctx, tokens.Access, o.by.Bound)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			if err := o.s.GiveBack(ctx, back, store.Presented{Client: "app"}); err != nil {
				t.Fatal(err)
			}
			if o.struck(g) == c.grant {
				t.Errorf("the grant is struck: %v", o.struck(g))
			}
			if o.reads(back) == nil {
				t.Error("what was given back reads")
			}
			if !c.grant {
				if _, err := v.Read(ctx, allergyRef, 0); !errors.Is(err, record.Unauthorized) {
					t.Errorf("a View of before reads: %v", err)
				}
			}
			if ok := o.reads(sibling.Access) == nil; ok != c.sibling && back.CapsuleID() != sibling.Access.CapsuleID() {
				t.Errorf("the other access token reads: %v", ok)
			}
			for range 2 {
				if err := o.s.GiveBack(ctx, back, o.by); err != nil {
					t.Errorf("again: %v", err)
				}
			}
			want := 1
			if c.grant {
				want = 0
			}
			if n := o.did(g, audit.GaveBack, 0); n != want {
				t.Errorf("in the log %d times", n)
			}
		})
	}
	t.Run("one that ran out stops nothing", func(t *testing.T) {
		o := newOAuth(t)
		tokens, g := o.tokens("patient/*.rs")
		o.now = tokens.Until
		if err := o.s.GiveBack(ctx, tokens.Access, o.by); err != nil || o.struck(g) {
			t.Error(err)
		}
	})
	t.Run("while it is suspended", func(t *testing.T) {
		o := newOAuth(t)
		tokens, g := o.tokens(appScope)
		o.suspend(g)
		if err := o.s.GiveBack(ctx, tokens.Refresh, o.by); err != nil || !o.struck(g) {
			t.Error(err)
		}
	})
}

// TestSubjects: OpenID's name of a person is another for each client, and the same for one.
func TestSubjects(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	a, _ := o.tokens(appScope)
	b, _ := o.tokens(appScope)
	o.by.Client = "app2"
	c, _ := o.tokens(appScope)
	if a.Subject != b.Subject || a.Subject == c.Subject || a.Subject == "" {
		t.Errorf("%q %q %q", a.Subject, b.Subject, c.Subject)
	}
}

// TestIDTokenKey: one key, which outlives a restart, and lies sealed.
func TestIDTokenKey(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	key, err := o.s.IDTokenKey(ctx)
	if err != nil || key.N.BitLen() != 2048 || key.Validate() != nil {
		t.Fatal(err)
	}
	again, err := o.s.IDTokenKey(ctx)
	if err != nil || !again.Equal(key) {
		t.Error("another the second time", err)
	}
	o.boot()
	if again, err = o.s.IDTokenKey(ctx); err != nil || !again.Equal(key) {
		t.Error("another after a restart", err)
	}
	other := newOAuth(t)
	if again, err = other.s.IDTokenKey(ctx); err != nil || again.Equal(key) {
		t.Error("another store has the same", err)
	}
	// A row that was tampered with is damage, and no reason for a new key.
	row := o.engine.parts[kv.Partition{}]["mo"]
	row[len(row)-1] ^= 1
	o.boot()
	if _, err = o.s.IDTokenKey(ctx); !errors.Is(err, record.Integrity) {
		t.Errorf("tampered with: %v", err)
	}
}
