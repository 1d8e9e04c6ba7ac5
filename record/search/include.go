package search

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// include is an _include or a _revinclude (FHIR R4 §3.1.1.5.4).
type include struct {
	reverse bool
	// sources are where the references to follow lie: the places of parameters, by
	// the type whose they are.
	sources map[string][]int
	target  string // the type they are followed to; "" for any
}

// addInclude reads Type:parameter, Type:parameter:Target, Type:* or *.
func (q *Query) addInclude(p pair) error {
	name, modifier, modified := strings.Cut(p.name, ":")
	switch {
	case modifier == "iterate" || modifier == "recurse":
		return record.Errorf(record.Invalid, "the modifier :%s is not supported: what was included is not followed further", modifier)
	case modified || strings.Contains(p.name, "."):
		return record.Errorf(record.Invalid, "%s takes no %q", name, brief(p.name[len(nameOnly(p.name)):]))
	case len(q.includes) == MaxIncludes:
		return record.Safef(record.Invalid, "the search has more than %d _include and _revinclude", MaxIncludes)
	}
	inc := include{reverse: name == "_revinclude", sources: map[string][]int{}}
	parts := strings.Split(p.value, ":")
	types, code := []string{parts[0]}, "*"
	switch {
	case p.value == "*":
		types = r4.ResourceTypes()
	case len(parts) < 2 || len(parts) > 3:
		return record.Errorf(record.Invalid, "%q is not Type:parameter, Type:parameter:Target, Type:* or *", brief(p.value))
	case !fhir.KnownType(parts[0]):
		return record.Errorf(record.Invalid, "%q is not a resource type of FHIR R4", brief(parts[0]))
	case !inc.reverse && !q.searches(parts[0]):
		return record.Errorf(record.Invalid, "%s is not what is searched: what was included is not followed further", parts[0])
	default:
		code = parts[1]
	}
	if len(parts) == 3 {
		if inc.target = parts[2]; !fhir.KnownType(inc.target) {
			return record.Errorf(record.Invalid, "%q is not a resource type of FHIR R4", brief(inc.target))
		}
		if inc.reverse && !q.searches(inc.target) {
			return record.Errorf(record.Invalid, "%s is not what is searched", inc.target)
		}
	}
	for _, typ := range types {
		for _, def := range r4.Params(typ) {
			if def.Type == "reference" && def.Expression != "" && (code == "*" || code == def.Code) && inc.reaches(q, def) {
				inc.sources[typ] = append(inc.sources[typ], Place(typ, def.Code))
			}
		}
	}
	if len(inc.sources) == 0 && code != "*" {
		return record.Errorf(record.Invalid, "%q is no reference of %s to what it would be followed to", brief(code), parts[0])
	}
	q.includes = append(q.includes, inc)
	return nil
}

// reaches reports whether a parameter can point to what it is followed to.
func (inc *include) reaches(q *Query, def *r4.Param) bool {
	if len(def.Targets) == 0 {
		return true
	}
	if inc.target != "" {
		return slices.Contains(def.Targets, inc.target)
	}
	return !inc.reverse || slices.ContainsFunc(def.Targets, q.searches)
}

// Includes returns what _include and _revinclude add to a page: each once, none
// of the page, in the order of all. What is included is looked for in all, and
// so is only what may be seen.
func (q *Query) Includes(all []Entry, page []int) []int {
	if len(q.includes) == 0 || len(page) == 0 {
		return nil
	}
	onPage := make(map[int]bool, len(page))
	for _, i := range page {
		onPage[i] = true
	}
	// Sets are by the type that the include names, so that a type that is not
	// named keeps nothing out.
	forward, matched := map[string]*targets{}, map[string]*targets{}
	for _, inc := range q.includes {
		if inc.reverse {
			if matched[inc.target] == nil {
				matched[inc.target] = q.matched(all, page, inc.target)
			}
			continue
		}
		set := forward[inc.target]
		if set == nil {
			set = newTargets(q.base)
			forward[inc.target] = set
		}
		for _, i := range page {
			for _, place := range inc.sources[all[i].Ref.Type] {
				for n := range Lookup(all[i].Index, place).References {
					set.point(&n)
				}
			}
		}
	}
	var included []int
	for i := range all {
		if !onPage[i] && (isTarget(forward, &all[i]) || q.pointsTo(matched, &all[i])) {
			included = append(included, i)
		}
	}
	return included
}

// matched are the matches of a page that are of a type, or of any.
func (q *Query) matched(all []Entry, page []int, typ string) *targets {
	set := newTargets(q.base)
	for _, i := range page {
		if typ == "" || all[i].Ref.Type == typ {
			set.add(&all[i])
		}
	}
	return set
}

func isTarget(forward map[string]*targets, e *Entry) bool {
	for typ, set := range forward {
		if (typ == "" || typ == e.Ref.Type) && set.holds(e) {
			return true
		}
	}
	return false
}

func (q *Query) pointsTo(matched map[string]*targets, e *Entry) bool {
	for _, inc := range q.includes {
		if !inc.reverse {
			continue
		}
		for _, place := range inc.sources[e.Ref.Type] {
			if (pointsInto{matched[inc.target]}).holds(e, Lookup(e.Index, place)) {
				return true
			}
		}
	}
	return false
}
