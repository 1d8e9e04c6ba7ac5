package search

import (
	"strings"

	"carehold/record"
)

// special are the characters that have a meaning in a value and are written with
// a backslash when they are meant themselves (FHIR R4 §3.1.1.4.19).
const special = `,|$\`

// split cuts a value at each separator that has no backslash. The parts keep
// their backslashes, for they may be split again: alternatives at the comma,
// the components of a composite at the dollar, a token at the bar.
func split(value string, separator byte) []string {
	if strings.IndexByte(value, '\\') < 0 {
		return strings.Split(value, string(separator))
	}
	var parts []string
	from := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, value[from:i])
			from = i + 1
		}
	}
	return append(parts, value[from:])
}

// unescape takes the backslashes out. A backslash in front of anything else is
// refused: "the parameter value xx\xx is illegal".
func unescape(value string) (string, error) {
	at := strings.IndexByte(value, '\\')
	if at < 0 {
		return value, nil
	}
	var b strings.Builder
	for {
		b.WriteString(value[:at])
		if at+1 == len(value) || strings.IndexByte(special, value[at+1]) < 0 {
			return "", record.Errorf(record.Invalid, `%q has a backslash that stands before none of , | $ \: write \\ for a backslash itself`, brief(value))
		}
		b.WriteByte(value[at+1])
		value = value[at+2:]
		if at = strings.IndexByte(value, '\\'); at < 0 {
			b.WriteString(value)
			return b.String(), nil
		}
	}
}

// brief is enough of a value to recognise it by in an error.
func brief(s string) string {
	if len(s) <= 60 {
		return s
	}
	cut := 57
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
