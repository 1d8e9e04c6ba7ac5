package search

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// condition reads a parameter that resources are matched by. It is nil when the
// parameter is to be ignored: unknown, or empty (FHIR R4 §3.1.1.3).
func (q *Query) condition(p pair, types []string) (*condition, error) {
	if p.name == "_has" || strings.HasPrefix(p.name, "_has:") {
		return q.has(p, types)
	}
	head, rest, chained := strings.Cut(p.name, ".")
	code, modifier, modified := strings.Cut(head, ":")
	params, err := q.params(code, types)
	if err != nil || params == nil {
		return nil, err
	}
	if chained {
		return q.chain(params, types, modifier, modified, pair{rest, p.value})
	}
	if modified && modifier == "" {
		return nil, record.Safef(record.Invalid, "a colon without a modifier after it")
	}
	if len(params) > 0 {
		if err := fitting(params[0], modifier, code, types); err != nil {
			return nil, err
		}
	}
	alternatives, err := q.alternatives(p.value)
	if err != nil {
		return nil, err
	}
	if err := q.compares(params, len(alternatives)); err != nil {
		return nil, err
	}
	c := &condition{name: p.name, tests: make(map[string]asked, len(types))}
	shared := map[string]test{} // by the parameter's definition
	for i, typ := range types {
		def := params[i]
		t, ok := shared[def.URL]
		if !ok {
			if t, err = q.test(def, modifier, alternatives); err != nil {
				return nil, err
			}
			shared[def.URL] = t
		}
		c.tests[typ] = asked{place: place(typ, code), test: t}
	}
	if len(alternatives) == 0 {
		return nil, nil
	}
	return c, nil
}

// params are the definitions of a code, one of each type; nil when it is unknown.
// A parameter of a search over several types is one that all of them have (FHIR
// R4 §3.1.1.2).
func (q *Query) params(code string, types []string) ([]*r4.Param, error) {
	params := make([]*r4.Param, len(types))
	for i, typ := range types {
		def, ok := r4.LookupParam(typ, code)
		if !ok {
			if !q.strict {
				return nil, nil
			}
			return nil, unknown(code, typ, types)
		}
		if def.Type == "special" || def.Expression == "" {
			return nil, record.Errorf(record.Invalid, "%s cannot be searched by here", brief(code))
		}
		params[i] = def
	}
	return params, nil
}

func unknown(code, typ string, types []string) error {
	if len(types) > 1 {
		return record.Errorf(record.Invalid, "%q is no parameter that all the types searched have: %s does not", brief(code), typ)
	}
	return record.Errorf(record.Invalid, "%s has no search parameter %q", typ, brief(code))
}

// alternatives are the values between the commas. Empty ones say nothing and are
// dropped, as empty parameters are.
func (q *Query) alternatives(value string) ([]string, error) {
	parts := slices.DeleteFunc(split(value, ','), func(s string) bool { return s == "" })
	if q.values += len(parts); q.values > MaxValues {
		return nil, record.Safef(record.Invalid, "the search has more than %d values: search for less at once", MaxValues)
	}
	for _, part := range parts {
		if len(part) > MaxValue {
			return nil, record.Safef(record.Invalid, "a value is longer than %d bytes", MaxValue)
		}
	}
	return parts, nil
}

// compares counts the alternatives that cost more than a look.
func (q *Query) compares(params []*r4.Param, n int) error {
	if !slices.ContainsFunc(params, func(def *r4.Param) bool {
		return def.Type == "number" || def.Type == "date" || def.Type == "quantity" || def.Type == "composite"
	}) {
		return nil
	}
	if q.compared += n; q.compared > MaxCompared {
		return record.Safef(record.Invalid, "the search has more than %d numbers, dates, quantities and composites: search for less at once", MaxCompared)
	}
	return nil
}

// test reads what one parameter is asked. The modifier is looked at even when
// there is no value: "servers SHALL reject" one they do not support (§3.1.1.4.4).
func (q *Query) test(def *r4.Param, modifier string, alternatives []string) (test, error) {
	if modifier == "missing" && def.Type != "composite" {
		return missing(def, alternatives)
	}
	if def.Code == "_id" {
		return idTest(modifier, alternatives)
	}
	switch def.Type {
	case "token":
		return q.tokenTest(modifier, alternatives)
	case "string":
		return stringTest(modifier, alternatives)
	case "reference":
		return q.referenceTest(def, modifier, alternatives)
	case "uri":
		return uriTest(modifier, alternatives)
	}
	if modifier != "" {
		return nil, unsupported(def.Type, modifier)
	}
	switch def.Type {
	case "date":
		return q.dateTest(def, alternatives)
	case "number":
		return numberTest(alternatives)
	case "quantity":
		return quantityTest(alternatives)
	case "composite":
		return q.compositeTest(def, alternatives)
	}
	return nil, record.Errorf(record.Invalid, "%s cannot be searched by here", def.Code)
}

// unsupported says why a modifier is refused.
func unsupported(kind, modifier string) error {
	switch {
	case kind == "token" && slices.Contains([]string{"in", "not-in", "above", "below"}, modifier):
		return record.Errorf(record.Invalid, "the modifier :%s needs a terminology service, which this server is not: list the codes instead", modifier)
	case kind == "reference" && slices.Contains([]string{"above", "below"}, modifier):
		return record.Errorf(record.Invalid, "the modifier :%s of a reference is not supported: hierarchies are not followed", modifier)
	case kind == "composite":
		return record.Errorf(record.Invalid, "a composite parameter takes no modifier, and %q is one", brief(modifier))
	}
	return record.Errorf(record.Invalid, "%q is not a modifier of a parameter of type %s that is supported: those are %s", brief(modifier), kind, modifiers[kind])
}

var modifiers = map[string]string{
	"number": "missing", "date": "missing", "quantity": "missing",
	"string":    "missing, exact, contains",
	"token":     "missing, text, not, of-type",
	"reference": "missing, identifier, and the types it can point to",
	"uri":       "missing, above, below",
}

// place is where the values of a parameter lie in an index, -1 for those that are
// told from the entry itself.
func place(typ, code string) int {
	if code == "_id" || code == "_lastUpdated" {
		return -1
	}
	return Place(typ, code)
}

// typeModifier reports whether a modifier is a type that a reference can point to.
func typeModifier(def *r4.Param, modifier string) bool {
	return fhir.KnownType(modifier) && (len(def.Targets) == 0 || slices.Contains(def.Targets, modifier))
}
