package app

import (
	"slices"
	"strings"
	"unicode/utf8"

	"carehold/record/fhir"
	"carehold/record/search"
)

// Of the types whose search values have not the words that they are known by, a search for
// words looks through the entries themselves. Folding a text takes many times as long as
// reading it, and somebody else may have made them huge: it is folded piece by piece, and
// of all of them so much. What was not looked through is counted, and the page tells it.
const (
	mostFolded = 16 << 20 // bytes
	piece      = 16 << 10
	// overlap is what a piece repeats of the one before it, so that a word which lies across
	// is found: longer than any word that can be asked for, in its longest spelling.
	overlap = 8 * mostWanted
)

// lacking are the words, folded, that an entry does not say. whole is whether all of it was
// looked through, or that was not needed.
func (b *browser) lacking(body []byte, words []string) (lacks []string, whole bool) {
	res, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return words, true
	}
	lacks = slices.Clone(words)
	for n := range res.Nodes() {
		if !saysWords(n) {
			continue
		}
		for text := n.Text(); text != ""; {
			part, rest := cutPiece(text)
			if b.folded += len(part); b.folded > mostFolded {
				return lacks, false
			}
			folded := search.Fold(part)
			if lacks = slices.DeleteFunc(lacks, func(w string) bool { return strings.Contains(folded, w) }); len(lacks) == 0 {
				return nil, true
			}
			text = rest
		}
	}
	return lacks, true
}

// saysWords reports whether a value is a text that somebody may look for.
func saysWords(n fhir.Node) bool {
	if n.Kind() != '"' {
		return false
	}
	switch n.Name() {
	case "div", "data", "reference", "system", "url", "id", "resourceType":
		return false
	}
	return true
}

// cutPiece is the first piece of a text, and what is to be looked through after it.
func cutPiece(text string) (part, rest string) {
	if len(text) <= piece {
		return text, ""
	}
	at := func(i int) int {
		for !utf8.RuneStart(text[i]) {
			i--
		}
		return i
	}
	return text[:at(piece)], text[at(piece-overlap):]
}
