package fhirpath

import (
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// comparison is <, >, <= and >= (N1 "Comparison").
type comparison struct {
	op          string
	left, right node
}

var errCompare = record.Safef(record.Unprocessed, "values of these types cannot be compared")

func (n *comparison) truth(s *state, f frame) (tri, error) {
	a, b, ok, err := s.operands(n.left, n.right, f)
	if err != nil || !ok {
		return isEmpty, err
	}
	order, ok, err := compare(a, b)
	if err != nil || !ok {
		return isEmpty, err
	}
	switch n.op {
	case "<":
		return triOf(order < 0), nil
	case ">":
		return triOf(order > 0), nil
	case "<=":
		return triOf(order <= 0), nil
	}
	return triOf(order >= 0), nil
}

func (n *comparison) eval(s *state, f frame, to []Value) ([]Value, error) {
	is, err := n.truth(s, f)
	return is.append(to), err
}

// operands are the two sides of an operator that takes single values; ok is false
// when one is empty.
func (s *state) operands(left, right node, f frame) (a, b Value, ok bool, err error) {
	if a, ok, err = s.operand(left, f); err != nil || !ok {
		return a, b, ok, err
	}
	b, ok, err = s.operand(right, f)
	return a, b, ok, err
}

func (s *state) operand(n node, f frame) (v Value, ok bool, err error) {
	all, err := n.eval(s, f, s.take())
	if err != nil {
		return v, false, err
	}
	v, ok, err = single(all)
	s.give(all)
	return v, ok, err
}

// compare orders two values; ok is false when that cannot be told.
func compare(a, b Value) (order int, ok bool, err error) {
	x, y := a.system(), b.system()
	switch {
	case numeric(x) && numeric(y):
		order, ok = compareDecimals(a.Text(), b.Text())
	case x == systemString && y == systemString:
		order, ok = strings.Compare(a.Text(), b.Text()), true // UTF-8 keeps Unicode's order
	case x == y && (x == systemDate || x == systemTime):
		order, ok = compareDates(a.Text(), b.Text())
	case isQuantity(a) && isQuantity(b):
		order, ok = compareQuantities(a.Node, b.Node)
	default:
		err = errCompare
	}
	return order, ok, err
}

func isQuantity(v Value) bool { return v.t != nil && v.Node.Valid() && v.t.Is("Quantity") }

// compareQuantities orders two quantities of the same unit. FHIRPath need not know
// how units convert, only when they differ (N1 "Quantity Equality").
func compareQuantities(a, b fhir.Node) (order int, ok bool) {
	if a.Get("comparator").Valid() || b.Get("comparator").Valid() {
		return 0, false // <5 mg is not a value
	}
	for _, name := range []string{"system", "code"} {
		if a.Get(name).Text() != b.Get(name).Text() {
			return 0, false
		}
	}
	// A code says what the unit is; without one there is only its text.
	if !a.Get("code").Valid() && a.Get("unit").Text() != b.Get("unit").Text() {
		return 0, false
	}
	return compareDecimals(a.Get("value").Text(), b.Get("value").Text())
}

// compareDates orders two dates, or two times, from the year on; ok is false when
// they are the same as far as the less precise one goes (N1 "Date/Time Equality").
func compareDates(a, b string) (order int, ok bool) {
	x, y := parseDate(a), parseDate(b)
	switch {
	case x.Precision() == 0 || y.Precision() == 0:
		return 0, false
	case x.Precision() >= fhir.Second && y.Precision() >= fhir.Second:
		from, _ := x.Interval()
		to, _ := y.Interval()
		return from.Compare(to), true
	}
	// A date has no time zone: it is compared with the date that the other was
	// written with, not with what that is in UTC.
	for _, n := range []int{len("2006"), len("2006-01"), len("2006-01-02")} {
		if len(a) < n || len(b) < n {
			break
		}
		if order := strings.Compare(a[:n], b[:n]); order != 0 {
			return order, true
		}
	}
	return 0, len(a) == len(b)
}

func parseDate(s string) fhir.Date {
	if strings.IndexByte(s, ':') == 2 {
		d, _ := fhir.ParseTime(s)
		return d
	}
	d, _ := fhir.ParseDateTime(s)
	return d
}
