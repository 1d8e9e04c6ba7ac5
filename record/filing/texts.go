package filing

import (
	"bytes"
	"strings"

	"carehold/record/fhir"
)

// reading is what counts of one resource, in the order of its text.
type reading struct {
	codes  []mention // codes
	named  []mention // what they are called, and the texts of concepts
	texts  []mention // other names: see other
	labels []fhir.Coding
}

// mention is one place, and what it says. Most are forgotten again, so that what a
// reason would show of it is only read when there is one.
type mention struct {
	said
	at    fhir.Node
	below string // the element of the resource that it is in, where a refinement asks for it
	bare  bool   // a text that belongs to no code
}

// coding is the mention as a reason shows it.
func (m *mention) coding() fhir.Coding {
	if m.bare {
		return fhir.Coding{Display: m.at.Text(), Path: string(m.at.AppendPath(nil))}
	}
	c, _ := m.at.Coding()
	return c
}

// read goes through a resource once.
func (rd *reader) read(r *fhir.Resource) {
	rd.codes, rd.named, rd.texts, rd.labels = rd.codes[:0], rd.named[:0], rd.texts[:0], nil
	var last fhir.Node // the Coding that counted last: its display has been read
	var others []fhir.Coding
	for n := range r.Nodes() {
		switch n.Kind() {
		case '{':
			if n.IsCoding() && rd.coding(n) {
				last = n
			}
		case '"':
			switch string(n.Element()) {
			case "text":
				if n.IsCoding() {
					rd.concept(n)
				}
			case "display":
				if !n.Parent().Same(last) {
					rd.other(n)
				}
			case "title", "questionnaire", "instantiatesCanonical":
				rd.other(n)
			case "description", "name", "topic":
				// Only of the resource itself and of resources in it: elsewhere these
				// are people's names, or sentences.
				if rd.ofResource(n) {
					rd.other(n)
				}
			case "confidentiality":
				others = append(others, fhir.Coding{Code: n.Text(), Path: string(n.AppendPath(nil))})
			}
		}
	}
	rd.labels = append(rd.labels, others...)
}

// coding reads a Coding, and reports whether it counts: one may be a label, also one
// that does not stand in meta.security: those of contained resources and bundled ones,
// DocumentReference.securityLabel and the like.
func (rd *reader) coding(n fhir.Node) bool {
	path := rd.pathOf(n)
	if bytes.Contains(path, []byte("security")) {
		if c, _ := n.Coding(); isLabel(c.Path) {
			rd.labels = append(rd.labels, c)
			return false
		}
	}
	m := mention{at: n, below: below(path)}
	code, display := n.Get("code"), n.Get("display")
	if code.Kind() == '"' {
		m.said = rd.code(n.Get("system"), code)
		rd.codes = append(rd.codes, m)
	}
	if display.Kind() == '"' {
		m.said = rd.text(display)
		rd.named = append(rd.named, m)
	}
	return true
}

func (rd *reader) concept(n fhir.Node) {
	path := rd.pathOf(n)
	if !bytes.Contains(path, []byte("security")) || !isLabel(n.Path()) {
		rd.named = append(rd.named, mention{said: rd.text(n), at: n, below: below(path)})
	}
}

// other reads what a person would read as the name of something in a resource,
// besides the texts of its codes: the displays of references, the titles of documents
// and attachments, the name of a service or organisation, the address of a
// questionnaire. Free text (notes, narratives, instructions) is not read:
// docs/filing.md says so.
func (rd *reader) other(n fhir.Node) {
	path := rd.pathOf(n)
	if bytes.Contains(path, []byte("security")) && isLabel(string(ownerOf(path))) {
		return
	}
	rd.texts = append(rd.texts, mention{said: rd.text(n), at: n, below: below(path), bare: true})
}

func (rd *reader) pathOf(n fhir.Node) []byte {
	rd.path = n.AppendPath(rd.path[:0])
	return rd.path
}

// ofResource reports whether a node is Type.member, or a member of a contained or
// bundled resource.
func (rd *reader) ofResource(n fhir.Node) bool {
	owner := ownerOf(rd.pathOf(n))
	last := owner[bytes.LastIndexByte(owner, '.')+1:]
	return bytes.IndexByte(owner, '.') < 0 || bytes.HasPrefix(last, []byte("contained[")) || string(last) == "resource"
}

// ownerOf is the path of what a member belongs to.
func ownerOf(path []byte) []byte { return path[:max(0, bytes.LastIndexByte(path, '.'))] }

// isLabel: Any.meta.security[0], DocumentReference.securityLabel[0],
// Consent.provision.securityLabel[0].
func isLabel(path string) bool {
	last := path[strings.LastIndexByte(path, '.')+1:]
	last, _, _ = strings.Cut(last, "[")
	return last == "security" || strings.Contains(path, ".securityLabel")
}
