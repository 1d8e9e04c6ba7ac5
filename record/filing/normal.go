package filing

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainASCII is what a byte becomes: letters and digits themselves, in small letters,
// and 0 everything else.
var plainASCII = func() (table [utf8.RuneSelf]byte) {
	for c := range table {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			table[c] = byte(c)
		case c >= 'A' && c <= 'Z':
			table[c] = byte(c) - 'A' + 'a'
		}
	}
	return table
}()

// appendPlain adds a text in small letters, every run of anything but letters and
// digits one space, with a space at both ends.
func appendPlain(to, text []byte) []byte {
	to = append(to, ' ')
	space := true
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			i++
			if c = plainASCII[c]; c != 0 {
				to, space = append(to, c), false
			} else if !space {
				to, space = append(to, ' '), true
			}
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			to, space = utf8.AppendRune(to, unicode.ToLower(r)), false
		} else if !space && r != utf8.RuneError && !unicode.Is(unicode.Cf, r) {
			to, space = append(to, ' '), true // an invisible character inside a word does not end it
		}
	}
	if !space {
		to = append(to, ' ')
	}
	return to
}

// withoutNotMeant takes the phrases of notMeant out of a plain text, one after the
// other.
func withoutNotMeant(plain []byte) []byte {
	s := string(plain)
	for _, phrase := range notMeant {
		if strings.Contains(s, " "+phrase) {
			s = strings.ReplaceAll(s, " "+phrase, " ")
		}
	}
	return append(plain[:0], s...)
}
