package fhirpath

import (
	"bytes"
	"hash/maphash"
	"strings"

	"carehold/record/fhir"
)

// equalAll compares two collections, item by item (N1 "= (Equals)").
func (s *state) equalAll(a, b []Value) (tri, error) {
	if len(a) == 0 || len(b) == 0 {
		return isEmpty, nil
	}
	if len(a) != len(b) {
		return isFalse, nil
	}
	all := isTrue
	for i := range a {
		is, err := s.equal(a[i], b[i])
		if err != nil || is == isFalse {
			return is, err
		}
		all = and(all, is)
	}
	return all, nil
}

// equal compares two items. It is empty when that cannot be told: of dates that
// are not of the same precision, and of a primitive without a value.
func (s *state) equal(a, b Value) (tri, error) {
	if err := s.spend(1); err != nil {
		return isEmpty, err
	}
	x, y := a.system(), b.system()
	if x != none && !a.HasValue() || y != none && !b.HasValue() {
		return isEmpty, nil
	}
	switch {
	case x == none && y == none:
		if a.t != b.t || !a.Node.Valid() || !b.Node.Valid() {
			return isFalse, nil
		}
		is, err := s.same(a.Node, b.Node)
		return triOf(is), err
	case x != y && !(numeric(x) && numeric(y)):
		return isFalse, nil
	}
	m, n := a.Text(), b.Text()
	if err := s.spend((len(m) + len(n)) / 64); err != nil {
		return isEmpty, err
	}
	switch {
	case numeric(x):
		order, ok := compareDecimals(m, n)
		return triOf(order == 0 && ok), nil
	case x == systemDate || x == systemTime:
		order, ok := compareDates(m, n)
		if !ok {
			return isEmpty, nil
		}
		return triOf(order == 0), nil
	}
	return triOf(m == n), nil
}

func numeric(x system) bool { return x == systemInteger || x == systemDecimal }

// same compares two elements: all that is in them, in whatever order the members
// stand. Numbers are compared as numbers.
func (s *state) same(a, b fhir.Node) (bool, error) {
	if err := s.spend(1); err != nil {
		return false, err
	}
	if a.Kind() != b.Kind() || !a.Valid() {
		return false, nil
	}
	if bytes.Equal(a.Raw(), b.Raw()) {
		return true, s.spend(len(a.Raw()) / 64)
	}
	switch a.Kind() {
	case '"':
		return a.Text() == b.Text(), nil
	case '0':
		order, ok := compareDecimals(a.Text(), b.Text())
		return order == 0 && ok, nil
	case '{', '[':
	default:
		return false, nil
	}
	count := 0
	for range b.All() {
		count++
	}
	if err := s.spend(count); err != nil {
		return false, err
	}
	if a.Kind() == '[' {
		return s.sameArray(a, b, count)
	}
	find := 1 + count/8 // what it takes to find a member by its name
	for x := range a.All() {
		count--
		if err := s.spend(find); err != nil {
			return false, err
		}
		y := b.Get(x.Name())
		if is, err := s.same(x, y); err != nil || !is {
			return false, err
		}
	}
	return count == 0, nil
}

func (s *state) sameArray(a, b fhir.Node, count int) (bool, error) {
	right := make([]fhir.Node, 0, count)
	for y := range b.All() {
		right = append(right, y)
	}
	for x := range a.All() {
		if x.Index() >= len(right) {
			return false, nil
		}
		if is, err := s.same(x, right[x.Index()]); err != nil || !is {
			return false, err
		}
		count--
	}
	return count == 0, nil
}

var seed = maphash.MakeSeed()

// hash is the same for two items that are equal.
func (s *state) hash(v Value) (uint64, error) {
	switch x := v.system(); {
	case x == none:
		if !v.Node.Valid() {
			return 0, nil
		}
		return s.hashNode(v.Node)
	case numeric(x):
		return maphash.String(seed, normal(v.Text())), nil
	case x == systemDate || x == systemTime:
		if d := parseDate(v.Text()); d.Precision() >= fhir.Second {
			from, _ := d.Interval() // 12:00Z is 13:00+01:00
			return maphash.Comparable(seed, from.UnixNano()), nil
		}
	}
	return maphash.String(seed, v.Text()), nil
}

func (s *state) hashNode(n fhir.Node) (sum uint64, err error) {
	if err := s.spend(1); err != nil {
		return 0, err
	}
	switch n.Kind() {
	case '"':
		return maphash.String(seed, n.Text()), nil
	case '0':
		return maphash.String(seed, normal(n.Text())), nil
	case '{', '[':
		for c := range n.All() {
			h, err := s.hashNode(c)
			if err != nil {
				return 0, err
			}
			// The order of members does not count.
			sum += h * (maphash.String(seed, c.Name()) | 1)
		}
	}
	return sum, nil
}

// normal is a number's digits and exponent, the same for 1, 1.0 and 10e-1.
func normal(number string) string {
	d, ok := parseDecimal(number)
	if !ok {
		return strings.ToLower(number)
	}
	return d.String()
}
