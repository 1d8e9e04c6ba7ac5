package speak

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is how much of one text a narrative shows; the entry has all of it.
const maxText = 400

// Clean makes a text of the record fit for a cell: one line, no longer than maxText,
// nothing that XML cannot hold (XML 1.0 §2.2), nothing that Turns the words around it.
func Clean(s string) string { return Shorten(s, maxText) }

// Turns reports whether r begins or ends an embedding, an override or an isolate
// (UAX #9 §2). One that is left open Turns whatever comes after it, a dose or a date.
// Each cell decides and isolates its own direction, so right-to-left text reads as it
// should without them; the marks of direction, which turn nothing, stay.
func Turns(r rune) bool { return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 }

func Shorten(s string, most int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		switch {
		case r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError:
			r = unicode.ReplacementChar
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case Turns(r):
			continue
		case unicode.IsControl(r):
			r = unicode.ReplacementChar
		}
		if n++; n > most {
			b.WriteString("… (cut)")
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Plain is a text for a place that cannot isolate it, such as a title: without the
// marks of direction too.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, Shorten(s, 200))
}

// Capital is s with a large first letter.
func Capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

// Unnamed stands where an entry does not say what it is about.
const Unnamed = "Not named"

// LOINC is the code system of observations.
const LOINC = "http://loinc.org"

// Or is the first of texts that says something.
func Or(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Said are those of texts that say something.
func Said(texts ...string) (all []string) {
	for _, t := range texts {
		if t != "" {
			all = append(all, t)
		}
	}
	return all
}

// Prefixed is s after a prefix; nothing of nothing.
func Prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
