package grant

import "slices"

// maxPairs is how many scopes Intersect makes of two. Hardly any are: a token's scopes are
// those of its grant until the person changes that. Of what is beyond nothing is allowed.
const maxPairs = MaxScopes

// Intersect is what both lists of scopes allow. A list allows what any of its scopes
// does, so it is each of one with each of the other: the type and the letters that
// both have, under the limits of both. Every request that shows a client's token asks
// for it. So what one list has within the other stands as it is, and only what neither has
// so is looked at in pairs; of those no pair is said that others say.
func Intersect(a, b []Scope) []Scope {
	inA, inB := named(a), named(b)
	seen := make(map[string]bool, len(a)+len(b))
	var both []Scope
	take := func(list []Scope, texts []string, other []Scope, names map[string]bool) (rest []Scope) {
		for i, x := range list {
			switch {
			case seen[texts[i]]:
			case !names[texts[i]] && coveredBy(x, other) != x.Verbs:
				rest = append(rest, x)
			case x.Type == "*" && len(x.Params) > 0: // which nobody can be granted
			default:
				seen[texts[i]] = true
				both = append(both, x)
			}
		}
		return rest
	}
	restA := take(a, inA.texts, b, inB.has)
	whole := len(both)
	restB := take(b, inB.texts, a, inA.has)
	both = append(both[:whole:whole], uncovered(both[whole:], both[:whole])...)
	pairs := 0
	for _, x := range restA {
		for _, y := range restB {
			s, some := common(x, y)
			if !some || said(s, both) {
				continue
			}
			if pairs == maxPairs {
				return both
			}
			pairs++
			both = append(both, s)
		}
	}
	return both
}

// said reports whether others grant a scope, as far as one sees by whole parameters: what
// codes are in them is not compared, for pairs are many.
func said(s Scope, others []Scope) bool {
	var covered Verbs
	for _, o := range others {
		if o.about(s.Type) && !slices.ContainsFunc(o.Params, func(p Param) bool { return !slices.Contains(s.Params, p) }) {
			covered |= o.Verbs
		}
	}
	return s.Verbs&^covered == 0
}

// uncovered are the scopes of a list that neither others cover nor the rest of the list.
func uncovered(list, others []Scope) []Scope {
	wide := append(others[:len(others):len(others)], list...)
	for i := 0; i < len(list); {
		at := len(others) + i
		x := wide[at]
		wide[at].Verbs = 0 // it does not cover itself
		if coveredBy(x, wide) == x.Verbs {
			list = append(list[:i:i], list[i+1:]...)
			wide = append(wide[:at], wide[at+1:]...)
			continue
		}
		wide[at] = x
		i++
	}
	return list
}

// spelt are scopes by their spelling.
type spelt struct {
	texts []string
	has   map[string]bool
}

func named(list []Scope) spelt {
	n := spelt{make([]string, len(list)), make(map[string]bool, len(list))}
	for i, s := range list {
		n.texts[i] = s.String()
		n.has[n.texts[i]] = true
	}
	return n
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
