package fhir

import (
	"bytes"
	"regexp"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// link finds <a href="urn:…"> and <img src='urn:…'> in XHTML.
var link = regexp.MustCompile(`<(?:a|img)\s(?:[^>]*\s)?(?:href|src)\s*=\s*(?:"(urn:(?:uuid|oid):[^"<>]*)"|'(urn:(?:uuid|oid):[^'<>]*)')`)

// narrative reports whether string n is the div of a Narrative, at any depth:
// Patient.text.div, Composition.section[0].text.div.
func (r *Resource) narrative(n int32) bool {
	d := &r.nodes[n]
	return d.index < 0 && d.up > 0 && r.isName(n, "div") && r.nodes[d.up].index < 0 && r.isName(d.up, "text")
}

// links returns the links and images of the narrative n that point to a urn.
func (r *Resource) links(n int32) []Reference {
	d := &r.nodes[n]
	raw := r.raw[d.start+1 : d.end-1]
	if !bytes.Contains(raw, []byte("urn:")) && !bytes.Contains(raw, []byte(`\u`)) {
		return nil
	}
	text, from := unescape(raw)
	var found []Reference
	for _, at := range link.FindAllSubmatchIndex(text, -1) {
		start, end := at[2], at[3]
		if start < 0 {
			start, end = at[4], at[5]
		}
		found = append(found, Reference{
			Path: r.path(r.typ, n), Value: string(text[start:end]), In: InNarrative,
			start: int(d.start) + 1 + from[start], end: int(d.start) + 1 + from[end],
		})
	}
	return found
}

// unescape is the text of a JSON string without its quotes, and for each byte
// of it (and for its end) where in raw it came from.
func unescape(raw []byte) (text []byte, from []int) {
	text, from = make([]byte, 0, len(raw)), make([]int, 0, len(raw)+1)
	for i := 0; i < len(raw); {
		start := i
		if raw[i] != '\\' {
			text, from, i = append(text, raw[i]), append(from, start), i+1
			continue
		}
		var r rune
		size := 2
		switch c := raw[i+1]; c {
		case 'u':
			r, size = hex4(raw[i+2:]), 6
			if utf16.IsSurrogate(r) { // Parse has refused a surrogate that is alone
				r, size = utf16.DecodeRune(r, hex4(raw[i+8:])), 12
			}
		case 'b':
			r = '\b'
		case 'f':
			r = '\f'
		case 'n':
			r = '\n'
		case 'r':
			r = '\r'
		case 't':
			r = '\t'
		default:
			r = rune(c)
		}
		text = utf8.AppendRune(text, r)
		for len(from) < len(text) {
			from = append(from, start)
		}
		i += size
	}
	return text, append(from, len(raw))
}

func hex4(b []byte) rune {
	n, _ := strconv.ParseUint(string(b[:4]), 16, 16)
	return rune(n)
}
