package record

import "fmt"

// Section is the part of a record that an entry is filed in. Exactly one for
// each entry; the unit of cryptographic sharing.
//
// The numbers are part of the format (docs/format.md, "Sections") and never
// change or get reused.
type Section uint8

const (
	Identity    Section = 1  // who the person is: Patient, Person
	Providers   Section = 2  // practitioners, organisations, places
	AboutMe     Section = 3  // what matters to the person, in their words (PRSB About Me)
	Allergies   Section = 4  // allergies and adverse reactions
	Medicines   Section = 5  // prescribed, dispensed, taken
	Conditions  Section = 6  // problems and diagnoses
	Vaccination Section = 7  // immunisations
	Results     Section = 8  // laboratory, imaging and other reports
	Measures    Section = 9  // blood pressure, weight, what a home device measures
	Visits      Section = 10 // encounters, procedures, referrals, appointments
	Documents   Section = 11 // letters, scans, everything without a better place
	Support     Section = 12 // social care: packages, assessments, equipment, carers
	Plan        Section = 13 // the team, plans, goals, outcomes
	Budget      Section = 14 // budgets, claims, funding

	// The sensitive sections win over all the others.
	MentalHealth Section = 15
	SexualHealth Section = 16
	SubstanceUse Section = 17
	Safeguarding Section = 18
	Private      Section = 19
)

// NumSections is how many sections there are. Sections are numbered 1 to
// NumSections without a gap.
const NumSections = 19

var sectionNames = [NumSections + 1]string{
	"", "identity", "providers", "about-me", "allergies", "medicines", "conditions",
	"vaccinations", "results", "measurements", "visits", "documents", "support",
	"plan", "budget", "mental-health", "sexual-health", "substance-use",
	"safeguarding", "private",
}

// String is the name a person types and a grant shows.
func (s Section) String() string {
	if !s.Valid() {
		return fmt.Sprintf("section(%d)", uint8(s))
	}
	return sectionNames[s]
}

// Valid reports whether s is one of the sections of the format.
func (s Section) Valid() bool { return s >= Identity && s <= Private }

// Sensitive reports whether s is one of the sections that win over the others
// when an entry could be filed in more than one.
func (s Section) Sensitive() bool { return s >= MentalHealth && s <= Private }

// Always reports whether s is in every grant. SMART clients need to know whose
// record it is, and a safe patient banner needs the identity.
func (s Section) Always() bool { return s == Identity || s == Providers }

// ParseSection returns the section of that name.
func ParseSection(name string) (Section, error) {
	for s := Identity; s <= Private; s++ {
		if sectionNames[s] == name {
			return s, nil
		}
	}
	return 0, Errorf(Invalid, "there is no section called %q; the sections are %s", name, SectionNames())
}

// Sections returns all the sections in their order.
func Sections() []Section {
	all := make([]Section, 0, NumSections)
	for s := Identity; s <= Private; s++ {
		all = append(all, s)
	}
	return all
}

// SectionSet is a set of sections; the zero value is empty. The bit of section
// s is 1<<s, and that number is what the formats store.
type SectionSet uint32

// SensitiveSections are those that win over the others.
const SensitiveSections SectionSet = 1<<MentalHealth | 1<<SexualHealth | 1<<SubstanceUse | 1<<Safeguarding | 1<<Private

// AllSections has every section in it.
const AllSections SectionSet = (1<<(NumSections+1) - 1) &^ 1

// SectionsOf returns the set of the given sections.
func SectionsOf(sections ...Section) SectionSet {
	var set SectionSet
	for _, s := range sections {
		set |= 1 << s
	}
	return set
}

// Has reports whether s is in the set.
func (set SectionSet) Has(s Section) bool { return s.Valid() && set&(1<<s) != 0 }

// With returns the set with s in it.
func (set SectionSet) With(s Section) SectionSet { return set | 1<<s }

// Valid reports whether the set has no bit outside the sections of the format.
func (set SectionSet) Valid() bool { return set&^AllSections == 0 }

// Whole reports whether the set has every section in it.
func (set SectionSet) Whole() bool { return set == AllSections }

// List returns the sections in the set, in their order.
func (set SectionSet) List() []Section {
	var list []Section
	for s := Identity; s <= Private; s++ {
		if set.Has(s) {
			list = append(list, s)
		}
	}
	return list
}

// String lists the names, as in "allergies, medicines".
func (set SectionSet) String() string {
	if set.Whole() {
		return "everything"
	}
	text := ""
	for _, s := range set.List() {
		if text != "" {
			text += ", "
		}
		text += s.String()
	}
	return text
}

// SectionNames lists all the names, for help and for errors.
func SectionNames() string {
	text := ""
	for s := Identity; s <= Private; s++ {
		if text != "" {
			text += ", "
		}
		text += s.String()
	}
	return text
}
