package validate

import (
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

type rule struct{ r4.Constraint }

type budget struct{}

func (b *budget) begin(*fhir.Resource) {}

func rules(list []r4.Constraint) []rule { return nil }

func (w *walker) ask(list []rule, n fhir.Node, typ string) {}
