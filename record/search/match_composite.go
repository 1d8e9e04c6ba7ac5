package search

import (
	"carehold/record"
	"carehold/record/fhir/r4"
)

// compositeTest asks several things of the same place in a resource (FHIR R4
// §3.1.1.4.17): one tuple has to fit in all its components.
type compositeTest [][]test

func (q *Query) compositeTest(def *r4.Param, alternatives []string) (test, error) {
	var t compositeTest
	for _, a := range alternatives {
		parts := split(a, '$')
		if len(parts) != len(def.Components) {
			return nil, record.Errorf(record.Invalid, "%q is not %d values with a $ between them", brief(a), len(def.Components))
		}
		tests := make([]test, len(parts))
		for i, part := range parts {
			component, ok := r4.ParamByURL(def.Components[i].Definition)
			if !ok || component.Type == "composite" {
				return nil, record.Errorf(record.Invalid, "%s cannot be searched by here", def.Code)
			}
			if part == "" {
				return nil, record.Errorf(record.Invalid, "%q lacks its value of %s", brief(a), component.Code)
			}
			var err error
			if tests[i], err = q.test(component, "", []string{part}); err != nil {
				return nil, err
			}
		}
		t = append(t, tests)
	}
	return t, nil
}

func (compositeTest) cost() int { return costComposite }

func (t compositeTest) holds(e *Entry, v Values) bool {
	for n := range v.Tuples {
		for _, tests := range t {
			if fitsAll(e, n, tests) {
				return true
			}
		}
	}
	return false
}

func fitsAll(e *Entry, n Tuple, tests []test) bool {
	for i, t := range tests {
		if !t.holds(e, n.Component(i)) {
			return false
		}
	}
	return true
}
