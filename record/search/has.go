package search

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// hasTest is _has:Observation:patient:code=x (FHIR R4 §3.1.1.4.16): some
// Observation that the inner condition holds for points here with its patient.
// What those point to is found once; each _has is on its own.
type hasTest struct {
	base  string
	place int // of the reference
	inner condition
}

func (q *Query) has(p pair, types []string) (*condition, error) {
	parts := strings.SplitN(p.name, ":", 4)
	if len(parts) < 4 || parts[3] == "" {
		return nil, record.Safef(record.Invalid, "write _has:Type:reference:parameter=value")
	}
	from, code, inner := parts[1], parts[2], parts[3]
	if !fhir.KnownType(from) {
		return nil, record.Errorf(record.Invalid, "%q is not a resource type of FHIR R4", brief(from))
	}
	if err := q.oneHop(inner); err != nil {
		return nil, err
	}
	def, ok := r4.LookupParam(from, code)
	if !ok || def.Type != "reference" {
		return nil, record.Errorf(record.Invalid, "%s has no reference parameter %q", from, brief(code))
	}
	for _, typ := range types {
		if len(types) == 1 && len(def.Targets) > 0 && !slices.Contains(def.Targets, typ) {
			return nil, record.Errorf(record.Invalid, "%s of %s never points to a %s: it points to %s", code, from, typ, pointsTo(def))
		}
	}
	innerCode, _, _ := strings.Cut(inner, ":")
	if _, ok := r4.LookupParam(from, innerCode); !ok {
		return nil, unknown(innerCode, from, nil)
	}
	c, err := q.condition(pair{inner, p.value}, []string{from})
	if err != nil || c == nil {
		return nil, err
	}
	t := &hasTest{q.base, place(from, code), *c}
	out := &condition{tests: make(map[string]asked, len(types))}
	for _, typ := range types {
		out.tests[typ] = asked{place: -1, test: t}
	}
	return out, nil
}

func (*hasTest) cost() int { return costSet }

// holds is never asked of a test that was not bound.
func (*hasTest) holds(*Entry, Values) bool { return false }

func (t *hasTest) bind(all everything) (test, error) {
	inner, err := t.inner.bind(all)
	if err != nil {
		return nil, err
	}
	set := newTargets(t.base)
	err = all.each(inner, func(e *Entry) {
		for n := range Lookup(e.Index, t.place).References {
			set.point(&n)
		}
	})
	return pointedAt{set}, err
}

// pointedAt holds for what is in the set.
type pointedAt struct{ set *targets }

func (pointedAt) cost() int { return costSet }

func (t pointedAt) holds(e *Entry, _ Values) bool { return t.set.holds(e) }
