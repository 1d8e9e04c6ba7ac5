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
	"PATRQT":  "at the person's own wish",
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
	for _, text := range []string{g.To.Name, g.To.Organisation, g.To.Role} {
		if len(text) > maxText || !printable(text) {
			return record.Safef(record.Invalid, "a name, organisation or role has at most %d characters and no control characters", maxText)
		}
	}
	return nil
}

// printable refuses what could make a name read as another: control and
// direction-changing characters.
func printable(text string) bool {
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

// Whole reports whether the grant reaches every section with every verb on every
// type. Only such a grant may choose the ids of entries: nobody else could tell
// an id that is free from one they cannot see.
func (g Grant) Whole() bool {
	if !g.Sections.Whole() {
		return false
	}
	for _, s := range g.Scopes {
		if s.Type == "*" && s.Verbs == Create|Read|Update|Delete|Search {
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
	return w.Finish()
}

// Parse reads a grant's message, and checks it.
func Parse(b []byte) (Grant, error) {
	var g Grant
	d := wire.Decode("grant", b)
	d.Fixed(tagPerson, g.Person[:])
	d.Fixed(tagGrant, g.ID[:])
	g.Self = d.Flag(tagSelf)
	g.To = Party{d.String(tagName), d.String(tagOrg), d.String(tagRole)}
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
