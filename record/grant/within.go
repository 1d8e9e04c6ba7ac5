package grant

import "slices"

// Intersect is what both lists of scopes allow. A list allows what any of its scopes
// does, so it is each of one with each of the other: the type and the letters that
// both have, under the limits of both.
func Intersect(a, b []Scope) []Scope {
	var both []Scope
	for _, x := range a {
		for _, y := range b {
			s, some := common(x, y)
			if some && !slices.ContainsFunc(both, func(have Scope) bool { return have.String() == s.String() }) {
				both = append(both, s)
			}
		}
	}
	return both
}

// ScopesIn are the scopes for entries among those of a token response, in whatever
// spelling it has them; what else is there, such as openid, is not about the record.
func ScopesIn(text string) []Scope {
	r, err := ParseRequested(text)
	if err != nil {
		return nil
	}
	return r.Scopes
}
