package change

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// sameValue reports whether two values are equal as RFC 6902 §4.6 has it: an
// object's members in any order, strings by their characters, numbers by what
// they come to, so that 1.0 is 1. No number goes through a float. Both are
// valid JSON without a name twice in an object.
func sameValue(a, b jsontext.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case '"':
		return isText(a, text(b))
	case '0':
		return decimalOf(a) == decimalOf(b)
	case '[':
		return sameElements(a, b)
	case '{':
		return sameMembers(a, b)
	}
	return true // null, true, false
}

// sameText reports whether two values are written alike, but for white space
// around what they are made of: 1.0 is not 1.
func sameText(a, b jsontext.Value) bool {
	a, b = a.Clone(), b.Clone()
	return a.Compact() == nil && b.Compact() == nil && bytes.Equal(a, b)
}

func sameElements(a, b jsontext.Value) bool {
	var list []jsontext.Value
	children(a, func(_ jsontext.Value, _ int, c jsontext.Value) bool { list = append(list, c); return true })
	same, n := true, 0
	children(b, func(_ jsontext.Value, i int, c jsontext.Value) bool {
		n++
		same = i < len(list) && sameValue(list[i], c)
		return same
	})
	return same && n == len(list)
}

func sameMembers(a, b jsontext.Value) bool {
	named := map[string]jsontext.Value{}
	children(a, func(name jsontext.Value, _ int, c jsontext.Value) bool { named[text(name)] = c; return true })
	same, n := true, 0
	children(b, func(name jsontext.Value, _ int, c jsontext.Value) bool {
		n++
		other, there := named[text(name)]
		same = there && sameValue(other, c)
		return same
	})
	return same && n == len(named)
}

// decimal is a number in one form: digits without zeros at their ends, times ten
// to the power of exp.
type decimal struct {
	negative bool
	digits   string
	exp      int
}

// decimalOf reads a JSON number. One whose exponent has more than 32 bits is
// compared as it is written: nobody measured anything to that power.
func decimalOf(v jsontext.Value) decimal {
	var d decimal
	var s string
	s, d.negative = strings.CutPrefix(string(bytes.TrimSpace(v)), "-")
	mantissa, power := s, ""
	if at := strings.IndexAny(s, "eE"); at >= 0 {
		mantissa, power = s[:at], s[at+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	d.digits = strings.TrimRight(all, "0")
	if d.digits == "" {
		return decimal{} // zero is zero, whatever its sign
	}
	exp := 0
	if power != "" {
		n, err := strconv.ParseInt(power, 10, 32)
		if err != nil {
			return decimal{d.negative, s, 0}
		}
		exp = int(n)
	}
	d.exp = exp - len(fraction) + len(all) - len(d.digits)
	return d
}
