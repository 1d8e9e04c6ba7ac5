package change

import (
	"strconv"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// Requests is what the entries of a transaction or a batch ask for, as far as they
// say it themselves. In a transaction one that cannot be understood is an error; in
// a batch it has its own.
func Requests(b *Bundle) ([]Change, error) {
	switch b.Type {
	case "batch", "transaction":
	default:
		return nil, record.Safef(record.Invalid, "only a Bundle of type batch or transaction can be sent here").At("Bundle.type")
	}
	asked := make([]Change, len(b.Entries))
	work := maxBundleWork
	for i := range b.Entries {
		c, err := request(&b.Entries[i])
		if c.Patch != nil {
			c.Patch.shared = &work
		}
		if err == nil && b.Type == "batch" && c.Resource != nil {
			err = independent(c)
		}
		if err == nil && b.Type == "transaction" {
			err = together(&c)
		}
		if err != nil && b.Type == "transaction" {
			return nil, err
		}
		c.Err = err
		asked[i] = c
	}
	return asked, nil
}

// independent refuses what only a transaction can resolve: references between
// entries (FHIR R4 §3.1.0.11.1) and references with a query.
func independent(c Change) error {
	if c.Verb != Create && c.Verb != Update {
		return nil
	}
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

// together refuses what a transaction cannot do as a part of itself: a search would
// have to see what the transaction changes.
func together(c *Change) error {
	path := entryPath(c.Index) + ".request.url"
	switch {
	case c.Verb == Invoke:
		return record.Safef(record.Unsupported, "operations inside a transaction are not supported: send a batch").At(path)
	case c.Verb == Search || c.Verb == Head && c.Ref.ID == "":
		return record.Safef(record.Unsupported, "searches and histories inside a transaction are not supported: send a batch, or search afterwards").At(path)
	}
	return nil
}

// request reads one entry of a transaction or batch.
func request(e *Entry) (Change, error) {
	c := Change{Index: e.Index, FullURL: e.FullURL}
	path := entryPath(e.Index)
	if e.Err != nil {
		return c, e.Err
	}
	if e.Request == nil {
		return c, record.Safef(record.Invalid, "each entry of a transaction or batch has a request").At(path)
	}
	q := e.Request
	c.URL, c.IfMatch, c.IfNoneMatch = q.URL, q.IfMatch, q.IfNoneMatch
	path += ".request"
	if q.URL == "" {
		return c, record.Safef(record.Invalid, "a request must have a url").At(path)
	}
	if strings.HasPrefix(q.URL, "/") || strings.Contains(strings.SplitN(q.URL, "?", 2)[0], ":") {
		// FHIR R4, Bundle.entry.request.url: it is relative to the address that the
		// Bundle is sent to.
		return c, record.Safef(record.Invalid, "a request's url is relative to the server's base, as in Patient/1").At(path + ".url")
	}
	if member := q.astray(); member != "" {
		return c, record.Safef(record.Invalid, "this means nothing to the method").At(path + "." + member)
	}
	switch q.Method {
	case "POST":
		return post(c, e)
	case "PUT":
		return put(c, e)
	case "DELETE":
		return remove(c, e)
	case "PATCH":
		return patch(c, e)
	case "GET", "HEAD":
		return get(c, e)
	}
	return c, record.Safef(record.Invalid, "a request's method is GET, HEAD, POST, PUT, DELETE or PATCH").At(path + ".method")
}

// astray is a condition of the request that its method does not know. It is not
// left out: whoever sent it believes that it holds.
func (q *Request) astray() string {
	reads := q.Method == "GET" || q.Method == "HEAD"
	switch {
	case q.IfNoneExist != "" && q.Method != "POST":
		return "ifNoneExist"
	case q.IfMatch != "" && (reads || q.Method == "POST"):
		return "ifMatch"
	case q.IfNoneMatch != "" && !reads && q.Method != "PUT":
		return "ifNoneMatch"
	case q.IfModifiedSince != "" && !reads:
		return "ifModifiedSince"
	}
	return ""
}

func post(c Change, e *Entry) (Change, error) {
	if strings.Contains(c.URL, "$") {
		c.Verb, c.Resource = Invoke, e.Resource
		if e.Resource == nil {
			return c, record.Safef(record.Invalid, "an operation by POST has a resource").At(entryPath(c.Index))
		}
		return c, nil
	}
	if strings.ContainsAny(c.URL, "/?") {
		return c, record.Safef(record.Unsupported, "inside a Bundle a POST creates: its url is a resource type. A search is a GET there").At(entryPath(c.Index) + ".request.url")
	}
	if err := body(e, c.URL); err != nil {
		return c, err
	}
	c.Verb, c.Resource, c.Ref, c.Query = Create, e.Resource, fhir.Ref{Type: c.URL}, e.Request.IfNoneExist
	return c, nil
}

func put(c Change, e *Entry) (Change, error) {
	if err := c.target(); err != nil {
		return c, err
	}
	if err := body(e, c.Ref.Type); err != nil {
		return c, err
	}
	if c.Ref.ID != "" && e.Resource.ID() != c.Ref.ID { // FHIR R4 §3.1.0.4: a missing id is as wrong as another one
		return c, record.Safef(record.Invalid, "the resource's id must be the id in the url").At(entryPath(c.Index) + ".resource.id")
	}
	c.Verb, c.Resource = Update, e.Resource
	return c, nil
}

func remove(c Change, e *Entry) (Change, error) {
	if e.Resource != nil {
		return c, record.Safef(record.Invalid, "a DELETE has no resource").At(entryPath(c.Index) + ".resource")
	}
	c.Verb = Delete
	return c, c.target()
}

func get(c Change, e *Entry) (Change, error) {
	if e.Resource != nil {
		return c, record.Safef(record.Invalid, "a GET has no resource").At(entryPath(c.Index) + ".resource")
	}
	c.Verb, c.Since = Search, e.Request.IfModifiedSince
	path, query, _ := strings.Cut(c.URL, "?")
	if t := fhir.ParseReference(path); t.Form == fhir.Relative {
		c.Verb, c.Ref, c.Query = Read, t.Ref, query
		if t.Version != "" {
			n, err := strconv.ParseUint(t.Version, 10, 64)
			if c.Version = record.Version(n); err != nil || n == 0 || c.Version.String() != t.Version {
				return c, record.Safef(record.NotFound, "no such version").At(entryPath(c.Index) + ".request.url")
			}
		}
	}
	if e.Request.Method == "HEAD" {
		c.Verb = Head
	}
	return c, nil
}

// target reads the request's URL, which is relative to the base: Type/id, or a type
// and a condition.
func (c *Change) target() error {
	path := entryPath(c.Index) + ".request.url"
	typ, query, conditional := strings.Cut(c.URL, "?")
	if conditional {
		if !fhir.KnownType(typ) {
			return record.Safef(record.Invalid, "the url does not begin with a resource type").At(path)
		}
		c.Ref, c.Query = fhir.Ref{Type: typ}, query
		return nil
	}
	ref, err := fhir.ParseRef(c.URL)
	if err != nil {
		return record.Safef(record.Invalid, "the url must be a resource type, a slash and an id, or a type and a query").At(path)
	}
	c.Ref = ref
	return nil
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
