package filing

import (
	"carehold/record"
	"carehold/record/fhir"
)

// finding is a section and why; the zero value has found nothing.
type finding struct {
	section record.Section
	why     Reason
}

// take keeps the stricter of the two, the first where they are equal.
func (f *finding) take(other finding) {
	if Stricter(other.section, f.section) {
		*f = other
	}
}

// own is what a resource says of itself.
type own struct {
	row     typeRow
	found   finding // never 0
	decided bool    // by more than the default of its type
}

// decide reads one resource by itself: its labels, then its codes and words,
// then the refinements of its type, then its type's default.
func decide(r *fhir.Resource) own {
	row := typeOf(r.Type())
	o := own{row: row, found: finding{row.section, Reason{
		Rule: "type:" + row.name, Text: "Entries of this type go there: " + row.why + ".",
	}}}
	if row.name == "Patient" {
		return o
	}
	texts, codings, more := readTexts(r, r.Codings())
	labelled, restricted := readLabels(append(r.Security(), more...))
	sensitive := labelled
	if row.name != "AllergyIntolerance" { // only a label hides an allergy
		sensitive.take(readCodes(codings))
		sensitive.take(readWords(texts))
	}
	if sensitive.section == 0 && restricted != nil {
		sensitive = finding{record.Private, Reason{
			Rule: ruleRestricted, Path: restricted.Path, Coding: *restricted,
			Text: "It is labelled restricted, and nothing in it says for what.",
		}}
	}
	switch {
	case sensitive.section != 0 && !Stricter(row.section, sensitive.section):
		o.found, o.decided = sensitive, true
	case sensitive.section == 0 && !row.section.Sensitive():
		if refined := refine(r, codings, texts); refined.section != 0 {
			o.found, o.decided = refined, true
		}
	}
	return o
}
