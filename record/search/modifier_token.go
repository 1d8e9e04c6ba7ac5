package search

import (
	"slices"

	"carehold/record"
	"carehold/record/fhir/r4"
)

// What a token's modifiers look at, FHIR R4 §3.1.1.4.4: ":text … either
// CodeableConcept.text, Coding.display, or Identifier.type.text", and :of-type is of
// Identifier. On anything else, a plain code or a boolean, there is nothing that they
// could find, and an answer that nothing was found would be believed.
var looksAt = map[string][]string{
	"text":    {"CodeableConcept", "Coding", "Identifier"},
	"of-type": {"Identifier"},
}

// fitting refuses a modifier that can fit nothing of what is searched, which of several
// types is one that fits none of them.
func fitting(def *r4.Param, modifier, code string, types []string) error {
	if looksAt[modifier] == nil || def.Type != "token" {
		return nil
	}
	for _, typ := range types {
		if fits(typ, code, modifier) {
			return nil
		}
	}
	what := "is for identifiers"
	if modifier == "text" {
		what = "looks at the text beside a code"
	}
	return record.Errorf(record.Invalid, "the modifier :%s %s, and %s has none: search without it", modifier, what, brief(code))
}

// fits reports whether a modifier can find something by a token parameter of a type.
func fits(typ, code, modifier string) bool {
	return slices.ContainsFunc(planOf(typ).finds(typ, code), func(found string) bool {
		return slices.Contains(looksAt[modifier], found) || found == "Extension" // whose value may be any of them
	})
}

// TokenModifiers are those that a token parameter of a type can be asked with.
func TokenModifiers(typ, code string) []string {
	return slices.DeleteFunc([]string{"text", "not", "of-type", "missing"}, func(m string) bool {
		return looksAt[m] != nil && !fits(typ, code, m)
	})
}

// finds are the types of element that a parameter looks at; none of one whose
// expression is more than a path, of which there is one among the tokens: Patient's
// deceased, which is true or false (TestFittingModifiers).
func (p *plan) finds(typ, code string) (elements []string) {
	param := slices.IndexFunc(r4.Params(typ), func(def *r4.Param) bool { return def.Code == code })
	var look func(b *branch)
	look = func(b *branch) {
		if slices.Contains(b.takes, param) {
			elements = append(elements, b.typ)
		}
		for _, m := range b.members {
			look(m)
		}
	}
	look(&p.root)
	return elements
}
