package fhir

// Coding is a code of a resource. The text of a CodeableConcept comes as one
// too, with only Display and Path.
type Coding struct {
	System, Code, Display string
	Path                  string
}

// Codings returns every Coding, and every CodeableConcept's text, in the order
// of the resource's text; contained resources are looked into. A Coding is told
// by its members, so that extensions no table knows are read too.
func (r *Resource) Codings() []Coding {
	var found []Coding
	for n := range r.Nodes() {
		if c, ok := n.Coding(); ok {
			found = append(found, c)
		}
	}
	return found
}

// IsCoding reports whether the value is one that Codings returns: a Coding, or a
// CodeableConcept's text.
func (n Node) IsCoding() bool {
	if n.r == nil {
		return false
	}
	d := &n.r.nodes[n.n]
	switch d.kind {
	case '{':
		return n.r.like(n.n, isCodingMember) && (n.r.str(n.n, "code") != "" || n.r.str(n.n, "display") != "")
	case '"':
		return d.index < 0 && n.r.isName(n.n, "text") && n.r.concept(d.up)
	}
	return false
}

// Coding is the value as Codings returns it, if it does.
func (n Node) Coding() (c Coding, ok bool) {
	switch {
	case !n.IsCoding():
		return c, false
	case n.Kind() == '{':
		return n.r.coding(n.n), true
	}
	return Coding{Display: n.Text(), Path: n.Path()}, true
}

// Security returns meta.security.
func (r *Resource) Security() []Coding {
	var found []Coding
	if list := r.member(r.meta, "security"); list >= 0 && r.nodes[list].kind == '[' {
		r.children(list, func(c int32) bool {
			if r.nodes[c].kind == '{' {
				found = append(found, r.coding(c))
			}
			return true
		})
	}
	return found
}

func (r *Resource) coding(n int32) Coding {
	return Coding{System: r.str(n, "system"), Code: r.str(n, "code"), Display: r.str(n, "display"), Path: r.path(r.typ, n)}
}

// concept reports whether object n is a CodeableConcept.
func (r *Resource) concept(n int32) bool {
	owner := r.owner(n)
	return owner > 0 && conceptNames[string(r.name(owner))] && r.like(n, isConceptMember)
}

func isCodingMember(name []byte) bool {
	switch string(bare(name)) {
	case "id", "extension", "system", "version", "code", "display", "userSelected":
		return true
	}
	return false
}

func isConceptMember(name []byte) bool {
	switch string(bare(name)) {
	case "id", "extension", "coding", "text":
		return true
	}
	return false
}
