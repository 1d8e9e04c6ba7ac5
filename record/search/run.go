package search

import (
	"context"
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
func (q *Query) Run(all []Entry) (*Result, error) { return q.RunUntil(context.Background(), all) }

// RunUntil is Run, which ends unfinished when ctx does.
func (q *Query) RunUntil(ctx context.Context, all []Entry) (*Result, error) {
	m := inMemory{ctx, all}
	conditions, err := q.bind(m)
	if err != nil {
		return nil, err
	}
	r := &Result{all: all}
	if err := m.pass(conditions, q.searches, func(i int) { r.Matches = append(r.Matches, i) }); err != nil {
		return nil, err
	}
	q.sort(r)
	return r, nil
}

// bind makes the conditions such as can be asked of an entry by itself.
func (q *Query) bind(all everything) ([]condition, error) {
	conditions := slices.Clone(q.conditions)
	for i, c := range conditions {
		var err error
		if conditions[i], err = c.bind(all); err != nil {
			return nil, at(err, c.name)
		}
	}
	return conditions, nil
}

// inMemory are entries that are all at hand.
type inMemory struct {
	ctx context.Context
	all []Entry
}

func (m inMemory) each(c condition, f func(*Entry)) error {
	ofType := func(typ string) bool { _, ok := c.tests[typ]; return ok }
	return m.pass([]condition{c}, ofType, func(i int) { f(&m.all[i]) })
}

// lookEvery is after how many bytes of indexes it is seen whether anybody still waits:
// with the worst that can be asked that is some milliseconds.
const lookEvery = 64 << 10

// pass calls f with each entry that all of the conditions, which are bound, hold
// for.
func (m inMemory) pass(conditions []condition, searches func(typ string) bool, f func(i int)) error {
	asking := askingOf(conditions, searches)
	looked := 0
	for i := range m.all {
		e := &m.all[i]
		if looked += len(e.Index) + 64; looked > lookEvery {
			if looked = 0; m.ctx.Err() != nil {
				return m.ctx.Err()
			}
		}
		if tests := asking.of(e.Ref.Type); tests != nil && holdAll(e, *tests) {
			f(i)
		}
	}
	return failed(conditions)
}

// asking is what is asked of the entries that come, by their types: put together when
// a type's first entry comes; nil for one that cannot match.
type asking struct {
	conditions []condition
	searches   func(typ string) bool
	byType     map[string]*[]asked

	typ   string // of the entry before
	tests *[]asked
}

func askingOf(conditions []condition, searches func(typ string) bool) *asking {
	return &asking{conditions: conditions, searches: searches, byType: map[string]*[]asked{}}
}

func (a *asking) of(typ string) *[]asked {
	if typ == a.typ {
		return a.tests
	}
	a.typ = typ
	known := false
	if a.tests, known = a.byType[typ]; !known {
		if a.searches(typ) {
			a.tests = testsOf(a.conditions, typ)
		}
		a.byType[typ] = a.tests
	}
	return a.tests
}

// failed is the first failure of what was asked.
func failed(conditions []condition) error {
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
