package healthlink

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carehold/record"
	"carehold/record/fetch"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Content types of the files of a link (SHL, "files array").
const (
	FHIR       = "application/fhir+json"
	HealthCard = "application/smart-health-card"
	APIAccess  = "application/smart-api-access"
)

const (
	maxManifest  = 1 << 20
	maxFiles     = 100
	maxRecipient = 80 // characters
	maxPasscode  = 200
	maxEmbedded  = 8 << 10 // what we ask for at most: 100 of them fit into a manifest
)

// Request asks for a manifest.
type Request struct {
	Recipient         string `json:"recipient"`
	Passcode          string `json:"passcode,omitzero"`
	EmbeddedLengthMax *int   `json:"embeddedLengthMax,omitzero"` // nil when the server may choose
}

// ParseRequest reads what was sent to a link made here. Members that are unknown are
// ignored (SHL, "Protocol Versioning").
func ParseRequest(b []byte) (r Request, err error) {
	if len(b) > maxText {
		return r, record.Safef(record.TooLarge, "a request for a manifest has at most %d bytes", maxText)
	}
	if jsontext.Value(b).Kind() != '{' || json.Unmarshal(b, &r) != nil {
		return Request{}, record.Safef(record.Invalid, `a request for a manifest is JSON: {"recipient": who asks, "passcode"?: …, "embeddedLengthMax"?: a number}`)
	}
	if r.Recipient, err = Recipient(r.Recipient); err != nil {
		return Request{}, err
	}
	if utf8.RuneCountInString(r.Passcode) > maxPasscode {
		return Request{}, record.Safef(record.Invalid, "a passcode has at most %d characters", maxPasscode)
	}
	if r.EmbeddedLengthMax != nil && *r.EmbeddedLengthMax < 0 {
		return Request{}, record.Safef(record.Invalid, "embeddedLengthMax is a number of characters")
	}
	return r, nil
}

// Recipient is what somebody who opens a link says of themself, fit to be shown to the
// person whose link it is: on one line, without what steers a terminal or turns the
// direction of writing, and cut rather than refused when it is long, for a viewer's
// user cannot mend what their viewer sends.
func Recipient(text string) (string, error) {
	text = strings.Join(strings.Fields(printable(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))), " ")
	if text == "" {
		return "", record.Safef(record.Invalid, "say who you are, for the person whose link it is: recipient").At("recipient")
	}
	if r := []rune(text); len(r) > maxRecipient {
		text = strings.TrimSpace(string(r[:maxRecipient-1])) + "…"
	}
	return text, nil
}

// Manifest is what a link leads to.
type Manifest struct {
	List  jsontext.Value `json:"list,omitzero"` // a FHIR List about the files
	Files []Listed       `json:"files"`
}

// Listed is a file in a manifest: where it is, or itself.
type Listed struct {
	ContentType string `json:"contentType"`
	Location    string `json:"location,omitzero"`
	Embedded    string `json:"embedded,omitzero"`
	LastUpdated string `json:"lastUpdated,omitzero"`
	Status      string `json:"status,omitzero"` // finalized, can-change, no-longer-valid
	FHIRVersion string `json:"fhirVersion,omitzero"`
}

// Updated is when the file was last changed, zero when that is not said in a form
// that can be read.
func (l Listed) Updated() time.Time {
	t, err := time.Parse(time.RFC3339, l.LastUpdated)
	if err != nil {
		return time.Time{}
	}
	return t
}

// ParseManifest reads a manifest that a stranger's server sent.
func ParseManifest(b []byte) (m Manifest, err error) {
	if len(b) > maxManifest {
		return m, record.Safef(record.TooLarge, "the link's list of files has more than %d bytes, and was not read", maxManifest)
	}
	var sent struct {
		List  jsontext.Value   `json:"list"`
		Files []jsontext.Value `json:"files"`
	}
	if jsontext.Value(b).Kind() != '{' || json.Unmarshal(b, &sent) != nil {
		return m, errManifest
	}
	if len(sent.Files) > maxFiles {
		return m, record.Safef(record.TooLarge, "the link lists more than %d files, and was not opened", maxFiles)
	}
	m.List = sent.List
	for i, raw := range sent.Files {
		var f Listed
		if raw.Kind() != '{' || json.Unmarshal(raw, &f) != nil {
			return Manifest{}, errManifest
		}
		// One of both must be there; when both are, what is embedded is up to date.
		if f.ContentType == "" || f.Location == "" && f.Embedded == "" {
			return Manifest{}, record.Safef(record.Invalid, "file %d of the link has no content type, or is nowhere: tell whoever made the link", i+1)
		}
		if f.Location != "" && fetch.Check(f.Location) != nil {
			return Manifest{}, record.Safef(record.Invalid, "file %d of the link is not at an https address, and was not fetched: tell whoever made the link", i+1)
		}
		m.Files = append(m.Files, f)
	}
	return m, nil
}

var errManifest = record.Safef(record.Invalid, "what the link's server sent is not a list of files: check the link, or ask whoever made it")
