package search

import (
	"strconv"
	"strings"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// paths reads an expression that is a union of paths into the members to follow
// from a value; ok is false when it is more than that. What it takes of FHIRPath:
//
//	Patient.name.given                       members
//	Bundle.entry[0].resource                 a place in an array
//	(Observation.value as Quantity).unit     a type of a choice, also .as(Quantity), .ofType(Quantity)
//	subject.where(resolve() is Patient)      references to a type
//	telecom.where(system='phone')            a member that equals a text
//	extension('http://…')                    the same, of an extension's url
func paths(from link, expression string) (chains [][]link, ok bool) {
	for alternative := range strings.SplitSeq(expression, " | ") {
		found, ok := path(from, alternative)
		if !ok {
			return nil, false
		}
		chains = append(chains, found...)
	}
	return chains, true
}

// path reads one alternative. It has several chains when it passes a choice, and
// none when it begins at another type of resource.
func path(from link, text string) (chains [][]link, ok bool) {
	steps, ok := pathSteps(text)
	if !ok {
		return nil, false
	}
	if begins, ok := r4.Lookup(steps[0]); ok && begins.Kind == r4.Resource {
		if t, ok := r4.Lookup(from.typ); !ok || !t.Is(steps[0]) {
			return nil, true
		}
		steps = steps[1:]
	}
	chains = [][]link{nil}
	for _, step := range steps {
		if chains, ok = follow(from, chains, step); !ok {
			return nil, false
		}
	}
	return chains, true
}

// pathSteps takes "(a.b as T).c" and "a.b.as(T).c" apart into a, b, as(T), c.
func pathSteps(text string) (steps []string, ok bool) {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "("); ok {
		inner, tail, found := strings.Cut(inner, ")")
		value, typ, isCast := strings.Cut(inner, " as ")
		if !found || !isCast {
			return nil, false
		}
		text = value + ".as(" + typ + ")" + tail
	}
	depth, start := 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '.' && depth == 0:
			steps = append(steps, text[start:i])
			start = i + 1
		case strings.IndexByte(" =<>!|&+", c) >= 0 && depth == 0:
			return nil, false
		}
	}
	return append(steps, text[start:]), depth == 0
}

// follow goes a step further on each chain.
func follow(from link, chains [][]link, step string) (next [][]link, ok bool) {
	name, argument, call := strings.Cut(strings.TrimSuffix(step, ")"), "(")
	f := filter{}
	if !call {
		if before, index, indexed := strings.Cut(strings.TrimSuffix(name, "]"), "["); indexed {
			n, err := strconv.Atoi(index)
			if err != nil {
				return nil, false
			}
			name, f = before, filter{rule: atIndex, index: n}
		}
	} else if name == "extension" {
		f = filter{rule: equals, name: "url", value: strings.Trim(argument, "'")}
	} else if name == "where" {
		if f, ok = readWhere(argument); !ok {
			return nil, false
		}
	} else if name != "as" && name != "ofType" {
		return nil, false
	}
	for _, chain := range chains {
		last := from
		if len(chain) > 0 {
			last = chain[len(chain)-1]
		}
		switch {
		case !call, name == "extension":
			for _, l := range members(last.typ, name) {
				l.filter = f
				next = append(next, append(chain[:len(chain):len(chain)], l))
			}
		case len(chain) == 0:
			return nil, false
		case name == "where":
			if last.filter != (filter{}) {
				return nil, false
			}
			last.filter = f
			next = append(next, append(chain[:len(chain)-1:len(chain)-1], last))
		case is(last.typ, argument):
			next = append(next, chain)
		}
	}
	return next, true
}

// is reports whether a value of type typ is kept by as(name). Some of R4's
// expressions say DateTime for dateTime.
func is(typ, name string) bool {
	if strings.EqualFold(typ, name) {
		return true
	}
	t, ok := r4.Lookup(typ)
	return ok && t.Is(name)
}

// members are the JSON members that the element of a type can be: value of an
// Observation is valueQuantity, valueString …
func members(typ, name string) (found []link) {
	t, ok := r4.Lookup(typ)
	if !ok {
		return nil
	}
	for i := range t.Elements {
		e := &t.Elements[i]
		if e.Name != name {
			continue
		}
		for _, to := range e.Types {
			l := link{name: e.JSONName(to.Code), element: element{typ: to.Code, set: e.Required}}
			if len(to.Targets) == 1 {
				l.targets = to.Targets[0]
			}
			found = append(found, l)
		}
	}
	return found
}

// filter keeps some of an element's values.
type filter struct {
	rule        rule
	index       int
	name, value string
}

type rule uint8

const (
	all      rule = iota
	atIndex       // index
	equals        // its member name is the text value
	resolves      // it points to a resource of type value
)

// readWhere reads what stands in where().
func readWhere(text string) (filter, bool) {
	if typ, ok := strings.CutPrefix(text, "resolve() is "); ok {
		return filter{rule: resolves, value: typ}, true
	}
	name, value, ok := strings.Cut(text, "=")
	value, opened := strings.CutPrefix(value, "'")
	value, closed := strings.CutSuffix(value, "'")
	if !ok || !opened || !closed || strings.ContainsAny(name, " (.") || strings.Contains(value, "'") {
		return filter{}, false
	}
	return filter{rule: equals, name: name, value: value}, true
}

func (f filter) keeps(n fhir.Node, e *element) bool {
	switch f.rule {
	case atIndex:
		return max(n.Index(), 0) == f.index
	case equals:
		return string(text(n.Get(f.name))) == f.value
	case resolves:
		return resolvesTo(n, e.targets) == f.value
	}
	return true
}

const maxContained = 32

// resolvesTo is the type that a reference is to, as far as it can be told without
// looking there: from its text, from what it says itself, from the contained
// resource, or from its element when that allows one type only.
//
// Of many contained resources only the first are looked at: there may be as many
// references as resources.
func resolvesTo(n fhir.Node, only string) string {
	to := fhir.ParseReference(n.Get("reference").Text())
	if to.Ref.Type != "" {
		return to.Ref.Type
	}
	if said := n.Get("type").Text(); said != "" {
		return said
	}
	if to.Form == fhir.Contained && to.ID != "" {
		for each := range n.Resource().Root().Get("contained").All() {
			if each.Index() >= maxContained {
				break
			}
			if each.Get("id").Text() == to.ID {
				return each.Get("resourceType").Text()
			}
		}
	}
	return only
}
