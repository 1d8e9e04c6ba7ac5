package fhirpath

import (
	"math/big"
	"strconv"
	"strings"
)

// decimal is a number as it was written, exactly: ±0.digits × 10^exp. Its digits
// begin and end with none but 1 to 9; zero has none. To compare two needs no
// arithmetic, so that 1e999999999 costs nothing.
type decimal struct {
	neg    bool
	digits string
	exp    int64
}

func parseDecimal(text string) (decimal, bool) {
	var d decimal
	rest, neg := strings.CutPrefix(text, "-")
	if !neg {
		rest = strings.TrimPrefix(rest, "+")
	}
	mantissa, exp := rest, ""
	if at := strings.IndexAny(rest, "eE"); at >= 0 {
		mantissa, exp = rest[:at], rest[at+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || strings.Trim(whole, "0123456789") != "" || strings.Trim(fraction, "0123456789") != "" {
		return d, false
	}
	if exp != "" {
		e, err := strconv.ParseInt(exp, 10, 32)
		if err != nil {
			return d, false
		}
		d.exp = e
	} else if len(mantissa) != len(rest) {
		return d, false
	}
	digits := whole
	if fraction != "" {
		digits += fraction
	}
	d.exp += int64(len(whole))
	trimmed := strings.TrimLeft(digits, "0")
	d.exp -= int64(len(digits) - len(trimmed))
	d.digits = strings.TrimRight(trimmed, "0")
	if d.digits == "" {
		return decimal{}, true
	}
	d.neg = neg
	return d, true
}

// String is the same for equal numbers.
func (d decimal) String() string {
	sign := ""
	if d.neg {
		sign = "-"
	}
	return sign + d.digits + "e" + strconv.FormatInt(d.exp, 10)
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.neg:
		return -1
	}
	return 1
}

// compareDecimals orders two numbers; ok is false when one is none.
func compareDecimals(a, b string) (order int, ok bool) {
	x, ok1 := parseDecimal(a)
	y, ok2 := parseDecimal(b)
	if !ok1 || !ok2 {
		return 0, false
	}
	switch s := x.sign(); {
	case s != y.sign():
		return sign(s - y.sign()), true
	case s == 0:
		return 0, true
	case x.exp != y.exp:
		return s * sign64(x.exp-y.exp), true
	default:
		return s * strings.Compare(x.digits, y.digits), true
	}
}

func sign(n int) int { return sign64(int64(n)) }

func sign64(n int64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// maxDigits bounds the numbers that are calculated with. FHIRPath has 28 digits
// and 8 places; what is larger overflows, and the result is empty.
const maxDigits = 60

// rat is a number to calculate with.
func rat(text string) (*big.Rat, bool) {
	d, ok := parseDecimal(text)
	if !ok || len(d.digits) > maxDigits || d.exp > maxDigits || d.exp < -maxDigits {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}
