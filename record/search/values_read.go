package search

import (
	"encoding/binary"
	"math/big"

	"carehold/record/fhir"
)

// reader reads values out of an index, at most up to the end of those it is for.
// Bytes that Index never writes give empty values, or the end.
type reader struct {
	b       []byte
	at, end int
}

func (r *reader) more() bool { return r.at < r.end }

func (r *reader) stop() { r.at = r.end }

func (r *reader) byte() byte {
	if r.at >= r.end {
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *reader) uint() uint64 {
	if r.at < r.end && r.b[r.at] < 0x80 { // most are
		r.at++
		return uint64(r.b[r.at-1])
	}
	n, size := binary.Uvarint(r.b[r.at:r.end])
	if size <= 0 {
		r.stop()
		return 0
	}
	r.at += size
	return n
}

func (r *reader) int() int64 {
	n := r.uint()
	return int64(n>>1) ^ -int64(n&1)
}

// count is a length or a number, which is never more than the index is long or
// a type has parameters.
func (r *reader) count() int { return int(min(r.uint(), 1<<31)) }

// directory is the end of an index, which says where the values are: how long it
// is stands in the last byte, or in the four before one that is 255.
func directory(index []byte) reader {
	end := len(index) - 1
	if end < 0 {
		return reader{}
	}
	size := int(index[end])
	if size == 255 {
		if end -= 4; end < 0 {
			return reader{}
		}
		size = int(binary.LittleEndian.Uint32(index[end:]))
	}
	if size > end {
		return reader{}
	}
	return reader{index, end - size, end}
}

// block is a length and as many bytes.
func (r *reader) block() (from, to int) {
	n := r.count()
	if n > r.end-r.at {
		r.stop()
		return r.end, r.end
	}
	r.at += n
	return r.at - n, r.at
}

// text is a string. The two lowest bits of its head say where it is: here, earlier
// in the index, or in a table of texts that many resources hold.
func (r *reader) text() []byte {
	head := r.uint()
	n := int(min(head>>2, 1<<31))
	switch head & 3 {
	case inline:
		if n > r.end-r.at {
			r.stop()
			return nil
		}
		r.at += n
		return r.b[r.at-n : r.at : r.at]
	case earlier:
		if n < len(r.b) {
			there := reader{r.b, n, len(r.b)}
			if head := there.uint(); head&3 == inline && int(min(head>>2, 1<<31)) <= there.end-there.at {
				n = int(head >> 2)
				return r.b[there.at : there.at+n : there.at+n]
			}
		}
	case common:
		if texts := commons().texts; n < len(texts) {
			return texts[n]
		}
	}
	return nil
}

const (
	inline  = 0 // as many bytes follow
	earlier = 1 // the place of an inline text
	common  = 2 // the place in commons
)

// textIf is a string that is there when its bit is set in head.
func (r *reader) textIf(head, bit byte) []byte {
	if head&bit == 0 {
		return nil
	}
	return r.text()
}

const (
	tokenSystem = 1 << iota
	tokenCode
	tokenText
	tokenType
	tokenImplied
	tokenCaseless
)

func (r *reader) token() Token {
	head := r.byte()
	return Token{
		System: r.textIf(head, tokenSystem), Code: r.textIf(head, tokenCode), Text: r.textIf(head, tokenText),
		TypeSystem: r.textIf(head, tokenType), TypeCode: r.textIf(head, tokenType),
		Implied: head&tokenImplied != 0, Caseless: head&tokenCaseless != 0,
	}
}

const (
	stringFolded = 1 << iota // Exact is there and is the same as Folded
	stringPart               // there is no Exact
)

func (r *reader) str() String {
	head := r.byte()
	s := String{Folded: r.text()}
	switch {
	case head&stringFolded != 0:
		s.Exact = s.Folded
	case head&stringPart == 0:
		s.Exact = r.text()
	}
	return s
}

const (
	referenceType = 1 << iota
	referenceID
	referenceURL
	referenceVersion
	referenceSystem
	referenceValue
)

func (r *reader) reference() Reference {
	head := r.byte()
	return Reference{
		Type: r.textIf(head, referenceType), ID: r.textIf(head, referenceID),
		URL: r.textIf(head, referenceURL), Version: r.textIf(head, referenceVersion),
		System: r.textIf(head, referenceSystem), Value: r.textIf(head, referenceValue),
	}
}

const (
	datePrecision = 1<<3 - 1
	dateNoFrom    = 1 << 3
	dateNoTo      = 1 << 4
	dateUnit      = 5 // two bits: a place in dateUnits
)

// dateUnits are what times are counted in, the largest that fits.
var dateUnits = [4]int64{1, 1000, 24 * 3600 * 1000, 1}

func (r *reader) date() Date {
	head := r.byte()
	unit := dateUnits[head>>dateUnit&3]
	d := Date{From: MinTime, To: MaxTime, Precision: fhir.Precision(head & datePrecision)}
	if head&dateNoFrom == 0 {
		d.From = r.int() * unit
	}
	if head&dateNoTo == 0 {
		if d.To = r.int() * unit; head&dateNoFrom == 0 {
			d.To += d.From // what is written is the difference
		}
	}
	return d
}

func (r *reader) number() Number {
	d, integer := r.decimal()
	return Number{d, integer}
}

// decimal is an exponent with two flags, and the coefficient.
func (r *reader) decimal() (d Decimal, flag bool) {
	head := r.int()
	d.exp = int32(max(-2*maxExp, min(2*maxExp, head>>2)))
	if head&1 == 0 {
		d.coef = r.int()
	} else if text := r.text(); len(text) <= 10*maxDigits {
		d.wide, _ = new(big.Int).SetString(string(text), 10)
	}
	return d, head&2 != 0
}

const (
	quantitySystem = 1 << iota
	quantityCode
	quantityUnit
	quantityUnitIsCode
	quantityNoLow
	quantityNoHigh
	quantityOpen
	quantityCanonical
)

func (r *reader) quantity() Quantity {
	head := r.byte()
	q := Quantity{System: r.textIf(head, quantitySystem), Code: r.textIf(head, quantityCode)}
	if q.Unit = r.textIf(head, quantityUnit); head&quantityUnitIsCode != 0 {
		q.Unit = q.Code
	}
	q.Span = r.span(head, false)
	if head&quantityCanonical != 0 {
		q.CanonicalUnit = r.text()
		q.Canonical = r.span(head, true)
	}
	return q
}

func (r *reader) span(head byte, divided bool) Span {
	s := Span{NoLow: head&quantityNoLow != 0, NoHigh: head&quantityNoHigh != 0, Open: head&quantityOpen != 0}
	point := false
	if !s.NoLow {
		s.Low, point = r.amount(divided)
	}
	if point {
		s.High = s.Low
	} else if !s.NoHigh {
		s.High, _ = r.amount(divided)
	}
	return s
}

// amount is a decimal, and what it is divided by where units were converted; point
// says that it is both ends.
func (r *reader) amount(divided bool) (a Amount, point bool) {
	a.Over = 1
	if a.Decimal, point = r.decimal(); divided {
		a.Over = r.int()
	}
	return a, point
}
