package healthlink

import (
	"bytes"
	"errors"
	"strings"

	"carehold/crypto"
	"carehold/crypto/jose"
	"carehold/record"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Encrypt makes a file of a link: a compact JWE under the link's key, with a nonce of
// its own each time.
func Encrypt(key crypto.Key, contentType string, body []byte, deflate bool) (string, error) {
	if !known(contentType) {
		return "", record.Safef(record.Unsupported, "a file of a link is FHIR, a health card, or access to an API")
	}
	text, err := jose.Seal(key, contentType, body, deflate)
	if err != nil {
		return "", record.Safef(record.Internal, "a file of a link could not be sealed: %w", err)
	}
	return text, nil
}

// open decrypts a file, and holds it against what it is said to be; "" when nothing
// is said.
func (r *reader) open(text []byte, said string) (File, error) {
	cty, body, err := jose.Open(r.key, bytes.TrimSpace(text), r.inflated)
	if err != nil {
		return File{}, unopened(err)
	}
	r.inflated -= len(body)
	cty, said = mediaType(cty), mediaType(said)
	is := kindOf(body)
	for _, claim := range []string{cty, said} {
		if claim != "" && !known(claim) {
			return File{}, record.Errorf(record.Unsupported, "the link leads to a file of the type %q, which is not read here", printable(cut(claim, maxLabel)))
		}
		if claim != "" && claim != is {
			return File{}, errContent
		}
	}
	if is == "" {
		return File{}, errContent
	}
	return File{ContentType: is, Body: body}, nil
}

var errContent = record.Safef(record.Invalid, "a file of the link is not what it says it is, or none that a SMART Health Link has: nothing was taken from it. Tell whoever made the link")

func unopened(err error) error {
	switch {
	case errors.Is(err, jose.ErrTooLarge):
		return record.Safef(record.TooLarge, "the link's files are larger than the %d MiB that are taken, or inflate to %d times what they came in: ask for less, or for the files themselves", MaxContent>>20, jose.MaxRatio)
	case errors.Is(err, jose.ErrAlgorithm):
		return record.Safef(record.Unsupported, "a file of the link is encrypted in another way than SMART Health Links are: ask whoever made the link")
	case errors.Is(err, jose.ErrOpen):
		return record.Safef(record.Integrity, "a file of the link does not open with the link's key: copy all of the link again; if that does not help, it was changed or damaged")
	}
	return record.Safef(record.Invalid, "what the link leads to is not a file of a SMART Health Link, or is damaged: %w. Ask whoever made the link", err)
}

func known(contentType string) bool {
	switch mediaType(contentType) {
	case FHIR, HealthCard, APIAccess:
		return true
	}
	return false
}

// mediaType is a content type without its parameters. In a JOSE header,
// "application/" may be left out (RFC 7515 §4.1.10).
func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	s = strings.ToLower(strings.TrimSpace(s))
	if s != "" && !strings.Contains(s, "/") {
		s = "application/" + s
	}
	return s
}

// kindOf says what a JSON object is by the one member that its kind cannot do
// without; "" when that is none, or several.
func kindOf(body []byte) string {
	var has struct {
		ResourceType jsontext.Value `json:"resourceType"`
		Cards        jsontext.Value `json:"verifiableCredential"`
		Token        jsontext.Value `json:"access_token"`
	}
	if jsontext.Value(body).Kind() != '{' || json.Unmarshal(body, &has) != nil {
		return ""
	}
	switch r, c, t := has.ResourceType.Kind() == '"', has.Cards.Kind() == '[', has.Token.Kind() == '"'; {
	case r && !c && !t:
		return FHIR
	case c && !r && !t:
		return HealthCard
	case t && !r && !c:
		return APIAccess
	}
	return ""
}
