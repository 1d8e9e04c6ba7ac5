package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"carehold/httpapi/client"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/ips"
)

// An entry that is taken for one that is there is lost: a dose that was changed, a day, an
// allergy that became worse. So what is left out is what is there word for word, and leads
// where that leads; in doubt it is added beside it.

// content is what an entry says, whatever it is called: a hash of all its members, but
// for its labels, which are compared one by one.
type content struct {
	hash   [sha256.Size]byte
	labels []string // meta.security and meta.profile
}

// unsaid are the members of meta that are the server's, or the person's own order.
var unsaid = map[string]bool{"versionId": true, "lastUpdated": true, "source": true, "tag": true}

// contentOf is what an entry says. A reference counts as the words of lead for it; false
// is of one that leads to what is not known, and so is what the entry says.
func contentOf(r *fhir.Resource, lead func(fhir.Reference) (string, bool)) (c content, ok bool) {
	ok = true
	r = r.Rewrite(func(ref fhir.Reference) (string, bool) {
		if fhir.ParseReference(ref.Value).Form == fhir.Contained {
			return "", false
		}
		word, known := lead(ref)
		ok = ok && known
		return word, known
	})
	if !ok {
		return c, false
	}
	var said bytes.Buffer
	for _, m := range byName(r.Root()) {
		switch name := m.Name(); name {
		case "id":
		case "meta":
			for _, x := range byName(m) {
				switch n := x.Name(); {
				case unsaid[n]:
				case n == "security" || n == "profile":
					for l := range x.All() {
						c.labels = append(c.labels, n+string(inOneForm(l)))
					}
				default:
					member(&said, x, "meta.")
				}
			}
		case "text":
			// One that was made of the rest is made anew; any other may say what nothing
			// else does (FHIR R4 §2.4.0.1).
			for _, x := range byName(m) {
				if x.Name() != "div" || m.Get("status").Text() != "generated" {
					member(&said, x, "text.")
				}
			}
		default:
			member(&said, m, "")
		}
	}
	c.hash = sha256.Sum256(said.Bytes())
	return c, true
}

// byName are an object's members in the order of their names.
func byName(n fhir.Node) []fhir.Node {
	return slices.SortedFunc(n.All(), func(a, b fhir.Node) int { return strings.Compare(a.Name(), b.Name()) })
}

// member writes a member in one form: without white space, its own members by name, and
// strings without needless escapes. Numbers stay as they are: 1.0 was measured better
// than 1 (FHIR R4 §2.24.0.1).
func member(to *bytes.Buffer, n fhir.Node, before string) {
	quoted, _ := jsontext.AppendQuote(nil, before+n.Name())
	to.Write(quoted)
	to.WriteByte(':')
	to.Write(inOneForm(n))
	to.WriteByte(',')
}

func inOneForm(n fhir.Node) []byte {
	v := jsontext.Value(bytes.Clone([]byte(n.Raw())))
	_ = v.Format(jsontext.ReorderRawObjects(true)) // it was read from JSON
	return v
}

// holding is an entry of the record that has some content.
type holding struct {
	ref    fhir.Ref
	labels []string
}

// matching finds what of a document is in the record.
type matching struct {
	has     func(fhir.Ref) bool
	own     bool                  // the document's ids are the record's
	planned map[fhir.Ref]bool     // what the document's entries are called here
	found   map[fhir.Ref]fhir.Ref // of those what is in the record -> where
	there   map[[sha256.Size]byte][]holding
	taken   map[fhir.Ref]bool // of the record: one entry is not two
}

// keep takes up an entry of the record, also as a summary would have it.
func (m *matching) keep(ref fhir.Ref, r *fhir.Resource) error {
	one, _ := contentOf(r, m.leadHere)
	m.there[one.hash] = append(m.there[one.hash], holding{ref, one.labels})
	more := ips.Completed(r)
	if bytes.Equal(more, r.Bytes()) {
		return nil
	}
	r, err := fhir.Parse(more, fhir.Limits{})
	if err != nil {
		return nil // it is no summary's
	}
	one, _ = contentOf(r, m.leadHere)
	m.there[one.hash] = append(m.there[one.hash], holding{ref, one.labels})
	return nil
}

// Words for where a reference leads. To what is not there, all that is known of it is how
// it is written.
func toEntry(ref fhir.Ref) string { return "entry " + ref.String() }
func asWritten(s string) string   { return "written " + s }

// leadHere is where a reference of the record leads.
func (m *matching) leadHere(ref fhir.Reference) (string, bool) {
	if t := fhir.ParseReference(ref.Value); t.Form == fhir.Relative && t.Version == "" && m.has(t.Ref) {
		return toEntry(t.Ref), true
	}
	return asWritten(ref.Value), true
}

// lead is where a reference of the document would lead in the record. One that nothing in
// the document answers is of the server that it comes from: two servers' Practitioner/1
// are two people.
func (m *matching) lead(ref fhir.Reference) (string, bool) {
	t := fhir.ParseReference(ref.Value)
	switch {
	case m.planned[t.Ref] && t.Form == fhir.Relative:
		if to, ok := m.found[t.Ref]; ok {
			return toEntry(to), true
		}
		return toEntry(t.Ref), m.has(t.Ref)
	case m.own:
		return m.leadHere(ref)
	}
	return asWritten(ref.Value), t.Form == fhir.Absolute || t.Form == fhir.URN
}

// match finds all that is the same. It begins with what leads nowhere, and goes on for as
// long as more is found: of what leads in a circle nothing is.
func (m *matching) match(open []change.Change) {
	names := map[fhir.Ref]bool{} // what the document calls by their names here
	for _, c := range open {
		if m.own {
			names[nameOf(c)] = true
		}
	}
	for _, list := range m.there {
		slices.SortFunc(list, func(a, b holding) int { return cmp.Compare(a.ref.ID, b.ref.ID) })
	}
	for more := true; more; {
		more = false
		open = slices.DeleteFunc(open, func(c change.Change) bool {
			said, ok := contentOf(c.Resource, m.lead)
			if !ok {
				return false
			}
			name, at := nameOf(c), -1
			for i, k := range m.there[said.hash] {
				mine := m.own && k.ref == name
				if m.taken[k.ref] || !mine && names[k.ref] || !subset(said.labels, k.labels) {
					continue
				}
				if at < 0 || mine {
					at = i
				}
			}
			if at < 0 {
				return false
			}
			to := m.there[said.hash][at].ref
			m.found[c.Ref], m.taken[to], more = to, true, true
			return true
		})
	}
}

// nameOf is what an entry is called where it comes from.
func nameOf(c change.Change) fhir.Ref { return fhir.Ref{Type: c.Ref.Type, ID: c.Resource.ID()} }

// subset reports whether an entry says nothing of itself that the other does not: one
// that is restricted is not kept as one that is not.
func subset(one, other []string) bool {
	return !slices.ContainsFunc(one, func(l string) bool { return !slices.Contains(other, l) })
}

// same finds the entries of the record that are the same as those that would be new.
func (im *importer) same(ctx context.Context, changes []change.Change, own bool) (map[fhir.Ref]fhir.Ref, error) {
	m := &matching{has: func(ref fhir.Ref) bool { return im.has(ref) || ref == im.ownRef() }, own: own, planned: map[fhir.Ref]bool{},
		found: map[fhir.Ref]fhir.Ref{}, there: map[[sha256.Size]byte][]holding{}, taken: map[fhir.Ref]bool{}}
	m.planned[im.ownRef()] = true // every source's Patient is called so
	var open []change.Change
	types := map[string]bool{}
	for _, c := range changes {
		m.planned[c.Ref] = true
		switch {
		case im.has(c.Ref):
			m.taken[c.Ref] = true // it is this one's
		case c.Ref.Type != "Patient" && c.Ref.Type != "Composition":
			open, types[c.Ref.Type] = append(open, c), true
		}
	}
	for typ := range types {
		if !im.hasType(typ) {
			continue
		}
		err := im.session.Search(ctx, typ, func(f client.Found) error {
			r, err := fhir.Parse(f.Resource, fhir.Limits{})
			if err != nil {
				return err
			}
			return m.keep(f.Ref, r)
		})
		if err != nil {
			return nil, err
		}
	}
	m.match(open)
	return m.found, nil
}

func (im *importer) hasType(typ string) bool {
	for ref, e := range im.there {
		if ref.Type == typ && !e.Deleted {
			return true
		}
	}
	return false
}
