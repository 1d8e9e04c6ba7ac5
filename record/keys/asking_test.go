package keys_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/keys"
)

// boxed seals a message that was written by hand.
func boxed(t testing.TB, to crypto.BoxPublicKey, c crypto.Context, message []byte) []byte {
	t.Helper()
	b, err := to.Seal(c, crypto.Pad(message))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unboxed is the message that somebody sealed.
func unboxed(t testing.TB, k crypto.BoxKey, c crypto.Context, sealed []byte) []byte {
	t.Helper()
	padded, err := k.Open(c, sealed)
	if err != nil {
		t.Fatal(err)
	}
	m, err := crypto.Unpad(padded)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func boxKey(t testing.TB, b byte) crypto.BoxKey { return crypto.NewBoxKey(key(t, b)) }

// aQuestion and its bytes, written by hand.
func aQuestion(t testing.TB) (keys.Question, []byte) {
	box := boxKey(t, 6).Public().Bytes()
	q := keys.Question{Box: box, To: grant.Party{Name: "Dr Okafor", Organisation: "Elm Road", Role: "GP", Number: "7654321", Register: "GMC"}, Purpose: "TREAT",
		Scope: "patient/*.rs", Sections: 6, Lasts: time.Hour, Words: "for Monday", Client: "app", Bound: [32]byte(some(9, 32)), Verified: true,
		At: time.Unix(until, 0).UTC(), Address: crypto.CapsuleID(some(8, 16))}
	return q, all(f(1, box...), f(2, text("Dr Okafor")...), f(3, text("Elm Road")...), f(4, text("GP")...), f(5, text("7654321")...), f(6, text("GMC")...),
		f(7, text("TREAT")...), f(8, text("patient/*.rs")...), f(9, num(6)...), f(10, num(3600)...), f(11, text("for Monday")...), f(12, text("app")...),
		f(13, some(9, 32)...), f(14, num(1)...), f(15, num(until)...), f(16, some(8, 16)...))
}

func TestQuestion(t *testing.T) {
	q, want := aQuestion(t)
	if got := q.Marshal(); !bytes.Equal(got, want) {
		t.Errorf("%x", got)
	}
	got, err := keys.ParseQuestion(want)
	if err != nil || !reflect.DeepEqual(got, q) {
		t.Errorf("%+v, %v", got, err)
	}
	least := all(f(1, q.Box...), f(2, text("A")...))
	if got, err := keys.ParseQuestion(least); err != nil || got.To.Name != "A" {
		t.Errorf("the least: %+v, %v", got, err)
	}
	person, request, box := record.PersonID{1}, crypto.CapsuleID{2}, boxKey(t, 7)
	sealed, err := keys.SealAsked(person, box.Public().Bytes(), request, q)
	if err != nil {
		t.Fatal(err)
	}
	asked := crypto.NewContext(crypto.ContextAsked, person[:], request[:])
	if m := unboxed(t, box, asked, sealed); !bytes.Equal(m, want) {
		t.Errorf("sealed: %x", m)
	}
	if got, err := keys.OpenAsked(person, box, request, boxed(t, box.Public(), asked, want)); err != nil || !reflect.DeepEqual(got, q) {
		t.Errorf("%+v, %v", got, err)
	}
	for what, open := range map[string]func() (keys.Question, error){
		"another person's":  func() (keys.Question, error) { return keys.OpenAsked(record.PersonID{2}, box, request, sealed) },
		"another request's": func() (keys.Question, error) { return keys.OpenAsked(person, box, crypto.CapsuleID{3}, sealed) },
		"another key's":     func() (keys.Question, error) { return keys.OpenAsked(person, boxKey(t, 8), request, sealed) },
		"cut off":           func() (keys.Question, error) { return keys.OpenAsked(person, box, request, sealed[:len(sealed)-1]) },
	} {
		if _, err := open(); err == nil {
			t.Errorf("%s opens", what)
		}
	}
	for what, b := range map[string][]byte{
		"nobody":              f(1, q.Box...),
		"no box":              f(2, text("A")...),
		"a short box":         all(f(1, q.Box[:1215]...), f(2, text("A")...)),
		"a bad box":           all(f(1, some(0xff, 1216)...), f(2, text("A")...)),
		"a name over the end": all(f(1, q.Box...), f(2, text("A\u202eB")...)),
		"a new line":          all(f(1, q.Box...), f(2, text("A")...), f(11, text("a\nb")...)),
		"a long text":         all(f(1, q.Box...), f(2, text("A")...), f(11, some('a', 1001)...)),
		"a long name":         all(f(1, q.Box...), f(2, some('a', 201)...)),
		"a register alone":    all(f(1, q.Box...), f(2, text("A")...), f(6, text("GMC")...)),
		"a purpose":           all(f(1, q.Box...), f(2, text("A")...), f(7, text("FUN")...)),
		"a section":           all(f(1, q.Box...), f(2, text("A")...), f(9, num(1<<40)...)),
		"no sections":         all(f(1, q.Box...), f(2, text("A")...), f(9, num(0)...)),
		"a thousand years":    all(f(1, q.Box...), f(2, text("A")...), f(10, num(1000*366*24*3600)...)),
		"a long client":       all(f(1, q.Box...), f(2, text("A")...), f(12, some('a', 301)...)),
		"long scopes":         all(f(1, q.Box...), f(2, text("A")...), f(8, some('a', 2049)...)),
		"something more":      all(want, f(17, 1)),
		"twice":               all(f(1, q.Box...), f(2, text("A")...), f(2, text("A")...)),
		"nothing":             nil,
	} {
		if _, err := keys.ParseQuestion(b); err == nil {
			t.Errorf("%s: it is taken", what)
		}
	}
}

func FuzzQuestion(fz *testing.F) {
	_, b := aQuestion(fz)
	fz.Add(b)
	fz.Add(b[:1216+6+6+9])
	fz.Add([]byte{0, 1, 0, 0, 0, 0})
	fz.Fuzz(func(t *testing.T, b []byte) {
		q, err := keys.ParseQuestion(b)
		if err != nil {
			return
		}
		if again := q.Marshal(); !bytes.Equal(again, b) {
			t.Fatalf("%x is written as %x", b, again)
		}
		if len(b) > keys.MaxAsked || q.To.Name == "" || !grant.Printable(q.Words) || !grant.Printable(q.To.Name) || q.Lasts < 0 {
			t.Fatalf("%+v", q)
		}
	})
}

func TestAnswer(t *testing.T) {
	request := crypto.NewCredential(crypto.Request)
	id, public := request.CapsuleID(), request.BoxKey().Public()
	hour := uint32(500_000)
	at := crypto.NewContext(crypto.ContextAnswer, id[:], crypto.U32(hour))
	yes := keys.Answer{Person: record.PersonID(some(1, 16)), Grant: record.GrantID(some(2, 16)), Key: key(t, 3), Audit: key(t, 4),
		Until: time.Unix(until, 0).UTC(), Ends: time.Unix(until+5, 0).UTC(), Words: "gladly", Scope: "patient/*.rs"}
	want := all(begins, f(6, num(until+5)...), f(7, text("gladly")...), f(9, text("patient/*.rs")...))
	c, err := keys.SealAnswer(id, public.Bytes(), yes)
	if err != nil || c.ID != id || c.Hour != hour {
		t.Fatal(c.Hour, err)
	}
	if m := unboxed(t, request.BoxKey(), at, c.Blob); !bytes.Equal(m, want) {
		t.Errorf("%x", m)
	}
	by := func(message []byte) record.Capsule {
		return record.Capsule{ID: id, Hour: hour, Blob: boxed(t, public, at, message)}
	}
	a, err := keys.OpenAnswer(request, by(want))
	if err != nil || !a.Yes() || a.Person != yes.Person || a.Grant != yes.Grant || !a.Key.Equal(yes.Key) || !a.Audit.Equal(yes.Audit) ||
		!a.Until.Equal(yes.Until) || !a.Ends.Equal(yes.Ends) || a.Words != "gladly" || a.Scope != "patient/*.rs" {
		t.Errorf("%+v, %v", a, err)
	}
	no := all(f(1, some(1, 16)...), f(5, num(until)...), f(7, text("not now")...))
	if a, err = keys.OpenAnswer(request, by(no)); err != nil || a.Yes() || a.Words != "not now" {
		t.Errorf("a no: %+v, %v", a, err)
	}
	if c, err = keys.SealAnswer(id, public.Bytes(), keys.Answer{Person: yes.Person, Grant: yes.Grant, Audit: yes.Audit, Until: yes.Until, Words: "not now"}); err != nil {
		t.Fatal(err)
	}
	if m := unboxed(t, request.BoxKey(), at, c.Blob); !bytes.Equal(m, no) {
		t.Errorf("a no: %x", m)
	}
	late := by(want)
	late.Hour++
	if _, err := keys.OpenAnswer(request, late); err == nil {
		t.Error("with another hour it opens")
	}
	if _, err := keys.OpenAnswer(crypto.NewCredential(crypto.Request), by(want)); err == nil {
		t.Error("another request opens it")
	}
	for what, b := range map[string][]byte{
		"no end":                 all(f(1, some(1, 16)...), f(7, text("x")...)),
		"nobody":                 f(5, num(until)...),
		"a grant without keys":   all(f(1, some(1, 16)...), f(2, some(2, 16)...), f(5, num(until)...)),
		"keys without a grant":   all(f(1, some(1, 16)...), f(3, some(3, 32)...), f(4, some(4, 32)...), f(5, num(until)...)),
		"a key alone":            all(f(1, some(1, 16)...), f(2, some(2, 16)...), f(3, some(3, 32)...), f(5, num(until)...)),
		"a key of zeros":         all(f(1, some(1, 16)...), f(2, some(2, 16)...), f(3, make([]byte, 32)...), f(4, some(4, 32)...), f(5, num(until)...)),
		"a short grant":          all(f(1, some(1, 16)...), f(2, some(2, 15)...), f(3, some(3, 32)...), f(4, some(4, 32)...), f(5, num(until)...)),
		"words over the end":     all(f(1, some(1, 16)...), f(5, num(until)...), f(7, text("a\u202eb")...)),
		"long words":             all(f(1, some(1, 16)...), f(5, num(until)...), f(7, some('a', 1001)...)),
		"long scopes":            all(f(1, some(1, 16)...), f(5, num(until)...), f(9, some('a', 2049)...)),
		"what no answer has (8)": all(f(1, some(1, 16)...), f(5, num(until)...), f(8, 1)),
		"nothing":                nil,
	} {
		if _, err := keys.OpenAnswer(request, by(b)); err == nil {
			t.Errorf("%s: it opens", what)
		}
	}
}

func FuzzAnswer(fz *testing.F) {
	fz.Add(all(begins, f(6, num(until+5)...), f(7, text("gladly")...), f(9, text("patient/*.rs")...)))
	fz.Add(all(f(1, some(1, 16)...), f(5, num(until)...), f(7, text("not now")...)))
	fz.Add(all(f(1, some(1, 16)...), f(2, some(2, 16)...), f(5, num(until)...)))
	request := crypto.NewCredential(crypto.Request)
	id, box := request.CapsuleID(), request.BoxKey()
	fz.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 8<<10 {
			return
		}
		hour := uint32(500_000)
		at := crypto.NewContext(crypto.ContextAnswer, id[:], crypto.U32(hour))
		a, err := keys.OpenAnswer(request, record.Capsule{ID: id, Hour: hour, Blob: boxed(t, box.Public(), at, b)})
		if err != nil {
			return
		}
		c, err := keys.SealAnswer(id, box.Public().Bytes(), a)
		if err != nil {
			t.Fatal(err)
		}
		again := unboxed(t, box, crypto.NewContext(crypto.ContextAnswer, id[:], crypto.U32(c.Hour)), c.Blob)
		if !bytes.Equal(again, b) {
			t.Fatalf("%x is written as %x", b, again)
		}
	})
}

func TestAddress(t *testing.T) {
	c := crypto.NewCredential(crypto.Address)
	for _, end := range []time.Time{{}, time.Unix(until, 0).UTC()} {
		want, hour := f(1, some(1, 16)...), uint32(0)
		if !end.IsZero() {
			want, hour = all(want, f(5, num(until)...)), 500_000
		}
		made := keys.SealAddress(c.CapsuleKey(), keys.Address{Person: record.PersonID(some(1, 16)), Until: end})
		if got := payload(t, c, made); !bytes.Equal(got, want) || made.Hour != hour {
			t.Errorf("%x, hour %d", got, made.Hour)
		}
		a, err := keys.OpenAddress(c.CapsuleKey(), sealed(c, hour, want))
		if err != nil || a.Person != record.PersonID(some(1, 16)) || !a.Until.Equal(end) {
			t.Errorf("%+v, %v", a, err)
		}
	}
	for what, b := range map[string][]byte{"nobody": nil, "short": f(1, some(1, 15)...), "a grant": begins, "something more": all(f(1, some(1, 16)...), f(6, 1))} {
		if err := openKind(c, sealed(c, 0, b)); err == nil {
			t.Errorf("%s: it opens", what)
		}
	}
}

// contributions, and their bytes, written by hand.
var contributions = map[string]struct {
	c keys.Contribution
	b []byte
}{
	"what is in the record": {keys.Contribution{Grant: record.GrantID(some(2, 16)), Time: time.UnixMilli(1_800_000_000_123).UTC(), Entries: []string{"Condition/a/_history/1", "Condition/b/_history/2"}},
		all(f(1, some(2, 16)...), f(2, num(1_800_000_000_123)...), f(3, text("Condition/a/_history/1")...), f(3, text("Condition/b/_history/2")...))},
	"what is not": {keys.Contribution{Grant: record.GrantID(some(2, 16)), Time: time.UnixMilli(1).UTC(), Type: "Basic", JSON: []byte("{}"), Section: record.Allergies, Why: "so", Certificate: []byte{7}, Opening: [32]byte(some(9, 32))},
		all(f(1, some(2, 16)...), f(2, num(1)...), f(4, text("Basic")...), f(5, text("{}")...), f(6, num(uint64(record.Allergies))...), f(7, text("so")...), f(8, 7), f(10, some(9, 32)...))},
	"what found no room": {keys.Contribution{Grant: record.GrantID(some(2, 16)), Time: time.UnixMilli(1).UTC(), Entries: []string{"Condition/a/_history/1"}, NoRoom: true},
		all(f(1, some(2, 16)...), f(2, num(1)...), f(3, text("Condition/a/_history/1")...), f(11, num(1)...))},
}

func TestContribution(t *testing.T) {
	person, id, box := record.PersonID{1}, [16]byte{2}, boxKey(t, 7)
	in := crypto.NewContext(crypto.ContextInbox, person[:], id[:])
	for what, x := range contributions {
		sealed, err := keys.SealContribution(person, box.Public().Bytes(), id, x.c)
		if err != nil {
			t.Fatal(err)
		}
		if m := unboxed(t, box, in, sealed); !bytes.Equal(m, x.b) {
			t.Errorf("%s: %x", what, m)
		}
		if got, err := keys.OpenContribution(person, box, id, boxed(t, box.Public(), in, x.b)); err != nil || !reflect.DeepEqual(got, x.c) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
		for _, err := range []error{second(keys.OpenContribution(record.PersonID{9}, box, id, sealed)), second(keys.OpenContribution(person, box, [16]byte{9}, sealed)),
			second(keys.OpenContribution(person, boxKey(t, 8), id, sealed))} {
			if err == nil {
				t.Errorf("%s opens for another", what)
			}
		}
	}
	head, opening := all(f(1, some(2, 16)...), f(2, num(1)...)), f(10, some(9, 32)...)
	for what, b := range map[string][]byte{
		"neither":           head,
		"both":              all(head, f(3, text("A/b/_history/1")...), f(4, text("Basic")...), f(5, text("{}")...), f(6, num(1)...), f(8, 7), opening),
		"no JSON":           all(head, f(4, text("Basic")...), f(6, num(1)...), f(8, 7), opening),
		"empty JSON":        all(head, f(4, text("Basic")...), f(5), f(6, num(1)...), f(8, 7), opening),
		"no certificate":    all(head, f(4, text("Basic")...), f(5, text("{}")...), f(6, num(1)...), opening),
		"no opening":        all(head, f(4, text("Basic")...), f(5, text("{}")...), f(6, num(1)...), f(8, 7)),
		"half an opening":   all(head, f(4, text("Basic")...), f(5, text("{}")...), f(6, num(1)...), f(8, 7), f(10, some(9, 16)...)),
		"room for none":     all(head, f(4, text("Basic")...), f(5, text("{}")...), f(6, num(1)...), f(8, 7), opening, f(11, num(1)...)),
		"no such section":   all(head, f(4, text("Basic")...), f(5, text("{}")...), f(6, num(200)...), f(8, 7), opening),
		"JSON without type": all(head, f(5, text("{}")...), f(6, num(1)...), f(8, 7), opening),
		"no grant":          all(f(2, num(1)...), f(3, text("A/b/_history/1")...)),
		"something more":    all(head, f(3, text("A/b/_history/1")...), f(9, 1)),
		"an empty entry":    all(head, f(3)),
		"nothing":           nil,
	} {
		if _, err := keys.OpenContribution(person, box, id, boxed(t, box.Public(), in, b)); err == nil {
			t.Errorf("%s: it opens", what)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func FuzzContribution(fz *testing.F) {
	for _, x := range contributions {
		fz.Add(x.b)
	}
	fz.Add([]byte(strings.Repeat("\x00", 60)))
	person, id, box := record.PersonID{1}, [16]byte{2}, crypto.NewBoxKey(crypto.NewKey())
	in := crypto.NewContext(crypto.ContextInbox, person[:], id[:])
	fz.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 8<<10 {
			return
		}
		c, err := keys.OpenContribution(person, box, id, boxed(t, box.Public(), in, b))
		if err != nil {
			return
		}
		if (c.Type == "") == (len(c.Entries) == 0) {
			t.Fatalf("%+v", c)
		}
		sealed, err := keys.SealContribution(person, box.Public().Bytes(), id, c)
		if err != nil {
			t.Fatal(err)
		}
		if again := unboxed(t, box, in, sealed); !bytes.Equal(again, b) {
			t.Fatalf("%x is written as %x", b, again)
		}
	})
}
