package app

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
	"carehold/record/search"
	"carehold/record/store"
)

// What a list knows of an entry without opening it: its search values, which the store
// has at hand. They say when it was, whether it holds now, and its words.

// looks are the places of a type's search values that a list reads.
type looks struct {
	dates  []int // in the order in which they are preferred
	status []int
	texts  []int // tokens
	words  []int // strings
	code   int
	about  []int // code, vaccine-code
	kind   int   // category
}

// datesFirst are the dates that say when something was, the one that says it best first.
// The date of birth of somebody, and when a note of it was made, say no such thing.
var datesFirst = []string{"onset-date", "effective", "effective-time", "authoredon", "date", "authored", "authored-on", "whenhandedover", "whenprepared", "started", "sent", "start-date", "created", "recorded-date", "performed-date", "last-date"}

// notWhen are dates of something else.
var notWhen = []string{"_lastUpdated", "birthdate", "death-date", "expiration-date", "due-date", "target-date", "context", "end"}

var statuses = []string{"clinical-status", "verification-status", "lifecycle-status", "status", "active"}

var looksOf sync.Map // by type

func placesOf(typ string) *looks {
	if l, there := looksOf.Load(typ); there {
		return l.(*looks)
	}
	l := &looks{code: search.Place(typ, "code"), kind: search.Place(typ, "category")}
	for _, code := range datesFirst {
		if p, there := r4.LookupParam(typ, code); there && p.Type == "date" {
			l.dates = append(l.dates, search.Place(typ, code))
		}
	}
	for i, p := range r4.Params(typ) { // the others, where none of these is there
		if p.Type == "date" && !slices.Contains(datesFirst, p.Code) && !slices.Contains(notWhen, p.Code) {
			l.dates = append(l.dates, i)
		}
	}
	for _, code := range statuses {
		if p, there := r4.LookupParam(typ, code); there && p.Type == "token" {
			l.status = append(l.status, search.Place(typ, code))
		}
	}
	for i, p := range r4.Params(typ) {
		switch p.Type {
		case "token":
			l.texts = append(l.texts, i)
		case "string":
			l.words = append(l.words, i)
		}
	}
	for _, code := range []string{"code", "vaccine-code"} {
		if place := search.Place(typ, code); place >= 0 {
			l.about = append(l.about, place)
		}
	}
	kept, _ := looksOf.LoadOrStore(typ, l)
	return kept.(*looks)
}

// when is the first time that an entry says of itself.
func (l *looks) when(index []byte) (at int64, precision fhir.Precision, dated bool) {
	for _, place := range l.dates {
		for d := range search.Lookup(index, place).Dates {
			at, precision = d.From, d.Precision
			if at == search.MinTime {
				at, precision = d.To-1, fhir.Year
			}
			if at != search.MaxTime-1 {
				return at, precision, true
			}
		}
	}
	return 0, 0, false
}

// over are the states of what holds no longer, or never did.
var over = []string{"resolved", "inactive", "remission", "refuted", "completed", "stopped", "cancelled", "ended", "revoked", "rejected",
	"not-taken", "superseded", "noshow", "fulfilled", "false", "declined", "abated"}

// lasting are the types of which some hold now, and some did.
var lasting = []string{"AllergyIntolerance", "Condition", "MedicationRequest", "MedicationStatement", "CarePlan", "CareTeam", "Goal", "ServiceRequest",
	"Flag", "Coverage", "RelatedPerson", "Appointment", "DeviceUseStatement", "DeviceRequest", "Task", "NutritionOrder"}

// state is whether an entry holds.
type state uint8

const (
	happened state = iota // something that was done, once: it neither holds nor is over
	now
	past
	none // it says that there is none, which holds
)

// stands reads the state of an entry, and whether it is marked as a mistake.
func (l *looks) stands(typ string, index []byte) (s state, mistake bool) {
	if slices.Contains(lasting, typ) {
		s = now
	}
	for _, place := range l.status {
		for t := range search.Lookup(index, place).Tokens {
			code := string(t.Code)
			if code == "entered-in-error" {
				mistake = true
			}
			if s == now && slices.Contains(over, code) {
				s = past
			}
		}
	}
	if s != past && l.saysNone(index) {
		s = none
	}
	return s, mistake
}

// nones are the codes that say that there is nothing of a kind, of the International
// Patient Summary 2.0 (SNOMED CT), and those that say that nobody knows.
var nones = []string{"716186003", "787481004", "160245001", "787482006", "787480003", "787483001", "1287211007",
	"no-known-allergies", "no-known-medications", "no-known-problems", "no-known-immunizations", "no-known-procedures", "no-known-devices",
	"no-allergy-info", "no-medication-info", "no-problem-info", "no-immunization-info", "no-procedure-info", "no-device-info"}

func (l *looks) saysNone(index []byte) bool {
	for _, place := range l.about {
		for t := range search.Lookup(index, place).Tokens {
			if slices.Contains(nones, string(t.Code)) {
				return true
			}
		}
	}
	return false
}

// lacking are those of some words, folded, that an entry's search values have not.
func (l *looks) lacking(index []byte, words []string) (lacks []string) {
	for _, w := range words {
		if !l.has(index, []byte(w)) {
			lacks = append(lacks, w)
		}
	}
	return lacks
}

func (l *looks) has(index, word []byte) bool {
	for _, place := range l.texts {
		for t := range search.Lookup(index, place).Tokens {
			if bytes.Contains(t.Text, word) || bytes.EqualFold(t.Code, word) {
				return true
			}
		}
	}
	for _, place := range l.words {
		for s := range search.Lookup(index, place).Strings {
			if bytes.Contains(s.Folded, word) {
				return true
			}
		}
	}
	return false
}

// codes are what an entry is about, for telling whether two are about the same.
func (l *looks) codes(index []byte) string {
	if l.code < 0 {
		return ""
	}
	var list []string
	for t := range search.Lookup(index, l.code).Tokens {
		if len(t.Code) > 0 {
			list = append(list, string(t.System)+"|"+string(t.Code))
		} else {
			list = append(list, "text:"+string(t.Text))
		}
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// Cards are the parts of the record as the person sees it, in their order.
var Cards = []string{"allergies", "medicines", "results", "conditions", "vaccinations", "documents", "care", "measurements"}

// Lists are the lists there are: of each card, and what is on no card.
var Lists = append(slices.Clone(Cards), "visits", "people", "all")

var cardOfType = map[string]string{
	"AllergyIntolerance": "allergies",
	"MedicationRequest":  "medicines", "MedicationStatement": "medicines", "MedicationDispense": "medicines", "MedicationAdministration": "medicines",
	"DiagnosticReport": "results", "ImagingStudy": "results", "MolecularSequence": "results",
	"Condition": "conditions", "ClinicalImpression": "conditions", "DetectedIssue": "conditions", "FamilyMemberHistory": "conditions", "RiskAssessment": "conditions", "AdverseEvent": "conditions",
	"Immunization": "vaccinations", "ImmunizationEvaluation": "vaccinations", "ImmunizationRecommendation": "vaccinations",
	"DocumentReference": "documents", "Composition": "documents", "Media": "documents", "DocumentManifest": "documents", "List": "documents",
	"CarePlan": "care", "CareTeam": "care", "Goal": "care", "ServiceRequest": "care", "RelatedPerson": "care", "QuestionnaireResponse": "care", "Flag": "care",
	"Claim": "care", "ClaimResponse": "care", "ExplanationOfBenefit": "care", "Coverage": "care", "Account": "care", "ChargeItem": "care", "Invoice": "care",
	"Communication": "care", "CommunicationRequest": "care", "DeviceRequest": "care", "DeviceUseStatement": "care", "Task": "care", "NutritionOrder": "care",
	"RequestGroup": "care", "Contract": "care", "EpisodeOfCare": "care", "Consent": "care",
	"Encounter": "visits", "Procedure": "visits", "Appointment": "visits", "AppointmentResponse": "visits",
}

// behind are types that stand behind other entries: a list of what happened has them not.
var behind = []string{"Patient", "Person", "Practitioner", "PractitionerRole", "Organization", "OrganizationAffiliation", "Location", "HealthcareService",
	"Endpoint", "Group", "Medication", "Substance", "Device", "DeviceMetric", "Specimen", "BodyStructure", "Schedule", "Slot", "Questionnaire", "Provenance", "AuditEvent", "InsurancePlan"}

// cardOf is the card of an entry; "people" for who and what stands behind others; "" for
// what is in the list of everything alone.
func cardOf(s *store.Seen, l *looks) string {
	switch {
	case s.Ref.Type == "Binary":
		return "files"
	case s.Ref.Type == "Observation":
		return observationCard(s, l)
	case slices.Contains(behind, s.Ref.Type):
		return "people"
	}
	return cardOfType[s.Ref.Type]
}

func observationCard(s *store.Seen, l *looks) string {
	for t := range search.Lookup(s.Index, l.kind).Tokens {
		switch string(t.Code) {
		case "vital-signs", "activity":
			return "measurements"
		case "laboratory", "imaging", "procedure":
			return "results"
		}
	}
	switch s.Section {
	case record.Measures:
		return "measurements"
	case record.AboutMe, record.Support, record.Plan, record.Budget:
		return "care"
	}
	return "results"
}

// wordless are types whose search values have not the words that they are known by.
var wordless = []string{"Goal", "CarePlan", "CareTeam", "QuestionnaireResponse", "Communication", "CommunicationRequest", "Task", "Flag", "ServiceRequest",
	"RelatedPerson", "Claim", "ExplanationOfBenefit", "Coverage", "DocumentReference", "Composition", "Appointment", "NutritionOrder"}
