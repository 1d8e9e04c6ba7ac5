package search

import (
	"unicode"
	"unicode/utf8"
)

// Fold is a text as it is searched (FHIR R4 §3.1.1.4.8): without case and combining
// marks, punctuation and white space counting for little.
//
//	Müller-Lüdenscheidt    muller ludenscheidt
//	O’Brien, St. John      obrien st john
//	Straße                 strasse
//
// Apostrophes and full stops are taken out, any other punctuation is a space, and
// a run of spaces is one. A text of nothing else folds to nothing.
func Fold(s string) string { return string(appendFolded(nil, []byte(s))) }

// folded is Fold in memory that the writer keeps until it is reset.
func (w *writer) folded(s []byte) []byte {
	if len(s) == 0 {
		return nil
	}
	at := len(w.fold)
	w.fold = appendFolded(w.fold, s)
	return w.fold[at:len(w.fold):len(w.fold)]
}

func appendFolded(to, s []byte) []byte {
	start := len(to)
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return appendUnicode(to[:start], s)
		}
		to = appendASCII(to, start, c)
	}
	return trimSpace(to, start)
}

func appendASCII(to []byte, start int, c byte) []byte {
	switch class := ascii[c]; class {
	case 0:
		return to
	case ' ':
		return appendSpace(to, start)
	default:
		return append(to, class)
	}
}

// ascii is what each of its characters folds to; 0 is nothing.
var ascii = func() (table [utf8.RuneSelf]byte) {
	for c := range table {
		r := unicode.ToLower(rune(c))
		switch {
		case dropped(r):
		case spacing(r):
			table[c] = ' '
		default:
			table[c] = byte(r)
		}
	}
	return
}()

func dropped(r rune) bool {
	switch r {
	case '.', '\'', '`', '’', '‘', 'ʼ', 'ʻ', '´':
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf)
}

func spacing(r rune) bool { return unicode.IsPunct(r) || unicode.IsSpace(r) || unicode.IsControl(r) }

func appendSpace(to []byte, start int) []byte {
	if len(to) == start || to[len(to)-1] == ' ' {
		return to
	}
	return append(to, ' ')
}

func trimSpace(to []byte, start int) []byte {
	if len(to) > start && to[len(to)-1] == ' ' {
		return to[:len(to)-1]
	}
	return to
}
