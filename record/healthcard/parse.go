package healthcard

import (
	"net/url"
	"strings"

	"carehold/record"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxText  = 4 << 20
	maxCards = 100
)

// IsCard reports whether a text looks like a card, so that it can be told from a
// file's name, a link or a FHIR resource.
func IsCard(text []byte) bool {
	s := strings.TrimSpace(string(text[:min(len(text), maxText)]))
	if isNumeric(s) || strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") == 2 {
		return true
	}
	if i := deepLink(s); i >= 0 {
		return true
	}
	_, ok := inFile([]byte(s))
	return ok
}

// Parse reads the cards in a file, in a QR code's text or codes' texts, in a deep
// link, or a JWS alone. One that cannot be read makes the whole an error.
func Parse(b []byte) ([]*Card, error) {
	if len(b) > maxText {
		return nil, record.Safef(record.TooLarge, "this is larger than a file of SMART Health Cards: at most %d MiB are read", maxText>>20)
	}
	texts, err := split(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, err
	}
	if len(texts) == 0 || len(texts) > maxCards {
		return nil, record.Safef(record.Invalid, "a file of SMART Health Cards has 1 to %d of them, and this has %d: ask the issuer for another file", maxCards, len(texts))
	}
	var cards []*Card
	for _, text := range texts {
		c, err := parseJWS(text)
		if err != nil {
			return nil, err
		}
		cards = append(cards, c)
	}
	return cards, nil
}

// split finds the JWSs.
func split(s string) ([]string, error) {
	if isNumeric(s) {
		return fromNumeric(s)
	}
	if i := deepLink(s); i >= 0 {
		inner, err := url.PathUnescape(s[i+1:])
		if err != nil {
			return nil, unread(nil)
		}
		s = inner
	}
	if strings.HasPrefix(s, "{") {
		texts, ok := inFile([]byte(s))
		if !ok {
			return nil, record.Safef(record.Invalid, `this file holds no SMART Health Cards: one has "verifiableCredential" in it. If it holds FHIR, import it as that`)
		}
		return texts, nil
	}
	return []string{strings.Join(strings.Fields(s), "")}, nil // one that was broken into lines
}

// deepLink is where the # of a deep link is, or -1 (SHC, "via Deep Link").
func deepLink(s string) int {
	i := strings.IndexByte(s, '#')
	if i < 0 || !strings.HasPrefix(s, "https://") {
		return -1
	}
	if rest := s[i+1:]; strings.HasPrefix(rest, "{") || strings.HasPrefix(strings.ToUpper(rest[:min(3, len(rest))]), "%7B") {
		return i
	}
	return -1
}

// inFile reads a .smart-health-card file, or the Parameters that $health-cards-issue
// answers.
func inFile(b []byte) (texts []string, ok bool) {
	var file struct {
		Cards     []string       `json:"verifiableCredential"`
		Type      string         `json:"resourceType"`
		Parameter jsontext.Value `json:"parameter"`
	}
	if jsontext.Value(b).Kind() != '{' || json.Unmarshal(b, &file) != nil {
		return nil, false
	}
	if file.Type != "Parameters" {
		return file.Cards, file.Cards != nil
	}
	var parameters []struct {
		Name  string `json:"name"`
		Value string `json:"valueString"`
	}
	if json.Unmarshal(file.Parameter, &parameters) != nil {
		return nil, false
	}
	for _, p := range parameters {
		if p.Name == "verifiableCredential" {
			texts = append(texts, p.Value)
		}
	}
	return texts, texts != nil
}
