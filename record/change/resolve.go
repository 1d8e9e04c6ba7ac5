package change

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// index knows the entries of a bundle by what can point to them.
type index struct {
	byURL map[string]entryRef
}

type entryRef struct {
	fhir.Ref
	created bool // by this transaction, so its version is 1
	guessed bool // its id depends on a condition that is not looked up yet
}

func newIndex() *index { return &index{map[string]entryRef{}} }

// add reports whether the fullUrl is not there yet.
func (x *index) add(fullURL string, e entryRef) bool {
	if fullURL == "" {
		return true
	}
	_, twice := x.byURL[fullURL]
	x.byURL[fullURL] = e
	return !twice
}

// root is the base of a RESTful fullUrl: http://server/fhir/ of
// http://server/fhir/Type/id; else "".
func root(fullURL string) string { return fhir.ParseReference(fullURL).Base }

// at makes an error about a reference of entry i.
func at(i int, r fhir.Reference, kind record.Kind, text string) error {
	return inEntry(i, record.Safef(kind, "%s", text).At(r.Path))
}

// refPath is where the reference of entry i is.
func refPath(i int, r fhir.Reference) string {
	_, inside, _ := strings.Cut(r.Path, ".")
	return entryPath(i) + ".resource." + inside
}

// resolver rewrites the references of a transaction's resources.
type resolver struct {
	index   *index
	find    Finder
	changes []Change
	found   map[string]string // what conditional references were resolved to
	ids     identifierIndex[fhir.Ref]
	gone    map[fhir.Ref]bool
	written map[fhir.Ref]bool
	took    func(r fhir.Reference, base, to string) // is told of each that was resolved; nil: nobody

	guess   bool // conditions are not looked up
	guessed bool // one was met
}

func (s *resolver) rewrite(c *Change) error {
	var failed error
	base := root(c.FullURL)
	if c.kept != nil { // what a patch left is complete as it is
		base = ""
	}
	c.Resource = c.Resource.Rewrite(func(r fhir.Reference) (string, bool) {
		if failed != nil || c.kept[r.Value] {
			return "", false
		}
		to, err := s.resolve(c.Index, base, r)
		if failed = err; err == nil && s.took != nil {
			s.took(r, base, to)
		}
		return to, to != ""
	})
	return failed
}

// resolve is what the reference becomes, or "" to leave it as it is (FHIR R4
// §2.36.4.1).
func (s *resolver) resolve(i int, base string, r fhir.Reference) (string, error) {
	t := fhir.ParseReference(r.Value)
	switch t.Form {
	case fhir.URN:
		if e, ok := s.entry(r.Value); ok {
			return e.String(), nil
		}
		if r.In == fhir.InReference {
			return "", at(i, r, record.Unprocessed, "no entry of the transaction has this fullUrl")
		}
	case fhir.Relative:
		if base != "" {
			return s.versioned(base+t.Ref.String(), t.Version), nil
		}
	case fhir.Absolute:
		if t.Ref.Type != "" {
			return s.versioned(t.Base+t.Ref.String(), t.Version), nil
		}
		if e, ok := s.entry(r.Value); ok {
			return e.String(), nil
		}
	case fhir.Conditional:
		if r.In == fhir.InReference {
			return s.conditional(i, r, t)
		}
	}
	return "", nil
}

// entry is the entry with the fullUrl.
func (s *resolver) entry(fullURL string) (entryRef, bool) {
	e, ok := s.index.byURL[fullURL]
	s.guessed = s.guessed || e.guessed
	return e, ok
}

// versioned is the entry's Type/id, with a version when the reference had one
// (FHIR R4 §3.1.0.11.2: it stays version-specific).
func (s *resolver) versioned(fullURL, version string) string {
	e, ok := s.entry(fullURL)
	switch {
	case !ok:
		return ""
	case version == "":
		return e.String()
	case e.created:
		version = "1"
	}
	return e.String() + "/_history/" + version
}

// conditional resolves Type?query, which is done after everything else, so that
// what the transaction itself creates counts too.
func (s *resolver) conditional(i int, r fhir.Reference, t fhir.Target) (string, error) {
	if to, ok := s.found[r.Value]; ok {
		return to, nil
	}
	if s.guess {
		s.guessed = true
		return t.Ref.Type + "/" + guessedID, nil
	}
	if s.find == nil {
		return "", at(i, r, record.Unsupported, "references with a query are not possible here")
	}
	found, err := s.find.Find(t.Ref.Type, t.Query)
	if err != nil {
		return "", inside(refPath(i, r), err)
	}
	found = s.after(found, t)
	if len(found) != 1 {
		kind, text := record.Precondition, "nothing matches this reference's query"
		if len(found) > 1 {
			kind, text = record.Ambiguous, "more than one resource matches this reference's query"
		}
		return "", at(i, r, kind, text)
	}
	s.found[r.Value] = found[0].String()
	return found[0].String(), nil
}

// after is what a query finds once the transaction is done (FHIR R4 §3.1.0.11.2
// resolves conditional references last): without what it deletes, and by
// identifier, which is what references with a query are in practice, with what it
// makes and changes.
func (s *resolver) after(found []fhir.Ref, t fhir.Target) []fhir.Ref {
	if s.ids == nil {
		s.ids, s.gone, s.written = identifierIndex[fhir.Ref]{}, map[fhir.Ref]bool{}, map[fhir.Ref]bool{}
		for _, c := range s.changes {
			switch c.Verb {
			case Delete:
				s.gone[c.Ref] = true
			case Create, Update:
				s.written[c.Ref] = true
				s.ids.add(c.Resource, c.Ref)
			}
		}
	}
	made, byIdentifier := s.ids.lookup(t)
	found = slices.DeleteFunc(slices.Clone(found), func(ref fhir.Ref) bool {
		return s.gone[ref] || byIdentifier && s.written[ref]
	})
	return append(found, made...)
}
