package search

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/fhir/r4"
)

// chainTest is subject:Patient.name=x (FHIR R4 §3.1.1.4.15): what a reference
// points to is one of those that the inner condition holds for. Those are found
// once, in a pass of their own; a chain costs that and a look-up for each entry. What
// an entry contains is asked when the entry is (§3.1.1.5.5).
type chainTest struct {
	base   string
	inner  condition
	places map[string]int // of the reference, by type; nil: what is contained has no such value
}

// chain reads what stands behind the point. Without a type the target may be any
// that the reference can point to and that has the parameter.
func (q *Query) chain(params []*r4.Param, types []string, modifier string, modified bool, inner pair) (*condition, error) {
	if err := q.oneHop(inner.name); err != nil {
		return nil, err
	}
	code, _, _ := strings.Cut(inner.name, ":")
	var ends []string
	for i, def := range params {
		if def.Type != "reference" {
			return nil, record.Errorf(record.Invalid, "%s of %s is not a reference, and nothing can be chained to it", def.Code, types[i])
		}
		if modified {
			if !typeModifier(def, modifier) {
				return nil, record.Errorf(record.Invalid, "%s of %s cannot be chained through %q: it points to %s", def.Code, types[i], brief(modifier), pointsTo(def))
			}
			ends = append(ends, modifier)
			continue
		}
		if len(def.Targets) == 0 {
			ends = append(ends, r4.ResourceTypes()...)
		}
		ends = append(ends, def.Targets...)
	}
	slices.Sort(ends)
	ends = slices.DeleteFunc(slices.Compact(ends), func(typ string) bool {
		_, ok := r4.LookupParam(typ, code)
		return !ok
	})
	if len(ends) == 0 && modified {
		return nil, record.Errorf(record.Invalid, "%s has no search parameter %q", modifier, brief(code))
	}
	if len(ends) == 0 {
		return nil, record.Errorf(record.Invalid, "nothing that %s points to has a search parameter %q", params[0].Code, brief(code))
	}
	c, err := q.condition(inner, ends)
	if err != nil || c == nil {
		return nil, err
	}
	chain := &chainTest{base: q.base, inner: *c}
	if code != "_lastUpdated" {
		chain.places = make(map[string]int, len(types))
	}
	out := &condition{tests: make(map[string]asked, len(types))}
	for i, typ := range types {
		at := place(typ, params[i].Code)
		out.tests[typ] = asked{place: at, test: chain}
		if chain.places != nil {
			chain.places[typ] = at
		}
	}
	return out, nil
}

// oneHop counts a chain, and refuses one that goes on.
func (q *Query) oneHop(inner string) error {
	if strings.Contains(inner, ".") || inner == "_has" || strings.HasPrefix(inner, "_has:") {
		return record.Safef(record.Invalid, "chains of more than one hop are not supported: search in two steps")
	}
	if q.chains++; q.chains > MaxChains {
		return record.Safef(record.Invalid, "the search has more than %d chains: search in two steps", MaxChains)
	}
	return nil
}

func pointsTo(def *r4.Param) string {
	if len(def.Targets) == 0 {
		return "any type"
	}
	return strings.Join(def.Targets, ", ")
}

func (*chainTest) cost() int { return costReference }

// holds is never asked of a test that was not bound.
func (*chainTest) holds(*Entry, Values) bool { return false }

func (t *chainTest) bind(all everything) (test, error) {
	inner, err := t.inner.bind(all)
	if err != nil {
		return nil, err
	}
	set := newTargets(t.base)
	err = all.each(inner, set.add)
	return &chained{pointsInto{set}, inner, t.places}, err
}

// chained holds for what has a reference to one of the set, or to something that it
// contains and that the inner condition, which is bound, holds for.
type chained struct {
	pointsInto
	inner  condition
	places map[string]int
}

func (t *chained) failed() error { return t.inner.failed() }

func (t *chained) holds(e *Entry, v Values) bool {
	inside := false
	for n := range v.References {
		if t.set.has(&n) {
			return true
		}
		inside = inside || len(n.ID) == 0 && len(n.URL) == 0
	}
	place, ok := t.places[e.Ref.Type]
	return inside && ok && t.inner.holdsInside(e, place)
}

// pointsInto holds for what has a reference into the set.
type pointsInto struct{ set *targets }

func (pointsInto) cost() int { return costReference }

func (t pointsInto) holds(_ *Entry, v Values) bool {
	for n := range v.References {
		if t.set.has(&n) {
			return true
		}
	}
	return false
}
