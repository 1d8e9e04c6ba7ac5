package oauth

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/grant"
)

// sectionWords are the sections as a person says them.
var sectionWords = map[record.Section]string{
	record.Identity: "who you are", record.Providers: "who looks after you", record.AboutMe: "what matters to you", record.Allergies: "allergies",
	record.Medicines: "medicines", record.Conditions: "conditions", record.Vaccination: "vaccinations", record.Results: "test results",
	record.Measures: "measurements", record.Visits: "visits and procedures", record.Documents: "documents and letters", record.Support: "care and support",
	record.Plan: "plans and goals", record.Budget: "budgets and money", record.MentalHealth: "mental health", record.SexualHealth: "sexual health",
	record.SubstanceUse: "drugs and alcohol", record.Safeguarding: "safeguarding", record.Private: "what is private",
}

// typeWords are the resource types that apps ask for most. Others are shown by their name.
var typeWords = map[string]string{
	"Patient": "who you are", "AllergyIntolerance": "allergies", "Condition": "conditions", "Observation": "test results and measurements",
	"DiagnosticReport": "test reports", "MedicationRequest": "prescriptions", "MedicationStatement": "the medicines you take", "Medication": "medicines",
	"MedicationDispense": "medicines you were given", "MedicationAdministration": "medicines you were given", "Immunization": "vaccinations",
	"Procedure": "procedures", "Encounter": "visits", "Appointment": "appointments", "DocumentReference": "documents and letters", "Binary": "documents and letters",
	"CarePlan": "plans", "CareTeam": "the team around you", "Goal": "goals", "Practitioner": "who looks after you", "PractitionerRole": "who looks after you",
	"Organization": "places that look after you", "Location": "places that look after you", "RelatedPerson": "family and carers", "Coverage": "insurance",
	"ServiceRequest": "referrals and orders", "QuestionnaireResponse": "answers to questionnaires", "Device": "devices", "FamilyMemberHistory": "illnesses in the family",
}

// verbWords are in the order they are said.
var verbWords = []struct {
	verbs grant.Verbs
	word  string
}{
	{grant.Read | grant.Search, "look at"}, {grant.Create, "add to"}, {grant.Update, "change"}, {grant.Delete, "delete"},
}

// saidScopes are scopes as a person would say them: one line for what may be done, and
// with what.
func saidScopes(scopes []grant.Scope) []string {
	var lines []string
	for _, v := range verbWords {
		var what []string
		for _, s := range scopes {
			if s.Verbs&v.verbs == 0 {
				continue
			}
			if text := saidType(s); !slices.Contains(what, text) {
				what = append(what, text)
			}
		}
		if len(what) > 0 {
			lines = append(lines, v.word+": "+strings.Join(what, ", "))
		}
	}
	return lines
}

func saidType(s grant.Scope) string {
	text := typeWords[s.Type]
	switch {
	case s.Type == "*":
		text = "everything you choose to share, of all kinds, and what is added to it later"
	case text == "":
		text = s.Type
	}
	var limits []string
	for _, p := range s.Params {
		value := p.Value
		if at := strings.LastIndexByte(value, '|'); at >= 0 && at < len(value)-1 { // a code behind its system
			value = value[at+1:]
		}
		limits = append(limits, p.Name+" "+value)
	}
	if len(limits) > 0 {
		text += " (only " + strings.Join(limits, ", ") + ")"
	}
	return text
}

// saidSections are the sections that the person is proposed for what is asked.
func saidSections(scopes []grant.Scope) (words []string) {
	for _, s := range grant.Proposed(scopes).List() {
		words = append(words, sectionWords[s])
	}
	return words
}
