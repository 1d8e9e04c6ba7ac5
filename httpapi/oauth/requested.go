package oauth

import (
	"slices"
	"strings"

	"carehold/record/fhir"
	"carehold/record/grant"
)

// requested reads the scopes that somebody asks for. A scope for a type that FHIR R4 does
// not have is one that is not known: nothing could be given for it, so it is neither shown
// to a person nor told to a client as if it had been. Package grant, which a person's
// device has too, knows no list of types.
func requested(text string) (grant.Requested, error) {
	r, err := grant.ParseRequested(text)
	if err != nil {
		return r, err
	}
	var none []string
	for _, x := range r.Asked {
		if t := x.Scope.Type; t != "*" && !fhir.KnownType(t) {
			none = append(none, x.Text)
		}
	}
	if len(none) == 0 {
		return r, nil
	}
	words := slices.DeleteFunc(strings.Fields(text), func(w string) bool { return slices.Contains(none, w) })
	if r, err = grant.ParseRequested(strings.Join(words, " ")); err != nil {
		return r, err
	}
	r.Unknown = append(r.Unknown, none...)
	return r, nil
}
