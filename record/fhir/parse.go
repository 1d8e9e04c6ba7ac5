package fhir

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"carehold/record"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits bounds what Parse takes. A zero field means the default.
type Limits struct {
	Bytes  int // size of one resource; default MaxBytes and Room
	Depth  int // objects and arrays inside one another; default 64. HL7's deepest example has 21, and whoever reads us may recurse
	Values int // strings, numbers, objects … in all; default MaxValues and RoomValues
}

// What a record takes from whoever brings it, and how much more is read: what is kept
// has id and meta put in, and perhaps what the person says about it, and must be read
// again. Whoever takes resources holds them against MaxBytes and MaxValues.
const (
	MaxBytes   = 16 << 20 // a scanned letter with room to spare
	MaxValues  = 1 << 20  // keeps a hostile resource's tape under 32 MiB
	Room       = 1 << 20
	RoomValues = 32 << 10
)

func (l Limits) orDefault() Limits {
	if l.Bytes <= 0 {
		l.Bytes = MaxBytes + Room
	}
	l.Bytes = min(l.Bytes, 1<<30) // nodes count bytes in 31 bits
	if l.Depth <= 0 {
		l.Depth = 64
	}
	if l.Values <= 0 {
		l.Values = MaxValues + RoomValues
	}
	return l
}

// Parse checks a resource and keeps its bytes: the caller must not change b
// afterwards.
func Parse(b []byte, lim Limits) (*Resource, error) { return parse(b, lim, CheckJSON) }

// ParseValid is Parse for a value inside a text that CheckJSON has passed, which is not
// looked at again.
func ParseValid(b []byte, lim Limits) (*Resource, error) {
	return parse(b, lim, func([]byte) error { return nil })
}

func parse(b []byte, lim Limits, check func([]byte) error) (*Resource, error) {
	lim = lim.orDefault()
	if len(b) > lim.Bytes {
		return nil, record.Safef(record.TooLarge, "the resource has %d bytes; at most %d are taken", len(b), lim.Bytes)
	}
	if err := check(b); err != nil {
		return nil, err
	}
	t, err := scan(b, lim)
	if err != nil {
		return nil, err
	}
	return checked(t)
}

// CheckJSON reports why b is not JSON that may hold a resource: RFC 8259, in
// UTF-8, with no name twice in an object.
func CheckJSON(b []byte) error {
	if jsontext.Value(b).IsValid() {
		return nil
	}
	return syntaxError(b)
}

// checked reads the members the server itself needs.
func checked(t tape) (*Resource, error) {
	if t.nodes[0].kind != '{' {
		return nil, record.Safef(record.Invalid, "a resource is a JSON object that begins with {")
	}
	r := &Resource{tape: t, id: -1, meta: -1, versionID: -1, lastUpdated: -1}
	typ := int32(-1)
	t.children(0, func(c int32) bool {
		switch string(t.name(c)) {
		case "resourceType":
			typ = c
		case "id":
			r.id = c
		case "meta":
			r.meta = c
		}
		return true
	})
	if typ < 0 {
		return nil, record.Safef(record.Invalid, `the resource has no "resourceType"`)
	}
	if t.nodes[typ].kind != '"' {
		return nil, record.Safef(record.Invalid, "must be a string").At("resourceType")
	}
	r.typ, r.typeAt = t.text(typ), typ
	if !KnownType(r.typ) {
		return nil, record.Errorf(record.Invalid, "%q is not a resource type of FHIR R4", shorten(r.typ)).At("resourceType")
	}
	if r.id >= 0 && (t.nodes[r.id].kind != '"' || !ValidID(t.text(r.id))) {
		return nil, record.Safef(record.Invalid, "an id has 1 to 64 letters, digits, - and .").At(r.typ + ".id")
	}
	if r.meta < 0 {
		return r, nil
	}
	if t.nodes[r.meta].kind != '{' {
		return nil, record.Safef(record.Invalid, "must be an object").At(r.typ + ".meta")
	}
	r.versionID, r.lastUpdated = t.member(r.meta, "versionId"), t.member(r.meta, "lastUpdated")
	for _, c := range []int32{r.versionID, r.lastUpdated} {
		if c >= 0 && t.nodes[c].kind != '"' {
			return nil, record.Safef(record.Invalid, "must be a string").At(t.path(r.typ, c))
		}
	}
	return r, nil
}

// syntaxError reads invalid JSON again, to say what is wrong and where.
func syntaxError(b []byte) error {
	if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
		return record.Safef(record.Invalid, "the text begins with a byte order mark; JSON has none (RFC 8259 §8.1)")
	}
	d := jsontext.NewDecoder(bytes.NewReader(b))
	_, err := d.ReadValue()
	if err == nil {
		return record.Safef(record.Invalid, "there is something after the resource's last }")
	}
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return record.Safef(record.Invalid, "not JSON: the text ends too early")
	}
	line := 1 + bytes.Count(b[:min(int(syntax.ByteOffset), len(b))], []byte{'\n'})
	path := fhirPath(syntax.JSONPointer)
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return record.Safef(record.Invalid, "this element is there twice (line %d)", line).At(path)
	}
	if !utf8.Valid(b) {
		return record.Safef(record.Invalid, "the text is not UTF-8 (line %d)", line).At(path)
	}
	return record.Errorf(record.Invalid, "not JSON: %v (line %d)", syntax.Err, line).At(path)
}

// fhirPath turns /name/0/given into name[0].given. The names are what was sent,
// so the path is cut short when it is absurd.
func fhirPath(p jsontext.Pointer) string {
	var s strings.Builder
	for token := range p.Tokens() {
		if token != "" && strings.Trim(token, "0123456789") == "" {
			s.WriteString("[" + token + "]")
			continue
		}
		if s.Len() > 0 {
			s.WriteByte('.')
		}
		s.WriteString(shorten(token))
	}
	return s.String()
}

// maxName is what is left of a name that is longer.
const maxName = 64

func shorten(s string) string {
	if len(s) > maxName {
		return strings.ToValidUTF8(s[:maxName], "") + "…"
	}
	return s
}
