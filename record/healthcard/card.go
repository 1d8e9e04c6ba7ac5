package healthcard

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"carehold/crypto/jose"
	"carehold/record"
	"carehold/record/fetch"
	"carehold/record/fhir"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxPayload = 1 << 20 // inflated
	maxIssuer  = 512
	maxTypes   = 64

	cardType = "https://smarthealth.cards#health-card"
)

// Card is a card that has been read. What it says is what it says; Verify tells
// whether its issuer did.
type Card struct {
	Issuer      string    // https://…, without a slash at its end
	From        time.Time // nbf: when it was issued
	Expires     time.Time // zero when it does not expire, as most do not
	Types       []string
	FHIRVersion string

	keyID      string
	revocation string // rid, "" when there is none
	signed     *jose.Signed
	bundle     *fhir.Resource
}

// parseJWS reads one card.
func parseJWS(text string) (*Card, error) {
	signed, err := jose.ParseSigned(text)
	if err != nil {
		return nil, unread(err)
	}
	// SHC, "Health Cards are Compact": each header says zip and kid.
	if !signed.Deflated() || len(signed.KeyID()) != 43 {
		return nil, record.Safef(record.Invalid, "this is signed, but not as a SMART Health Card is: ask the issuer for a new card")
	}
	payload, err := signed.Payload(maxPayload)
	if err != nil {
		return nil, unread(err)
	}
	c := &Card{keyID: signed.KeyID(), signed: signed}
	return c, c.read(payload)
}

func unread(err error) error {
	switch {
	case errors.Is(err, jose.ErrTooLarge):
		return record.Safef(record.TooLarge, "the card's content is larger than the %d KiB that are taken: ask the issuer for a smaller card", maxPayload>>10)
	case errors.Is(err, jose.ErrAlgorithm):
		return record.Safef(record.Unsupported, "this is not signed as SMART Health Cards are (ES256): ask the issuer for a new card")
	}
	return record.Safef(record.Invalid, "this is not a SMART Health Card, or a part of it is missing: open the file again, or scan the code again")
}

// read reads what a card says.
func (c *Card) read(payload []byte) error {
	var said struct {
		Issuer    string         `json:"iss"`
		NotBefore jsontext.Value `json:"nbf"`
		Expires   jsontext.Value `json:"exp"`
		VC        struct {
			Types   []string `json:"type"`
			Subject struct {
				FHIRVersion string         `json:"fhirVersion"`
				Bundle      jsontext.Value `json:"fhirBundle"`
			} `json:"credentialSubject"`
			Revocation string `json:"rid"`
		} `json:"vc"`
	}
	if jsontext.Value(payload).Kind() != '{' || json.Unmarshal(payload, &said) != nil {
		return bad("its content is not JSON of the form that the standard gives")
	}
	var err error
	c.Issuer, c.Types, c.FHIRVersion, c.revocation = said.Issuer, said.VC.Types, said.VC.Subject.FHIRVersion, said.VC.Revocation
	switch {
	case !validIssuer(c.Issuer):
		return bad("its issuer is not an https address, in ASCII and without a slash at its end")
	case !slices.Contains(c.Types, cardType) || len(c.Types) > maxTypes:
		return bad("its type is not that of a health card")
	case len(c.revocation) > 24 || strings.Trim(c.revocation, base64url) != "":
		return bad("what it would be revoked by (rid) is not in the standard's form")
	}
	if c.From, err = seconds(said.NotBefore); err != nil || c.From.IsZero() {
		return bad("it does not say when it was issued (nbf)")
	}
	if c.Expires, err = seconds(said.Expires); err != nil {
		return bad("its expiry (exp) is not a number of seconds")
	}
	c.bundle, err = fhir.Parse(said.VC.Subject.Bundle, fhir.Limits{Bytes: maxPayload})
	if err != nil || c.bundle.Type() != "Bundle" {
		return bad("it holds no FHIR bundle")
	}
	return nil
}

func bad(why string) error {
	return record.Safef(record.Invalid, "this is not a SMART Health Card that can be read: %s. Ask its issuer for a new one", why)
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// validIssuer: SHC, "Determining keys associated with an issuer". The person judges an
// issuer by its address as it is shown, so it has nothing that is not seen or is seen as
// something else: an address is in ASCII (RFC 3986 §2).
func validIssuer(iss string) bool {
	if strings.ContainsFunc(iss, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return false
	}
	u, err := url.Parse(iss)
	return err == nil && len(iss) <= maxIssuer && u.Scheme == "https" && fetch.Check(iss) == nil &&
		!strings.ContainsAny(iss, "?#") && !strings.HasSuffix(iss, "/")
}

// seconds reads a NumericDate, which may have a fraction (RFC 7519 §2); HL7's own
// examples do. What is absent is the zero time.
func seconds(v jsontext.Value) (time.Time, error) {
	if v.Kind() == 0 {
		return time.Time{}, nil
	}
	s, err := strconv.ParseFloat(string(v), 64)
	if err != nil || v.Kind() != '0' || s < 1 || s > 253402300799 { // the year 9999
		return time.Time{}, errors.New("not seconds since 1970")
	}
	whole := int64(s)
	// A float has no more than that of a second in this century.
	return time.Unix(whole, int64((s-float64(whole))*1e9)).UTC().Round(time.Microsecond), nil
}
