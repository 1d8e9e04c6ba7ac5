package change

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// Plan orders a transaction or a batch. newID makes the id of a resource that is
// created; find may be nil, and then nothing conditional can be asked.
func Plan(b *Bundle, newID func(typ string) string, find Finder) ([]Change, error) {
	p := planner{newID: newID, find: find}
	switch b.Type {
	case "batch":
		return p.batch(b), nil
	case "transaction":
		return p.transaction(b)
	}
	return nil, record.Safef(record.Invalid, "only a Bundle of type batch or transaction can be sent here").At("Bundle.type")
}

type planner struct {
	newID func(string) string
	find  Finder
}

func (p *planner) batch(b *Bundle) []Change {
	changes := make([]Change, len(b.Entries))
	for i := range b.Entries {
		c, err := p.change(&b.Entries[i])
		if err == nil && c.Resource != nil {
			err = independent(c)
		}
		c.Err = err
		changes[i] = c
	}
	return changes
}

// independent refuses what only a transaction can resolve: references between
// entries (FHIR R4 §3.1.0.11.1) and references with a query.
func independent(c Change) error {
	for _, r := range c.Resource.References() {
		if r.In != fhir.InReference {
			continue
		}
		switch fhir.ParseReference(r.Value).Form {
		case fhir.URN:
			return at(c.Index, r, record.Unprocessed, "entries of a batch cannot point to one another; send a transaction")
		case fhir.Conditional:
			return at(c.Index, r, record.Unprocessed, "a reference with a query can only be sent in a transaction")
		}
	}
	return nil
}

func (p *planner) transaction(b *Bundle) ([]Change, error) {
	changes := make([]Change, 0, len(b.Entries))
	index := newIndex()
	written := map[fhir.Ref]bool{}
	for i := range b.Entries {
		c, err := p.change(&b.Entries[i])
		if err != nil {
			return nil, err
		}
		switch c.Verb {
		case Create, Update, Delete:
			if written[c.Ref] {
				return nil, record.Safef(record.Invalid, "a transaction can change a resource only once").At(entryPath(i))
			}
			written[c.Ref] = true
		}
		if c.Verb == Create || c.Verb == Update || c.Verb == Exists {
			if !index.add(c.FullURL, c.Ref, c.Verb == Create) {
				return nil, record.Safef(record.Invalid, "two entries have the same fullUrl").At(entryPath(i) + ".fullUrl")
			}
		}
		changes = append(changes, c)
	}
	resolve := resolver{index: index, find: p.find, created: changes, found: map[string]string{}}
	for i := range changes {
		if changes[i].Resource == nil {
			continue
		}
		if err := resolve.rewrite(&changes[i]); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int { return a.Verb.order() - b.Verb.order() })
	return changes, nil
}

// order is when a transaction does it (FHIR R4 §3.1.0.11.2).
func (v Verb) order() int {
	switch v {
	case Delete, Absent:
		return 0
	case Create, Exists:
		return 1
	case Update:
		return 2
	}
	return 3
}

// change reads one entry of a transaction or batch.
func (p *planner) change(e *Entry) (Change, error) {
	c := Change{Index: e.Index, FullURL: e.FullURL}
	path := entryPath(e.Index)
	if e.Err != nil {
		return c, e.Err
	}
	if e.Request == nil {
		return c, record.Safef(record.Invalid, "each entry of a transaction or batch has a request").At(path)
	}
	q := e.Request
	c.URL, c.IfMatch, c.IfNoneMatch, c.IfNoneExist = q.URL, q.IfMatch, q.IfNoneMatch, q.IfNoneExist
	path += ".request"
	if q.URL == "" {
		return c, record.Safef(record.Invalid, "a request must have a url").At(path)
	}
	switch q.Method {
	case "POST":
		return p.post(c, e)
	case "PUT":
		return p.put(c, e)
	case "DELETE":
		return p.delete(c, e)
	case "GET", "HEAD":
		return get(c, q.Method), nil
	case "PATCH":
		return c, record.Safef(record.Unsupported, "PATCH inside a Bundle is not supported").At(path + ".method")
	}
	return c, record.Safef(record.Invalid, "a request's method is GET, HEAD, POST, PUT, DELETE or PATCH").At(path + ".method")
}

func (p *planner) post(c Change, e *Entry) (Change, error) {
	if strings.ContainsAny(c.URL, "/?$") {
		return c, record.Safef(record.Unsupported, "inside a Bundle a POST creates: its url is a resource type").At(entryPath(c.Index) + ".request.url")
	}
	if err := body(e, c.URL); err != nil {
		return c, err
	}
	c.Verb, c.Resource, c.Ref = Create, e.Resource, fhir.Ref{Type: c.URL}
	if c.IfNoneExist != "" {
		found, err := p.one(c.Index, c.URL, c.IfNoneExist)
		if err != nil {
			return c, err
		}
		if found.ID != "" {
			c.Verb, c.Resource, c.Ref = Exists, nil, found
			return c, nil
		}
	}
	c.Ref.ID = p.newID(c.URL)
	return c, nil
}

func (p *planner) put(c Change, e *Entry) (Change, error) {
	typ, query, conditional := strings.Cut(c.URL, "?")
	if conditional {
		if err := body(e, typ); err != nil {
			return c, err
		}
		found, err := p.one(c.Index, typ, query)
		if err != nil {
			return c, err
		}
		// The four cases of FHIR R4 §3.1.0.4.3.
		switch id := e.Resource.ID(); {
		case found.ID == "" && id == "":
			c.Verb, c.Ref = Create, fhir.Ref{Type: typ, ID: p.newID(typ)}
		case found.ID == "":
			c.Verb, c.Ref = Update, fhir.Ref{Type: typ, ID: id}
		case id != "" && id != found.ID:
			return c, record.Safef(record.Invalid, "the resource found has another id than the one sent").At(entryPath(c.Index) + ".resource.id")
		default:
			c.Verb, c.Ref = Update, found
		}
		c.Resource = e.Resource
		return c, nil
	}
	ref, err := c.target()
	if err != nil {
		return c, err
	}
	if err := body(e, ref.Type); err != nil {
		return c, err
	}
	if e.Resource.ID() != ref.ID { // FHIR R4 §3.1.0.4: a missing id is as wrong as another one
		return c, record.Safef(record.Invalid, "the resource's id must be the id in the url").At(entryPath(c.Index) + ".resource.id")
	}
	c.Verb, c.Ref, c.Resource = Update, ref, e.Resource
	return c, nil
}

func (p *planner) delete(c Change, e *Entry) (Change, error) {
	if e.Resource != nil {
		return c, record.Safef(record.Invalid, "a DELETE has no resource").At(entryPath(c.Index) + ".resource")
	}
	typ, query, conditional := strings.Cut(c.URL, "?")
	if !conditional {
		ref, err := c.target()
		c.Verb, c.Ref = Delete, ref
		return c, err
	}
	found, err := p.one(c.Index, typ, query)
	if c.Verb, c.Ref = Delete, found; err == nil && found.ID == "" {
		c.Verb = Absent
	}
	return c, err
}

func get(c Change, method string) Change {
	c.Verb = Search
	if t := fhir.ParseReference(c.URL); t.Form == fhir.Relative {
		if c.Ref = t.Ref; t.Version == "" {
			c.Verb = Read
		}
	}
	if method == "HEAD" {
		c.Verb = Head
	}
	return c
}

// target is the Type/id of the request's URL, which is relative to the base.
func (c *Change) target() (fhir.Ref, error) {
	ref, err := fhir.ParseRef(c.URL)
	if err != nil {
		return ref, record.Safef(record.Invalid, "the url must be a resource type, a slash and an id, or a type and a query").At(entryPath(c.Index) + ".request.url")
	}
	return ref, nil
}

// body checks that the entry has a resource of the type, and one that is stored.
func body(e *Entry, typ string) error {
	switch path := entryPath(e.Index); {
	case !fhir.KnownType(typ):
		return record.Safef(record.Invalid, "the url does not begin with a resource type").At(path + ".request.url")
	case e.Resource == nil:
		return record.Safef(record.Invalid, "a POST or PUT has a resource").At(path)
	case e.Resource.Type() != typ:
		return record.Safef(record.Invalid, "the resource is not of the type in the url").At(path + ".resource.resourceType")
	}
	if reason, ok := Storable(typ); !ok {
		return record.Safef(record.NotAllowed, "%s", reason).At(entryPath(e.Index) + ".resource")
	}
	return nil
}

// one is the only resource of the type the query finds; the zero Ref for none.
func (p *planner) one(i int, typ, query string) (fhir.Ref, error) {
	path := entryPath(i) + ".request"
	switch {
	case p.find == nil:
		return fhir.Ref{}, record.Safef(record.Unsupported, "conditional requests are not possible here").At(path)
	case !fhir.KnownType(typ):
		return fhir.Ref{}, record.Safef(record.Invalid, "the url does not begin with a resource type").At(path + ".url")
	case query == "":
		// It would mean every resource of the type.
		return fhir.Ref{}, record.Safef(record.Precondition, "a conditional request must say what to look for").At(path)
	}
	found, err := p.find.Find(typ, query)
	switch {
	case err != nil:
		return fhir.Ref{}, err
	case len(found) > 1:
		return fhir.Ref{}, record.Safef(record.Precondition, "more than one resource matches").At(path)
	case len(found) == 0:
		return fhir.Ref{}, nil
	}
	return found[0], nil
}
