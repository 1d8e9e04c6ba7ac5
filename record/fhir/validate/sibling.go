package validate

import "carehold/record/fhir"

// A primitive's id and extensions stand beside it, in a member with an
// underscore in front (FHIR R4 §2.6.2.3):
//
//	"birthDate": "1970", "_birthDate": {"extension": […]}
//	"given": ["Ada", null], "_given": [null, {"extension": […]}]

// siblingAllowed reports whether a primitive can have extensions: xhtml has none,
// and the id of an element and the url of an extension are attributes in XML.
func siblingAllowed(s *shape, m *member) bool {
	return m.prim != xhtml && !(m.name == "id" && s.special != isResource) && !(m.name == "url" && s.special == isExtension)
}

// sibling validates c, the _name of member m of object n.
func (w *walker) sibling(n, c fhir.Node, m *member) {
	if m.of.Choice {
		w.twice(n, c, m)
	}
	w.push(m.of.Name)
	defer w.pop()
	value := n.Get(m.name)
	switch {
	case m.of.single() && c.Kind() == '[':
		w.bad(codeStructure, "", "has a _%s that is an array: it must be an object, since there is one value at most", m.name)
		return
	case !m.of.single() && c.Kind() != '[':
		w.bad(codeStructure, "", "has a _%s that is no array: it must be one, with null where a value has no extensions", m.name)
		return
	case c.Kind() != '[':
		w.beside(c, value.Valid())
		return
	}
	i, mine := 0, children(value)
	for v := range c.All() {
		if w.full() {
			return
		}
		w.at(i)
		if v.Kind() != 'n' {
			w.beside(v, i < len(mine) && mine[i].Kind() != 'n')
		}
		i++
	}
	if value.Valid() && i != len(mine) {
		w.at(-1)
		w.bad(codeStructure, "", "has %d values and its _%s has %d: they must be as many, with null where there is nothing", len(mine), m.name, i)
	}
}

// beside validates the id and the extensions of a primitive.
func (w *walker) beside(v fhir.Node, hasValue bool) {
	if v.Kind() != '{' {
		w.bad(codeStructure, "", "must have an object ({ }) with its extensions in the member with an underscore, not %s", kindWord(v.Kind()))
		return
	}
	if !hasValue && !v.Get("extension").Valid() {
		w.bad(codeInvariant, "", "has neither a value nor extensions (ele-1); leave it out")
		return
	}
	element := shapes()["Element"]
	from := 0
	for c := range v.All() {
		if m := element.find(c, &from); m != nil {
			w.member(c, m)
		} else {
			w.stranger(v, c, element)
		}
	}
}

func children(n fhir.Node) []fhir.Node {
	var all []fhir.Node
	for c := range n.All() {
		all = append(all, c)
	}
	return all
}
