package search

import (
	"regexp"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/fhir/r4"
)

// dateTest compares times as intervals (FHIR R4 §3.1.1.4.7): a date of the search
// and one of the resource cover all that their precision leaves open.
type dateTest struct {
	updated bool // what is compared is when the entry was last changed
	dates   []dateSought
}

type dateSought struct {
	prefix   prefix
	from, to int64 // Unix milliseconds, half open; of ap already widened
}

func (q *Query) dateTest(def *r4.Param, alternatives []string) (test, error) {
	t := dateTest{updated: def.Code == "_lastUpdated"}
	for _, a := range alternatives {
		s, err := q.dateSought(a)
		if err != nil {
			return nil, err
		}
		t.dates = append(t.dates, s)
	}
	return t, nil
}

func (q *Query) dateSought(value string) (s dateSought, err error) {
	p, text, err := cutPrefix(value)
	if err != nil { // letters that are no prefix
		return s, notDate(value)
	}
	// A + that was not encoded came as a space, and no date holds one.
	d, ok := ParseDate(strings.ReplaceAll(text, " ", "+"))
	if !ok {
		return s, notDate(text)
	}
	s = dateSought{p, d.From, d.To}
	if p == ap {
		s.widen(q.now)
	}
	return s, nil
}

var daily = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}($|T)`)

// notDate says of a text why it is none.
func notDate(text string) error {
	if daily.MatchString(text) {
		if _, ok := ParseDate(text[:len("2013-01-14")]); !ok {
			return record.Errorf(record.Invalid, "there is no such day as %s", text[:len("2013-01-14")])
		}
	}
	return record.Errorf(record.Invalid, "%q is not a date: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm, with seconds and a time zone when they are known; before it eq, ne, gt, lt, ge, le, sa, eb or ap", brief(text))
}

// widen reaches as far to both sides as a tenth of the time between now and the
// nearest end (§3.1.1.4.5: "10% of the gap between now and the date"). A date
// that covers now is as near as can be, and gets no wider.
func (s *dateSought) widen(now time.Time) {
	at := now.UnixMilli()
	gap := max(s.from-at, at-s.to, 0)
	s.from, s.to = s.from-gap/10, s.to+gap/10
}

// isDate reports whether what a condition compares, at the end of a chain too, is
// dates.
func (c condition) isDate() bool {
	for _, a := range c.tests {
		switch t := a.test.(type) {
		case dateTest:
			return true
		case *chainTest:
			return t.inner.isDate()
		case *hasTest:
			return t.inner.isDate()
		}
	}
	return false
}

func (t dateTest) cost() int {
	if t.updated {
		return costRef
	}
	return costOrdered
}

func (t dateTest) holds(e *Entry, v Values) bool {
	if t.updated {
		// An instant is as narrow as what is served of it: a millisecond.
		at := e.Updated.UnixMilli()
		return t.any(Date{From: at, To: at + 1})
	}
	for d := range v.Dates {
		if t.any(d) {
			return true
		}
	}
	return false
}

func (t dateTest) any(d Date) bool {
	for _, s := range t.dates {
		if s.relation(d).fits(s.prefix) {
			return true
		}
	}
	return false
}

func (s dateSought) relation(d Date) relation {
	return relation{
		contained:   s.from <= d.From && d.To <= s.to,
		above:       d.To > s.to,
		below:       d.From < s.from,
		startsAfter: d.From >= s.to,
		endsBefore:  d.To <= s.from,
		overlaps:    d.From < s.to && s.from < d.To,
	}
}
