package grant

import (
	"time"
	"unicode"
	"unicode/utf8"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/wire"
)

// Party is the one a grant is for, in the person's own words: nothing here is
// proved, and every screen that shows it says so.
type Party struct {
	Name         string // "Dr Amara Okafor"
	Organisation string // "Elm Road Surgery"
	Role         string // "GP"
	Number       string // of their registration: "7654321"
	Register     string // whose it is: "GMC", "NMC", "Social Work England"
}

// IsZero reports whether nobody is named.
func (p Party) IsZero() bool { return p == Party{} }

// Check reports what is wrong with how somebody is named.
func (p Party) Check() error {
	for _, text := range []string{p.Name, p.Organisation, p.Role, p.Number, p.Register} {
		if len(text) > maxText || !Printable(text) {
			return record.Safef(record.Invalid, "a name, organisation, role, registration number or register has at most %d characters and no control characters", maxText)
		}
	}
	if p.Register != "" && p.Number == "" {
		return record.Safef(record.Invalid, "a register is named without the number in it: give both, or neither")
	}
	return nil
}

// Grant is what a person decided. Times are whole seconds, UTC.
type Grant struct {
	ID       record.GrantID
	Person   record.PersonID
	Self     bool // the person's own standing grant, which sessions use
	To       Party
	Sections record.SectionSet
	Scopes   []Scope
	Purpose  string // HL7 v3-ActReason: TREAT, CAREMGT, FAMRQT …
	From     time.Time
	Until    time.Time // zero: until stopped
	Daily    uint32    // requests a day that are logged; more are refused

	Client string           // OAuth client that alone can use it, by its id; "": whoever has a token
	Bound  [32]byte         // thumbprint (RFC 7638) of the key without which no token of it opens; zeros: none
	Asked  crypto.CapsuleID // the request it was made for; zeros: none
}

// DefaultDaily is how many requests a day a grant may make, unless it says
// otherwise: generous for a clinic's system, and the end of flooding the log.
const DefaultDaily = 5000

// The longest texts of a Party, in bytes: they stand in every grant's row.
const maxText = 200

// Purposes are the reasons a person can choose from, by their HL7 v3-ActReason
// code (FHIR R4 valueset v3-PurposeOfUse), with the words shown for them.
var Purposes = map[string]string{
	"TREAT":   "treatment",
	"ETREAT":  "emergency treatment",
	"CAREMGT": "arranging care",
	"COC":     "keeping care joined up",
	"FAMRQT":  "family",
	"PATRQT":  "the person's own wish",
	"SUPNWK":  "support network",
	"HRESCH":  "research",
}

// Check reports what is wrong with a grant, in words for the one making it.
func (g Grant) Check() error {
	switch {
	case !g.Sections.Valid() || g.Sections == 0:
		return record.Safef(record.Invalid, "a grant needs at least one section: %s", record.SectionNames())
	case !g.Sections.Has(record.Identity) || !g.Sections.Has(record.Providers):
		return record.Safef(record.Invalid, "every grant includes identity and providers")
	case len(g.Scopes) == 0:
		return record.Safef(record.Invalid, "a grant needs at least one scope, such as patient/*.rs")
	case g.To.Name == "":
		return record.Safef(record.Invalid, "say who the grant is for")
	case g.From.IsZero():
		return record.Safef(record.Invalid, "a grant needs a time from which it counts")
	case !g.Until.IsZero() && !g.Until.After(g.From):
		return record.Safef(record.Invalid, "a grant must end after it begins")
	case Purposes[g.Purpose] == "":
		return record.Safef(record.Invalid, "a grant needs a purpose such as TREAT or CAREMGT")
	case g.Self && !g.Sections.Whole():
		return record.Safef(record.Invalid, "the person's own grant is to everything")
	}
	if err := g.To.Check(); err != nil {
		return err
	}
	if err := checkScopes(g.Scopes); err != nil {
		return err
	}
	if len(g.Client) > MaxClient || !Printable(g.Client) {
		return record.Safef(record.Invalid, "the id of a client has at most %d characters and no control characters", MaxClient)
	}
	return nil
}

// The most scopes that a grant, a request or a token has, and how many of them have
// parameters. They are looked at in every request, and the latter for every entry; and a
// person has to read them.
const (
	MaxScopes   = 64
	MaxNarrowed = 16
)

func checkScopes(scopes []Scope) error {
	narrowed := 0
	for _, s := range scopes {
		if len(s.Params) > 0 {
			narrowed++
		}
	}
	if len(scopes) > MaxScopes || narrowed > MaxNarrowed {
		return record.Safef(record.Invalid, "there are at most %d scopes, and at most %d with parameters: take fewer, or put several codes in one, with commas between them", MaxScopes, MaxNarrowed)
	}
	return nil
}

// MaxClient is how long a client's id may be, in bytes: it may be a URL.
const MaxClient = 300

// Printable refuses what could make a name read as another: control and
// direction-changing characters.
func Printable(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Cf, r) {
			return false
		}
	}
	return true
}

// Ended reports whether the grant's own time is over at now.
func (g Grant) Ended(now time.Time) bool { return !g.Until.IsZero() && !now.Before(g.Until) }

// WriteOnly reports whether the grant lets somebody add to the record and nothing
// else. Its row then has no key of the record: what they add waits for the person.
func (g Grant) WriteOnly() bool {
	for _, s := range g.Scopes {
		if s.Verbs != Create {
			return false
		}
	}
	return len(g.Scopes) > 0
}

// Sensitive reports whether it reaches a sensitive section that it can read.
func (g Grant) Sensitive() bool {
	return g.Sections&record.SensitiveSections != 0 && !g.WriteOnly()
}

// Constrained reports whether only a token that is bound to a key opens the grant.
func (g Grant) Constrained() bool {
	return g.Sensitive() && (g.Client != "" || g.Asked != [16]byte{})
}

// Suits reports whether a token may be used under the grant: by this client, bound to
// this key. A token that the person gave to somebody in hand is their own doing. Who
// asked for theirs, a client or somebody at an address, has one that is worth nothing for
// sensitive sections unless it is bound to a key, so that who steals it has nothing.
func (g Grant) Suits(client string, bound [32]byte) bool {
	switch {
	case g.Client != client:
		return false
	case g.Bound != [32]byte{} && g.Bound != bound:
		return false
	}
	return !g.Constrained() || bound != [32]byte{}
}

// Whole reports whether the grant reaches every section with every verb on every
// type. Only such a grant may choose the ids of entries: nobody else could tell
// an id that is free from one they cannot see.
func (g Grant) Whole() bool {
	if !g.Sections.Whole() {
		return false
	}
	for _, s := range g.Scopes {
		if s.Type == "*" && len(s.Params) == 0 && s.Verbs == Create|Read|Update|Delete|Search {
			return true
		}
	}
	return false
}

// The tags of a grant's message. docs/format.md, "Certificate".
const (
	tagPerson   = 1
	tagGrant    = 2
	tagSelf     = 3
	tagName     = 4
	tagOrg      = 5
	tagRole     = 6
	tagSections = 7
	tagScope    = 8
	tagPurpose  = 9
	tagFrom     = 10
	tagUntil    = 11
	tagDaily    = 12
	tagNumber   = 13
	tagRegister = 14
	tagClient   = 15
	tagBound    = 16
	tagAsked    = 17
)

// Marshal writes the grant's message, which is what the person signs.
func (g Grant) Marshal() []byte {
	var w wire.Builder
	w.Bytes(tagPerson, g.Person[:])
	w.Bytes(tagGrant, g.ID[:])
	w.Flag(tagSelf, g.Self)
	w.String(tagName, g.To.Name)
	w.String(tagOrg, g.To.Organisation)
	w.String(tagRole, g.To.Role)
	w.Uint(tagSections, uint64(g.Sections))
	for _, s := range g.Scopes {
		w.String(tagScope, s.String())
	}
	w.String(tagPurpose, g.Purpose)
	w.Time(tagFrom, g.From)
	w.Time(tagUntil, g.Until)
	w.Uint(tagDaily, uint64(g.Daily))
	w.String(tagNumber, g.To.Number)
	w.String(tagRegister, g.To.Register)
	w.String(tagClient, g.Client)
	w.OptionalFixed(tagBound, g.Bound[:])
	w.OptionalFixed(tagAsked, g.Asked[:])
	return w.Finish()
}

// Parse reads a grant's message, and checks it.
func Parse(b []byte) (Grant, error) {
	var g Grant
	d := wire.Decode("grant", b)
	d.Fixed(tagPerson, g.Person[:])
	d.Fixed(tagGrant, g.ID[:])
	g.Self = d.Flag(tagSelf)
	g.To = Party{Name: d.String(tagName), Organisation: d.String(tagOrg), Role: d.String(tagRole)}
	g.Sections = record.SectionSet(d.Uint32(tagSections))
	for _, text := range d.List(tagScope) {
		s, err := ParseScope(string(text))
		if err != nil || s.String() != string(text) { // one spelling for each scope
			d.Fail("scope")
		}
		g.Scopes = append(g.Scopes, s)
	}
	g.Purpose = d.String(tagPurpose)
	g.From, g.Until = d.Time(tagFrom), d.Time(tagUntil)
	g.Daily = d.Uint32(tagDaily)
	g.To.Number, g.To.Register = d.String(tagNumber), d.String(tagRegister)
	g.Client = d.String(tagClient)
	d.OptionalFixed(tagBound, g.Bound[:])
	d.OptionalFixed(tagAsked, g.Asked[:])
	if err := d.Finish(); err != nil {
		return Grant{}, err
	}
	return g, g.Check()
}

// A certificate is a grant signed by the person: signature(64) || message.

// Sign makes the certificate.
func (g Grant) Sign(k crypto.SigningKey) []byte {
	message := g.Marshal()
	return append(k.Sign(crypto.SignCertificate, message), message...)
}

// Verify reads a certificate and checks that the person signed it.
func Verify(certificate []byte, identity crypto.PublicKey) (Grant, error) {
	if len(certificate) < crypto.SignatureSize {
		return Grant{}, crypto.ErrSignature
	}
	signature, message := certificate[:crypto.SignatureSize], certificate[crypto.SignatureSize:]
	if sum := sumOf(certificate, identity); !signed.has(sum) {
		if err := identity.Verify(crypto.SignCertificate, message, signature); err != nil {
			return Grant{}, err
		}
		signed.add(sum)
	}
	return Parse(message)
}
