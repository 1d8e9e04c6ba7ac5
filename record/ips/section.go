package ips

import "carehold/record"

const loinc = "http://loinc.org"

// section is one of the sixteen of IPS 2.0 (Composition-uv-ips). kind is its place in
// the document: what could do harm first, as doctors read.
type kind uint8

const (
	allergies kind = iota
	medicines
	problems
	alerts
	advance
	vaccinations
	results
	vitals
	procedures
	devices
	pregnancy
	past
	functional
	plan
	social
	story
	numKinds
)

type section struct {
	code, display string
	title         string
	noun          string // "no … are recorded here"
	required      bool

	homes []record.Section // where its entries are filed as a rule
	also  []record.Section // where some are
	types []string         // the types of its entries
}

// sections is the table of IPS 2.0: codes and displays of LOINC as the Composition
// profile and HL7's examples have them; homes from docs/filing.md.
var sections = [numKinds]section{
	allergies: {"48765-2", "Allergies and adverse reactions Document", "Allergies", "allergies", true,
		of(record.Allergies), nil, []string{"AllergyIntolerance"}},
	medicines: {"10160-0", "History of Medication use Narrative", "Medicines", "current medicines", true,
		of(record.Medicines), nil, []string{"MedicationStatement", "MedicationRequest", "MedicationDispense", "MedicationAdministration"}},
	problems: {"11450-4", "Problem list - Reported", "Conditions", "current conditions", true,
		of(record.Conditions), nil, []string{"Condition"}},
	alerts: {"104605-1", "Alert", "Alerts", "alerts", false,
		of(record.Conditions, record.Support), of(record.Medicines), []string{"Flag"}},
	advance: {"42348-3", "Advance healthcare directives", "Advance decisions", "advance decisions", false,
		of(record.Plan), of(record.Documents), []string{"Consent", "DocumentReference"}},
	vaccinations: {"11369-6", "History of Immunization note", "Vaccinations", "vaccinations", false,
		of(record.Vaccination), nil, []string{"Immunization"}},
	results: {"30954-2", "Relevant diagnostic tests/laboratory data note", "Test results", "test results", false,
		of(record.Results), of(record.Measures), []string{"Observation", "DiagnosticReport"}},
	vitals: {"8716-3", "Vital signs note", "Measurements", "measurements", false,
		of(record.Measures), nil, []string{"Observation"}},
	procedures: {"47519-4", "History of Procedures Document", "Operations and procedures", "operations or procedures", false,
		of(record.Visits), of(record.Support), []string{"Procedure"}},
	devices: {"46264-8", "History of medical device use", "Implants and equipment", "implants or equipment", false,
		of(record.Conditions, record.Support), nil, []string{"DeviceUseStatement", "Device"}},
	pregnancy: {"10162-6", "History of pregnancies Narrative", "Pregnancy", "pregnancies", false,
		of(record.Results), of(record.Support, record.Measures), []string{"Observation"}},
	past: {"11348-0", "History of Past illness note", "Past conditions", "past conditions", false,
		of(record.Conditions), of(record.Support), []string{"Condition"}},
	functional: {"47420-5", "Functional status assessment note", "Everyday abilities", "assessments of everyday abilities", false,
		of(record.Support), of(record.Conditions, record.Visits, record.Documents), []string{"Condition", "ClinicalImpression", "DocumentReference"}},
	plan: {"18776-5", "Plan of care note", "Plans", "plans", false,
		of(record.Plan), of(record.Vaccination), []string{"CarePlan", "Goal", "ImmunizationRecommendation"}},
	social: {"29762-2", "Social history note", "Daily life", "facts about daily life", false,
		of(record.Support, record.Measures), nil, []string{"Observation"}},
	story: {"81338-6", "Patient Goals, preferences, and priorities for care experience", "What matters to me", "words of the person's own", false,
		of(record.AboutMe), nil, []string{"QuestionnaireResponse", "DocumentReference"}},
}

func of(s ...record.Section) []record.Section { return s }

// typeWords are the types as a reader knows them.
var typeWords = map[string]string{
	"AllergyIntolerance": "allergies", "MedicationStatement": "statements of medicines taken", "MedicationRequest": "prescriptions",
	"MedicationDispense": "medicines handed out", "MedicationAdministration": "medicines given", "Condition": "conditions", "Flag": "flags",
	"Consent": "consents", "DocumentReference": "documents", "Immunization": "vaccinations", "Observation": "observations",
	"DiagnosticReport": "reports", "Procedure": "procedures", "DeviceUseStatement": "statements of device use", "Device": "devices",
	"ClinicalImpression": "assessments", "CarePlan": "care plans", "Goal": "goals", "ImmunizationRecommendation": "vaccinations due",
	"QuestionnaireResponse": "answers to questions",
}
