package store_test

import (
	"bytes"
	"slices"
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
)

// thief has a copy of all rows and node.key, and tries what is in them on what is in them.
type thief struct {
	t    *testing.T
	step string
	node crypto.Key
	rows map[kv.Partition]map[string][]byte

	keys  []candidate // everything there ever was in a copy that could be a key
	known map[string]bool
	fresh int             // the first of them that is new in this copy
	seen  map[string]bool // what was tried with those before it
	tries int
}

type candidate struct {
	key crypto.Key
	box *crypto.BoxKey // with the key as its seed; of some
}

// against are the candidates for something: those that it has not met.
func (x *thief) against(sealed []byte) []candidate {
	if x.seen[string(sealed)] {
		return x.keys[x.fresh:]
	}
	return x.keys
}

// capsules are those in the copy.
func (x *thief) capsules() (list []record.Capsule) {
	for part, all := range x.rows {
		if c, ok := at.ParseCapsule(part, all["c"]); ok {
			list = append(list, c.Capsule)
		}
	}
	return list
}

// gather takes each 32 bytes at the places where a row has something of that length, and
// what node.key gives.
func (x *thief) gather() {
	keep := func(k crypto.Key, n int) {
		c := candidate{key: k}
		if n%40 == 0 {
			b := crypto.NewBoxKey(k)
			c.box = &b
		}
		x.keys = append(x.keys, c)
	}
	add := func(b []byte) {
		if k, err := crypto.KeyFrom(b); err == nil && !x.known[string(b)] {
			x.known[string(b)] = true
			keep(k, len(x.keys))
		}
	}
	x.fresh = len(x.keys)
	if x.fresh == 0 {
		x.known, x.seen = map[string]bool{}, map[string]bool{}
		keep(x.node, 0)
		for _, l := range []crypto.Label{crypto.LabelBelongs, crypto.LabelIDToken, crypto.LabelMark, crypto.LabelHead, crypto.LabelCheckpoint} {
			keep(x.node.Derive(l), 0)
		}
		for _, kind := range crypto.TokenKinds {
			keep(x.node.Derive(crypto.LabelCapsuleKEK, []byte{byte(kind)}), 0)
		}
	}
	for part, all := range x.rows {
		add(append(part[:], part[:]...))
		for key, row := range all {
			plain := bytes.IndexByte([]byte("havocm"), key[0]) >= 0 && !testing.Short() // not sealed from the start
			for i := 0; i+32 <= len(row) && i < 2000; i++ {
				if i < 110 && plain || i%32 == 0 {
					add(row[i : i+32])
				}
			}
			if len(key) >= 33 {
				add([]byte(key[len(key)-32:]))
			}
		}
	}
}

// breakIn tries all of it on every capsule, answer and question.
func (x *thief) breakIn() {
	x.gather()
	opened := func(what string, err error) {
		x.tries++
		if err == nil {
			x.t.Errorf("%s: %s opens with what lies beside it", x.step, what)
		}
	}
	for _, c := range x.capsules() {
		for _, k := range x.against(c.Blob) {
			for _, kind := range []crypto.Kind{crypto.Access, crypto.Refresh, crypto.Code, crypto.Request, crypto.Address} {
				_, err := crypto.CapsuleKey{Kind: kind, ID: c.ID, KEK: k.key}.Open(c.Hour, c.Blob)
				opened("a capsule", err)
			}
			if k.box != nil {
				_, err := k.box.Open(crypto.NewContext(crypto.ContextAnswer, c.ID[:], crypto.U32(c.Hour)), c.Blob)
				opened("an answer", err)
			}
		}
		x.seen[string(c.Blob)] = true
	}
	for part, all := range x.rows {
		for key, row := range all {
			if key[0] != at.KindGrant && key[0] != at.KindAsk {
				continue
			}
			for _, k := range x.against(row) {
				if key[0] == at.KindGrant {
					_, err := keys.OpenGrantRow(record.PersonID(part), record.GrantID([]byte(key[1:])), k.key, row)
					opened("a grant", err)
				} else if k.box != nil {
					_, err := keys.OpenAsked(record.PersonID(part), *k.box, crypto.CapsuleID([]byte(key[1:])), row[4:])
					opened("a question", err)
				}
			}
			x.seen[string(row)] = true
		}
	}
}

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
	x := &thief{t: t, node: o.node}
	look := func(step string) {
		t.Helper()
		x.step, x.rows = step, o.engine.fork().parts
		x.breakIn()
		for part, all := range x.rows {
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
			for _, sealed := range x.capsules() {
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
	t.Logf("%d storage attacks, nothing opened", x.tries)
}
