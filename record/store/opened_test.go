package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/keys"
	"carehold/record/store"
)

const observation = `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"Weight"}}`

// readBy opens a token as a request does, reads, and closes it.
func readBy(s *store.Store, c crypto.Credential, typ, id string) (string, error) {
	v, err := s.Open(ctx, c)
	if err != nil {
		return "", err
	}
	defer v.Close()
	e, err := v.Read(ctx, fhir.Ref{Type: typ, ID: id}, 0)
	return string(e.Body), err
}

// wantRead reads twice: what is kept after the first is what the second is served by.
func wantRead(t *testing.T, s *store.Store, c crypto.Credential, id string, there bool) {
	t.Helper()
	for i := range 2 {
		if _, err := readBy(s, c, "AllergyIntolerance", id); there != (err == nil) || err != nil && !errors.Is(err, record.NotFound) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// TestOpenedIsTheGrant: what is kept of a token shows what the capsule and the grant's
// row show, and follows them at once: after a strike, a revoke, an epoch for others, a
// grant that was narrowed or widened, a time that is over.
func TestOpenedIsTheGrant(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	put(t, d.session(), observation)
	g, token := d.share(clinician(s))
	other, otherToken := d.share(clinician(s))
	third, thirdToken := d.share(clinician(s))
	wantRead(t, s, token, "a1", true)
	wantRead(t, s, otherToken, "a1", true)
	wantRead(t, s, thirdToken, "a1", true)
	if !s.Reopens(token) || !s.Reopens(otherToken) {
		t.Fatal("nothing is kept: the test would show nothing")
	}

	// An epoch begins, because another grant ended: the token goes on, in both.
	d.stop(third.ID)
	if _, err := readBy(s, thirdToken, "AllergyIntolerance", "a1"); !errors.Is(err, record.Unauthorized) {
		t.Errorf("after it ended: %v", err)
	}
	put(t, d.session(), `{"resourceType":"AllergyIntolerance","id":"a2","code":{"text":"LATER"}}`)
	wantRead(t, s, token, "a1", true)
	wantRead(t, s, token, "a2", true)

	// The same grant, of fewer sections, is other keys and another certificate.
	narrow := func(sections record.SectionSet) {
		t.Helper()
		for i := range d.live {
			if d.live[i].ID == g.ID {
				d.live[i].Sections = sections
			}
		}
		b := d.body()
		d.newEpoch(&b)
		if err := d.submit(b); err != nil {
			t.Fatal(err)
		}
	}
	always := record.SectionsOf(record.Identity, record.Providers)
	wide := s.HoldOpened(token.CapsuleID())
	narrow(always)
	wide()
	wantRead(t, s, token, "a1", false)
	narrow(always.With(record.Allergies))
	wantRead(t, s, token, "a1", true)
	d.stop(g.ID)
	if _, err := readBy(s, token, "AllergyIntolerance", "a1"); !errors.Is(err, record.Unauthorized) {
		t.Errorf("after a revoke: %v", err)
	}

	// A strike ends it at once, for what was opened before too.
	before := view(t, s, otherToken)
	whole := s.HoldOpened(otherToken.CapsuleID())
	if err := d.session().Strike(ctx, other.ID); err != nil {
		t.Fatal(err)
	}
	whole()
	if _, err := readBy(s, otherToken, "AllergyIntolerance", "a1"); !errors.Is(err, record.Unauthorized) {
		t.Errorf("after a strike: %v", err)
	}
	if _, err := before.Read(ctx, fhir.Ref{Type: "AllergyIntolerance", ID: "a1"}, 0); !errors.Is(err, record.Unauthorized) {
		t.Errorf("opened before a strike: %v", err)
	}
}

// TestOpenedIsNotBelieved: were it all still kept after a grant was stopped, it would
// open nothing.
func TestOpenedIsNotBelieved(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	g, token := d.share(clinician(s))
	wantRead(t, s, token, "a1", true)
	kept := s.Opened()[token.CapsuleID()]
	d.stop(g.ID)
	if s.Reopens(token) {
		t.Error("it is kept after a revoke")
	}
	_, _ = readBy(s, token, "AllergyIntolerance", "a1")
	if len(s.Opened()) > 1 { // the person's own session
		t.Error("a refusal kept something")
	}
	next, nextToken := d.share(clinician(s))
	wantRead(t, s, nextToken, "a1", true)
	s.PutOpened(nextToken.CapsuleID(), kept) // another token's
	wantRead(t, s, nextToken, "a1", true)
	if err := d.session().Strike(ctx, next.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := readBy(s, nextToken, "AllergyIntolerance", "a1"); !errors.Is(err, record.Unauthorized) {
		t.Error(err)
	}
}

// TestOpenedOfAnother: what is kept opens with its own token alone, for its own capsule,
// unaltered; where it does not, the token is opened as if nothing were kept.
func TestOpenedOfAnother(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	_, a := d.share(clinician(s))
	_, b := d.share(clinician(s))
	wantRead(t, s, a, "a1", true)
	wantRead(t, s, b, "a1", true)
	ida, idb := a.CapsuleID(), b.CapsuleID()
	if o, err := s.OpensTo(a, ida); err != nil || o.Token.Person != d.person {
		t.Fatal("it does not open with its own token: ", err)
	}
	for name, c := range map[string]crypto.Credential{"another's token": b, "a new one": crypto.NewCredential(crypto.Access)} {
		if _, err := s.OpensTo(c, ida); !errors.Is(err, crypto.ErrOpen) {
			t.Errorf("with %s: %v", name, err)
		}
	}
	if _, err := keys.OpenOpened(keys.OpenedKey(a), idb, s.Opened()[ida]); !errors.Is(err, crypto.ErrOpen) {
		t.Errorf("for another capsule: %v", err)
	}
	whole := s.Opened()[ida]
	for i := range whole {
		altered := bytes.Clone(whole)
		altered[i] ^= 1
		if _, err := keys.OpenOpened(keys.OpenedKey(a), ida, altered); !errors.Is(err, crypto.ErrOpen) {
			t.Fatalf("byte %d altered: %v", i, err)
		}
	}
	s.PutOpened(ida, whole[:len(whole)-1])
	wantRead(t, s, a, "a1", true)
	s.PutOpened(ida, s.Opened()[idb])
	wantRead(t, s, a, "a1", true)
}

// TestOpenedEnds: what is kept goes with the grant, the session, an epoch, its time,
// and a rest, and there is never more than may be.
func TestOpenedEnds(t *testing.T) {
	dir := t.TempDir() + "/store"
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	s := open(t, dir, store.Options{Now: func() time.Time { return now }})
	d := enrol(t, s)
	me := d.session()
	put(t, me, allergy)
	want := func(what string, n int) {
		t.Helper()
		if got := len(s.Opened()); got != n {
			t.Errorf("%s: %d are kept, want %d", what, got, n)
		}
	}
	want("a session", 1)
	a, ta := d.share(clinician(s))
	b, tb := d.share(clinician(s))
	wantRead(t, s, ta, "a1", true)
	wantRead(t, s, tb, "a1", true)
	want("two tokens", 3)
	if err := me.Strike(ctx, a.ID); err != nil {
		t.Fatal(err)
	}
	want("a strike", 2)
	if _, err := me.SignOut(ctx); err != nil {
		t.Fatal(err)
	}
	want("a sign-out", 1)
	d.stop(a.ID)
	want("an epoch", 0)
	wantRead(t, s, tb, "a1", true)
	want("the other goes on", 1)
	s.Rest()
	want("a rest", 0)
	wantRead(t, s, tb, "a1", true)
	d.stop(b.ID)
	want("a revoke", 0)

	short := clinician(s)
	short.Until = now.Add(time.Minute).Truncate(time.Second)
	_, brief := d.share(short)
	wantRead(t, s, brief, "a1", true)
	want("a short one", 1)
	now = now.Add(2 * time.Minute)
	if err := s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	want("its time is over", 0)

	s.MostOpened(2)
	var tokens []crypto.Credential
	for range 9 {
		_, token := d.share(clinician(s))
		tokens = append(tokens, token)
		wantRead(t, s, token, "a1", true)
		if n := len(s.Opened()); n > 4 {
			t.Errorf("%d are kept", n)
		}
	}
	for _, token := range tokens { // those that went are opened anew
		wantRead(t, s, token, "a1", true)
	}
	s.ForgetOpened()
	s.MostMemos(-1) // nothing is to be kept
	wantRead(t, s, tokens[0], "a1", true)
	want("nothing is to be kept", 0)
}

// TestOpenedIsSealed: nothing that a grant holds is in the clear in what is kept, nor
// whose it is.
func TestOpenedIsSealed(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	g := clinician(s)
	g.To.Name = "Needleman"
	g, token := d.share(g)
	wantRead(t, s, token, "a1", true)
	sealed := s.Opened()[token.CapsuleID()]
	o, err := s.OpensTo(token, token.CapsuleID())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(o.Grant.Certificate, []byte("Needleman")) || !o.Token.Key.Equal(keys.GrantKey(d.grants, g.ID)) {
		t.Fatal("the needles are not in what was opened")
	}
	needles := map[string][]byte{"name": []byte("Needleman"), "grant": g.ID[:], "person": d.person[:], "ID": d.id.Bytes(),
		"GK": keys.GrantKey(d.grants, g.ID).Bytes(), "AK": keys.AuditKey(d.audit, g.ID).Bytes()}
	for _, section := range g.Sections.List() {
		needles[fmt.Sprint(section)] = d.epochKey(1).Derive(crypto.LabelSection, []byte{byte(section)}).Bytes()
	}
	for name, needle := range needles {
		if bytes.Contains(sealed, needle) {
			t.Errorf("the %s is in the clear", name)
		}
	}
	_, wide := d.share(clinician(s))
	one := clinician(s)
	one.Sections = record.SectionsOf(record.Identity, record.Providers)
	one.To.Name = "Somebody with a much longer name than that"
	_, narrow := d.share(one)
	_, _ = readBy(s, wide, "AllergyIntolerance", "a1")
	_, _ = readBy(s, narrow, "AllergyIntolerance", "a1")
	if a, b := len(s.Opened()[wide.CapsuleID()]), len(s.Opened()[narrow.CapsuleID()]); a != b {
		t.Errorf("%d bytes of a wide grant and %d of a narrow one: it tells how many sections, or who", a, b)
	}
}

// TestOpenedWhileStopped: many read with a token while its grant is stopped. Nothing is
// shown that began after, and nothing stays that was made before.
func TestOpenedWhileStopped(t *testing.T) {
	_, s := newStore(t)
	d := enrol(t, s)
	put(t, d.session(), allergy)
	for range 5 {
		g, token := d.share(clinician(s))
		var wait sync.WaitGroup
		stopped := make(chan struct{})
		for range 4 {
			wait.Go(func() {
				for {
					over := false
					select {
					case <-stopped:
						over = true
					default:
					}
					_, err := readBy(s, token, "AllergyIntolerance", "a1")
					if err != nil && !errors.Is(err, record.Unauthorized) {
						t.Error(err)
					}
					if over {
						if err == nil {
							t.Error("shown after it was stopped")
						}
						return
					}
					s.ForgetOpened() // so that it is made over and over
				}
			})
		}
		time.Sleep(5 * time.Millisecond)
		d.stop(g.ID)
		close(stopped)
		wait.Wait()
		if s.Reopens(token) {
			t.Error("something stayed")
		}
	}
}
