package search

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"

	"carehold/record/fhir"
)

// writer writes an index.
type writer struct {
	b    []byte
	seen []int32 // places of inline texts, plus one: an open hash table
	used int
	fold []byte // scratch
}

var seed = maphash.MakeSeed()

// reset keeps the memory and forgets what was in it: it was somebody's record.
func (w *writer) reset() {
	clear(w.b)
	clear(w.fold)
	clear(w.seen)
	w.b, w.fold, w.used = w.b[:0], w.fold[:0], 0
}

func (w *writer) byte(b byte)   { w.b = append(w.b, b) }
func (w *writer) uint(n uint64) { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) int(n int64)   { w.uint(uint64(n)<<1 ^ uint64(n>>63)) }

// text writes a string: a place in commons or earlier in the index, or itself.
func (w *writer) text(s []byte) {
	if n, ok := commons().places[string(s)]; ok {
		w.uint(uint64(n)<<2 | common)
		return
	}
	if len(s) > 1 {
		if at, ok := w.find(s); ok {
			w.uint(uint64(at)<<2 | earlier)
			return
		}
	}
	w.uint(uint64(len(s)) << 2) // inline
	w.b = append(w.b, s...)
}

// find looks for a text that was written inline, and else notes that it will be at
// the end. What a place holds is compared with the text each time, so that one
// noted for bytes that were taken back does no harm.
func (w *writer) find(s []byte) (at int, found bool) {
	if w.used*2 >= len(w.seen) {
		w.grow()
	}
	mask := uint64(len(w.seen) - 1)
	for h := maphash.Bytes(seed, s); ; h++ {
		slot := &w.seen[h&mask]
		if *slot == 0 {
			*slot = int32(len(w.b) + 1)
			w.used++
			return 0, false
		}
		if at = int(*slot - 1); bytes.Equal(w.inlineAt(at), s) {
			return at, true
		}
	}
}

func (w *writer) inlineAt(at int) []byte {
	r := reader{w.b, at, len(w.b)}
	if at >= len(w.b) || w.b[at]&3 != inline {
		return nil
	}
	return r.text()
}

func (w *writer) grow() {
	old := w.seen
	w.seen = make([]int32, max(64, 2*len(old)))
	mask := uint64(len(w.seen) - 1)
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		h := maphash.Bytes(seed, w.inlineAt(int(slot-1)))
		for ; w.seen[h&mask] != 0; h++ {
		}
		w.seen[h&mask] = slot
	}
}

// bit is set when s is not empty.
func bit(s []byte, set byte) byte {
	if len(s) == 0 {
		return 0
	}
	return set
}

func (w *writer) texts(all ...[]byte) {
	for _, s := range all {
		if len(s) > 0 {
			w.text(s)
		}
	}
}

func (w *writer) token(t Token) {
	head := bit(t.System, tokenSystem) | bit(t.Code, tokenCode) | bit(t.Text, tokenText)
	typed := len(t.TypeSystem) > 0 || len(t.TypeCode) > 0
	if typed {
		head |= tokenType
	}
	if t.Implied {
		head |= tokenImplied
	}
	if t.Caseless {
		head |= tokenCaseless
	}
	w.byte(head)
	w.texts(t.System, t.Code, t.Text)
	if typed {
		w.text(t.TypeSystem)
		w.text(t.TypeCode)
	}
}

func (w *writer) str(s String) {
	switch {
	case s.Exact == nil:
		w.byte(stringPart)
		w.text(s.Folded)
	case bytes.Equal(s.Folded, s.Exact):
		w.byte(stringFolded)
		w.text(s.Folded)
	default:
		w.byte(0)
		w.text(s.Folded)
		w.text(s.Exact)
	}
}

func (w *writer) reference(r Reference) {
	w.byte(bit(r.Type, referenceType) | bit(r.ID, referenceID) | bit(r.URL, referenceURL) |
		bit(r.Version, referenceVersion) | bit(r.System, referenceSystem) | bit(r.Value, referenceValue))
	w.texts(r.Type, r.ID, r.URL, r.Version, r.System, r.Value)
}

func (w *writer) date(d Date) {
	head := byte(d.Precision) & datePrecision
	if d.From == MinTime {
		head |= dateNoFrom
		d.From = 0
	}
	if d.To == MaxTime {
		head |= dateNoTo
		d.To = 0
	}
	u := byte(2)
	for u > 0 && (d.From%dateUnits[u] != 0 || d.To%dateUnits[u] != 0) {
		u--
	}
	w.byte(head | u<<dateUnit)
	if head&dateNoFrom == 0 {
		w.int(d.From / dateUnits[u])
	}
	if head&dateNoTo == 0 {
		w.int((d.To - d.From) / dateUnits[u])
	}
}

func (w *writer) number(n Number) { w.decimal(n.Decimal, n.Integer) }

func (w *writer) decimal(d Decimal, flag bool) {
	head := int64(d.exp) << 2
	if flag {
		head |= 2
	}
	if d.wide != nil {
		w.int(head | 1)
		w.text(d.wide.Append(nil, 10))
		return
	}
	w.int(head)
	w.int(d.coef)
}

func (w *writer) quantity(q Quantity) {
	head := bit(q.System, quantitySystem) | bit(q.Code, quantityCode) | bit(q.CanonicalUnit, quantityCanonical)
	unitIsCode := len(q.Unit) > 0 && bytes.Equal(q.Unit, q.Code)
	if unitIsCode {
		head |= quantityUnitIsCode
	} else {
		head |= bit(q.Unit, quantityUnit)
	}
	if q.NoLow {
		head |= quantityNoLow
	}
	if q.NoHigh {
		head |= quantityNoHigh
	}
	if q.Open {
		head |= quantityOpen
	}
	w.byte(head)
	w.texts(q.System, q.Code)
	if !unitIsCode {
		w.texts(q.Unit)
	}
	w.span(q.Span, false)
	if len(q.CanonicalUnit) > 0 {
		w.text(q.CanonicalUnit)
		w.span(q.Canonical, true)
	}
}

// span writes the ends that there are; a point once.
func (w *writer) span(s Span, divided bool) {
	point := !s.NoLow && !s.NoHigh && s.Low.Over == s.High.Over && s.Low.exp == s.High.exp && s.Low.Cmp(s.High) == 0
	if !s.NoLow {
		w.amount(s.Low, point, divided)
	}
	if !s.NoHigh && !point {
		w.amount(s.High, false, divided)
	}
}

func (w *writer) amount(a Amount, point, divided bool) {
	w.decimal(a.Decimal, point)
	if divided {
		w.int(max(a.Over, 1))
	}
}

// precision bounds what a Date says of itself.
var _ = [1]struct{}{}[fhir.Fraction>>3]
