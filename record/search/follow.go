package search

import (
	"maps"
	"slices"

	"carehold/record/fhir/r4"
)

// Follow is a step from what is searched to something else, or back: a chain, a _has,
// an _include or a _revinclude.
type Follow struct {
	Parameter string   // as it was sent, without its value
	Includes  bool     // it brings what it leads to; else it asks something of it
	Types     []string // that it leads to, in order
}

// Follows are the steps that a search takes. What they lead to is seen only as far as
// it may be searched, which whoever asked cannot tell from nothing being there.
func (q *Query) Follows() []Follow {
	var all []Follow
	for i := range q.conditions {
		to := map[string]bool{}
		for typ, a := range q.conditions[i].tests {
			switch t := a.test.(type) {
			case *chainTest:
				leads := planOf(typ).leadsTo(typ, a.place)
				for end := range t.inner.tests {
					if len(leads) == 0 || slices.Contains(leads, end) {
						to[end] = true
					}
				}
			case *hasTest:
				for end := range t.inner.tests {
					to[end] = true
				}
			}
		}
		if len(to) > 0 {
			all = append(all, Follow{Parameter: q.conditions[i].name, Types: slices.Sorted(maps.Keys(to))})
		}
	}
	for i := range q.includes {
		inc := &q.includes[i]
		if inc.reverse {
			all = append(all, Follow{"_revinclude", true, slices.Sorted(maps.Keys(inc.sources))})
			continue
		}
		to := map[string]bool{}
		for typ, places := range inc.sources {
			for _, place := range places {
				leads := planOf(typ).leadsTo(typ, place)
				if len(leads) == 0 {
					leads = r4.ResourceTypes()
				}
				for _, end := range leads {
					to[end] = inc.reaches(end)
				}
			}
		}
		maps.DeleteFunc(to, func(_ string, reached bool) bool { return !reached })
		all = append(all, Follow{"_include", true, slices.Sorted(maps.Keys(to))})
	}
	return all
}

// leadsTo are the types that a reference can lead to; none for any. R4 gives patient
// the target Group in many types, and an expression that keeps Patients alone.
func (p *plan) leadsTo(typ string, param int) []string {
	var one []string
	any := false
	var look func(b *branch)
	look = func(b *branch) {
		switch {
		case !slices.Contains(b.takes, param):
		case b.filter.rule == resolves:
			one = append(one, b.filter.value)
		default:
			any = true
		}
		for _, m := range b.members {
			look(m)
		}
	}
	look(&p.root)
	if any || len(one) == 0 {
		return r4.Params(typ)[param].Targets
	}
	return one
}
