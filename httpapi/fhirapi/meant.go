package fhirapi

import (
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/fhir/r4"
)

// meant is the resource type that a word was probably meant for: in other letters, as
// several, or with one slip of the hand; "" when there is none.
func meant(word string) string {
	for _, t := range r4.ResourceTypes() {
		if strings.EqualFold(t, word) || strings.EqualFold(t+"s", word) || strings.EqualFold(t+"es", word) {
			return t
		}
	}
	for _, t := range r4.ResourceTypes() {
		if slip(strings.ToLower(t), strings.ToLower(word)) {
			return t
		}
	}
	return ""
}

// slip reports whether one word is the other with a letter too many, too few or
// another, or with two letters changed about.
func slip(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	switch {
	case len(a) == len(b)+1:
		return a[i+1:] == b[i:]
	case len(a) != len(b) || i == len(a):
		return false
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// NoPath is the error of a path that is none of this door's: path is what follows
// the base. A type without its capital is told what it is, as another that R4 does not
// have: it is about the standard, not about any record.
func NoPath(path string) error {
	word, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if word != "" && len(word) <= 64 && word[0] >= 'a' && word[0] <= 'z' && strings.Trim(strings.ToLower(word), "abcdefghijklmnopqrstuvwxyz") == "" {
		if t := meant(word); t != "" {
			return record.Errorf(problem.NoType, "FHIR R4 has no resource type %s: it is %s", word, t)
		}
	}
	return record.Safef(record.NotFound, "no such path")
}
