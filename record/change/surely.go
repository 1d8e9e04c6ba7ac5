package change

import (
	"strings"

	"carehold/record/fhir"
)

// Surely reports whether a source's Patient is the record's own beyond asking: the same
// NHS number, or the same name and date of birth. What contradicts it, About refuses.
func (s PatientSummary) Surely(own *fhir.Resource) bool {
	if own == nil || own.Type() != "Patient" {
		return false
	}
	mine := summary(own)
	number := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' }), "")
	}
	if n := number(s.NHSNumber); n != "" && n == number(mine.NHSNumber) {
		return true
	}
	return s.Name != "" && s.BirthDate != "" && strings.EqualFold(s.Name, mine.Name) && s.BirthDate == mine.BirthDate
}
