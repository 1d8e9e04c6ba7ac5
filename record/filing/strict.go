package filing

import "carehold/record"

// strictness orders the sections by what showing an entry to the wrong reader
// would cost. Where two rules disagree the stricter section wins.
//
// Among the sensitive ones: private, because the person or their clinician has
// said nobody; then safeguarding, because the reader it must be kept from is
// often in the house, and often has a grant as a carer; then sexual health,
// which the law treats apart (HIV, gender) and which nearly no other work needs
// to know; then mental health; then substance use, last because an emergency
// team most often needs it.
//
// Among the ordinary ones: from what people share most readily to what they
// share least, with documents last: something made of many parts is a document.
var strictness = [record.NumSections + 1]int{
	record.Identity:     1,
	record.Providers:    2,
	record.Vaccination:  3,
	record.Allergies:    4,
	record.Measures:     5,
	record.Medicines:    6,
	record.Conditions:   7,
	record.Results:      8,
	record.Visits:       9,
	record.Plan:         10,
	record.AboutMe:      11,
	record.Support:      12,
	record.Budget:       13,
	record.Documents:    14,
	record.SubstanceUse: 15,
	record.MentalHealth: 16,
	record.SexualHealth: 17,
	record.Safeguarding: 18,
	record.Private:      19,
}

// Stricter reports whether a is stricter than b.
func Stricter(a, b record.Section) bool { return rank(a) > rank(b) }

// rank of a section that is not one is below all.
func rank(s record.Section) int {
	if !s.Valid() {
		return 0
	}
	return strictness[s]
}

// strictest of two sections; 0 counts as none.
func strictest(a, b record.Section) record.Section {
	if Stricter(b, a) {
		return b
	}
	return a
}
