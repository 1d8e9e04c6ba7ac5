package search

import (
	"slices"
	"time"

	"carehold/record"
	"carehold/record/fhir"
)

// Entry is what a search sees of a resource.
type Entry struct {
	Ref     fhir.Ref
	ID      record.EntryID
	Updated time.Time // meta.lastUpdated
	Index   []byte    // made by Index
}

// Result is what a search matched, in order.
type Result struct {
	Matches []int // indexes into what was searched

	all  []Entry
	keys [][]byte // of each match, when the search has a _sort
}

// Run matches every entry, which are only those that may be seen, and puts what
// matched in order: by _sort, then by ID.
func (q *Query) Run(all []Entry) (*Result, error) {
	conditions := slices.Clone(q.conditions)
	for i, c := range conditions {
		var err error
		if conditions[i], err = c.bind(all); err != nil {
			return nil, at(err, c.name)
		}
	}
	r := &Result{all: all}
	if err := pass(conditions, all, q.searches, func(i int) { r.Matches = append(r.Matches, i) }); err != nil {
		return nil, err
	}
	q.sort(r)
	return r, nil
}

// pass calls f with each entry that all of the conditions, which are bound, hold
// for.
func pass(conditions []condition, all []Entry, searches func(typ string) bool, f func(i int)) error {
	// What is asked of a type is put together when its first entry comes; nil for
	// one that cannot match.
	byType := map[string]*[]asked{}
	var tests *[]asked
	typ := ""
	for i := range all {
		e := &all[i]
		if e.Ref.Type != typ {
			typ = e.Ref.Type
			known := false
			if tests, known = byType[typ]; !known {
				if searches(typ) {
					tests = testsOf(conditions, typ)
				}
				byType[typ] = tests
			}
		}
		if tests != nil && holdAll(e, *tests) {
			f(i)
		}
	}
	for _, c := range conditions {
		if err := c.failed(); err != nil {
			return err
		}
	}
	return nil
}

// testsOf are the tests that the conditions have for a type, in their order; nil
// when one has none.
func testsOf(conditions []condition, typ string) *[]asked {
	tests := make([]asked, len(conditions))
	for i, c := range conditions {
		a, ok := c.tests[typ]
		if !ok {
			return nil
		}
		a.sieve = sieveOf(a.test)
		tests[i] = a
	}
	return &tests
}

func holdAll(e *Entry, tests []asked) bool {
	for i := range tests {
		if !tests[i].holds(e) {
			return false
		}
	}
	return true
}
