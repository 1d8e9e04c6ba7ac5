package search

import (
	"carehold/record/fhir"
	"carehold/record/fhir/fhirpath"
)

// other is a parameter whose expression is more than a path.
type other struct {
	param      int
	expression *fhirpath.Expr
}

func newOther(param int, expression string) other {
	return other{param, fhirpath.MustCompile(expression)} // R4's own; a test compiles all
}

// eval calls take with what the expression finds. One that costs too much finds
// nothing.
func (o other) eval(r *fhir.Resource, take func(param int, v found)) {
	values, err := o.expression.Eval(fhirpath.Root(r))
	if err != nil {
		return
	}
	for _, v := range values {
		f := found{node: v.Node, of: &element{typ: v.Type}}
		if !v.Node.Valid() {
			f.made = v.Text()
		}
		take(o.param, f)
	}
}
