package oauth

import (
	"crypto/rand"
	"strings"
)

// The code on the waiting page is typed by a person on another device: 12 characters of
// Crockford's base32, in which no two look alike. It says which request is meant and
// opens nothing. 60 random bits: with 2,000 requests waiting, 2 guesses a second find one
// in some nine million years.
const codeDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const codeLength = 12

func newTyped() string {
	b := make([]byte, codeLength)
	rand.Read(b)
	for i := range b {
		b[i] = codeDigits[b[i]&31]
	}
	return string(b)
}

// showTyped writes it as it is shown: XXXX-XXXX-XXXX.
func showTyped(code string) string { return code[:4] + "-" + code[4:8] + "-" + code[8:] }

// parseTyped reads what a person typed: any case, O for 0, I and L for 1, with hyphens
// and spaces or without.
func parseTyped(text string) (string, bool) {
	if len(text) > 4*codeLength {
		return "", false
	}
	code := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			r -= 'a' - 'A'
		}
		switch r {
		case ' ', '-', '\u00a0', '\u2010', '\u2011', '\u2013':
			return -1
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return r
	}, text)
	if len(code) != codeLength || strings.Trim(code, codeDigits) != "" {
		return "", false
	}
	return code, true
}
