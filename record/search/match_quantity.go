package search

import (
	"bytes"

	"carehold/record"
)

// quantitiesTest compares quantities (FHIR R4 §3.1.1.4.11): 5.4 of any unit,
// 5.4||mg of what is called so by code or by name, 5.4|system|code of a unit, and
// of whatever UCUM converts to it.
type quantitiesTest []quantitySought

type quantitySought struct {
	prefix       prefix
	as           spanSought // in the unit as written
	system, unit []byte
	canonical    spanSought // in canonicalUnit, which is empty when there is none
	canonicalOf  []byte
}

// spanSought is what numberSought is, of amounts.
type spanSought struct{ at, low, high Amount }

func quantityTest(alternatives []string) (test, error) {
	var t quantitiesTest
	for _, a := range alternatives {
		s, err := parseQuantity(a)
		if err != nil {
			return nil, err
		}
		t = append(t, s)
	}
	return t, nil
}

func parseQuantity(value string) (s quantitySought, err error) {
	parts := split(value, '|')
	if len(parts) != 1 && len(parts) != 3 {
		return s, record.Errorf(record.Invalid, "%q is neither number, number||unit nor number|system|code", brief(value))
	}
	n, err := parseNumber(parts[0])
	if err != nil {
		return s, err
	}
	s.prefix = n.prefix
	s.as = spanSought{Amount{Decimal: n.at}, Amount{Decimal: n.low}, Amount{Decimal: n.high}}
	if len(parts) == 1 {
		return s, nil
	}
	system, err := unescape(parts[1])
	if err != nil {
		return s, err
	}
	unit, err := unescape(parts[2])
	if err != nil {
		return s, err
	}
	s.system, s.unit = []byte(system), []byte(unit)
	if system != ucumURL || unit == "" {
		return s, nil
	}
	at, to, ok1 := Canonical(n.at, unit)
	low, _, ok2 := Canonical(n.low, unit)
	high, _, ok3 := Canonical(n.high, unit)
	if ok1 && ok2 && ok3 {
		s.canonical, s.canonicalOf = spanSought{at, low, high}, []byte(to)
	}
	return s, nil
}

func (quantitiesTest) cost() int { return costQuantity }

func (t quantitiesTest) holds(_ *Entry, v Values) bool {
	for n := range v.Quantities {
		for i := range t {
			if t[i].holds(&n) {
				return true
			}
		}
	}
	return false
}

func (s *quantitySought) holds(n *Quantity) bool {
	switch {
	case len(s.system) == 0 && len(s.unit) == 0:
		return s.as.fits(s.prefix, &n.Span)
	case len(s.system) == 0:
		return (bytes.Equal(s.unit, n.Code) || bytes.Equal(s.unit, n.Unit)) && s.as.fits(s.prefix, &n.Span)
	case len(s.canonicalOf) > 0 && bytes.Equal(s.canonicalOf, n.CanonicalUnit):
		return s.canonical.fits(s.prefix, &n.Canonical)
	}
	return bytes.Equal(s.system, n.System) && (len(s.unit) == 0 || bytes.Equal(s.unit, n.Code)) && s.as.fits(s.prefix, &n.Span)
}

// fits compares with a span, which is a point, a Range, or one that a comparator
// leaves open: "<5" may be any number below 5. gt and lt ask whether there is a
// number in it that is larger, or smaller; sa and eb whether all of it are.
func (s *spanSought) fits(p prefix, n *Span) bool {
	openLow, openHigh := n.Open && n.NoHigh, n.Open && n.NoLow
	switch p {
	case eq:
		return s.contains(n)
	case ne:
		return !s.contains(n)
	case gt:
		return n.NoHigh || n.High.Cmp(s.at) > 0
	case ge:
		return n.NoHigh || beyond(n.High.Cmp(s.at), openHigh)
	case lt:
		return n.NoLow || n.Low.Cmp(s.at) < 0
	case le:
		return n.NoLow || beyond(s.at.Cmp(n.Low), openLow)
	case sa:
		return !n.NoLow && beyond(n.Low.Cmp(s.at), !openLow)
	case eb:
		return !n.NoHigh && beyond(s.at.Cmp(n.High), !openHigh)
	}
	return (n.NoLow || beyond(s.high.Cmp(n.Low), openLow)) && (n.NoHigh || beyond(n.High.Cmp(s.low), openHigh))
}

// beyond is > 0, or also 0 where the end counts.
func beyond(cmp int, open bool) bool { return cmp > 0 || cmp == 0 && !open }

func (s *spanSought) contains(n *Span) bool {
	return !n.NoLow && !n.NoHigh && s.low.Cmp(n.Low) <= 0 && n.High.Cmp(s.high) < 0
}
