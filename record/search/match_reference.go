package search

import (
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// referencesTest compares what a resource points to (FHIR R4 §3.1.1.4.12): an id,
// Type/id, or a URL. A URL below the server's own base is the relative reference,
// on either side. What version a reference names does not count; that of a
// canonical does, when one is searched for.
type referencesTest struct {
	base       string
	references []referenceSought
}

// referenceSought is either a resource of this server, of any type when typ is
// empty, or a URL.
type referenceSought struct {
	typ, id      string
	url, version string
}

func (q *Query) referenceTest(def *r4.Param, modifier string, alternatives []string) (test, error) {
	if modifier == "identifier" {
		return referenceIdentifierTest(alternatives)
	}
	if modifier != "" && !typeModifier(def, modifier) {
		return nil, unsupported("reference", modifier)
	}
	t := referencesTest{base: q.base}
	bare := false
	for _, a := range alternatives {
		s, err := q.referenceSought(a)
		switch {
		case err != nil:
			return nil, err
		case modifier == "":
		case s.id == "" || s.typ != "" && s.typ != modifier:
			return nil, record.Errorf(record.Invalid, "%q cannot be a %s of this server, which the modifier says it is", brief(a), modifier)
		default:
			s.typ = modifier
		}
		bare = bare || s.id != "" && s.typ == ""
		t.references = append(t.references, s)
	}
	if bare && len(def.Targets) != 1 {
		return &bareTest{t}, nil
	}
	return t, nil
}

func (q *Query) referenceSought(value string) (s referenceSought, err error) {
	parts, err := unescaped(split(value, '|'))
	if err != nil {
		return s, err
	}
	text := string(parts[0])
	target := fhir.ParseReference(text)
	switch {
	case len(parts) > 2:
	case len(parts) == 2: // a canonical
		if (target.Form == fhir.Absolute || target.Form == fhir.URN) && len(parts[1]) > 0 {
			return referenceSought{url: text, version: string(parts[1])}, nil
		}
	case target.Form == fhir.Relative, target.Form == fhir.Absolute && q.base != "" && target.Base == q.base:
		return referenceSought{typ: target.Ref.Type, id: target.Ref.ID}, nil
	case target.Form == fhir.Absolute && target.Ref.ID != "":
		return referenceSought{url: target.Base + target.Ref.String()}, nil
	case target.Form == fhir.Absolute, target.Form == fhir.URN:
		return referenceSought{url: text}, nil
	case fhir.ValidID(text):
		return referenceSought{id: text}, nil
	}
	return s, record.Errorf(record.Invalid, "%q is neither an id, Type/id nor an absolute URL", brief(value))
}

func (referencesTest) cost() int { return costReference }

func (t referencesTest) holds(_ *Entry, v Values) bool {
	for n := range v.References {
		for i := range t.references {
			if t.references[i].is(&n, t.base) {
				return true
			}
		}
	}
	return false
}

func (s *referenceSought) is(n *Reference, base string) bool {
	if s.id != "" {
		return string(n.ID) == s.id && (s.typ == "" || string(n.Type) == s.typ) && local(n, base)
	}
	return string(n.URL) == s.url && (s.version == "" || string(n.Version) == s.version)
}

// local reports whether a reference is to a resource of this server.
func local(n *Reference, base string) bool {
	if len(n.ID) == 0 {
		return false
	}
	if len(n.URL) == 0 {
		return true
	}
	return base != "" && len(n.URL) == len(base)+len(n.Type)+1+len(n.ID) && string(n.URL[:len(base)]) == base
}

// bareTest is a test with ids that do not say of which type. "Servers SHOULD
// reject a search where the logical id refers to more than one matching resource
// across different types": it fails when references to two types match.
type bareTest struct{ referencesTest }

func (t *bareTest) bind(everything) (test, error) {
	return &boundBare{referencesTest: t.referencesTest, types: make([]string, len(t.references))}, nil
}

type boundBare struct {
	referencesTest
	types []string // that matched, of each id
	err   error
}

func (t *boundBare) failed() error { return t.err }

func (t *boundBare) holds(_ *Entry, v Values) bool {
	matched := false
	for n := range v.References {
		for i := range t.references {
			s := &t.references[i]
			if !s.is(&n, t.base) {
				continue
			}
			matched = true
			switch {
			case s.id == "" || s.typ != "" || string(n.Type) == t.types[i]:
			case t.types[i] == "":
				t.types[i] = string(n.Type)
			default:
				t.err = record.Errorf(record.Invalid, "%q is both a %s and a %s here: say which, as in %s/%s", s.id, t.types[i], n.Type, t.types[i], s.id)
			}
		}
	}
	return matched
}

// identifiersTest is :identifier: the identifier of the reference itself,
// compared as a token.
type identifiersTest []tokenSought

func referenceIdentifierTest(alternatives []string) (test, error) {
	var t identifiersTest
	for _, a := range alternatives {
		s, err := parseToken(a)
		if err != nil {
			return nil, err
		}
		t = append(t, s)
	}
	return t, nil
}

func (identifiersTest) cost() int { return costReference }

func (t identifiersTest) holds(_ *Entry, v Values) bool {
	for n := range v.References {
		token := Token{System: n.System, Code: n.Value}
		for i := range t {
			if t[i].is(&token) {
				return true
			}
		}
	}
	return false
}
