package search

import (
	"slices"
	"strconv"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// A control says something about the answer and not about what matches (FHIR R4
// §3.1.1.5), or is refused by name.
type control struct {
	set  func(q *Query, p pair) error // nil: known, and read elsewhere
	once bool
}

var controls map[string]control

func init() {
	controls = map[string]control{
		"_sort":       {(*Query).setSort, true},
		"_count":      {(*Query).setCount, true},
		"_total":      {one(func(q *Query) *string { return &q.Total }, "none", "estimate", "accurate"), true},
		"_summary":    {one(func(q *Query) *string { return &q.Summary }, "true", "text", "data", "count", "false"), true},
		"_elements":   {(*Query).setElements, true},
		"_type":       {(*Query).setTypes, true},
		"_include":    {(*Query).addInclude, false},
		"_revinclude": {(*Query).addInclude, false},
		"_contained":  {(*Query).setContained, true},
		// Of how the answer is written, which is not the search's to know.
		"_format": {nil, false},
		"_pretty": {nil, false},

		// What is left out on purpose is refused also when lenient: an answer that is
		// too wide is worse than none.
		"_containedType": refused("contained resources are found with the resource they are in only"),
		"_text":          refused("the narrative is not searched"),
		"_content":       refused("the text of whole resources is not searched"),
		"_filter":        refused("filter expressions are not evaluated: write the conditions as parameters"),
		"_list":          refused("searching by list is not supported: read the List, and search for its entries with _id"),
		"_query":         refused("there are no named queries here"),
		"_score":         refused("matches have no score"),
	}
}

func refused(why string) control {
	return control{func(*Query, pair) error { return record.Safef(record.Invalid, "%s", why) }, false}
}

// one is a control with one of a few words.
func one(field func(*Query) *string, words ...string) func(*Query, pair) error {
	return func(q *Query, p pair) error {
		if err := plain(p); err != nil {
			return err
		}
		if !slices.Contains(words, p.value) {
			return record.Errorf(record.Invalid, "%q is none of %s", brief(p.value), strings.Join(words, ", "))
		}
		*field(q) = p.value
		return nil
	}
}

// plain refuses a modifier or chain where there can be none.
func plain(p pair) error {
	if name := nameOnly(p.name); name != p.name {
		return record.Errorf(record.Invalid, "%s takes no %q", name, brief(p.name[len(name):]))
	}
	return nil
}

func (q *Query) setCount(p pair) error {
	if err := plain(p); err != nil {
		return err
	}
	if strings.Trim(p.value, "0123456789") != "" {
		return record.Errorf(record.Invalid, "%q is not a number of matches: 0, 1, 2 …", brief(p.value))
	}
	n, err := strconv.Atoi(p.value)
	if err != nil || n > MaxCount {
		n = MaxCount
	}
	q.Count = n
	return nil
}

func (q *Query) setElements(p pair) error {
	if err := plain(p); err != nil {
		return err
	}
	for _, name := range strings.Split(p.value, ",") {
		if name == "" {
			continue
		}
		if len(q.Elements) == MaxElements {
			return record.Safef(record.Invalid, "more than %d elements", MaxElements)
		}
		if strings.IndexFunc(name, func(c rune) bool {
			return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9')
		}) >= 0 {
			return record.Errorf(record.Invalid, "%q is not an element at the root of a resource", brief(name))
		}
		if !q.hasElement(name) {
			if q.strict {
				return record.Errorf(record.Invalid, "%q is not an element of what is searched", brief(name))
			}
			if left := "_elements=" + brief(name); !slices.Contains(q.Ignored, left) {
				q.Ignored = append(q.Ignored, left)
			}
			continue
		}
		if !slices.Contains(q.Elements, name) {
			q.Elements = append(q.Elements, name)
		}
	}
	return nil
}

func (q *Query) hasElement(name string) bool {
	for _, typ := range q.searched() {
		t, ok := r4.Lookup(typ)
		if !ok {
			continue
		}
		if _, _, ok := t.Member(name); ok {
			return true
		}
		if slices.ContainsFunc(t.Elements, func(e r4.Element) bool { return e.Name == name }) {
			return true
		}
	}
	return false
}

// setTypes reads _type, which a search of all types may hold (§3.1.1.4.24).
func (q *Query) setTypes(p pair) error {
	if err := plain(p); err != nil {
		return err
	}
	if p.value == "" {
		return nil
	}
	if q.Type != "" {
		return record.Errorf(record.Invalid, "what is searched is %s already: _type is for a search of all types", q.Type)
	}
	if q.Types != nil {
		return record.Safef(record.Invalid, "it can be given once only")
	}
	for _, typ := range strings.Split(p.value, ",") {
		if !fhir.KnownType(typ) {
			return record.Errorf(record.Invalid, "%q is not a resource type of FHIR R4", brief(typ))
		}
		if !slices.Contains(q.Types, typ) {
			q.Types = append(q.Types, typ)
		}
	}
	return nil
}

// setContained takes the default of _contained, and nothing else (§3.1.1.5.5).
func (q *Query) setContained(p pair) error {
	if p.name == "_contained" && p.value == "false" {
		return nil
	}
	return record.Safef(record.Invalid, "contained resources are found with the resource they are in only: leave it out, or say false")
}

// checkTogether refuses what cannot be said in one search.
func (q *Query) checkTogether() error {
	if q.Summary == "text" && len(q.includes) > 0 {
		return record.Safef(record.Invalid, "_include and _revinclude cannot be mixed with _summary=text (FHIR R4 §3.1.1.5.8)").At("_summary")
	}
	return nil
}
