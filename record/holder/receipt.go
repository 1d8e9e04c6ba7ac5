package holder

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/statement"
)

// A receipt is what a person keeps of a grant, to print or to hand on: what they gave, in
// words and in fields, with the grant's certificate and the head of the log at the time,
// signed by the record's identity. It opens nothing. It is checked without any server, by
// VerifyReceipt or by hand: docs/format.md, "Receipt".

// receiptTitle is its first line, and says how the rest is to be read.
const receiptTitle = "Carehold receipt 1"

// receiptMark begins its last line, the signature: U+2014, as in a signed note.
const receiptMark = "\n— carehold receipt "

// Slip is what a receipt says.
type Slip struct {
	Grant    grant.Grant
	State    State
	Since    time.Time // ended, or suspended; zero else
	Why      EndReason
	Made     time.Time // of the receipt
	Store    record.StoreID
	Verifier string           // of the store's checkpoints
	Identity crypto.PublicKey // who signed
	Head     statement.Head   // of the log, as the store had signed it then

	certificate []byte // signed by this identity; nil of a grant from before a new identity
	checkpoint  []byte
}

// Named reports whether the record's name is the hash of the identity that signed: then
// nobody else can have. A record whose keys were all made new has another identity since,
// of which only its server, or its person, can say that it is theirs.
func (s Slip) Named() bool { return crypto.PersonOf(s.Identity) == [16]byte(s.Grant.Person) }

// Certified reports whether the receipt has the grant's certificate.
func (s Slip) Certified() bool { return s.certificate != nil }

// Receipt makes the receipt of a grant as it is now, be it live, suspended or ended.
func (h *Holder) Receipt(id record.GrantID) ([]byte, error) {
	now := h.Now().Truncate(time.Second)
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.now.ring
	g := r.find(id)
	if g == nil || g.grant.Self {
		return nil, record.Safef(record.NotFound, "there is no grant of this id")
	}
	head, err := audit.VerifyCheckpoint(h.now.note, r.verifier, r.store, r.person)
	if err != nil {
		return nil, record.Safef(record.Unavailable, "the server has not signed how far the log has come: try again when it has")
	}
	signer := r.newest().signer()
	shown := g.shown(h.now.live, now)
	s := Slip{Grant: g.grant, State: shown.State, Since: g.ended, Why: g.why, Made: now, Store: r.store, Verifier: r.verifier,
		Identity: signer.Public(), Head: head, checkpoint: h.now.note}
	switch {
	case s.State == Suspended && g.paused.IsZero():
		s.State = Struck // by nobody the keyring knows of: they did not say so
	case s.State == Suspended:
		s.Since = g.paused
	}
	if int(g.gen) == len(r.gens)-1 {
		s.certificate = g.grant.Sign(signer)
	}
	text := s.text()
	return []byte(text + receiptMark + base64.StdEncoding.EncodeToString(signer.Sign(crypto.SignReceipt, []byte(text))) + "\n"), nil
}

// text is all of it but the signature.
func (s Slip) text() string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	moment := func(name string, t time.Time) {
		if !t.IsZero() {
			line(name, t.UTC().Format(time.RFC3339))
		}
	}
	g := s.Grant
	b.WriteString(receiptTitle + "\n\nYou gave " + describeGrant(g) + ".\n" + s.standing() + "\n\n")
	line("name", g.To.Name)
	line("organisation", g.To.Organisation)
	line("role", g.To.Role)
	line("number", g.To.Number)
	line("register", g.To.Register)
	line("sections", g.Sections.String())
	line("scopes", grant.FormatScopes(g.Scopes))
	line("purpose", g.Purpose)
	moment("from", g.From)
	moment("until", g.Until)
	line("client", g.Client)
	if g.Bound != [32]byte{} {
		line("key", base64.RawURLEncoding.EncodeToString(g.Bound[:]))
	}
	if g.Asked != (crypto.CapsuleID{}) {
		line("request", hex.EncodeToString(g.Asked[:]))
	}
	line("grant", g.ID.String())
	line("record", g.Person.String())
	line("state", s.State.String())
	moment("since", s.Since)
	if s.Why != NotEnded {
		line("why", strconv.Itoa(int(s.Why)))
	}
	moment("made", s.Made)
	line("store", s.Store.String())
	line("verifier", s.Verifier)
	line("identity", base64.StdEncoding.EncodeToString(s.Identity[:]))
	if s.certificate != nil {
		b.WriteString("\ncertificate:\n" + wrapped(s.certificate))
	} else {
		b.WriteString("\nmessage:\n" + wrapped(g.Marshal()))
	}
	b.WriteString("\nlog:\n" + string(s.checkpoint))
	return b.String()
}

// standing says what has become of the grant.
func (s Slip) standing() string {
	switch s.State {
	case Live:
		return "It was live when this was written."
	case Suspended:
		return "You suspended it on " + When(s.Since) + " UTC."
	case Ended:
		return "It ended on " + When(s.Since) + " UTC: " + s.Why.String() + "."
	case Over:
		return "Its time had run out when this was written."
	}
	return "It was stopped at the server when this was written."
}

// wrapped is base64 that fits a printed page.
func wrapped(b []byte) string {
	text, out := base64.StdEncoding.EncodeToString(b), ""
	for ; len(text) > 64; text = text[64:] {
		out += text[:64] + "\n"
	}
	return out + text + "\n"
}
