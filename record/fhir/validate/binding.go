package validate

import (
	"slices"
	"strings"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// maxCodes is how many codes a text lists; of a longer value set it names where
// they are.
const maxCodes = 12

// coded validates a code with a required binding: "the concept in this element
// SHALL be from the specified value set" (FHIR R4 §4.1.5).
func (w *walker) coded(s []byte, e *element) {
	if e.codes[string(s)] {
		return
	}
	sent := string(s)
	for c := range e.codes {
		if strings.EqualFold(c, sent) {
			w.wrong(codeCode, "", "is %q, and codes are case-sensitive: write %s", sent, c)
			return
		}
	}
	w.wrong(codeCode, "", "is %q, and must be %s", shorten(sent), codesOf(e))
}

// bound validates a Coding or CodeableConcept with a required binding. At least
// one of a concept's codings is in the value set; a concept that only an
// extension gives is as good as a primitive's.
func (w *walker) bound(v fhir.Node, m *member) {
	e := m.of
	codings, given := v.Get("coding"), false
	switch m.code {
	case "Coding":
		if w.inSet(v, e) {
			return
		}
		given = v.Get("code").Valid()
	case "CodeableConcept":
		for c := range codings.All() {
			if w.inSet(c, e) {
				return
			}
			given = given || c.Get("code").Valid()
		}
	default:
		return
	}
	if !given && (v.Get("extension").Valid() || v.Get("_text").Valid()) {
		return
	}
	w.wrong(codeCode, "", "needs a coding that is %s", codesOf(e))
}

func (w *walker) inSet(coding fhir.Node, e *element) bool {
	system, c := coding.Get("system").Text(), coding.Get("code").Text()
	return system != "" && c != "" && e.in(system, c)
}

func codesOf(e *element) string {
	if len(e.codes) <= maxCodes {
		return "one of " + codeList(e)
	}
	return "a code of " + e.Required
}

func codeList(e *element) string {
	list := r4.CodesOf(e.Required)
	return strings.Join(slices.Compact(list), ", ")
}
