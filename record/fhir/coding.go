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
	for i := range r.nodes {
		n := int32(i)
		switch r.nodes[n].kind {
		case '{':
			if r.like(n, isCodingMember) && (r.str(n, "code") != "" || r.str(n, "display") != "") {
				found = append(found, r.coding(n))
			}
		case '"':
			if r.nodes[n].index < 0 && r.isName(n, "text") && r.concept(r.nodes[n].up) {
				found = append(found, Coding{Display: r.text(n), Path: r.path(r.typ, n)})
			}
		}
	}
	return found
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
