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
	// ends are the types they are followed to; nil for any. Of a _revinclude these
	// are matches.
	ends []string
}

// reaches reports whether references are followed to the type.
func (inc *include) reaches(typ string) bool {
	return inc.ends == nil || slices.Contains(inc.ends, typ)
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
	types, code, anywhere := []string{parts[0]}, "*", false
	switch {
	case p.value == "*" && !inc.reverse:
		types = q.searched()
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
	var ends []string
	if len(parts) == 3 {
		ends = parts[2:]
		if !fhir.KnownType(ends[0]) {
			return record.Errorf(record.Invalid, "%q is not a resource type of FHIR R4", brief(ends[0]))
		}
	}
	if inc.reverse {
		if ends != nil && !q.searches(ends[0]) {
			return record.Errorf(record.Invalid, "%s is not what is searched", ends[0])
		}
		if ends == nil {
			ends = q.Types
		}
	}
	for _, typ := range types {
		for _, def := range r4.Params(typ) {
			if def.Type == "reference" && def.Expression != "" && (code == "*" || code == def.Code) && meets(def.Targets, ends) {
				inc.sources[typ] = append(inc.sources[typ], Place(typ, def.Code))
				inc.ends = append(inc.ends, def.Targets...)
				anywhere = anywhere || len(def.Targets) == 0
			}
		}
	}
	if len(inc.sources) == 0 && code != "*" {
		return notIncluded(parts[0], code, ends)
	}
	switch {
	case ends != nil || inc.reverse:
		inc.ends = ends
	case anywhere:
		inc.ends = nil
	default:
		slices.Sort(inc.ends)
		inc.ends = slices.Compact(inc.ends)
	}
	q.includes = append(q.includes, inc)
	return nil
}

// notIncluded says why a parameter cannot be followed.
func notIncluded(typ, code string, ends []string) error {
	def, ok := r4.LookupParam(typ, code)
	switch {
	case !ok:
		return unknown(code, typ, nil)
	case def.Type != "reference" || def.Expression == "":
		return record.Errorf(record.Invalid, "%s of %s is a %s and no reference: there is nothing to include", code, typ, def.Type)
	}
	return record.Errorf(record.Invalid, "%s of %s never points to %s: it points to %s", code, typ, strings.Join(ends, ", "), pointsTo(def))
}

// meets reports whether two lists of types have one in common; none stands for
// all.
func meets(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(typ string) bool { return slices.Contains(b, typ) })
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
	sets := q.setsOf(all, page)
	var included []int
	for i := range all {
		if onPage[i] {
			continue
		}
		for k := range q.includes {
			if q.includes[k].adds(&all[i], sets[k]) {
				included = append(included, i)
				break
			}
		}
	}
	return included
}

// setsOf are, for each include, of an _include what the page points to, and of a
// _revinclude the page.
func (q *Query) setsOf(all []Entry, page []int) []*targets {
	sets := make([]*targets, len(q.includes))
	for k := range q.includes {
		inc, set := &q.includes[k], newTargets(q.base)
		for _, i := range page {
			if inc.reverse {
				if inc.reaches(all[i].Ref.Type) {
					set.add(&all[i])
				}
				continue
			}
			for _, place := range inc.sources[all[i].Ref.Type] {
				for n := range Lookup(all[i].Index, place).References {
					set.point(&n)
				}
			}
		}
		sets[k] = set
	}
	return sets
}

func (inc *include) adds(e *Entry, set *targets) bool {
	if !inc.reverse {
		return inc.reaches(e.Ref.Type) && set.holds(e)
	}
	for _, place := range inc.sources[e.Ref.Type] {
		if (pointsInto{set}).holds(e, Lookup(e.Index, place)) {
			return true
		}
	}
	return false
}
