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
	var bare []string
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
		if s.id != "" && s.typ == "" {
			bare = append(bare, s.id)
		}
		t.references = append(t.references, s)
	}
	if len(bare) > 0 && len(def.Targets) != 1 {
		return &bareTest{t, def.Targets, bare}, nil
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
// across different types."
type bareTest struct {
	referencesTest
	targets []string
	ids     []string
}

func (t *bareTest) bind(all []Entry) (test, error) {
	targets := make(map[string]bool, len(t.targets))
	for _, typ := range t.targets {
		targets[typ] = true
	}
	found := make(map[string]string, len(t.ids))
	for _, id := range t.ids {
		found[id] = ""
	}
	for i := range all {
		ref := &all[i].Ref
		typ, sought := found[ref.ID]
		if !sought || len(targets) > 0 && !targets[ref.Type] {
			continue
		}
		if typ != "" && typ != ref.Type {
			return nil, record.Errorf(record.Invalid, "there is %s/%s and %s/%s: say which", typ, ref.ID, ref.Type, ref.ID)
		}
		found[ref.ID] = ref.Type
	}
	return t.referencesTest, nil
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
