package r4

import "slices"

// Param is a search parameter.
type Param struct {
	Code        string // what stands in a search: "clinical-status"
	Type        string // number, date, string, token, reference, composite, quantity, uri or special
	Expression  string // FHIRPath; "" for the few that have none (_text, _query …)
	URL         string // of its definition
	Bases       []string
	Targets     []string // of a reference: the types it can point to; none for any
	Comparators []string // as the definition lists them; none says nothing
	Components  []Component
}

// Component is a part of a composite parameter.
type Component struct {
	Definition string // the URL of the parameter it is
	Expression string // from what the composite's own expression found
}

// Params are the parameters of a resource type, with those of every resource, in
// the order of their codes.
func Params(resourceType string) []*Param { return tables().params[resourceType] }

// LookupParam is the parameter of a type with the code. With the type "" it is one
// of those that every type has.
func LookupParam(resourceType, code string) (*Param, bool) {
	p, ok := tables().byCode[paramKey{resourceType, code}]
	return p, ok
}

// ParamByURL is the parameter with the definition.
func ParamByURL(url string) (*Param, bool) {
	p, ok := tables().byURL[url]
	return p, ok
}

// PatientCompartment are the parameters that put a resource of the type into a
// patient's compartment; none for a type that is never in one.
func PatientCompartment(resourceType string) []string { return tables().compartment[resourceType] }

// About is the element in which a resource of the type says which patient it is about; ""
// where it is neither subject nor patient. No type has both.
func About(resourceType string) string {
	typ, ok := Lookup(resourceType)
	codes := PatientCompartment(resourceType)
	if !ok || !slices.Contains(codes, "subject") && !slices.Contains(codes, "patient") {
		return ""
	}
	for _, name := range []string{"subject", "patient"} {
		if _, _, ok := typ.Member(name); ok {
			return name
		}
	}
	return ""
}

type paramKey struct{ typ, code string }
