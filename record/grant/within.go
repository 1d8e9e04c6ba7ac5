package grant

import "strings"

// Intersect is what both lists of scopes allow. A list allows what any of its scopes
// does, so it is each of one with each of the other: the type and the letters that
// both have, under the limits of both.
func Intersect(a, b []Scope) []Scope {
	var both []Scope
	for _, x := range a {
		for _, y := range b {
			if s, some := x.and(y); some {
				both = append(both, s)
			}
		}
	}
	return both
}

func (s Scope) and(t Scope) (Scope, bool) {
	typ := s.Type
	if typ == "*" {
		typ = t.Type
	}
	verbs := s.Verbs & t.Verbs
	return Scope{Type: typ, Verbs: verbs}, verbs != 0 && (t.Type == "*" || t.Type == typ)
}

// ScopesIn are the scopes for resources among those of a token response, which may be
// in any of the spellings a client may ask in; what else is there, such as openid, is
// not about the record.
func ScopesIn(text string) []Scope {
	var scopes []Scope
	for _, word := range strings.Fields(text) {
		for _, context := range []string{"user/", "system/"} {
			if rest, ok := strings.CutPrefix(word, context); ok {
				word = "patient/" + rest
			}
		}
		if s, err := ParseScope(word); err == nil {
			scopes = append(scopes, s)
		}
	}
	return scopes
}
