package healthcard

import (
	"context"
	"fmt"
	"time"
)

// State is what is known about a card.
type State int

const (
	Unverified State = iota // it could not be found out
	Verified                // its issuer signed it, and stands by it
	Bad                     // its issuer did not, or does not any more
)

func (s State) String() string {
	switch s {
	case Verified:
		return "verified"
	case Bad:
		return "bad"
	}
	return "not verified"
}

// Reason says why, for a program.
type Reason string

const (
	NoKeys         Reason = "keys"          // Unverified: the issuer's keys could not be had
	NoList         Reason = "list"          // Unverified: signed, but the list of revoked cards could not be had
	KeyNotInFile   Reason = "key-not-filed" // Unverified: the file of keys does not have the card's
	UnknownKey     Reason = "key"           // Bad: the issuer does not have the card's key, or has it wrongly
	WrongSignature Reason = "signature"     // Bad
	Expired        Reason = "expired"       // Bad
	NotYet         Reason = "not-yet"       // Bad
	Revoked        Reason = "revoked"       // Bad
)

// Verdict is what Verify found.
type Verdict struct {
	State  State
	Reason Reason // "" of Verified
	Text   string // for the person
}

// slow is how far the issuer's clock may be ahead of ours.
const slow = 5 * time.Minute

const day = "2 January 2006"

// Verify finds out whether the card's issuer signed it and stands by it.
func (c *Card) Verify(ctx context.Context, keys Keys, now time.Time) Verdict {
	// What a card says against itself needs no signature.
	if !c.Expires.IsZero() && !now.Before(c.Expires) {
		return Verdict{Bad, Expired, fmt.Sprintf("This card expired on %s. Ask %s for a new one.", c.Expires.Format(day), c.Issuer)}
	}
	if c.From.After(now.Add(slow)) {
		return Verdict{Bad, NotYet, fmt.Sprintf("This card holds from %s on. If that is past, the clock of this computer is wrong.", c.From.Format(day))}
	}
	set, err := keys.Keys(ctx, c.Issuer)
	if err != nil {
		return Verdict{Unverified, NoKeys, fmt.Sprintf("Whether this card is real could not be found out, for the keys of %s could not be had: %v. A file of them can be given with --issuer-keys.", c.Issuer, err)}
	}
	k, ok := set.keys[c.keyID]
	switch {
	case set.faulty[c.keyID] && !ok:
		return Verdict{Bad, UnknownKey, fmt.Sprintf("This card is not to be trusted: the key that it names is published wrongly by %s.", c.Issuer)}
	case !ok && set.partial:
		return Verdict{Unverified, KeyNotInFile, fmt.Sprintf("Whether this card is real could not be found out: the file of keys does not have the one that it names. Get the newest from %s.", c.Issuer)}
	case !ok:
		return Verdict{Bad, UnknownKey, fmt.Sprintf("This card is not to be trusted: %s does not have the key that it is signed with. It may be forged, or the key was given up.", c.Issuer)}
	case c.signed.Verify(k.public) != nil:
		return Verdict{Bad, WrongSignature, fmt.Sprintf("This card is not to be trusted: %s did not sign it, or it was changed since.", c.Issuer)}
	}
	if v, ok := c.revoked(ctx, keys, k.version); !ok {
		return v
	}
	return Verdict{State: Verified, Text: fmt.Sprintf("Signed by %s on %s.", c.Issuer, c.From.Format(day))}
}

// revoked looks the card up in the issuer's list, when the issuer has one and the card
// can be on it.
func (c *Card) revoked(ctx context.Context, keys Keys, version int) (v Verdict, ok bool) {
	if version == 0 || c.revocation == "" {
		return v, true
	}
	list, err := keys.Revoked(ctx, c.Issuer, c.keyID)
	// A list of another key, or older than the issuer says, is none.
	if err != nil || list.keyID != c.keyID || list.version < version {
		return Verdict{Unverified, NoList, fmt.Sprintf("%s signed this card. Whether it took it back since could not be found out: try again later.", c.Issuer)}, false
	}
	if list.revokes(c.revocation, c.From) {
		return Verdict{Bad, Revoked, fmt.Sprintf("%s took this card back. Ask it why, and for a new one.", c.Issuer)}, false
	}
	return v, true
}
