package search

import "carehold/record"

// numbersTest compares numbers (FHIR R4 §3.1.1.4.6). The number in a resource is
// taken for just that number: "values that are less than exactly 100" leaves no
// room for a 100 that might have been 99.6.
type numbersTest []numberSought

// numberSought is a number with the range that its precision implies, which eq
// and ne compare with, or that is about it, for ap. For all other prefixes the
// precision "is ignored".
type numberSought struct {
	prefix        prefix
	at, low, high Decimal
}

func numberTest(alternatives []string) (test, error) {
	var t numbersTest
	for _, a := range alternatives {
		s, err := parseNumber(a)
		if err != nil {
			return nil, err
		}
		t = append(t, s)
	}
	return t, nil
}

func parseNumber(value string) (s numberSought, err error) {
	p, text, err := cutPrefix(value)
	if err != nil {
		return s, err
	}
	d, ok := ParseDecimal(text)
	if !ok {
		return s, record.Errorf(record.Invalid, "%q is not a number: 5, -5.40, 1e2", brief(text))
	}
	s = numberSought{prefix: p, at: d}
	if p == ap {
		s.low, s.high = d.Around()
	} else {
		s.low, s.high = d.Bounds()
	}
	return s, nil
}

func (numbersTest) cost() int { return costOrdered }

func (t numbersTest) holds(_ *Entry, v Values) bool {
	for n := range v.Numbers {
		for i := range t {
			if t[i].fits(n.Decimal) {
				return true
			}
		}
	}
	return false
}

func (s *numberSought) fits(n Decimal) bool {
	switch s.prefix {
	case eq:
		return s.low.Cmp(n) <= 0 && n.Cmp(s.high) < 0
	case ne:
		return s.low.Cmp(n) > 0 || n.Cmp(s.high) >= 0
	case gt, sa:
		return n.Cmp(s.at) > 0
	case lt, eb:
		return n.Cmp(s.at) < 0
	case ge:
		return n.Cmp(s.at) >= 0
	case le:
		return n.Cmp(s.at) <= 0
	}
	return s.low.Cmp(n) <= 0 && n.Cmp(s.high) <= 0
}
