package search

import (
	"bytes"

	"carehold/record"
)

// Source gives the entries of some types, nil for all, one after the other, as often
// as it is asked. An entry is good until the next one comes.
type Source func(types []string, f func(*Entry) error) error

// Parts is a search whose entries do not lie in memory all at once: they come one
// after the other, and what matches is the caller's to keep. It finds what Run finds.
type Parts struct {
	q          *Query
	conditions []condition
	asking     *asking
}

// Begin goes through what chains and _has ask for first, once for each of them. After
// that entries can be asked for one by one.
func (q *Query) Begin(all Source) (*Parts, error) {
	conditions, err := q.bind(fromSource(all))
	if err != nil {
		return nil, err
	}
	return &Parts{q, conditions, askingOf(conditions, q.searches)}, nil
}

type fromSource Source

func (s fromSource) each(c condition, f func(*Entry)) error {
	types := make([]string, 0, len(c.tests))
	for typ := range c.tests {
		types = append(types, typ)
	}
	asking := askingOf([]condition{c}, func(typ string) bool { _, ok := c.tests[typ]; return ok })
	err := s(types, func(e *Entry) error {
		if tests := asking.of(e.Ref.Type); tests != nil && holdAll(e, *tests) {
			f(e)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.failed()
}

// Matches reports whether the search finds an entry.
func (p *Parts) Matches(e *Entry) bool {
	tests := p.asking.of(e.Ref.Type)
	return tests != nil && holdAll(e, *tests)
}

// Failed is why nothing that was found counts: it is asked when all entries have been.
func (p *Parts) Failed() error { return failed(p.conditions) }

// Position is where a match stands in the order. See ComparePositions.
func (p *Parts) Position(e *Entry) []byte {
	var key []byte
	for k := range p.q.sorts {
		key = p.q.sorts[k].append(key, e)
	}
	return append(key, e.ID[:]...)
}

// ComparePositions compares two places in the order of a search.
func ComparePositions(a, b []byte) int {
	at, bt := len(a)-idLength, len(b)-idLength
	if at < 0 || bt < 0 { // no positions
		return len(a) - len(b)
	}
	if c := bytes.Compare(a[:at], b[:bt]); c != 0 {
		return c
	}
	return bytes.Compare(a[at:], b[bt:])
}

// Result is of those matches that were kept, in their order, with their positions.
func (p *Parts) Result(kept []Entry, positions [][]byte) *Result {
	r := &Result{all: kept}
	for i, at := range positions {
		r.Matches = append(r.Matches, i)
		if len(p.q.sorts) > 0 {
			r.keys = append(r.keys, at[:len(at)-idLength])
		}
	}
	return r
}

// HasIncludes reports whether pages have more than what matches.
func (q *Query) HasIncludes() bool { return len(q.includes) > 0 }

// IncludesFrom is Includes for what does not lie in memory all at once: it calls f with
// each entry that goes with a page, until f says that it is enough.
func (q *Query) IncludesFrom(all Source, page []Entry, f func(*Entry) error) error {
	if len(q.includes) == 0 || len(page) == 0 {
		return nil
	}
	places := make([]int, len(page))
	for i := range places {
		places[i] = i
	}
	sets := q.setsOf(page, places)
	onPage := make(map[record.EntryID]bool, len(page))
	for i := range page {
		onPage[page[i].ID] = true
	}
	return all(q.included(), func(e *Entry) error {
		if onPage[e.ID] {
			return nil
		}
		for k := range q.includes {
			if q.includes[k].adds(e, sets[k]) {
				return f(e)
			}
		}
		return nil
	})
}
