package store_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	at "carehold/record/rows"
	"carehold/record/store"
)

// address makes an address of the person's, as a device does.
func (d *device) address(until time.Time) crypto.Credential {
	d.t.Helper()
	c := crypto.NewCredential(crypto.Address)
	b := d.body()
	b.Capsules = []record.Capsule{keys.SealAddress(c.CapsuleKey(), keys.Address{Person: d.person, Until: until})}
	if err := d.submit(b); err != nil {
		d.t.Fatal(err)
	}
	return c
}

func questionOf(request crypto.Credential) keys.Question {
	return keys.Question{Box: request.BoxKey().Public().Bytes(), To: grant.Party{Name: "Dr Okafor", Organisation: "Elm Road Surgery"}, Purpose: "TREAT",
		Scope: "patient/*.rs", Lasts: time.Hour, Words: "for your appointment on Monday"}
}

// asks asks at an address, and returns the request.
func (o *oauth) asks(address crypto.Credential) crypto.Credential {
	o.t.Helper()
	request := crypto.NewCredential(crypto.Request)
	if err := o.s.Ask(ctx, address, request.CapsuleID(), questionOf(request)); err != nil {
		o.t.Fatal(err)
	}
	return request
}

func (o *oauth) waiting() []store.Ask {
	o.t.Helper()
	list, err := o.d.session().Asks(ctx)
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

// told counts the questions that the person's log says came in.
func (o *oauth) told() (n int) {
	o.t.Helper()
	page, err := o.d.session().Log(ctx, 0, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	r := audit.NewReader(o.d.person)
	r.AddBox(o.d.box)
	for i, leaf := range page.Leaves {
		if e, err := r.Open(uint64(i), leaf); err == nil && e.Event.Action == audit.Asked {
			n++
		}
	}
	return n
}

// TestAsk: somebody asks at an address, the person hears of it, answers, and it is put away.
func TestAsk(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	address := o.d.address(o.now.Add(48 * time.Hour))
	request := o.asks(address)
	list := o.waiting()
	if len(list) != 1 || list[0].ID != request.CapsuleID() || list[0].Hour != keys.ExpiryHour(o.now.Add(30*24*time.Hour)) {
		t.Fatalf("%+v", list)
	}
	q, err := keys.OpenAsked(o.d.person, o.d.box, list[0].ID, list[0].Sealed)
	if err != nil || q.To.Name != "Dr Okafor" || q.Address != address.CapsuleID() || !q.At.Equal(o.now) || !bytes.Equal(q.Box, request.BoxKey().Public().Bytes()) {
		t.Fatalf("%+v, %v", q, err)
	}
	if o.told() != 1 {
		t.Error("the log does not say that somebody asked")
	}
	before := mustUsed(t, o.s)
	g, err := o.d.approve(clinician(o.s), request, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := o.s.Answer(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	token, _, err := a.Token(ctx)
	if err != nil {
		t.Fatal(err)
	}
	o.mustRead(token)
	if len(o.waiting()) != 0 {
		t.Error("what was answered still waits")
	}
	_, _ = g, before

	// A no is put away too, and one that is dropped gives its room back.
	request = o.asks(address)
	no, err := keys.SealAnswer(request.CapsuleID(), request.BoxKey().Public().Bytes(), keys.Answer{Person: o.d.person, Until: o.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.d.session().PutAnswer(ctx, no); err != nil {
		t.Fatal(err)
	}
	if err := o.d.session().PutAnswer(ctx, no); err != nil {
		t.Errorf("the same once more: %v", err)
	}
	request = o.asks(address)
	me := o.d.session()
	for range 2 {
		if err := me.DropAsk(ctx, request.CapsuleID()); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.waiting()) != 0 {
		t.Error("something still waits")
	}
	// For the person alone.
	_, given := o.d.share(clinician(o.s))
	v := view(t, o.s, given)
	if _, err := v.Asks(ctx); !errors.Is(err, record.Forbidden) {
		t.Errorf("another lists them: %v", err)
	}
	for what, err := range map[string]error{"drops": v.DropAsk(ctx, request.CapsuleID()), "answers": v.PutAnswer(ctx, no), "closes": v.DropAddress(ctx, address.CapsuleID())} {
		if !errors.Is(err, record.Forbidden) {
			t.Errorf("another %s: %v", what, err)
		}
	}
	if err := me.DropAddress(ctx, address.CapsuleID()); err != nil {
		t.Fatal(err)
	}
	o.asks(address)
	if len(o.waiting()) != 0 {
		t.Error("asked at a closed address")
	}
}

// TestAskInVain: where nobody is asked the answer is the same, and nothing is left but the
// time.
func TestAskInVain(t *testing.T) {
	t.Parallel()
	for what, address := range map[string]func(*oauth) crypto.Credential{
		"unknown":        func(*oauth) crypto.Credential { return crypto.NewCredential(crypto.Address) },
		"none":           func(*oauth) crypto.Credential { return crypto.Credential{} },
		"another kind's": func(o *oauth) crypto.Credential { x, _ := o.tokens(appScope); return x.Access },
		"over": func(o *oauth) crypto.Credential {
			c := o.d.address(o.now.Add(time.Hour))
			o.now = o.now.Add(time.Hour)
			return c
		},
		"another person's": func(o *oauth) crypto.Credential {
			other := enrol(o.t, o.s)
			c := crypto.NewCredential(crypto.Address)
			b := other.body()
			b.Capsules = []record.Capsule{keys.SealAddress(c.CapsuleKey(), keys.Address{Person: o.d.person})}
			if err := other.submit(b); err != nil {
				o.t.Fatal(err)
			}
			return c
		},
		"of a closed record": func(o *oauth) crypto.Credential {
			c := o.d.address(time.Time{})
			b := o.d.body()
			b.MovedTo = "https://elsewhere.example"
			if err := o.d.submit(b); err != nil {
				o.t.Fatal(err)
			}
			return c
		},
	} {
		t.Run(what, func(t *testing.T) {
			o := newOAuth(t)
			c := address(o)
			before := o.engine.fork()
			o.asks(c)
			after := o.engine.fork()
			if len(before.parts) != len(after.parts) {
				t.Error("a partition more")
			}
			commits, rows := after.now-before.now, 0
			for p, all := range after.parts {
				for k, v := range all {
					if p != (kv.Partition{}) && !bytes.Equal(before.parts[p][k], v) {
						rows++
					}
				}
			}
			if commits != 1 || rows != 0 {
				t.Errorf("%d commits and %d rows", commits, rows)
			}
		})
	}
	o := newOAuth(t)
	address := o.d.address(time.Time{})
	before := o.engine.fork().now
	o.asks(address)
	if n := o.engine.fork().now - before; n != 1 {
		t.Errorf("a good one takes %d commits", n)
	}
}

// TestAskLimits: who has an address cannot fill a record.
func TestAskLimits(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	one := o.d.address(time.Time{})
	for range 30 {
		o.asks(one)
	}
	if n := len(o.waiting()); n != 20 {
		t.Errorf("%d wait of one address", n)
	}
	if n := o.told(); n != 20 {
		t.Errorf("%d in the log", n)
	}
	o.now = o.now.Add(24 * time.Hour)
	o.asks(one)
	if n := len(o.waiting()); n != 20 {
		t.Errorf("the next day %d wait of one address", n)
	}
	me := o.d.session()
	for _, x := range o.waiting()[:5] {
		if err := me.DropAsk(ctx, x.ID); err != nil {
			t.Fatal(err)
		}
	}
	o.asks(one)
	if n := len(o.waiting()); n != 16 {
		t.Errorf("with room again %d wait", n)
	}
	for range 4 {
		another := o.d.address(time.Time{})
		for range 20 {
			o.asks(another)
		}
	}
	if n := len(o.waiting()); n != 50 {
		t.Errorf("%d wait in all", n)
	}
	// The same request twice is one.
	other := newOAuth(t)
	address, request := other.d.address(time.Time{}), crypto.NewCredential(crypto.Request)
	for range 2 {
		if err := other.s.Ask(ctx, address, request.CapsuleID(), questionOf(request)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(other.waiting()); n != 1 {
		t.Errorf("one request waits %d times", n)
	}
	// They go by themselves, and give their room back.
	o.now = o.now.Add(31 * 24 * time.Hour)
	if n := len(o.waiting()); n != 0 {
		t.Errorf("%d wait after a month", n)
	}
	used := mustUsed(t, o.s)
	if err := o.s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	left := 0
	for k := range o.engine.parts[kv.Partition(o.d.person)] {
		if k[0] == at.KindAsk {
			left++
		}
	}
	if left != 0 || mustUsed(t, o.s) >= used {
		t.Errorf("%d are left, and %d bytes of %d", left, mustUsed(t, o.s), used)
	}
	// What is wrong with a question is said, wherever it is asked.
	for _, c := range []crypto.Credential{one, crypto.NewCredential(crypto.Address)} {
		q := questionOf(request)
		q.To.Name = ""
		if err := o.s.Ask(ctx, c, request.CapsuleID(), q); !errors.Is(err, record.Invalid) {
			t.Errorf("nobody asks: %v", err)
		}
		q = questionOf(request)
		q.Words = strings.Repeat("x", keys.MaxWords+1)
		if err := o.s.Ask(ctx, c, request.CapsuleID(), q); !errors.Is(err, record.Invalid) {
			t.Errorf("too long: %v", err)
		}
	}
}

// TestDropNoSlot: a session closes addresses, and no way to unlock the record.
func TestDropNoSlot(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	other := enrol(t, o.s)
	theirs := other.address(time.Time{})
	me := o.d.session()
	if err := me.DropAddress(ctx, o.d.slot.CapsuleID()); !errors.Is(err, record.Unprocessed) {
		t.Errorf("a slot: %v", err)
	}
	if _, err := o.s.Slot(ctx, o.d.slot.CapsuleID()); err != nil {
		t.Fatal(err)
	}
	if err := me.DropAddress(ctx, theirs.CapsuleID()); err != nil {
		t.Fatal(err)
	}
	request := crypto.NewCredential(crypto.Request)
	if err := o.s.Ask(ctx, theirs, request.CapsuleID(), questionOf(request)); err != nil {
		t.Fatal(err)
	}
	if list, err := other.session().Asks(ctx); err != nil || len(list) != 1 {
		t.Errorf("somebody closed another's address: %d, %v", len(list), err)
	}
	// An answer has a size and an end.
	for _, c := range []record.Capsule{{ID: [16]byte{1}, Hour: keys.ExpiryHour(o.now.Add(time.Hour))}, {ID: [16]byte{1}, Hour: 0, Blob: []byte{1}},
		{ID: [16]byte{1}, Hour: keys.ExpiryHour(o.now.Add(1000 * time.Hour)), Blob: []byte{1}}, {ID: [16]byte{1}, Hour: keys.ExpiryHour(o.now.Add(time.Hour)), Blob: make([]byte, 9<<10)},
		{ID: [16]byte{1}, Hour: 1, Blob: []byte{1}}} {
		if err := me.PutAnswer(ctx, c); !errors.Is(err, record.Invalid) {
			t.Errorf("%d bytes, hour %d: %v", len(c.Blob), c.Hour, err)
		}
	}
}
