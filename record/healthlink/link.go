package healthlink

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fetch"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	scheme   = "shlink:/"
	maxURL   = 128 // characters: SHL, "Establish a SMART Health Link Manifest URL"
	maxLabel = 80  // characters: SHL, "Construct a SMART Health Link Payload"
)

// Terms is what a link says about itself, without opening it.
type Terms struct {
	Label    string    // a few words about the content; "" when there are none
	Expires  time.Time // zero when it does not say
	LongTerm bool      // L: the content may change, and the link may be asked again
	Passcode bool      // P: a passcode is needed
	Single   bool      // U: one file and no manifest
}

// Link is a SMART Health Link. It is a secret: it prints as [secret].
type Link struct {
	Terms
	redact
	secret func() secret // a function, for no printer looks inside one
}

type secret struct {
	url string
	key crypto.Key
}

// New makes a link to a URL whose files are sealed with the key.
func New(url string, key crypto.Key, terms Terms) (Link, error) {
	if err := checkURL(url); err != nil {
		return Link{}, err
	}
	if terms.Passcode && terms.Single {
		return Link{}, errPasscodeSingle
	}
	if err := CheckLabel(terms.Label); err != nil {
		return Link{}, err
	}
	return Link{Terms: terms, secret: func() secret { return secret{url, key} }}, nil
}

// CheckLabel holds the label of a link to be made against the standard.
func CheckLabel(label string) error {
	if utf8.RuneCountInString(label) > maxLabel || printable(label) != label {
		return record.Safef(record.Invalid, "a link's label has at most %d characters, on one line: shorten it", maxLabel)
	}
	return nil
}

// CheckBase reports by how many characters the URLs would be too long that begin with
// base, for links to be made there; the error is for a base that no link may have.
func CheckBase(base string, more int) (over int, err error) {
	return max(0, utf8.RuneCountInString(base)+more-maxURL), fetch.Check(base)
}

// URL is where the link's manifest or file is: as secret as the link.
func (l Link) URL() string { return l.secret().url }

// Text writes the link out, the secret included.
func (l Link) Text() string {
	s := l.secret()
	b := append([]byte(`{"url":`), quote(s.url)...)
	if flag := l.flag(); flag != "" {
		b = append(b, `,"flag":"`+flag+`"`...)
	}
	b = append(b, `,"key":"`...)
	b = base64.RawURLEncoding.AppendEncode(b, s.key.Bytes())
	b = append(b, '"')
	if !l.Expires.IsZero() {
		b = fmt.Appendf(b, `,"exp":%d`, l.Expires.Unix())
	}
	if l.Label != "" {
		b = append(append(b, `,"label":`...), quote(l.Label)...)
	}
	return scheme + base64.RawURLEncoding.EncodeToString(append(b, '}'))
}

// TextFor writes the link out behind the address of a viewer, which a browser opens
// without sending it anything of the link: that is what the # is for.
func (l Link) TextFor(viewer string) (string, error) {
	viewer = strings.TrimSuffix(viewer, "#")
	if err := fetch.Check(viewer); err != nil || strings.Contains(viewer, "#") {
		return "", record.Safef(record.Invalid, "the viewer's address must be https, and have no # but at its end")
	}
	return viewer + "#" + l.Text(), nil
}

// flag is the flags in alphabetical order.
func (l Link) flag() (s string) {
	for _, f := range []struct {
		set  bool
		name string
	}{{l.LongTerm, "L"}, {l.Passcode, "P"}, {l.Single, "U"}} {
		if f.set {
			s += f.name
		}
	}
	return s
}

func quote(s string) []byte {
	b, err := jsontext.AppendQuote(nil, s)
	if err != nil { // not UTF-8: what there is of it
		b, _ = jsontext.AppendQuote(nil, strings.ToValidUTF8(s, ""))
	}
	return b
}

// checkURL holds a manifest's URL against the standard.
func checkURL(url string) error {
	if utf8.RuneCountInString(url) > maxURL {
		return record.Safef(record.Invalid, "the link's address is longer than the %d characters that the standard allows: ask for a new link", maxURL)
	}
	if fetch.Check(url) != nil {
		return record.Safef(record.Invalid, "the link does not lead to an https address: do not use it, and ask whoever gave it to you")
	}
	return nil
}

// printable takes out what does not print: escapes that steer a terminal, letters
// that turn the direction of writing.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s))
}

// redact answers every way of printing and encoding a Link.
type redact struct{}

const redacted = "[secret]"

func (redact) String() string               { return redacted }
func (redact) GoString() string             { return redacted }
func (redact) Format(f fmt.State, _ rune)   { f.Write([]byte(redacted)) }
func (redact) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (redact) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (redact) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (redact) GobEncode() ([]byte, error)   { return []byte(redacted), nil }
