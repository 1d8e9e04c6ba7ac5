package validate

import (
	"carehold/record/fhir"
)

// scope is a resource with what it contains, and what its parts say of one
// another: the references that begin with #.
type scope struct {
	root      fhir.Node
	contained map[string]*contained // by id; nil when there is none
	bundle    *scope                // the Bundle it is an entry of
	entries   map[string]string     // of a Bundle: the type of what a fullUrl names; made when it is asked for
	inside    *contained            // the contained resource that the walk is in
}

// contained is a resource inside another (FHIR R4 §2.3.0.4).
type contained struct {
	typ  string
	seen bool // the walk has been there
	used bool // some # reference names it, or it names its container
}

// container validates a resource that is no contained one.
func (w *walker) container(n fhir.Node, s *shape) {
	outer := w.scope
	w.scope = &scope{root: n, bundle: outer}
	defer func() { w.scope = outer }()
	list := n.Get("contained")
	if list.Valid() && s.domain {
		w.scope.contained = map[string]*contained{}
		for c := range list.All() {
			if id := c.Get("id").Text(); id != "" && w.scope.contained[id] == nil {
				w.scope.contained[id] = &contained{typ: c.Get("resourceType").Text()}
			}
		}
	}
	w.object(n, s)
	if w.scope.contained != nil && !w.full() {
		w.unreferenced(list)
	}
}

// unreferenced is dom-3: what is contained is referred to from elsewhere in the
// resource, or refers to its container.
func (w *walker) unreferenced(list fhir.Node) {
	w.push("contained")
	defer w.pop()
	i := 0
	for c := range list.All() {
		w.at(i)
		i++
		if c.Kind() != '{' || !fhir.KnownType(c.Get("resourceType").Text()) {
			continue // said already
		}
		id := c.Get("id").Text()
		if id == "" {
			w.wrong(codeInvariant, "", "has no id: what is contained has one, and is referred to as #id (dom-3)")
		} else if !w.scope.contained[id].used {
			w.wrong(codeInvariant, "", "is not referred to: nothing in the resource says #%s, and it does not refer to its container with # (dom-3)", shorten(id))
		}
	}
}

// mention notes what begins with #: a reference, or a uri, url or canonical.
func (s *scope) mention(text []byte) {
	if len(text) == 0 || text[0] != '#' {
		return
	}
	if len(text) == 1 && s.inside != nil {
		s.inside.used = true
	}
	if c := s.contained[string(text[1:])]; c != nil {
		c.used = true
	}
}

// nested validates a resource inside another: contained, an entry of a Bundle, a
// parameter.
func (w *walker) nested(n fhir.Node, m *member) {
	typ := n.Get("resourceType")
	if typ.Kind() != '"' || !fhir.KnownType(typ.Text()) {
		if !typ.Valid() {
			w.bad(codeStructure, "", "is a resource and has no resourceType")
		} else {
			w.bad(codeStructure, "resourceType", "is %q, which is not a resource type of FHIR R4", shorten(typ.Text()))
		}
		return
	}
	s := shapes()[typ.Text()]
	if m.name != "contained" {
		w.container(n, s)
		return
	}
	if n.Get("contained").Valid() {
		w.wrong(codeInvariant, "contained", "is not allowed: what is contained contains nothing itself (dom-2); put it beside this one")
	}
	if meta := n.Get("meta"); meta.Kind() == '{' {
		for _, c := range []struct{ name, rule string }{{"versionId", "dom-4"}, {"lastUpdated", "dom-4"}, {"security", "dom-5"}} {
			if meta.Get(c.name).Valid() {
				w.wrong(codeInvariant, "meta."+c.name, "is not allowed: what is contained has no version and no security label of its own (%s)", c.rule)
			}
		}
	}
	outer := w.scope.inside
	if w.scope.inside = w.scope.contained[n.Get("id").Text()]; w.scope.inside != nil {
		if w.scope.inside.seen {
			w.wrong(codeInvariant, "id", "is the id of another that is contained: each has its own (FHIR R4 §2.3.0.4)")
		}
		w.scope.inside.seen = true
	}
	w.object(n, s)
	w.scope.inside = outer
}
