package healthcard

import (
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"github.com/go-json-experiment/json/jsontext"
)

const maxEntries = 1000

// Bundle is the card's content as a bundle that can be imported: what was resource:0
// is a urn:uuid everywhere, and nothing else is changed.
func (c *Card) Bundle() (*fhir.Resource, error) { return c.outside(false) }

// Unverified is the Bundle of a card that could not be verified: each entry carries the
// label of that, under the name that it has without.
func (c *Card) Unverified() (*fhir.Resource, error) { return c.outside(true) }

func (c *Card) outside(marked bool) (*fhir.Resource, error) {
	if v := c.FHIRVersion; v != "4.0.1" && v != "4.0.0" {
		return nil, record.Errorf(record.Unsupported, "the card's content is of FHIR %q, and only 4.0 can be imported: ask %s for a card in FHIR 4.0.1", v, c.Issuer)
	}
	typ := c.bundle.Root().Get("type").Text()
	// SHC has a collection; HL7's own example of a summary is a document. Others ask
	// for something to be done.
	if typ != "collection" && typ != "document" {
		return nil, bad("its bundle is no collection")
	}
	names := map[string]string{} // fullUrl in the card → outside
	var entries []entry
	for node := range c.bundle.Root().Get("entry").All() {
		if len(entries) == maxEntries {
			return nil, record.Safef(record.TooLarge, "the card has more than %d entries: ask the issuer for a smaller one", maxEntries)
		}
		e := entry{url: node.Get("fullUrl").Text()}
		r, err := fhir.Parse(node.Get("resource").Raw(), fhir.Limits{Bytes: maxPayload})
		if err != nil {
			return nil, bad("one of its entries is not a FHIR resource")
		}
		e.resource = r
		if _, twice := names[e.url]; twice && e.url != "" {
			return nil, bad("two of its entries have one name")
		}
		names[e.url] = e.url
		entries = append(entries, e)
	}
	delete(names, "") // nobody can point to it, and it is named all the same
	c.name(entries, names)
	out := append([]byte(`{"resourceType":"Bundle","type":"`+typ+`"`), c.about()...)
	out = append(out, `,"entry":[`...)
	for i, e := range entries {
		r, ok := rewrite(e.resource, names)
		if !ok {
			return nil, bad("one of its entries points to one that is not in it")
		}
		if i > 0 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(append(out, `{"fullUrl":`...), e.url) // it was read from JSON
		body := r.Bytes()
		if marked {
			body = mark(r)
		}
		out = append(append(append(out, `,"resource":`...), body...), '}')
	}
	if len(entries) == 0 {
		return nil, bad("it has no entries")
	}
	return fhir.Parse(append(out, "]}"...), fhir.Limits{})
}

type entry struct {
	url      string
	resource *fhir.Resource
}

// about is what a document's bundle must say besides (R4 §2.36.3: bdl-9, bdl-10).
func (c *Card) about() (out []byte) {
	for _, name := range []string{"identifier", "timestamp"} {
		if n := c.bundle.Root().Get(name); n.Valid() {
			out = append(append(out, `,"`+name+`":`...), n.Raw()...)
		}
	}
	return out
}

// rewrite points a resource to the new names; false when it points to a name that no
// entry has.
func rewrite(r *fhir.Resource, names map[string]string) (*fhir.Resource, bool) {
	ok := true
	return r.Rewrite(func(ref fhir.Reference) (string, bool) {
		if !local(ref.Value) {
			return "", false
		}
		to := names[ref.Value]
		ok = ok && to != ""
		return to, true
	}), ok
}

// local reports whether a name means something inside the card only.
func local(name string) bool { return strings.HasPrefix(name, "resource:") }
