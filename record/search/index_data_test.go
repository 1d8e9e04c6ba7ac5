package search

import (
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/fhirpath"
	"carehold/record/fhir/r4"
)

// Whatever R4's own expression finds in a resource is in its index, and nothing
// else is; what is found but is nothing to search for is listed here.
func TestIndexOfExamples(t *testing.T) {
	compiled := map[string]*fhirpath.Expr{}
	resources, params, size := 0, map[string]bool{}, 0
	examples(t, func(name string, r *fhir.Resource) {
		index := Index(r)
		resources++
		size += len(index)
		for i, p := range r4.Params(r.Type()) {
			v := Lookup(index, i)
			if p.Type == "special" || p.Expression == "" || p.Code == "_id" || p.Code == "_lastUpdated" {
				if !v.Missing() {
					t.Errorf("%s: %s has values", r.Type(), p.Code)
				}
				continue
			}
			if compiled[p.Expression] == nil {
				compiled[p.Expression] = fhirpath.MustCompile(p.Expression)
			}
			found, err := compiled[p.Expression].Eval(fhirpath.Root(r))
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			for _, f := range found {
				if searchable(p, f) {
					want++
				}
			}
			if p.Type == "composite" {
				if want == 0 && !v.Missing() {
					t.Errorf("%s: %s.%s has values, the expression finds none", name, r.Type(), p.Code)
				}
				continue // TestIndex
			}
			got := len(show(kinds[p.Type], v))
			if (got == 0) != (want == 0) || v.Missing() != (want == 0) {
				t.Errorf("%s: %s.%s: the expression finds %d, the index has %d", name, r.Type(), p.Code, want, got)
			}
			if got > 0 {
				params[r.Type()+"."+p.Code] = true
			}
		}
	})
	t.Logf("%d resources, %d parameters have values, %d bytes a resource", resources, len(params), size/resources)
}

// searchable leaves out what the type of the parameter does not apply to, and what
// has no value but only extensions or a unit.
func searchable(p *r4.Param, f fhirpath.Value) bool {
	if f.Type == "Extension" {
		return true // each that an example has, has a value
	}
	switch p.Type {
	case "date":
		if f.Type == "Period" {
			return f.Node.Get("start").Valid() || f.Node.Get("end").Valid()
		}
		return f.Type == "Timing" || f.Type == "date" && f.HasValue() || f.Type == "dateTime" && f.HasValue() || f.Type == "instant"
	case "reference":
		return f.Type != "Attachment"
	case "quantity":
		if f.Type == "Range" {
			return f.Node.Get("low").Get("value").Valid() || f.Node.Get("high").Get("value").Valid()
		}
		return f.Type == "SampledData" || f.Node.Get("value").Valid()
	case "token":
		switch f.Type {
		case "CodeableConcept":
			return f.Node.Get("text").Valid() || f.Node.Get("coding").Valid()
		case "Coding":
			return f.Node.Get("system").Valid() || f.Node.Get("code").Valid() || f.Node.Get("display").Valid()
		case "ContactPoint":
			return f.Node.Get("value").Valid()
		case "Identifier":
			return f.Node.Get("value").Valid() || f.Node.Get("system").Valid() || f.Node.Get("type").Valid()
		}
		return f.HasValue()
	case "string":
		return f.HasValue() || f.Type == "HumanName" || f.Type == "Address"
	case "uri":
		return f.HasValue()
	}
	return true
}
