package search

import (
	"bytes"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// appendUnicode folds a text part by part, each a character with the marks that belong to it:
// what a part folds to does not depend on what stands beside it. Nearly all are one character,
// of which it is remembered: what decomposes into eighteen others would take seconds for each
// MiB.
func appendUnicode(to, s []byte) []byte {
	start := len(to)
	if !utf8.Valid(s) {
		s = bytes.ToValidUTF8(s, []byte("\uFFFD")) // norm stops at what is not
	}
	for len(s) > 0 {
		if s[0] < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf) { // nothing belongs to it
			to = appendASCII(to, start, s[0])
			s = s[1:]
			continue
		}
		n := norm.NFKD.NextBoundary(s, true)
		part := s[:n]
		s = s[n:]
		var flat string
		if r, size := utf8.DecodeRune(part); size == n {
			flat = foldedRune(r)
		} else {
			flat = decomposed(part)
		}
		for i := range len(flat) {
			if flat[i] == ' ' {
				to = appendSpace(to, start)
			} else {
				to = append(to, flat[i])
			}
		}
	}
	return trimSpace(to, start)
}

// decomposed decomposes, so that marks stand alone, folds the case in full (ß is ss), and
// decomposes what that made. What counts for little is taken out, or is a space.
func decomposed(part []byte) string {
	var to []byte
	for flat := norm.NFKD.Bytes(cases.Fold().Bytes(norm.NFKD.Bytes(part))); len(flat) > 0; {
		r, size := utf8.DecodeRune(flat)
		flat = flat[size:]
		switch {
		case dropped(r):
		case spacing(r):
			to = append(to, ' ')
		default:
			to = utf8.AppendRune(to, unicode.ToLower(r)) // x/text swaps the two cases of Cherokee
		}
	}
	return string(to)
}

// known are characters that were folded, each where its number says; a newer one takes the
// place of an older.
var known [1024]atomic.Pointer[oneFolded]

type oneFolded struct {
	r  rune
	is string
}

func foldedRune(r rune) string {
	at := &known[r%rune(len(known))]
	if k := at.Load(); k != nil && k.r == r {
		return k.is
	}
	is := decomposed(utf8.AppendRune(nil, r))
	at.Store(&oneFolded{r, is})
	return is
}
