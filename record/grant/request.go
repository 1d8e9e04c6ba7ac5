package grant

import (
	"slices"
	"strings"

	"carehold/record"
)

// What a client asks for is not what can be granted, and comes in more spellings. Here
// the one is read into the other, and a grant is told back in the words it was asked in.
//
// A client asks for patient/, user/ or system/ scopes (SMART App Launch 2.2 §3.0.2.2).
// They say on whose authority it looks: for one patient, for all that a user may see,
// for all of a system. Here there is one authority, the person, and one record: a user
// sees in it what was shared with them, and a backend what was shared with it. So all
// three are the patient/ scope of the one record, and nobody gets more by another word.

// Asked is one scope as it was asked for.
type Asked struct {
	Text  string // as it came
	Scope Scope  // what it is of the one record

	spelt  string // of Scope
	before string // what stands before the type: "user/", or the URI form of it
	v1     bool   // it was .read, .write or .*
}

// Requested is what a client asked for. The flags are words that say nothing of entries;
// what the caller will not give it sets to false before it asks for Granted.
type Requested struct {
	Asked  []Asked
	Scopes []Scope // of those, each once

	OpenID, FHIRUser, Profile bool // openid, fhirUser, profile
	Offline, Online           bool // offline_access, online_access
	Launch, LaunchPatient     bool // launch, launch/patient

	Unknown []string // asked for, and not understood or not to be had
}

// flags are the words, in the order they are told back.
func (r *Requested) flags() []struct {
	word string
	on   *bool
} {
	return []struct {
		word string
		on   *bool
	}{{"launch", &r.Launch}, {"launch/patient", &r.LaunchPatient}, {"openid", &r.OpenID}, {"fhirUser", &r.FHIRUser},
		{"profile", &r.Profile}, {"offline_access", &r.Offline}, {"online_access", &r.Online}}
}

// uriForm is how a scope is written where all scopes are URIs (SMART App Launch 2.2,
// "Scopes and URIs").
const uriForm = "http://smarthealthit.org/fhir/scopes/"

// The longest that a list of scopes may be, and how many it may have.
const (
	maxRequest = 16 << 10
	maxAsked   = 200
)

// ParseRequested reads the scope parameter of an OAuth request. What is no list of
// scopes (RFC 6749 §3.3) is record.Invalid, which OAuth calls invalid_scope; a scope
// that is not understood is not refused but listed, as the standard has it: a client
// that asks for more than there is gets less.
func ParseRequested(text string) (r Requested, err error) {
	if len(text) > maxRequest {
		return r, record.Safef(record.Invalid, "the list of scopes is longer than %d bytes: ask for less", maxRequest)
	}
	parts := strings.Split(text, " ")
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) > maxAsked {
		return r, record.Safef(record.Invalid, "the list has more than %d scopes: ask for fewer", maxAsked)
	}
	seen, once := make(map[string]bool, len(parts)), make(map[string]bool, len(parts))
	for _, part := range parts {
		for i := range len(part) {
			if !tokenChar(part[i]) {
				return Requested{}, record.Safef(record.Invalid, "a scope has a character that no scope can have (RFC 6749 §3.3): encode it with %%, and put one space between two")
			}
		}
		if seen[part] {
			continue
		}
		seen[part] = true
		r.add(part, once)
	}
	if err := checkScopes(r.Scopes); err != nil {
		return Requested{}, err
	}
	return r, nil
}

// add reads one; once has the scopes there are, by their spelling.
func (r *Requested) add(text string, once map[string]bool) {
	plain := strings.TrimPrefix(text, uriForm)
	for _, f := range r.flags() {
		if plain == f.word {
			*f.on = true
			return
		}
	}
	context, rest, _ := strings.Cut(plain, "/")
	switch context {
	case "patient", "user", "system":
		if s, err := ParseScope("patient/" + rest); err == nil {
			before := text[:len(text)-len(rest)]
			verbs := rest[len(s.Type)+1:]
			spelt := s.String()
			r.Asked = append(r.Asked, Asked{text, s, spelt, before, len(s.Params) == 0 && verbs != s.Verbs.String()})
			if !once[spelt] {
				once[spelt] = true
				r.Scopes = append(r.Scopes, s)
			}
			return
		}
	}
	r.Unknown = append(r.Unknown, text)
}

// Granted is the scope of a token response (RFC 6749 §5.1): what of the request the
// grant allows, and nothing it does not. What is allowed as it was asked for stands
// there as it was asked for, SMART v1's words and all (§3.0.2.8); where the person
// narrowed it, what is left of it, under the context it was asked for. Sections have no
// words in SMART: a scope says what may be done with what was shared. Who may only add
// is not told whose record it is, so nothing is left of openid and fhirUser.
func Granted(r Requested, g Grant) string {
	var words []string
	said := make(map[string]bool)
	say := func(text string) {
		if text != "" && !said[text] {
			said[text] = true
			words = append(words, text)
		}
	}
	blind := g.WriteOnly() // to whom nobody is told of
	for _, f := range r.flags() {
		if *f.on && !(blind && (f.on == &r.OpenID || f.on == &r.FHIRUser)) {
			say(f.word)
		}
	}
	for _, a := range r.Asked {
		whole := coveredBy(a.Scope, g.Scopes)
		say(a.spelling(Scope{a.Scope.Type, whole, a.Scope.Params}))
		var parts []Scope
		for _, s := range g.Scopes {
			if part, ok := common(a.Scope, s); ok {
				if part.Verbs &^= whole; part.Verbs != 0 {
					parts = append(parts, part)
				}
			}
		}
		for _, part := range uncovered(parts, nil) { // one that the others cover is said by them
			say(a.spelling(part))
		}
	}
	return strings.Join(words, " ")
}

// spelling writes what is left of what was asked for.
func (a Asked) spelling(s Scope) string {
	switch {
	case s.Verbs == 0:
		return ""
	case s.String() == a.spelt:
		return a.Text
	case a.v1 && len(s.Params) == 0:
		for _, word := range []string{"read", "write", "*"} {
			if v, _ := parseVerbs(word); v == s.Verbs {
				return a.before + s.Type + "." + word
			}
		}
	}
	return a.before + s.rest()
}

// common is what two scopes both grant.
func common(a, b Scope) (Scope, bool) {
	s := Scope{Type: a.Type, Verbs: a.Verbs & b.Verbs}
	switch {
	case s.Verbs == 0:
		return s, false
	case a.Type == "*":
		s.Type = b.Type
	case b.Type != "*" && b.Type != a.Type:
		return s, false
	}
	s.Params = slices.Concat(a.Params, b.Params)
	sortParams(s.Params)
	if s.Params = slices.Compact(s.Params); len(s.Params) == 0 {
		s.Params = nil
	}
	return s, len(s.Params) == 0 || s.Type != "*"
}
