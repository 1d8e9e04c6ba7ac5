package holder

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"regexp"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/statement"
)

// paper is a holder with one grant of each sort, and a log that its server has signed.
func paper(t testing.TB) (*Holder, record.GrantID) {
	t.Helper()
	at := time.Date(2026, 11, 21, 14, 2, 0, 0, time.UTC)
	r := testRing(t)
	r.person = crypto.PersonOf(r.newest().signer().Public())
	node, err := audit.NewNodeSigner(r.store, fixed(t, 0x71))
	if err != nil {
		t.Fatal(err)
	}
	r.verifier = node.Verifier()
	note, err := node.Sign(r.person, statement.Head{Size: 7, Root: [32]byte{0x34}})
	if err != nil {
		t.Fatal(err)
	}
	g := grant.Grant{ID: record.GrantID{0x23}, Person: r.person, To: grant.Party{Name: "Dr Amara Okafor", Role: "GP", Organisation: "Elm Road Surgery", Number: "7654321", Register: "GMC"},
		Sections: record.SectionsOf(1, 2, 5), Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}}, Purpose: "TREAT",
		From: at, Until: at.AddDate(90, 0, 0), Daily: 5000, Client: "surgery", Bound: [32]byte{0x99}, Asked: crypto.CapsuleID{0x98}}
	r.grants = append(r.grants, held{grant: g, gen: 1})
	return &Holder{now: state{ring: r, root: crypto.NewKey(), note: note, live: map[record.GrantID]LiveGrant{g.ID: {Grant: g.ID}}}}, g.ID
}

// The words and the fields are part of the format: written out here by hand, from
// docs/format.md. One that changes makes receipts that people have bad.
func TestReceiptText(t *testing.T) {
	h, id := paper(t)
	b, err := h.Receipt(id)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(b), "\nverifier: ")
	head = regexp.MustCompile(`made: 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`).ReplaceAllString(head, "made: NOW")
	want := `Carehold receipt 1

You gave Dr Amara Okafor (GP, Elm Road Surgery) access to identity, providers, medicines (patient/*.rs) for treatment, through the app surgery, until 21 Nov 2116 at 14:02 UTC.
It was live when this was written.

name: Dr Amara Okafor
organisation: Elm Road Surgery
role: GP
number: 7654321
register: GMC
sections: identity, providers, medicines
scopes: patient/*.rs
purpose: TREAT
from: 2026-11-21T14:02:00Z
until: 2116-11-21T14:02:00Z
client: surgery
key: mQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
request: 98000000000000000000000000000000
grant: 23000000000000000000000000000000
record: 123785757cef9d8391970d5cff41e22e
state: live
made: NOW
store: 12000000000000000000000000000000`
	if head != want {
		t.Errorf("\n got %s\nwant %s", head, want)
	}
}

// What became of a grant, in the words that are part of the format.
func TestReceiptStanding(t *testing.T) {
	at := time.Date(2026, 11, 21, 14, 2, 0, 0, time.UTC)
	for want, s := range map[string]Slip{
		"It was live when this was written.\n":                              {State: Live},
		"You suspended it on 21 Nov 2026 at 14:02 UTC.\n":                   {State: Suspended, Since: at},
		"Its time had run out when this was written.\n":                     {State: Over},
		"It was stopped at the server when this was written.\n":             {State: Struck},
		"It ended on 21 Nov 2026 at 14:02 UTC: you ended it.\nwhy: 1\n":     {State: Ended, Since: at, Why: 1},
		"It ended on 21 Nov 2026 at 14:02 UTC: its time ran out.\nwhy: 2\n": {State: Ended, Since: at, Why: 2},
		"It ended on 21 Nov 2026 at 14:02 UTC: it was stopped at the server: from a session, by an app that gave it back, for a code or token that came twice, or when its operator accepted a loss.\nwhy: 3\n": {State: Ended, Since: at, Why: 3},
		"It ended on 21 Nov 2026 at 14:02 UTC: all keys were made new.\nwhy: 4\n":                        {State: Ended, Since: at, Why: 4},
		"It ended on 21 Nov 2026 at 14:02 UTC: the server no longer had it.\nwhy: 5\n":                   {State: Ended, Since: at, Why: 5},
		"It ended on 21 Nov 2026 at 14:02 UTC: the record was restored, or closed for a move.\nwhy: 6\n": {State: Ended, Since: at, Why: 6},
	} {
		text := s.text()
		sentence, why, _ := strings.Cut(want, "\n")
		if !strings.Contains(text, "\n"+sentence+"\n") || why != "" && !strings.Contains(text, "\n"+why) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}

// By hand, with nothing but Ed25519 and what docs/format.md says.
func TestReceiptByHand(t *testing.T) {
	h, id := paper(t)
	b, err := h.Receipt(id)
	if err != nil {
		t.Fatal(err)
	}
	text, last, _ := strings.Cut(string(b), "\n— carehold receipt ")
	signature, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(last, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	identity := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{0x65}, 32)).Public().(ed25519.PublicKey)
	if !strings.Contains(text, "\nidentity: "+base64.StdEncoding.EncodeToString(identity)+"\n") {
		t.Error("the identity is not named")
	}
	lp := func(purpose string) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(purpose))), purpose...)
	}
	if !ed25519.Verify(identity, append(lp("carehold-v1 receipt"), text...), signature) {
		t.Error("the receipt's signature does not hold")
	}
	_, rest, _ := strings.Cut(text, "\ncertificate:\n")
	block, log, _ := strings.Cut(rest, "\nlog:\n")
	certificate, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(block, "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(identity, append(lp("carehold-v1 certificate"), certificate[64:]...), certificate[:64]) {
		t.Error("the certificate's signature does not hold")
	}
	if !strings.HasPrefix(log, "carehold/log/12000000000000000000000000000000/123785757cef9d8391970d5cff41e22e\n7\n") {
		t.Errorf("the log's head is %s", log)
	}
}

func TestReceiptIsRead(t *testing.T) {
	h, id := paper(t)
	r := h.now.ring
	check := func(state State, certified bool) Slip {
		t.Helper()
		b, err := h.Receipt(id)
		if err != nil {
			t.Fatal(err)
		}
		s, err := VerifyReceipt(b)
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		if s.State != state || s.Certified() != certified || s.Grant.ID != id || s.Head.Size != 7 || s.Grant.To.Number != "7654321" {
			t.Errorf("%+v", s)
		}
		return s
	}
	g := r.find(id)
	if !check(Live, true).Named() {
		t.Error("the record's name is the hash of its identity")
	}
	at := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	g.paused, h.now.live[id] = at, LiveGrant{Grant: id, Suspended: true}
	if s := check(Suspended, true); !s.Since.Equal(at) {
		t.Errorf("suspended since %v", s.Since)
	}
	g.paused = time.Time{}
	check(Struck, true) // suspended at the server alone, which the person never said
	g.ended, g.why = at, Revoked
	if s := check(Ended, true); !s.Since.Equal(at) || s.Why != Revoked {
		t.Errorf("ended %v, %v", s.Since, s.Why)
	}
	// All keys were made new since: nobody can sign its certificate again.
	old := r.newest()
	old.identity, old.grants = crypto.Key{}, crypto.Key{}
	r.gens = append(r.gens, newGeneration())
	if check(Ended, false).Named() {
		t.Error("another identity is not the one that the record is named by")
	}
	if _, err := h.Receipt(r.self().grant.ID); err == nil {
		t.Error("a receipt of the person's own grant")
	}
}

// Altered anywhere, in whatever way, it is refused.
func TestReceiptAltered(t *testing.T) {
	h, id := paper(t)
	b, err := h.Receipt(id)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, at int, altered []byte) {
		t.Helper()
		if _, err := VerifyReceipt(altered); err == nil {
			t.Errorf("%s at %d is not seen", what, at)
		}
	}
	for i := range b {
		for _, bit := range []byte{1, 0x20, 0x80} {
			altered := bytes.Clone(b)
			altered[i] ^= bit
			refused("a bit", i, altered)
		}
		refused("a byte less", i, append(bytes.Clone(b[:i]), b[i+1:]...))
		refused("a byte more", i, append(append(bytes.Clone(b[:i]), '\n'), b[i:]...))
		refused("an end", i, b[:i])
	}
	refused("what follows", len(b), append(bytes.Clone(b), '\n'))
	// Signed again by somebody else, in whose name it is then.
	text, _, _ := strings.Cut(string(b), receiptMark)
	mine := crypto.NewSigningKey(crypto.NewKey())
	forged := regexp.MustCompile(`identity: \S+`).ReplaceAllLiteralString(text, "identity: "+base64.StdEncoding.EncodeToString(publicOf(mine)))
	sign := func(text string, k crypto.SigningKey) []byte {
		return []byte(text + receiptMark + base64.StdEncoding.EncodeToString(k.Sign(crypto.SignReceipt, []byte(text))) + "\n")
	}
	refused("another's certificate", 0, sign(forged, mine))
	// By the person themself: the words are still what the certificate says.
	own := h.now.ring.newest().signer()
	if _, err := VerifyReceipt(sign(text, own)); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"medicines (": "everything (", "purpose: TREAT": "purpose: HRESCH", "until: 2116": "until: 2117", "state: live": "state: ended",
		"state: live\n": "state: live\nnote: x\n", "certificate:\n": "certificate:\n\n", "log:\n": "log:\n\n"} {
		refused("other words: "+to, 0, sign(strings.Replace(text, from, to, 1), own))
	}
}

// Mail and editors make CRLF of all line ends: it is the same receipt. And what is none is
// told apart from one that was changed.
func TestReceiptOnItsWay(t *testing.T) {
	h, id := paper(t)
	b, err := h.Receipt(id)
	if err != nil {
		t.Fatal(err)
	}
	crlf := bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
	if s, err := VerifyReceipt(crlf); err != nil || s.Grant.ID != id {
		t.Errorf("with CRLF: %v", err)
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"one CRLF":          {bytes.Replace(b, []byte("\n"), []byte("\r\n"), 1), errReceipt},
		"CRLF, and changed": {bytes.Replace(crlf, []byte("7654321"), []byte("7654322"), 1), errReceipt},
		"half of one":       {b[:len(b)/2], errReceipt},
		"nothing":           {nil, errNoReceipt},
		"a letter":          {[]byte("Dear Dr Okafor,\n"), errNoReceipt},
		"a picture":         {[]byte("\x89PNG\r\n\x1a\n"), errNoReceipt},
	} {
		if _, err := VerifyReceipt(c.b); err != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func publicOf(k crypto.SigningKey) []byte { p := k.Public(); return p[:] }

func FuzzReceipt(f *testing.F) {
	h, id := paper(f)
	b, err := h.Receipt(id)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(bytes.Replace(b, []byte("certificate:"), []byte("message:"), 1))
	f.Add(b[:len(b)/2])
	f.Add(bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := VerifyReceipt(b)
		if err == nil && !bytes.HasPrefix(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte(s.text())) {
			t.Error("what is read is not what is written")
		}
		text, _, _ := strings.Cut(string(b), receiptMark)
		if s, ok := readSlip(text); ok {
			s.text() // no signature is needed to get here
		}
	})
}
