package sample

// Today is the last day anything in the sample happened.
const Today = "2026-11-20"

// A Source is one system's copy of the record, as it would arrive.
type Source struct {
	Name   string // a file name without its ending: "gp-practice"
	Title  string // what a person would call it: "Mill Lane Surgery, Hallowby"
	Bundle []byte // a FHIR R4 Bundle in JSON
}

// Person returns whom the sample is about.
func Person() (name, birthDate, nhsNumber string) {
	return given1 + " " + given2 + " " + family, born, nhs
}

// Sources returns the sample, the fullest source first.
func Sources() []Source {
	all := []*source{gpPractice(), hospital(), mentalHealthTrust(), sexualHealthClinic(), council(), person()}
	list := make([]Source, len(all))
	for i, s := range all {
		list[i] = Source{Name: s.name, Title: s.title, Bundle: s.bundle()}
	}
	return list
}
