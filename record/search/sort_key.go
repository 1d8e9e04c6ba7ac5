package search

import (
	"encoding/binary"
	"math/big"
	"strconv"
)

// The functions here write values as bytes that compare as the values do, each
// so that none is the beginning of another.

// maxSortText is how much of a text is sorted by; a position holds as much.
const maxSortText = 128

// appendText ends a text with 0 1; a 0 within is 0 2, which is more.
func appendText(b, text []byte) []byte {
	for _, c := range text[:min(len(text), maxSortText)] {
		if b = append(b, c); c == 0 {
			b = append(b, 2)
		}
	}
	return append(b, 0, 1)
}

// appendToken sorts by code, or by its text when there is none, and then by
// system.
func appendToken(b []byte, t *Token) []byte {
	code := t.Code
	if len(code) == 0 {
		code = t.Text
	}
	return appendText(appendText(b, code), t.System)
}

func appendReference(b []byte, n *Reference) []byte {
	if len(n.URL) > 0 {
		return appendText(appendText(b, n.URL), n.Version)
	}
	return appendText(appendText(b, n.Type), n.ID)
}

// appendTime flips the sign, so that what is before 1970 comes first.
func appendTime(b []byte, milliseconds int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(milliseconds)^1<<63)
}

// appendQuantity sorts by unit, and then by value: numbers of different units
// have no order. What UCUM can convert stands together.
func appendQuantity(b []byte, n *Quantity) []byte {
	span := &n.Span
	if len(n.CanonicalUnit) > 0 {
		span = &n.Canonical
		b = appendText(append(b, 0), n.CanonicalUnit)
	} else {
		b = appendText(appendText(append(b, 1), n.Code), n.Unit)
	}
	if span.NoLow {
		b = append(b, 0)
	} else {
		b = appendAmount(append(b, 1), span.Low)
	}
	if span.NoHigh {
		return append(b, 2)
	}
	return appendAmount(append(b, 1), span.High)
}

// sortDigits is how many digits of a number are sorted by.
const sortDigits = 30

// appendAmount writes the sign, the power of ten of the first digit, and the
// digits, without zeros at the end; all of it inverted for a number below 0.
func appendAmount(b []byte, a Amount) []byte {
	d := a.Decimal
	if a.Over > 1 {
		d = quotient(d, a.Over)
	}
	sign := d.sign()
	if b = append(b, byte(1+sign)); sign == 0 {
		return b
	}
	mark := len(b)
	b = binary.BigEndian.AppendUint64(b, uint64(d.magnitude())^1<<63)
	digits := len(b)
	if d.wide != nil {
		b = new(big.Int).Abs(d.wide).Append(b, 10)
	} else {
		b = strconv.AppendUint(b, magnitudeOf(d.coef), 10)
	}
	b = b[:min(len(b), digits+sortDigits)]
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	b = append(b, 0)
	if sign < 0 {
		for i := range b[mark:] {
			b[mark+i] = ^b[mark+i]
		}
	}
	return b
}

// quotient is d divided, to as many digits as are sorted by.
func quotient(d Decimal, over int64) Decimal {
	n := new(big.Int).Mul(d.big(), pow10(sortDigits))
	return Decimal{wide: n.Quo(n, big.NewInt(over)), exp: d.exp - sortDigits}
}
