package store_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	at "carehold/record/rows"
	"carehold/record/statement"
	"carehold/record/store"
	"carehold/record/store/storetest"
)

// TestOAuthOnAStolenDisk takes a copy of all rows after every step of every flow. Nothing
// in it opens anything, no secret lies open in it, and each secret that was presented
// opens what is behind it and nothing else.
func TestOAuthOnAStolenDisk(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	const words, why = "Quillfeather said yes", "Quillfeather asks for Monday"
	secrets := map[string]crypto.Credential{}
	needles := map[string][]byte{"the client": []byte("app-Quillfeather"), "the redirect": []byte(redirect), "the nonce": []byte(nonce),
		"the verifier": []byte(verifier), "the scope": []byte("offline_access"), "the words": []byte(words), "the question": []byte(why), "node.key": o.node.Bytes()}
	o.by = store.Presented{Client: "app-Quillfeather", Public: true}
	x := &storetest.Thief{T: t, Node: o.node, Boxes: 10}
	look := func(step string) {
		t.Helper()
		x.Step, x.Rows = step, o.engine.fork().parts
		x.BreakIn()
		for part, all := range x.Rows {
			for key, row := range all {
				for what, needle := range needles {
					if bytes.Contains(append(append(part[:len(part):len(part)], key...), row...), needle) {
						t.Errorf("%s: %s lies open in a row %q", step, what, key[:1])
					}
				}
				for name, c := range secrets {
					if bytes.Contains(row, []byte(c.Token()[5:48])) {
						t.Errorf("%s: %s lies open in a row %q", step, name, key[:1])
					}
				}
			}
		}
		// Whoever presents one opens one capsule at the most.
		for name, c := range secrets {
			key := c.CapsuleKey()
			for _, sealed := range x.Capsules() {
				key.ID = sealed.ID
				_, err := key.Open(sealed.Hour, sealed.Blob)
				if (err == nil) && sealed.ID != c.CapsuleID() {
					t.Errorf("%s: %s opens another's capsule", step, name)
				}
				if c.Kind() == crypto.Request {
					_, err := keys.OpenAnswer(c, sealed)
					if err == nil && sealed.ID != c.CapsuleID() {
						t.Errorf("%s: %s opens another's answer", step, name)
					}
				}
			}
		}
	}
	kept := func(step, name string, want bool) { // the control: what a secret is good for
		t.Helper()
		c := secrets[name]
		row, there := at.ParseCapsule(c.CapsuleID(), o.engine.fork().parts[kv.Partition(c.CapsuleID())]["c"])
		opens := there
		if there && c.Kind() == crypto.Request {
			_, err := keys.OpenAnswer(c, row.Capsule)
			opens = err == nil
		} else if there {
			_, err := c.CapsuleKey().Open(row.Hour, row.Blob)
			opens = err == nil
		}
		if opens != want {
			t.Errorf("%s: %s opens its capsule: %v", step, name, opens)
		}
	}

	look("before")
	// Asking at an address, and a yes.
	secrets["address"] = o.d.address(time.Time{})
	look("an address")
	q := crypto.NewCredential(crypto.Request)
	secrets["question"] = q
	question := questionOf(q)
	question.Words = why
	if err := o.s.Ask(ctx, secrets["address"], q.CapsuleID(), question); err != nil {
		t.Fatal(err)
	}
	look("asked")
	// By a client.
	request := crypto.NewCredential(crypto.Request)
	secrets["request"] = request
	g, err := o.d.approve(o.forApp(), request, appScope)
	if err != nil {
		t.Fatal(err)
	}
	gk, ak := keys.GrantKey(o.d.grants, g.ID), keys.AuditKey(o.d.audit, g.ID)
	needles["the grant's key"], needles["its key of the log"] = gk.Bytes(), ak.Bytes()
	kept("approved", "request", true)
	look("approved")
	a, err := o.s.Answer(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	look("the answer is read")
	code, err := a.Code(ctx, o.codeFor())
	a.Close()
	if err != nil {
		t.Fatal(err)
	}
	secrets["code"] = code
	kept("fetched", "request", false)
	kept("fetched", "code", true)
	look("fetched")
	tokens, err := o.exchange(code)
	if err != nil {
		t.Fatal(err)
	}
	secrets["access"], secrets["refresh"] = tokens.Access, tokens.Refresh
	kept("exchanged", "access", true)
	kept("exchanged", "refresh", true)
	look("exchanged")
	// What is left of the code knows it again, and has the grant's key no more: codes go
	// through URLs and their logs.
	id := code.CapsuleID()
	husk, _ := at.ParseCapsule(id, o.engine.fork().parts[kv.Partition(id)]["c"])
	left, err := keys.OpenCode(code.CapsuleKey(), husk.Capsule)
	if err != nil || left.Key.Equal(gk) || husk.State != at.CapsuleSpent {
		t.Errorf("a spent code still has the grant's key (%v)", err)
	}
	// On hold, going on, with less and with all of it again.
	o.suspend(g)
	look("suspended")
	o.resume(g)
	look("resumed")
	less := g
	less.Sections &^= record.SectionsOf(record.Conditions)
	for step, now := range map[string]grant.Grant{"narrowed by the person": less, "widened again": g} {
		b := o.d.body()
		b.Grants = []statement.GrantRow{o.d.row(now)}
		if err := o.d.submit(b); err != nil {
			t.Fatal(err)
		}
		look(step)
	}
	// Something is left to wait, taken in and removed.
	_, adds := o.d.addOnly(record.Measures)
	secrets["to add"] = adds
	needles["what waits"] = []byte("Weightfeather")
	look("a grant to add")
	leaving := adder(t, o.s, adds)
	for range 2 {
		if _, err := add(leaving, strings.Replace(weight, "weight", "Weightfeather", 1)); err != nil {
			t.Fatal(err)
		}
	}
	look("it waits")
	me := o.d.session()
	list := o.d.inbox()
	if _, err := me.TakeIn(ctx, list[0].id, taking(list[0])); err != nil {
		t.Fatal(err)
	}
	look("taken in")
	if err := me.Dismiss(ctx, list[1].id); err != nil {
		t.Fatal(err)
	}
	look("removed")

	next := o.refreshed(tokens.Refresh)
	secrets["access 2"], secrets["refresh 2"] = next.Access, next.Refresh
	look("refreshed")
	o.mustRead(next.Access)
	if _, _, err := o.s.Introspect(ctx, next.Access, o.by); err != nil {
		t.Fatal(err)
	}
	look("used")
	narrow, err := o.s.Refresh(ctx, next.Refresh, o.by, "patient/Condition.rs")
	if err != nil {
		t.Fatal(err)
	}
	secrets["narrow"], secrets["refresh 3"] = narrow.Access, narrow.Refresh
	look("narrowed")
	if _, err := o.refresh(tokens.Refresh); err == nil {
		t.Fatal("an old one works")
	}
	look("stopped for a replay")
	// A backend, a bound client, and a no.
	o.by = store.Presented{Client: "app-Quillfeather", Bound: [32]byte{77}}
	_, secrets["segment"] = o.segment(o.forApp())
	look("a backend's grant")
	backend, err := o.s.Backend(ctx, secrets["segment"], o.by, "")
	if err != nil {
		t.Fatal(err)
	}
	secrets["backend's"] = backend.Access
	look("a backend's token")
	bound, h := o.tokens(appScope)
	secrets["bound"], secrets["refresh bound"] = bound.Access, bound.Refresh
	look("a bound client")
	if err := o.s.GiveBack(ctx, bound.Refresh, o.by); err != nil {
		t.Fatal(err)
	}
	kept("given back", "refresh bound", false)
	look("given back")
	end := o.d.body()
	for _, over := range []record.GrantID{g.ID, h.ID} {
		end.Ended = append(end.Ended, statement.Ended{Grant: over, Row: keys.SealStoppedRow(o.d.person, over, o.d.grants, o.d.audit)})
		o.d.live = slices.DeleteFunc(o.d.live, func(x grant.Grant) bool { return x.ID == over })
	}
	o.d.newEpoch(&end)
	if err := o.d.submit(end); err != nil {
		t.Fatal(err)
	}
	look("revoked")
	no, err := keys.SealAnswer(q.CapsuleID(), q.BoxKey().Public().Bytes(), keys.Answer{Person: o.d.person, Until: o.now.Add(time.Hour), Words: words})
	if err == nil {
		err = o.d.session().PutAnswer(ctx, no)
	}
	if err != nil {
		t.Fatal(err)
	}
	kept("answered", "question", true)
	look("answered with no")
	if _, err := o.s.IDTokenKey(ctx); err != nil {
		t.Fatal(err)
	}
	look("a key for id_tokens")
	t.Logf("%d storage attacks, nothing opened", x.Tries)
}

// finds is a testing.TB that only remembers that something was found.
type finds struct {
	testing.TB
	n int
}

func (f *finds) Errorf(string, ...any) { f.n++ }

// TestThiefFindsWhatLies: where a key does lie beside what it opens, in a row or in a log,
// the thief of TestOAuthOnAStolenDisk has it; without it there is nothing to find.
func TestThiefFindsWhatLies(t *testing.T) {
	if testing.Short() {
		t.Skip()
	}
	t.Parallel()
	o := newOAuth(t)
	request := crypto.NewCredential(crypto.Request)
	g, err := o.d.approve(o.forApp(), request, appScope)
	if err != nil {
		t.Fatal(err)
	}
	tokens, _ := o.tokens(appScope)
	_, adds := o.d.addOnly(record.Measures)
	if _, err := add(adder(t, o.s, adds), weight); err != nil {
		t.Fatal(err)
	}
	put(t, o.d.session(), allergy)
	person := kv.Partition(o.d.person)
	kek := func(c crypto.Credential) []byte { return c.CapsuleKey().KEK.Bytes() }
	for what, planted := range map[string]struct {
		row  []byte
		said string
	}{
		"nothing":                      {},
		"the key of a grant":           {row: keys.GrantKey(o.d.grants, g.ID).Bytes()},
		"the key of a token":           {row: kek(tokens.Access)},
		"the key of a refresh token":   {row: kek(tokens.Refresh)},
		"the seed of a request":        {row: request.Derive(crypto.LabelAsk).Bytes()},
		"the seed of the person":       {row: o.d.boxSeed.Bytes()},
		"the key of a section":         {row: o.d.epochs[len(o.d.epochs)-1].Key.Derive(crypto.LabelSection, []byte{byte(record.Allergies)}).Bytes()},
		"a token in the log":           {said: "GET /fhir/Patient token=" + tokens.Access.Token() + " 200"},
		"a key in the log":             {said: "kek " + base64.RawURLEncoding.EncodeToString(kek(tokens.Access)) + ";"},
		"a request in the log, in hex": {said: hex.EncodeToString(request.Derive(crypto.LabelAsk).Bytes())},
	} {
		rows := o.engine.fork().parts
		if planted.row != nil {
			for key := range rows[person] {
				if key[0] == at.KindAccount { // at the end of a row that is not sealed
					rows[person][key] = append(bytes.Repeat([]byte{1}, 32), planted.row...)
				}
			}
		}
		f := &finds{TB: t}
		x := &storetest.Thief{T: f, Node: o.node, Step: what, Rows: rows, Boxes: 40}
		if strings.Contains(what, "seed") || strings.Contains(what, "request") {
			x.Boxes = 1
		}
		x.Hear(planted.said)
		x.BreakIn()
		if (f.n > 0) != (what != "nothing") {
			t.Errorf("%s: %d found in %d tries", what, f.n, x.Tries)
		}
	}
}
