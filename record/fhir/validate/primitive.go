package validate

import (
	"bytes"
	"unicode/utf8"

	"carehold/record/fhir"
)

// primitive is a primitive type of FHIR R4 §2.24.0.1.
type primitive uint8

const (
	boolean primitive = iota + 1
	integer
	positiveInt
	unsignedInt
	decimal
	text
	code
	id
	uri
	oid
	uuid
	base64Binary
	date
	dateTime
	instant
	timeOfDay
	xhtml
)

var primitives = map[string]primitive{
	"boolean": boolean, "integer": integer, "positiveInt": positiveInt, "unsignedInt": unsignedInt, "decimal": decimal,
	"string": text, "markdown": text, "code": code, "id": id, "uri": uri, "url": uri, "canonical": uri, "oid": oid, "uuid": uuid,
	"base64Binary": base64Binary, "date": date, "dateTime": dateTime, "instant": instant, "time": timeOfDay, "xhtml": xhtml,
}

// maxString is 1 MB: "strings SHALL NOT exceed 1MB (1024*1024 characters) in size".
const maxString = 1 << 20

// primitive validates the value v of a primitive element.
func (w *walker) primitive(v fhir.Node, m *member) {
	switch m.prim {
	case boolean:
		if k := v.Kind(); k != 't' && k != 'f' {
			w.bad(codeStructure, "", "must be true or false without quotes, not %s", kindWord(k))
		}
		return
	case integer, positiveInt, unsignedInt, decimal:
		if v.Kind() != '0' {
			w.bad(codeStructure, "", "must be a number without quotes (%s), not %s", m.code, kindWord(v.Kind()))
		} else if m.prim != decimal { // a JSON number is a decimal
			w.whole(v.Raw(), m)
		}
		return
	}
	if v.Kind() != '"' {
		w.bad(codeStructure, "", "must be a string in quotes (%s), not %s", m.code, kindWord(v.Kind()))
		return
	}
	s := content(v)
	if m.prim == xhtml {
		w.narrative(s)
		return
	}
	if why := m.prim.wrong(s); why != "" {
		at := codeValue
		if m.prim == text && len(s) > maxString {
			at = codeTooLong
		}
		w.bad(at, "", "is not %s: %s; it is %q", a(m.code), why, shorten(string(s[:min(len(s), 128)])))
		return
	}
	switch {
	case m.of.codes != nil && m.prim == code:
		w.coded(s, m.of)
	case m.prim == uri || m.prim == text && m.name == "reference":
		w.scope.mention(s)
	}
}

// content is the text of a string; only one with escapes is copied.
func content(v fhir.Node) []byte {
	raw := v.Raw()
	if bytes.IndexByte(raw, '\\') >= 0 {
		return []byte(v.Text())
	}
	return raw[1 : len(raw)-1]
}

// whole validates an integer, of 32 bits (§2.24.0.1).
func (w *walker) whole(raw []byte, m *member) {
	digits := bytes.TrimPrefix(raw, []byte("-"))
	n := int64(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			w.bad(codeValue, "", "is not a whole number: %s; write it without point and exponent", shorten(string(raw)))
			return
		}
		if n = n*10 + int64(c-'0'); n > 1<<32 {
			break
		}
	}
	negative := len(digits) < len(raw)
	switch {
	case negative && n == 0:
		w.bad(codeValue, "", "is -0: write 0")
	case n > 1<<31-1 && !(negative && n == 1<<31):
		w.bad(codeValue, "", "is %s, and at most 2147483647 fits (32 bits)", shorten(string(raw)))
	case m.prim != integer && negative:
		w.bad(codeValue, "", "is %s, and must not be negative (%s)", raw, m.code)
	case m.prim == positiveInt && n == 0:
		w.bad(codeValue, "", "is 0, and must be 1 or more (positiveInt)")
	}
}

// wrong says why s is not of the type; "" when it is. The patterns are those of
// §2.24.0.1, and what its text says beyond them.
func (p primitive) wrong(s []byte) string {
	switch p {
	case text:
		return wrongText(s)
	case code:
		// [^\s]+(\s[^\s]+)*
		for i, c := range s {
			if space(c) && (i == 0 || i == len(s)-1 || space(s[i-1])) {
				return "it has no spaces in front, at the end, or two in a row"
			}
		}
	case id:
		if !validID(s) {
			return "it has 1 to 64 letters, digits, - and ."
		}
	case uri:
		if bytes.ContainsFunc(s, func(r rune) bool { return r <= ' ' }) {
			return "it has no spaces"
		}
	case oid:
		if !validOID(s) {
			return "it is urn:oid: and numbers with points between them, the first 0, 1 or 2"
		}
	case uuid:
		if !validUUID(s) {
			return "it is urn:uuid: and 36 digits, small letters a to f and hyphens"
		}
	case base64Binary:
		return wrongBase64(s)
	case date, dateTime, instant, timeOfDay:
		return wrongDate(p, s)
	}
	return ""
}

// space is \s in the patterns, which are XML Schema's.
func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func wrongText(s []byte) string {
	if len(s) > maxString && utf8.RuneCount(s) > maxString {
		return "it has at most 1,048,576 characters"
	}
	for _, c := range s {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return "it has no control characters but tab, newline and return"
		}
	}
	return ""
}

// validID is [A-Za-z0-9\-\.]{1,64}
func validID(s []byte) bool {
	for _, c := range s {
		if c != '-' && c != '.' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return len(s) <= 64
}

// validOID is urn:oid:[0-2](\.(0|[1-9][0-9]*))+
func validOID(s []byte) bool {
	arcs, ok := bytes.CutPrefix(s, []byte("urn:oid:"))
	if !ok || len(arcs) < 3 || arcs[0] < '0' || arcs[0] > '2' || arcs[1] != '.' {
		return false
	}
	for i, c := range arcs {
		switch {
		case c == '.':
			if i == len(arcs)-1 || arcs[i+1] == '.' {
				return false
			}
		case c < '0' || c > '9':
			return false
		case c == '0' && i > 0 && arcs[i-1] == '.' && i+1 < len(arcs) && arcs[i+1] != '.':
			return false
		}
	}
	return true
}

// validUUID is urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
func validUUID(s []byte) bool {
	digits, ok := bytes.CutPrefix(s, []byte("urn:uuid:"))
	if !ok || len(digits) != 36 {
		return false
	}
	for i, c := range digits {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}

// wrongBase64 is for RFC 4648 §4, with the white space that the pattern allows.
func wrongBase64(s []byte) string {
	n, padding := 0, 0
	for _, c := range s {
		switch {
		case space(c):
			continue
		case c == '=':
			padding++
		case padding > 0:
			return "an = stands only at the end"
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '+', c == '/':
		default:
			return "it has letters, digits, +, / and = at the end (RFC 4648 §4)"
		}
		n++
	}
	if n == 0 || n%4 != 0 || padding > 2 {
		return "its characters come in fours, the last filled up with = (RFC 4648 §4)"
	}
	return ""
}
