package fhirapi

import (
	"carehold/httpapi/problem"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// aboutNobody is what is to be said of a resource that could say whom it is about, and
// does not: R4 lets it, and then no search by patient finds it, though all of a record
// is about one person.
func aboutNobody(res *fhir.Resource) problem.Issues {
	name := r4.About(res.Type())
	if name == "" {
		return nil
	}
	typ, _ := r4.Lookup(res.Type())
	e, _, _ := typ.Member(name)
	who := res.Root().Get(name)
	switch {
	case !who.Valid() && e.Min > 0: // an error, and said as one
		return nil
	case who.Kind() == '[' || who.Get("reference").Valid():
		return nil
	}
	return problem.Issues{{Severity: "information", Code: "informational", Expression: []string{res.Type() + "." + name},
		Diagnostics: "does not refer to the person: a search by patient will not find this"}}
}
