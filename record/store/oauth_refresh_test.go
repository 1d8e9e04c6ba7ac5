package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/statement"
	"carehold/record/store"
)

// TestRefreshPlaces is the table of refresh.go.
func TestRefreshPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		do    func(o *oauth, first store.Tokens) crypto.Credential // the last to be used
		works bool
	}{
		{"its successor", func(o *oauth, first store.Tokens) crypto.Credential { return o.refreshed(first.Refresh).Refresh }, true},
		{"again, for a lost answer", func(o *oauth, first store.Tokens) crypto.Credential { o.refreshed(first.Refresh); return first.Refresh }, true},
		{"the second successor of one used twice", func(o *oauth, first store.Tokens) crypto.Credential {
			o.refreshed(first.Refresh)
			return o.refreshed(first.Refresh).Refresh
		}, true},
		{"the first successor of one used twice", func(o *oauth, first store.Tokens) crypto.Credential {
			child := o.refreshed(first.Refresh)
			o.refreshed(first.Refresh)
			return child.Refresh
		}, true},
		{"a sibling of one that was used", func(o *oauth, first store.Tokens) crypto.Credential {
			a, b := o.refreshed(first.Refresh), o.refreshed(first.Refresh)
			o.refreshed(b.Refresh)
			return a.Refresh
		}, false},
		{"an old one after its successor", func(o *oauth, first store.Tokens) crypto.Credential {
			o.refreshed(o.refreshed(first.Refresh).Refresh)
			return first.Refresh
		}, false},
		{"a much older one", func(o *oauth, first store.Tokens) crypto.Credential {
			next := first
			for range 6 {
				next = o.refreshed(next.Refresh)
			}
			return first.Refresh
		}, false},
		{"again, ten minutes later", func(o *oauth, first store.Tokens) crypto.Credential {
			o.refreshed(first.Refresh)
			o.now = o.now.Add(10 * time.Minute)
			return first.Refresh
		}, true},
		{"again, after the ten minutes", func(o *oauth, first store.Tokens) crypto.Credential {
			o.refreshed(first.Refresh)
			o.now = o.now.Add(10*time.Minute + time.Second)
			return first.Refresh
		}, false},
		{"again and again: the ten minutes are from the first time", func(o *oauth, first store.Tokens) crypto.Credential {
			o.refreshed(first.Refresh)
			for range 3 {
				o.now = o.now.Add(3 * time.Minute)
				o.refreshed(first.Refresh)
			}
			o.now = o.now.Add(2 * time.Minute)
			return first.Refresh
		}, false},
		{"beside its client, which rests", func(o *oauth, first store.Tokens) crypto.Credential {
			o.refreshed(first.Refresh)
			o.now = o.now.Add(24 * time.Hour)
			return first.Refresh
		}, false},
		{"a sibling whose own time is over", func(o *oauth, first store.Tokens) crypto.Credential {
			mine, thiefs := o.refreshed(first.Refresh), o.refreshed(first.Refresh)
			for range 2 {
				o.now = o.now.Add(45 * 24 * time.Hour)
				thiefs = o.refreshed(thiefs.Refresh)
			}
			return mine.Refresh
		}, false},
		{"a successor of the sibling that lost", func(o *oauth, first store.Tokens) crypto.Credential {
			a, b := o.refreshed(first.Refresh), o.refreshed(first.Refresh)
			o.refreshed(a.Refresh)
			o.refreshed(a.Refresh)
			return b.Refresh
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOAuth(t)
			first, g := o.tokens(appScope)
			token := c.do(o, first)
			if o.struck(g) {
				t.Fatal("stopped on the way")
			}
			o.boot() // what was decided is on the disk
			tokens, err := o.refresh(token)
			switch {
			case c.works && err != nil:
				t.Fatal(err)
			case c.works:
				o.mustRead(tokens.Access)
				o.mustRead(o.refreshed(tokens.Refresh).Access)
			default:
				wantGrant(t, c.name, err)
				if !o.struck(g) || o.did(g, audit.Replayed, 0) != 1 {
					t.Error("the grant goes on")
				}
				if err := o.reads(first.Access); !errors.Is(err, record.Unauthorized) {
					t.Errorf("its tokens read: %v", err)
				}
			}
		})
	}
}

// TestRefreshAtOnce: fifty requests with one token all have an answer. The first of their
// successors counts, and another one stops the grant.
func TestRefreshAtOnce(t *testing.T) {
	t.Parallel()
	o := newOAuthOnDisk(t)
	first, g := o.tokens(appScope)
	var mu sync.Mutex
	var got []store.Tokens
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			tokens, err := o.refresh(first.Refresh)
			if err != nil {
				t.Errorf("one of fifty: %v", err)
				return
			}
			mu.Lock()
			got = append(got, tokens)
			mu.Unlock()
		})
	}
	all.Wait()
	if len(got) != 50 || o.struck(g) {
		t.Fatalf("%d of fifty; stopped: %v", len(got), o.struck(g))
	}
	for _, x := range got {
		o.mustRead(x.Access)
	}
	next := o.refreshed(got[17].Refresh)
	o.mustRead(next.Access)
	_, err := o.refresh(got[18].Refresh)
	wantGrant(t, "a sibling", err)
	if !o.struck(g) {
		t.Error("a sibling stops nothing")
	}
	_, err = o.refresh(next.Refresh)
	wantGrant(t, "after that", err)
}

// TestRefreshBound: what is bound to a key, or to its client's secret, is not replaced,
// and of no use to another.
func TestRefreshBound(t *testing.T) {
	t.Parallel()
	for what, by := range map[string]store.Presented{
		"a key": {Client: "app", Public: true, Bound: [32]byte{1}}, "a secret": {Client: "app"}, "both": {Client: "app", Bound: [32]byte{1}},
	} {
		t.Run(what, func(t *testing.T) {
			o := newOAuth(t)
			o.by = by
			first, g := o.tokens(appScope)
			for range 3 {
				tokens := o.refreshed(first.Refresh)
				if !tokens.Refresh.IsZero() || tokens.Bound != by.Bound {
					t.Errorf("%+v", tokens)
				}
				o.mustRead(tokens.Access)
				o.now = o.now.Add(24 * time.Hour)
			}
			other := by
			other.Client = "app2"
			_, err := o.s.Refresh(ctx, first.Refresh, other, "")
			wantGrant(t, "another client", err)
			if by.Public {
				for _, key := range [][32]byte{{}, {2}} {
					other = by
					other.Bound = key
					_, err = o.s.Refresh(ctx, first.Refresh, other, "")
					wantGrant(t, "another key", err)
				}
			}
			if o.struck(g) {
				t.Error("another stopped it")
			}
			o.refreshed(first.Refresh)
		})
	}
}

// TestRefreshLasts: which refresh tokens there are, and how long.
func TestRefreshLasts(t *testing.T) {
	t.Parallel()
	const plain = "patient/*.rs"
	for _, c := range []struct {
		scope string
		by    store.Presented
		lasts time.Duration // used each day
		idle  time.Duration // not used at all
	}{
		{plain, store.Presented{Client: "app", Public: true}, 0, 0},
		{"openid " + plain, store.Presented{Client: "app"}, 0, 0},
		{"online_access " + plain, store.Presented{Client: "app", Public: true}, 12 * time.Hour, 12 * time.Hour},
		{"online_access " + plain, store.Presented{Client: "app"}, 12 * time.Hour, 12 * time.Hour},
		{"offline_access " + plain, store.Presented{Client: "app", Public: true}, 400 * 24 * time.Hour, 90 * 24 * time.Hour},
		{"offline_access " + plain, store.Presented{Client: "app"}, 400 * 24 * time.Hour, 90*24*time.Hour + time.Nanosecond},
		{"offline_access online_access " + plain, store.Presented{Client: "app"}, 400 * 24 * time.Hour, 90*24*time.Hour + time.Nanosecond},
	} {
		t.Run(fmt.Sprint(c.scope, c.by.Public), func(t *testing.T) {
			o := newOAuth(t)
			o.by = c.by
			first, g := o.tokens(c.scope)
			if first.Refresh.IsZero() != (c.lasts == 0) {
				t.Fatalf("a refresh token: %v", !first.Refresh.IsZero())
			}
			if c.lasts == 0 {
				return
			}
			start, token := o.now, first.Refresh
			use := func() error {
				tokens, err := o.refresh(token)
				if err == nil && !tokens.Refresh.IsZero() {
					token = tokens.Refresh
				}
				return err
			}
			step := min(c.lasts/4, 60*24*time.Hour)
			for o.now = start.Add(step); o.now.Before(start.Add(c.lasts)); o.now = o.now.Add(step) {
				if err := use(); err != nil {
					t.Fatalf("after %v: %v", o.now.Sub(start), err)
				}
			}
			o.now = start.Add(c.lasts)
			wantGrant(t, "at the end", use())
			if o.now.Before(g.Until) && o.struck(g) {
				t.Error("to be late stopped the grant")
			}
		})
		t.Run(fmt.Sprint(c.scope, c.by.Public, " idle"), func(t *testing.T) {
			if c.idle == 0 {
				return
			}
			o := newOAuth(t)
			o.by = c.by
			a, g := o.tokens(c.scope)
			b, _ := o.tokens(c.scope)
			o.now = o.now.Add(c.idle - time.Millisecond)
			if _, err := o.refresh(a.Refresh); err != nil {
				t.Errorf("just before: %v", err)
			}
			o.now = o.now.Add(2 * time.Millisecond)
			if _, active, err := o.s.Introspect(ctx, b.Refresh, o.by); active || err != nil {
				t.Errorf("introspected just after: %v %v", active, err)
			}
			_, err := o.refresh(b.Refresh)
			wantGrant(t, "just after", err)
			if o.struck(g) {
				t.Error("to be late stopped the grant")
			}
		})
	}
}

// TestScopes: what a client may ask for, and is told it has.
func TestScopes(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	first, _ := o.tokens("openid offline_access patient/*.rs user/Observation.read")
	for _, c := range []struct{ asked, want string }{ // "": ErrScope
		{"patient/*.rs", "patient/*.rs"},
		{"patient/AllergyIntolerance.rs", "patient/AllergyIntolerance.rs"},
		{"patient/AllergyIntolerance.r", "patient/AllergyIntolerance.r"},
		{"openid patient/Condition.s", "openid patient/Condition.s"},
		{"patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory"},
		{"openid offline_access patient/*.rs user/Observation.read", "openid offline_access patient/*.rs user/Observation.read"},
		{"user/Observation.read", "user/Observation.read"},
		{"patient/*.cruds", ""},
		{"patient/AllergyIntolerance.c", ""},
		{"patient/AllergyIntolerance.rs patient/AllergyIntolerance.u", ""},
		{"fhirUser", ""},
		{"online_access patient/*.rs", ""},
		{"launch patient/*.rs", ""},
		{"patient/*.rs something", ""},
		{"patient/*.rs \x00", ""},
		{"system/*.*", ""},
	} {
		tokens, err := o.s.Refresh(ctx, first.Refresh, o.by, c.asked)
		switch {
		case c.want == "" && !errors.Is(err, store.ErrScope):
			t.Errorf("%q: %q, %v", c.asked, tokens.Scope, err)
		case c.want == "":
			continue
		case err != nil || tokens.Scope != c.want:
			t.Errorf("%q: %q, %v", c.asked, tokens.Scope, err)
		}
	}
	// Narrow is that one token alone, and the next has all again.
	narrow, err := o.s.Refresh(ctx, first.Refresh, o.by, "patient/Condition.rs")
	if err != nil {
		t.Fatal(err)
	}
	v := view(t, o.s, narrow.Access)
	if _, err := v.Read(ctx, allergyRef, 0); !errors.Is(err, record.Forbidden) {
		t.Errorf("a token for conditions reads an allergy: %v", err)
	}
	wide := o.refreshed(narrow.Refresh)
	if wide.Scope != "openid offline_access patient/*.rs user/Observation.read" {
		t.Errorf("and then %q", wide.Scope)
	}
	o.mustRead(wide.Access)
	// A token is not less narrow for being refreshed with what it was not for.
	if i, active, err := o.s.Introspect(ctx, narrow.Access, o.by); err != nil || !active || i.Scope != "patient/Condition.rs" {
		t.Errorf("introspected: %v %v %+v", active, err, i)
	}
}

// TestScopeOfNothing: a token whose scopes the person took back is not one for all of the
// grant, though to have no scope means that.
func TestScopeOfNothing(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	code, g := o.code(o.forApp(), "offline_access patient/AllergyIntolerance.rs")
	first, err := o.exchange(code)
	if err != nil {
		t.Fatal(err)
	}
	code, h := o.code(o.forApp(), "patient/AllergyIntolerance.rs")
	amend := func(g grant.Grant, to string) {
		g.Scopes = scopes(to)
		for i := range o.d.live {
			if o.d.live[i].ID == g.ID {
				o.d.live[i] = g
			}
		}
		b := o.d.body()
		b.Grants = []statement.GrantRow{o.d.row(g)}
		if err := o.d.submit(b); err != nil {
			t.Fatal(err)
		}
	}
	amend(g, "patient/Condition.rs")
	amend(h, "patient/Condition.rs")
	tokens, err := o.refresh(first.Refresh)
	if err != nil || tokens.Scope != "offline_access" {
		t.Fatalf("%q, %v", tokens.Scope, err)
	}
	for _, ref := range []fhir.Ref{allergyRef, {Type: "Condition", ID: "c1"}} {
		v, err := o.s.Open(ctx, tokens.Access)
		if err == nil {
			_, err = v.Read(ctx, ref, 0)
			v.Close()
		}
		if err == nil {
			t.Errorf("it reads %s", ref)
		}
	}
	if v, err := o.s.Open(ctx, first.Access); err == nil {
		if _, err := v.Read(ctx, allergyRef, 0); err == nil {
			t.Error("the token of before reads what was taken back")
		}
		v.Close()
	}
	_, err = o.exchange(code)
	wantGrant(t, "a code of which nothing is left", err)
	// What was given back again is had again.
	amend(g, "patient/AllergyIntolerance.r")
	tokens = o.refreshed(tokens.Refresh)
	if tokens.Scope != "offline_access patient/AllergyIntolerance.r" {
		t.Errorf("and then %q", tokens.Scope)
	}
	o.mustRead(tokens.Access)
}

// segment makes what a backend presents, as a device does.
func (o *oauth) segment(g grant.Grant) (grant.Grant, crypto.Credential) {
	o.t.Helper()
	g = o.d.grant(g)
	c := crypto.NewCredential(crypto.Refresh)
	b := o.d.body()
	b.Grants = []statement.GrantRow{o.d.row(g)}
	b.Capsules = []record.Capsule{keys.SealRefresh(c.CapsuleKey(), keys.Refresh{TokenCapsule: keys.TokenCapsule{Person: o.d.person, Grant: g.ID,
		Key: keys.GrantKey(o.d.grants, g.ID), Audit: keys.AuditKey(o.d.audit, g.ID), Terms: keys.Terms{Client: g.Client}}, Backend: true})}
	if err := o.d.submit(b); err != nil {
		o.t.Fatal(err)
	}
	return g, c
}

// TestBackend: an organisation's system works for itself.
func TestBackend(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	o.by = store.Presented{Client: "app"}
	g, segment := o.segment(o.forApp())
	for _, c := range []struct{ asked, want string }{
		{"", "patient/*.rs"}, {"system/*.rs", "system/*.rs"}, {"system/*.cruds", "system/*.rs"}, {"system/Observation.rs system/Observation.c", "system/Observation.rs"},
		{"system/AllergyIntolerance.read", "system/AllergyIntolerance.read"},
	} {
		tokens, err := o.s.Backend(ctx, segment, o.by, c.asked)
		if err != nil || tokens.Scope != c.want || !tokens.Refresh.IsZero() || !tokens.Until.Equal(o.now.Add(5*time.Minute)) {
			t.Errorf("%q: %+v, %v", c.asked, tokens, err)
		}
	}
	if _, err := o.s.Backend(ctx, segment, o.by, "system/*.c"); !errors.Is(err, store.ErrScope) {
		t.Errorf("nothing of what is asked: %v", err)
	}
	tokens, err := o.s.Backend(ctx, segment, o.by, "")
	if err != nil {
		t.Fatal(err)
	}
	o.mustRead(tokens.Access)
	_, err = o.refresh(segment)
	wantGrant(t, "as a refresh token", err)
	for what, by := range map[string]store.Presented{"another client": {Client: "app2"}, "a public client": {Client: "app", Public: true}, "nobody": {}} {
		_, err := o.s.Backend(ctx, segment, by, "")
		wantGrant(t, what, err)
	}
	o.by.Public = true
	refresh, _ := o.tokens(appScope)
	o.by.Public = false
	_, err = o.s.Backend(ctx, refresh.Refresh, o.by, "")
	wantGrant(t, "a refresh token as a backend's", err)
	// Giving back one token leaves it what it can go on with.
	if err := o.s.GiveBack(ctx, tokens.Access, o.by); err != nil || o.struck(g) {
		t.Fatal(err, o.struck(g))
	}
	if o.reads(tokens.Access) == nil {
		t.Error("what was given back reads")
	}
	o.now = o.now.Add(399 * 24 * time.Hour)
	if _, err := o.s.Backend(ctx, segment, o.by, ""); err != nil {
		t.Errorf("a year later: %v", err)
	}
}

// TestMintsDaily: how many capsules a client can have made in a day, and what is left of
// them.
func TestMintsDaily(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	first, g := o.tokens(appScope)
	n, last := 0, first
	for ; ; n++ {
		next, err := o.refresh(first.Refresh)
		if err == nil {
			last = next
		} else {
			if !errors.Is(err, record.TooMany) || strings.Contains(err.Error(), "chd") {
				t.Fatal(err)
			}
			break
		}
	}
	if n != 999 { // and one was the code's
		t.Errorf("%d times", n)
	}
	if o.struck(g) {
		t.Error("stopped for it")
	}
	before, err := o.s.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(24 * time.Hour)
	if _, err := o.refresh(last.Refresh); err != nil { // the first one would be a replay by now
		t.Errorf("the next day: %v", err)
	}
	o.now = o.now.Add(91 * 24 * time.Hour)
	if err := o.s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	after, err := o.s.Status(ctx)
	if err != nil || after.Capsules > 4 {
		t.Errorf("%d capsules, and after 90 days %d", before.Capsules, after.Capsules)
	}
}
