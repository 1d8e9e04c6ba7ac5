package derived

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"time"
	"unicode"
)

// The parts of R4's data types that are used, in R4's order.

type extension struct {
	URL          string  `json:"url"`
	ValueBoolean *bool   `json:"valueBoolean,omitempty"`
	ValueCode    string  `json:"valueCode,omitempty"`
	ValueInstant string  `json:"valueInstant,omitempty"`
	ValueString  string  `json:"valueString,omitempty"`
	ValueCount   *uint64 `json:"valueUnsignedInt,omitempty"`
}

type meta struct {
	VersionID   string   `json:"versionId"`
	LastUpdated string   `json:"lastUpdated"`
	Profile     []string `json:"profile,omitempty"`
	Tag         []coding `json:"tag"`
}

type coding struct {
	System  string `json:"system,omitempty"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

type identifier struct {
	System   string     `json:"system,omitempty"`
	Value    string     `json:"value"`
	Assigner *reference `json:"assigner,omitempty"`
}

type reference struct {
	Extension  []extension `json:"extension,omitempty"`
	Reference  string      `json:"reference,omitempty"`
	Type       string      `json:"type,omitempty"`
	Identifier *identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

type period struct {
	Start string `json:"start,omitempty"`
	End   string `json:"end,omitempty"`
}

type attachment struct {
	ContentType string `json:"contentType"`
	Data        []byte `json:"data"` // base64
	Title       string `json:"title"`
}

// TagSystem is that of the tag of what is derived, and of nothing else: a store lets
// nobody write it.
const TagSystem = "urn:carehold:tag"

// CarriedTag is the system of the tag on what the server of another record derived, and
// the person brought along: only they can write it.
const CarriedTag = "urn:carehold:carried"

// tag marks what is derived: a program that copies a record can leave it out.
var tag = []coding{{System: TagSystem, Code: "derived", Display: "made from the record, not kept in it"}}

// version is the one version that a derived resource has, but for an ended Consent.
const version = "1"

func metaOf(at time.Time, profile ...string) meta {
	return meta{VersionID: version, LastUpdated: instant(at), Profile: profile, Tag: tag}
}

// count is a number as FHIR's unsignedInt holds it: 31 bits.
func count(n uint64) *uint64 {
	n = min(n, math.MaxInt32)
	return &n
}

func of(c coding) concept { return concept{Coding: []coding{c}} }

// instant writes a time as FHIR has it, in the years that it can write.
func instant(t time.Time) string {
	if t = t.UTC(); t.Year() < 1 {
		t = time.Time{}
	} else if t.Year() > 9999 {
		t = time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

// absent stands where a profile wants an element that nobody knows.
func absent(why string) []extension {
	return []extension{{URL: "http://hl7.org/fhir/StructureDefinition/data-absent-reason", ValueCode: why}}
}

// words makes a text of the log one that FHIR takes: no control characters, not
// empty but for white space. "" is to be left out.
func words(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text))
}

// encode writes a resource. What is written is made of text and numbers, and cannot
// fail.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("derived: a resource that cannot be written")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
