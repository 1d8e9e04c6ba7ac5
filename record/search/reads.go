package search

import (
	"maps"
	"slices"
)

// Reads are the types of resources that the search looks at: entries of others
// change nothing of what Run and Includes give, and need not be brought. It is nil
// when any type may matter.
func (q *Query) Reads() []string {
	if q.Types == nil {
		return nil
	}
	types := slices.Clone(q.Types)
	for _, c := range q.conditions {
		for _, a := range c.tests {
			var inner condition
			switch t := a.test.(type) {
			case *chainTest:
				inner = t.inner
			case *hasTest:
				inner = t.inner
			case *bareTest: // of what is searched itself
			case late:
				return nil
			}
			for typ := range inner.tests {
				types = append(types, typ)
			}
		}
	}
	if len(q.includes) > 0 {
		included := q.included()
		if included == nil {
			return nil
		}
		types = append(types, included...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// included are the types that includes lead to; nil for any.
func (q *Query) included() []string {
	types := []string{}
	for _, inc := range q.includes {
		switch {
		case inc.reverse:
			for typ := range inc.sources {
				types = append(types, typ)
			}
		case inc.ends == nil:
			return nil // to whatever a match points to
		default:
			types = append(types, inc.ends...)
		}
	}
	return types
}

// IDs are the ids that a search names with _id, and the types it searches, if it looks
// at nothing but what has one of them: then there is nothing to go through.
func (q *Query) IDs() (types, ids []string, only bool) {
	if len(q.includes) > 0 {
		return nil, nil, false
	}
	for _, c := range q.conditions {
		for _, a := range c.tests {
			switch t := a.test.(type) {
			case *chainTest, *hasTest:
				return nil, nil, false
			case idsTest:
				if !t.not {
					ids, only = slices.Sorted(maps.Keys(t.ids)), true
				}
			}
		}
	}
	return q.searched(), ids, only
}
