package search

import (
	"bytes"

	"carehold/record/fhir"
)

// quantities follows FHIR R4 §3.1.1.4.11: a Quantity and what comes from it, Money,
// Range, and of SampledData the least and the greatest value ("just search on the
// bounds of the values in sampled data").
func (w *writer) quantities(v found) {
	var q Quantity
	ok := false
	switch v.of.typ {
	case "Money":
		if q.Low.Decimal, ok = number(v.node.Get("value")); ok {
			q.High = q.Low
			if q.Code = text(v.node.Get("currency")); q.Code != nil {
				q.System = []byte("urn:iso:std:iso:4217")
			}
		}
	case "Range":
		q, ok = rangeOf(v.node.Get("low"), v.node.Get("high"))
	case "SampledData":
		q, ok = sampled(v.node)
	default:
		q, ok = quantity(v.node)
	}
	if ok {
		q.canonize()
		w.quantity(q)
	}
}

func number(n fhir.Node) (d Decimal, ok bool) {
	if n.Kind() != '0' {
		return d, false
	}
	return ParseDecimal(string(n.Raw()))
}

// quantity is a Quantity that has a value; with a comparator that is an end: "<"
// means "the actual value is less than the given value" (FHIR R4 §2.24.0.7).
func quantity(n fhir.Node) (q Quantity, ok bool) {
	d, ok := number(n.Get("value"))
	if !ok {
		return q, false
	}
	q.System, q.Code, q.Unit = text(n.Get("system")), text(n.Get("code")), text(n.Get("unit"))
	q.Low.Decimal, q.High.Decimal = d, d
	switch comparator := string(text(n.Get("comparator"))); comparator {
	case "<", "<=":
		q.Low, q.NoLow, q.Open = Amount{}, true, comparator == "<"
	case ">", ">=":
		q.High, q.NoHigh, q.Open = Amount{}, true, comparator == ">"
	}
	return q, true
}

// rangeOf lies between two Quantities, either of which may be missing. When their
// units differ there is no number to search for.
func rangeOf(low, high fhir.Node) (Quantity, bool) {
	from, hasLow := quantity(low)
	to, hasHigh := quantity(high)
	switch {
	case hasLow && hasHigh:
		if !bytes.Equal(from.System, to.System) || !bytes.Equal(from.Code, to.Code) || from.Code == nil && !bytes.Equal(from.Unit, to.Unit) {
			return Quantity{}, false
		}
		from.Span = Span{Low: from.Low, High: to.High}
		return from, from.Low.Cmp(to.High) <= 0
	case hasLow:
		from.Span = Span{Low: from.Low, NoHigh: true}
		return from, true
	case hasHigh:
		to.Span = Span{High: to.High, NoLow: true}
		return to, true
	}
	return Quantity{}, false
}

// sampled goes through the values: each is origin + factor × what is written (FHIR
// R4 §2.24.0.13). E is no value; L and U are beyond what could be measured, and
// leave that end open.
func sampled(n fhir.Node) (q Quantity, ok bool) {
	if q, ok = quantity(n.Get("origin")); !ok {
		return q, false
	}
	factor, scaled := number(n.Get("factor"))
	var span Span
	some := false
	for field := range bytes.FieldsSeq(text(n.Get("data"))) {
		switch string(field) {
		case "L":
			span.NoLow = true
			continue
		case "U":
			span.NoHigh = true
			continue
		}
		d, is := ParseDecimal(string(field))
		if scaled {
			d = d.product(factor)
		}
		if !is || !d.modest() {
			continue
		}
		if !some || d.Cmp(span.Low.Decimal) < 0 {
			span.Low.Decimal = d
		}
		if !some || d.Cmp(span.High.Decimal) > 0 {
			span.High.Decimal = d
		}
		some = true
	}
	origin := q.Low.Decimal
	if !some || !origin.modest() {
		return q, false
	}
	span.Low.Decimal, span.High.Decimal = span.Low.sum(origin), span.High.sum(origin)
	if span.NoLow {
		span.Low = Amount{}
	}
	if span.NoHigh {
		span.High = Amount{}
	}
	q.Span = span
	return q, true
}

// modest reports whether adding d to another such number costs little.
func (d Decimal) modest() bool { return d.exp > -2*maxDigits && d.exp < 2*maxDigits }

// canonize gives the quantity its canonical form, if its unit has one.
func (q *Quantity) canonize() {
	if string(q.System) != ucumURL || q.Code == nil {
		return
	}
	c, ok := conversionOf(string(q.Code))
	if !ok {
		return
	}
	s := q.Span
	lowOK, highOK := true, true
	if !s.NoLow {
		s.Low, lowOK = c.apply(s.Low.Decimal)
	}
	if !s.NoHigh {
		s.High, highOK = c.apply(s.High.Decimal)
	}
	if lowOK && highOK {
		q.Canonical, q.CanonicalUnit = s, []byte(c.unit)
	}
}
