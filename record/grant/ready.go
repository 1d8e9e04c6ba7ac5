package grant

import (
	"time"

	"carehold/record"
)

// Ready is a ready-made grant: most people should not have to choose from
// nineteen sections. Every one is closed to the sensitive sections.
type Ready struct {
	Name     string // what is typed: "gp-visit"
	Title    string // what is shown: "a visit to a GP"
	Sections record.SectionSet
	Scopes   string
	Purpose  string
	Lasts    time.Duration // 0: until stopped
}

const day = 24 * time.Hour

// always is in every grant: a SMART client must know whose record it is.
var always = record.SectionsOf(record.Identity, record.Providers)

// Clinical are the sections a clinician usually needs. None is sensitive.
var Clinical = always | record.SectionsOf(record.Allergies, record.Medicines, record.Conditions,
	record.Vaccination, record.Results, record.Measures, record.Visits, record.Documents)

// ReadyMade lists the ready-made grants.
var ReadyMade = []Ready{
	{"gp-visit", "a visit to a GP", Clinical, "patient/*.rs", "TREAT", day},
	{"social-worker", "a social worker", always | record.SectionsOf(record.AboutMe, record.Support, record.Plan),
		"patient/*.rs", "CAREMGT", 90 * day},
	{"carer-view", "a carer, to look only", always | record.SectionsOf(record.AboutMe, record.Allergies,
		record.Medicines, record.Support, record.Plan), "patient/*.rs", "SUPNWK", 0},
}

// With returns the set with the sections that every grant includes.
func With(set record.SectionSet) record.SectionSet { return set | always }
