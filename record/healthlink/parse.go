package healthlink

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fetch"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const maxText = 16 << 10

var (
	errNotLink = record.Safef(record.Invalid, "this is not a SMART Health Link: one begins with shlink:/, or is the address of a viewer with #shlink:/ in it. Copy all of it")
	errDamaged = record.Safef(record.Invalid, "the link is damaged, or a part of it is missing: copy all of it again, or scan it")
	errCapital = record.Safef(record.Invalid, "the link was turned into capital letters on its way, and cannot be read: copy it from where it came from, or scan it")

	errPasscodeSingle = record.Safef(record.Invalid, "the link says that it needs a passcode and that it takes none, which the standard forbids: ask for a new link")
)

// IsLink reports whether a text looks like a link, so that it can be told from a
// file's name or a health card.
func IsLink(text string) bool {
	_, ok := payloadOf(strings.TrimSpace(text))
	return ok
}

// Parse reads a link, bare or behind a viewer's address. One that has expired is
// read: Open says that it has.
func Parse(text string) (Link, error) {
	if len(text) > maxText {
		return Link{}, record.Safef(record.TooLarge, "this is too long for a SMART Health Link: at most %d characters are read", maxText)
	}
	encoded, ok := payloadOf(strings.TrimSpace(text))
	if !ok {
		return Link{}, errNotLink
	}
	// A mail program may have broken the link into lines, and some encoders pad.
	encoded = strings.TrimRight(strings.Join(strings.Fields(encoded), ""), "=")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || !jsontext.Value(raw).IsValid() || jsontext.Value(raw).Kind() != '{' {
		// {" is eyJ in base64: in capitals, it is something else.
		if strings.HasPrefix(encoded, "EYJ") && encoded == strings.ToUpper(encoded) {
			return Link{}, errCapital
		}
		return Link{}, errDamaged
	}
	return read(raw)
}

// payloadOf cuts away the scheme, and a viewer's address in front of it.
func payloadOf(text string) (payload string, ok bool) {
	// Letter by letter, so that lower has the same length.
	lower := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
	if len(lower) != len(text) { // not UTF-8: Map put three bytes where one was
		return "", false
	}
	if strings.HasPrefix(lower, scheme) {
		return text[len(scheme):], true
	}
	at := strings.Index(lower, "#"+scheme)
	if at < 0 || fetch.Check(text[:at]) != nil {
		return "", false
	}
	return text[at+1+len(scheme):], true
}

// read checks the JSON inside.
func read(raw []byte) (Link, error) {
	var p struct {
		URL     string         `json:"url"`
		Key     string         `json:"key"`
		Expires jsontext.Value `json:"exp"`
		Flag    string         `json:"flag"`
		Label   string         `json:"label"`
		Version jsontext.Value `json:"v"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		at := ""
		if e, ok := errors.AsType[*json.SemanticError](err); ok {
			at = strings.TrimPrefix(string(e.JSONPointer), "/")
		}
		return Link{}, record.Errorf(record.Invalid, "the link is not made as the standard says (%q): ask for a new one", at)
	}
	// A later version keeps label, exp and flag, and nothing else need mean what it
	// does here (SHL, "Protocol Versioning").
	if v, err := number(p.Version, 1); err != nil || v != 1 {
		return Link{}, record.Errorf(record.Unsupported, "the link %q is of a later version of SMART Health Links than this program knows: update the program, or ask for a link of version 1", printable(p.Label))
	}
	if p.URL == "" || p.Key == "" {
		return Link{}, record.Safef(record.Invalid, "the link has no address or no key in it: ask for a new one")
	}
	if err := checkURL(p.URL); err != nil {
		return Link{}, err
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(p.Key)
	if err != nil || strings.ContainsAny(p.Key, "\r\n") {
		return Link{}, errKey
	}
	key, err := crypto.KeyFrom(b)
	clear(b)
	if err != nil {
		return Link{}, errKey
	}
	if utf8.RuneCountInString(p.Label) > maxLabel {
		return Link{}, record.Safef(record.Invalid, "the link's label is longer than the %d characters that the standard allows: ask for a new link", maxLabel)
	}
	t := Terms{Label: printable(p.Label)}
	if t.Expires, err = expiry(p.Expires); err != nil {
		return Link{}, err
	}
	t.LongTerm, t.Passcode, t.Single = strings.Contains(p.Flag, "L"), strings.Contains(p.Flag, "P"), strings.Contains(p.Flag, "U")
	if t.Passcode && t.Single {
		return Link{}, errPasscodeSingle
	}
	return Link{Terms: t, secret: func() secret { return secret{p.URL, key} }}, nil
}

var errKey = record.Safef(record.Invalid, "the key in the link is not one: 43 characters, which are 32 bytes. Copy all of the link again, or ask for a new one")

// number reads a JSON number; what is absent, or null, is the default.
func number(v jsontext.Value, otherwise float64) (float64, error) {
	switch v.Kind() {
	case 0, 'n':
		return otherwise, nil
	case '0':
		return strconv.ParseFloat(strings.TrimFunc(string(v), unicode.IsSpace), 64)
	}
	return 0, errDamaged
}

// expiry reads seconds since 1970, which some write with a fraction. What is beyond
// the year 9999 was meant in milliseconds or never: it is no use as a hint.
func expiry(v jsontext.Value) (time.Time, error) {
	const year9999 = 253402300799
	s, err := number(v, 0)
	switch {
	case err != nil || s < 0:
		return time.Time{}, record.Safef(record.Invalid, "the link's expiry is not a number of seconds: ask for a new link")
	case s == 0 || s > year9999:
		return time.Time{}, nil
	}
	return time.Unix(int64(s), 0).UTC(), nil
}
