package fhir

import (
	"bytes"
	"html"
	"strings"
)

// Where says what kind of element a Reference was found in.
type Where uint8

const (
	InReference Where = iota // Reference.reference
	InURI                    // a uri, url, oid or uuid that is a urn:uuid: or urn:oid: (Identifier.system often is one), and every Attachment.url
	InNarrative              // a link or an image of the narrative to a urn:uuid: or urn:oid:
)

// Reference is a place in a resource that points somewhere.
type Reference struct {
	Path  string // Observation.subject.reference
	Value string
	In    Where

	start, end int // the string with its quotes; of a narrative, the value alone
}

// References returns what the resource points to, in the order of its text;
// contained resources are looked into. Elements of type canonical are not
// references to an entry (FHIR R4 §3.1.0.11.2). The entries of a Bundle that is
// itself a resource are left alone: what they point to is inside that Bundle
// (§2.36.4.1), and it may be signed.
func (r *Resource) References() []Reference {
	var found []Reference
	sealed := int32(-1) // Bundle.entry
	if r.typ == "Bundle" {
		sealed = r.member(0, "entry")
	}
	for n := int32(0); n < int32(len(r.nodes)); n++ {
		if n == sealed {
			n = r.nodes[n].next - 1
			continue
		}
		if r.nodes[n].kind != '"' {
			continue
		}
		if r.narrative(n) {
			found = append(found, r.links(n)...)
		} else if in, ok := r.pointer(n); ok {
			found = append(found, r.reference(n, in))
		}
	}
	return found
}

func (r *Resource) reference(n int32, in Where) Reference {
	d := &r.nodes[n]
	return Reference{Path: r.path(r.typ, n), Value: r.text(n), In: in, start: int(d.start), end: int(d.end)}
}

// pointer reports whether string n is a reference, a urn or an attachment's URL.
func (r *Resource) pointer(n int32) (Where, bool) {
	owner := r.owner(n)
	if owner == 0 {
		return 0, false
	}
	name := r.name(owner)
	if string(name) == "reference" && r.like(r.nodes[n].up, isReferenceMember) {
		return InReference, true
	}
	if !uriNames[string(name)] {
		return 0, false
	}
	d := &r.nodes[n]
	value := unquote(r.raw[d.start:d.end], d.escaped&valueEscaped != 0)
	if bytes.HasPrefix(value, []byte("urn:uuid:")) || bytes.HasPrefix(value, []byte("urn:oid:")) {
		return InURI, true
	}
	if string(name) == "url" {
		if holder := r.owner(d.up); holder > 0 && attachmentNames[string(r.name(holder))] {
			return InURI, true
		}
	}
	return 0, false
}

// like reports whether every member of object n is one that is says belongs
// there. The types of FHIR that matter here can be told apart by their members.
func (r *Resource) like(n int32, is func(name []byte) bool) bool {
	if r.nodes[n].kind != '{' {
		return false
	}
	for c := n + 1; c < r.nodes[n].next; c = r.nodes[c].next {
		if !is(r.name(c)) {
			return false
		}
	}
	return true
}

// bare is the name of the element that _name extends.
func bare(name []byte) []byte { return bytes.TrimPrefix(name, []byte("_")) }

func isReferenceMember(name []byte) bool {
	switch string(bare(name)) {
	case "id", "extension", "reference", "type", "identifier", "display":
		return true
	}
	return false
}

// Rewrite returns the resource with the references for which f says true set to
// what it says, and no other byte touched. Nothing to change gives r itself.
func (r *Resource) Rewrite(f func(Reference) (string, bool)) *Resource {
	var set []splice
	for _, ref := range r.References() {
		value, ok := f(ref)
		if !ok || value == "" || value == ref.Value {
			continue
		}
		text := quote(value)
		if ref.In == InNarrative { // inside an attribute, inside a JSON string
			text = quote(html.EscapeString(value))
			text = text[1 : len(text)-1]
		}
		set = append(set, splice{ref.start, ref.end, text})
	}
	if len(set) == 0 {
		return r
	}
	out := *r
	out.tape = r.spliced(set)
	return &out
}

// Subjects returns the references that say whom the entry is about: subject,
// patient, for, beneficiary … as the type's table has it (tables.go). Who took
// part (performer, author, recorder) is not in it.
func (r *Resource) Subjects() []Reference {
	var found []Reference
	var walk func(n int32, path []string)
	walk = func(n int32, path []string) {
		if r.nodes[n].kind == '[' {
			r.children(n, func(c int32) bool { walk(c, path); return true })
			return
		}
		if len(path) == 0 {
			if c := r.member(n, "reference"); c >= 0 && r.nodes[c].kind == '"' {
				found = append(found, r.reference(c, InReference))
			}
			return
		}
		if c := r.member(n, path[0]); c >= 0 {
			walk(c, path[1:])
		}
	}
	for _, element := range subjectElements[r.typ] {
		walk(0, strings.Split(element, "."))
	}
	return found
}
