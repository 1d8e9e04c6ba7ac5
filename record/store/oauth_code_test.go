package store_test

import (
	"crypto/sha256"
	"errors"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/store"
)

// TestCodeOfAnother: what is wrong with a code's presenter is one answer, is in the log,
// and leaves the code as good as it was.
func TestCodeOfAnother(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	o.by.Bound = [32]byte{1}
	code, g := o.code(o.forApp(), appScope)
	with := func(change func(*store.Presented)) store.Presented {
		by := o.by
		change(&by)
		return by
	}
	cases := map[string]func() (store.Tokens, error){
		"another client": func() (store.Tokens, error) {
			return o.s.Exchange(ctx, code, with(func(b *store.Presented) { b.Client = "app2" }), redirect, verifier)
		},
		"no client": func() (store.Tokens, error) {
			return o.s.Exchange(ctx, code, with(func(b *store.Presented) { b.Client = "" }), redirect, verifier)
		},
		"another key": func() (store.Tokens, error) {
			return o.s.Exchange(ctx, code, with(func(b *store.Presented) { b.Bound = [32]byte{2} }), redirect, verifier)
		},
		"no key": func() (store.Tokens, error) {
			return o.s.Exchange(ctx, code, with(func(b *store.Presented) { b.Bound = [32]byte{} }), redirect, verifier)
		},
		"another redirect": func() (store.Tokens, error) { return o.s.Exchange(ctx, code, o.by, redirect+"/", verifier) },
		"no redirect":      func() (store.Tokens, error) { return o.s.Exchange(ctx, code, o.by, "", verifier) },
		"another verifier": func() (store.Tokens, error) { return o.s.Exchange(ctx, code, o.by, redirect, verifier+"x") },
		"the challenge for the verifier": func() (store.Tokens, error) {
			sum := sha256.Sum256([]byte(verifier))
			return o.s.Exchange(ctx, code, o.by, redirect, string(sum[:]))
		},
		"no verifier": func() (store.Tokens, error) { return o.s.Exchange(ctx, code, o.by, redirect, "") },
	}
	for what, try := range cases {
		_, err := try()
		wantGrant(t, what, err)
	}
	if n := o.did(g, audit.Used, audit.NotTheirs); n != len(cases) {
		t.Errorf("%d of %d are in the log", n, len(cases))
	}
	tokens, err := o.exchange(code)
	if err != nil {
		t.Fatalf("and then whose it is: %v", err)
	}
	for what, try := range cases {
		_, err := try()
		wantGrant(t, what+", after it was exchanged", err)
	}
	if o.struck(g) {
		t.Fatal("who has not got all of it stopped the grant")
	}
	o.mustRead(tokens.Access)
	_, err = o.exchange(code)
	wantGrant(t, "once more", err)
	if !o.struck(g) || o.reads(tokens.Access) == nil || o.did(g, audit.Replayed, 0) != 1 {
		t.Error("a code that was right in all came twice, and its grant goes on")
	}
	_, err = o.refresh(tokens.Refresh)
	wantGrant(t, "its refresh token", err)
	_, err = o.exchange(code)
	wantGrant(t, "a third time", err)
	if o.did(g, audit.Replayed, 0) != 1 || o.did(g, audit.Used, audit.Stopped) == 0 {
		t.Error("the third time is not in the log as what it is")
	}
}

// TestCodeLate: a code lasts a minute, and one that comes late stops nothing.
func TestCodeLate(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	code, g := o.code(o.forApp(), appScope)
	o.now = o.now.Add(time.Minute)
	_, err := o.exchange(code)
	wantGrant(t, "after a minute", err)
	if o.struck(g) {
		t.Error("who was late stopped the grant")
	}
	if n := o.did(g, audit.Used, audit.Expired); n != 1 {
		t.Errorf("it is in the log %d times", n)
	}
	// One that was exchanged is known again however late, until it is swept.
	code, g = o.code(o.forApp(), appScope)
	if _, err := o.exchange(code); err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(time.Hour)
	_, err = o.exchange(code)
	wantGrant(t, "an hour later", err)
	if !o.struck(g) {
		t.Error("a late replay stops nothing")
	}
	o.now = o.now.Add(2 * time.Hour)
	if err := o.s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	_, err = o.exchange(code)
	wantGrant(t, "swept", err)
}

// TestCodeAtOnce: of fifty requests with one code one gets tokens, and since the others
// are right in all else, nothing comes of them.
func TestCodeAtOnce(t *testing.T) {
	t.Parallel()
	o := newOAuthOnDisk(t)
	code, g := o.code(o.forApp(), appScope)
	var mu sync.Mutex
	var got []store.Tokens
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			tokens, err := o.exchange(code)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				got = append(got, tokens)
			case !errors.Is(err, store.ErrGrant):
				t.Errorf("one of fifty: %v", err)
			}
		})
	}
	all.Wait()
	if len(got) != 1 {
		t.Fatalf("%d of fifty got tokens", len(got))
	}
	if !o.struck(g) {
		t.Error("49 replays, and the grant goes on")
	}
	if err := o.reads(got[0].Access); !errors.Is(err, record.Unauthorized) {
		t.Errorf("the one reads: %v", err)
	}
	if o.did(g, audit.Exchanged, 0) != 1 || o.did(g, audit.Replayed, 0) != 1 {
		t.Error("the log does not say what happened")
	}
}

// TestAnswerAtOnce: of fifty polls one gets the code.
func TestAnswerAtOnce(t *testing.T) {
	t.Parallel()
	o := newOAuthOnDisk(t)
	request, g := o.asked(o.forApp(), appScope)
	var mu sync.Mutex
	codes := 0
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			a, err := o.s.Answer(ctx, request)
			if err == nil {
				defer a.Close()
				_, err = a.Code(ctx, o.codeFor())
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				codes++
			case !errors.Is(err, record.NotFound):
				t.Errorf("one of fifty: %v", err)
			}
		})
	}
	all.Wait()
	if codes != 1 || o.did(g, audit.Collected, 0) != 1 {
		t.Errorf("%d codes, %d in the log", codes, o.did(g, audit.Collected, 0))
	}
}

// TestAnswers: what is no answer, and what is one for somebody else.
func TestAnswers(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	none := func(what string, request crypto.Credential) {
		t.Helper()
		if a, err := o.s.Answer(ctx, request); !errors.Is(err, record.NotFound) {
			t.Errorf("%s: %+v, %v", what, a, err)
		}
	}
	none("nobody answered", crypto.NewCredential(crypto.Request))
	none("no credential", crypto.Credential{})

	// A no, by a session.
	request := crypto.NewCredential(crypto.Request)
	seal := func(a keys.Answer) record.Capsule {
		c, err := keys.SealAnswer(request.CapsuleID(), request.BoxKey().Public().Bytes(), a)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	no := keys.Answer{Person: o.d.person, Until: o.now.Add(time.Hour), Words: "not now"}
	if err := o.d.session().PutAnswer(ctx, seal(no)); err != nil {
		t.Fatal(err)
	}
	a, err := o.s.Answer(ctx, request)
	if err != nil || a.Yes || a.Words != "not now" {
		t.Fatalf("a no: %+v, %v", a, err)
	}
	if _, err := a.Code(ctx, o.codeFor()); !errors.Is(err, record.NotFound) {
		t.Errorf("a code for a no: %v", err)
	}
	if _, _, err := a.Token(ctx); !errors.Is(err, record.NotFound) {
		t.Errorf("a token for a no: %v", err)
	}
	a.Close()
	o.now = o.now.Add(time.Hour)
	none("too late", request)

	// A session has the key of the person's own grant, and gives it to nobody.
	request = crypto.NewCredential(crypto.Request)
	if err := o.d.session().PutAnswer(ctx, seal(keys.Answer{Person: o.d.person, Grant: o.d.self.ID, Until: o.now.Add(time.Hour),
		Key: keys.GrantKey(o.d.grants, o.d.self.ID), Audit: keys.AuditKey(o.d.audit, o.d.self.ID)})); err != nil {
		t.Fatal(err)
	}
	none("the person's own grant", request)

	// Nor is a grant given that was made for another request, or for none.
	request = crypto.NewCredential(crypto.Request)
	g, _ := o.d.share(o.forApp())
	if err := o.d.session().PutAnswer(ctx, seal(keys.Answer{Person: o.d.person, Grant: g.ID, Until: o.now.Add(time.Hour),
		Key: keys.GrantKey(o.d.grants, g.ID), Audit: keys.AuditKey(o.d.audit, g.ID)})); err != nil {
		t.Fatal(err)
	}
	none("a grant for nobody's request", request)

	// Somebody else enrolled here answers in the person's name.
	other := enrol(t, o.s)
	request = crypto.NewCredential(crypto.Request)
	if err := other.session().PutAnswer(ctx, seal(keys.Answer{Person: o.d.person, Until: o.now.Add(time.Hour)})); err != nil {
		t.Fatal(err)
	}
	none("another person's", request)

	// Of a grant for another client, or another key, there is no code; and the answer stays.
	bound := o.forApp()
	bound.Bound = [32]byte{7}
	request, g = o.asked(bound, appScope)
	for what, f := range map[string]store.CodeFor{
		"another client": {Client: "app2", Bound: bound.Bound}, "another key": {Client: "app", Bound: [32]byte{8}}, "no key": {Client: "app"}, "no client": {Bound: bound.Bound},
	} {
		a, err := o.s.Answer(ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		f.Redirect, f.Challenge = redirect, o.codeFor().Challenge
		_, err = a.Code(ctx, f)
		wantGrant(t, what, err)
		a.Close()
	}
	a, err = o.s.Answer(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Token(ctx); !errors.Is(err, store.ErrGrant) {
		t.Errorf("a token for whoever has it, of a client's grant: %v", err)
	}
	o.suspend(g)
	_, err = a.Code(ctx, o.codeFor())
	wantGrant(t, "suspended meanwhile", err)
	a.Close()
	_, err = o.s.Answer(ctx, request)
	wantGrant(t, "suspended", err)
	o.d.live = append(o.d.live[:0:0], o.d.live...)
	o.resume(g)
	if err := o.d.session().Strike(ctx, g.ID); err != nil {
		t.Fatal(err)
	}
	_, err = o.s.Answer(ctx, request)
	wantGrant(t, "stopped", err)
}

// TestAnswerToAddress: somebody without a client has a token, once, for as long as the
// grant lasts.
func TestAnswerToAddress(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	request, g := o.asked(clinician(o.s), "")
	a, err := o.s.Answer(ctx, request)
	if err != nil || a.Client != "" || !a.Ends.Equal(g.Until) {
		t.Fatalf("%+v, %v", a, err)
	}
	defer a.Close()
	if _, err := a.Code(ctx, o.codeFor()); !errors.Is(err, store.ErrGrant) {
		t.Errorf("a client's code: %v", err)
	}
	token, until, err := a.Token(ctx)
	if err != nil || !until.Equal(g.Until) {
		t.Fatal(until, err)
	}
	if _, _, err := a.Token(ctx); !errors.Is(err, record.NotFound) {
		t.Errorf("a second token: %v", err)
	}
	o.mustRead(token)
	o.now = g.Until
	if err := o.reads(token); !errors.Is(err, record.Unauthorized) {
		t.Errorf("after the end: %v", err)
	}
}

// TestSensitiveToAddress: of a sensitive section somebody at an address has a token that is
// bound to the key they named, or none.
func TestSensitiveToAddress(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	g, key := clinician(o.s), [32]byte{9}
	g.Sections |= record.SensitiveSections
	for _, g.Bound = range [][32]byte{{}, key} {
		request, _ := o.asked(g, "")
		a, err := o.s.Answer(ctx, request)
		if err != nil || a.Bound != (g.Bound == key) {
			t.Fatalf("%+v, %v", a, err)
		}
		defer a.Close()
		token, _, err := a.Token(ctx)
		if g.Bound == [32]byte{} {
			if !errors.Is(err, store.ErrGrant) {
				t.Errorf("without a key: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for presented, want := range map[[32]byte]error{{}: record.Unauthorized, {8}: record.Unauthorized, key: nil} {
			v, err := o.s.OpenBound(ctx, token, presented)
			if !errors.Is(err, want) {
				t.Errorf("with %x: %v, want %v", presented[:1], err, want)
			}
			if err == nil {
				v.Close()
			}
		}
	}
}

// TestCodeWhileStopped: what happens to the grant between the code and the exchange.
func TestCodeWhileStopped(t *testing.T) {
	t.Parallel()
	for what, do := range map[string]func(*oauth, grant.Grant){
		"struck":    func(o *oauth, g grant.Grant) { o.d.session().Strike(ctx, g.ID) },
		"revoked":   func(o *oauth, g grant.Grant) { o.d.stop(g.ID) },
		"suspended": func(o *oauth, g grant.Grant) { o.suspend(g) },
	} {
		t.Run(what, func(t *testing.T) {
			o := newOAuth(t)
			code, g := o.code(o.forApp(), appScope)
			do(o, g)
			_, err := o.exchange(code)
			wantGrant(t, what, err)
			if what == "suspended" {
				o.resume(g)
				if _, err := o.exchange(code); err != nil {
					t.Errorf("going on: %v", err)
				}
			}
		})
	}
}

// TestSensitiveNeedsKey: of a grant with sensitive sections there is no token without a
// key, the client is told what to do, and then it works.
func TestSensitiveNeedsKey(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	g := o.forApp()
	g.Sections = grant.Clinical | record.SensitiveSections
	code, g := o.code(g, appScope)
	if _, err := o.exchange(code); !errors.Is(err, store.ErrUnbound) {
		t.Fatalf("without a key: %v", err)
	}
	o.by.Bound = [32]byte{5}
	tokens, err := o.exchange(code)
	if err != nil || tokens.Bound != o.by.Bound {
		t.Fatalf("with one: %v", err)
	}
	o.mustRead(tokens.Access)
	for what, key := range map[string][32]byte{"none": {}, "another": {6}} {
		if _, err := o.s.OpenBound(ctx, tokens.Access, key); !errors.Is(err, record.Unauthorized) {
			t.Errorf("the token opens with %s: %v", what, err)
		}
		by := o.by
		by.Bound = key
		_, err := o.s.Refresh(ctx, tokens.Refresh, by, "")
		wantGrant(t, "refreshed with "+what, err)
	}
	// A confidential client's refresh token is bound by its secret, and still gives no
	// bearer token for these sections.
	o.by = store.Presented{Client: "app", Bound: [32]byte{5}}
	code, _ = o.code(g, appScope)
	if tokens, err = o.exchange(code); err != nil {
		t.Fatal(err)
	}
	o.by.Bound = [32]byte{}
	if _, err := o.refresh(tokens.Refresh); !errors.Is(err, store.ErrUnbound) {
		t.Errorf("a confidential client without a key: %v", err)
	}
	o.by.Bound = [32]byte{9} // another key of its own: RFC 9449 §5
	if tokens, err = o.refresh(tokens.Refresh); err != nil || !tokens.Refresh.IsZero() {
		t.Errorf("with another key of its own: %v", err)
	}
	o.mustRead(tokens.Access)
}

// TestCodeOfOtherPerson: somebody enrolled here makes capsules that name another's
// record, and even have its keys. They are not believed.
func TestCodeOfOtherPerson(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	g, _ := o.d.share(o.forApp())
	other := enrol(t, o.s)
	behind := keys.TokenCapsule{Person: o.d.person, Grant: g.ID, Key: keys.GrantKey(o.d.grants, g.ID), Audit: keys.AuditKey(o.d.audit, g.ID),
		Until: o.now.Add(time.Hour), Terms: keys.Terms{Client: "app", Scope: appScope}}
	code, token, access := crypto.NewCredential(crypto.Code), crypto.NewCredential(crypto.Refresh), crypto.NewCredential(crypto.Access)
	b := other.body()
	b.Capsules = []record.Capsule{
		keys.SealCode(code.CapsuleKey(), keys.Code{TokenCapsule: behind, Redirect: redirect, Challenge: o.codeFor().Challenge}),
		keys.SealRefresh(token.CapsuleKey(), keys.Refresh{TokenCapsule: behind, Number: 1}),
		keys.SealToken(access.CapsuleKey(), behind),
	}
	if err := other.submit(b); err != nil {
		t.Fatal(err)
	}
	_, err := o.exchange(code)
	wantGrant(t, "a code", err)
	_, err = o.refresh(token)
	wantGrant(t, "a refresh token", err)
	for _, c := range []crypto.Credential{token, access} {
		if _, active, err := o.s.Introspect(ctx, c, o.by); active || err != nil {
			t.Errorf("introspected: %v, %v", active, err)
		}
		if err := o.s.GiveBack(ctx, c, o.by); err != nil {
			t.Errorf("given back: %v", err)
		}
	}
	if o.struck(g) {
		t.Error("another person stopped the grant")
	}
	for _, a := range []audit.Action{audit.Used, audit.Exchanged, audit.Refreshed, audit.GaveBack} {
		for why := range audit.Reason(13) {
			if n := o.did(g, a, why); n != 0 {
				t.Errorf("another person wrote in the log: %d times %d", n, a)
			}
		}
	}
}

// TestCodeNotLogged: what cannot be logged does not happen, and can be done when it can.
func TestCodeNotLogged(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	g := o.forApp()
	g.Daily = 3 // the answer, the code, and one more
	code, g := o.code(g, appScope)
	tokens, err := o.exchange(code)
	if err != nil {
		t.Fatal(err)
	}
	last := o.refreshed(tokens.Refresh)
	if _, err := o.refresh(last.Refresh); !errors.Is(err, record.TooMany) {
		t.Fatalf("over the day's: %v", err)
	}
	o.now = o.now.Add(24 * time.Hour)
	o.refreshed(last.Refresh)
	if o.struck(g) {
		t.Error("it was stopped for it")
	}
}
