package search

import "carehold/record"

// prefix is how a number, date or quantity compares (FHIR R4 §3.1.1.4.5).
type prefix uint8

const (
	eq prefix = iota
	ne
	gt
	lt
	ge
	le
	sa
	eb
	ap
)

var prefixes = map[string]prefix{"eq": eq, "ne": ne, "gt": gt, "lt": lt, "ge": ge, "le": le, "sa": sa, "eb": eb, "ap": ap}

// cutPrefix takes the prefix off a value. What is compared by size begins with a
// digit or a sign, so that letters can be nothing else.
func cutPrefix(value string) (prefix, string, error) {
	if value == "" || !letter(value[0]) {
		return eq, value, nil
	}
	if len(value) >= 2 {
		if p, ok := prefixes[value[:2]]; ok {
			return p, value[2:], nil
		}
	}
	return eq, "", record.Errorf(record.Invalid, "%q begins with none of the prefixes eq, ne, gt, lt, ge, le, sa, eb, ap", brief(value))
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// relation is how the range of a value in a resource lies to the range searched
// for. What each prefix asks of it is the standard's table:
//
//	eq  the range of the search value fully contains the target's
//	ne  it does not
//	gt  the range above the search value intersects the target's
//	lt  the range below it does
//	ge  gt or eq
//	le  lt or eq
//	sa  the target's range lies above the search value's altogether
//	eb  it lies below altogether
//	ap  the ranges overlap, the search value's being widened
//
// Above a value is what comes after all of its range: gt2013-01-14 begins with
// 15 January. Were it otherwise ge would say nothing that gt does not.
type relation struct{ contained, above, below, startsAfter, endsBefore, overlaps bool }

func (r relation) fits(p prefix) bool {
	switch p {
	case eq:
		return r.contained
	case ne:
		return !r.contained
	case gt:
		return r.above
	case lt:
		return r.below
	case ge:
		return r.above || r.contained
	case le:
		return r.below || r.contained
	case sa:
		return r.startsAfter
	case eb:
		return r.endsBefore
	}
	return r.overlaps
}
