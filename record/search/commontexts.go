package search

import (
	"slices"
	"sync"

	"carehold/record/fhir/r4"
)

// firstTexts are what most resources hold: the first 32 of them are one byte in an
// index, the others and those of R4's own definitions two. An index is memory only,
// so the table may change at will.
var firstTexts = []string{
	"Patient", "Encounter", "Observation", "Practitioner", "Organization", "Condition", "Claim", "PractitionerRole",
	"http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org",
	"http://hl7.org/fhir/observation-status", "final", "http://hl7.org/fhir/event-status", "completed", "active", "finished",
	"http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs", "vital signs", "laboratory", "survey", "social-history",
	"https://fhir.nhs.uk/Id/nhs-number", "https://dmd.nhs.uk", "http://www.nlm.nih.gov/research/umls/rxnorm",
	"1", "g.m-3", "mmol/L", "mg/dL", "mm[Hg]", "true",

	"%", "kg", "g", "mg", "cm", "kg/m2", "mL", "L", "g/L", "g/dL", "umol/L", "nmol/L", "pmol/L", "U/L", "m[IU]/L", "10*9/L", "10*12/L",
	"10*3/uL", "10*6/uL", "fL", "pg", "ug/L", "ng/mL", "mmol/mol", "mL/min", "mL/min/{1.73_m2}", "/min", "{beats}/min", "Cel", "{score}",
	"d", "h", "min", "a", "wk", "mo", "mmHg", "m", "m3", "m-3", "s", "s-1", "g.m-2", "g.m-1.s-2", "m3.s-1", "K", "m-3.[iU]", "m-3.s-1",
	"urn:ietf:rfc:3986", "urn:ietf:bcp:47", "urn:ietf:bcp:13", "urn:iso:std:iso:3166", "urn:iso:std:iso:4217", "urn:oid:2.16.840.1.113883.6.238",
	"http://hl7.org/fhir/sid/us-npi", "http://hl7.org/fhir/sid/us-ssn", "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm",
	"http://hl7.org/fhir/sid/icd-9-cm", "http://hl7.org/fhir/sid/cvx", "http://hl7.org/fhir/sid/ndc", "http://hl7.org/fhir/ndfrt",
	"http://www.ama-assn.org/go/cpt", "http://www.whocc.no/atc", "http://fdasis.nlm.nih.gov", "http://dicom.nema.org/resources/ontology/DCM",
	"http://nucc.org/provider-taxonomy", "http://ihe.net/xds/connectathon/classCodes", "http://unstats.un.org/unsd/methods/m49/m49.htm",
	"https://fhir.nhs.uk/Id/ods-organization-code", "https://fhir.nhs.uk/Id/ods-site-code", "https://fhir.nhs.uk/Id/sds-user-id",
	"https://fhir.hl7.org.uk/Id/gmc-number", "https://fhir.hl7.org.uk/Id/nmc-number", "https://fhir.hl7.org.uk/Id/hcpc-number",
	"https://fhir.hl7.org.uk/Id/gphc-number", "http://read.info/readv2", "http://read.info/ctv3", "http://smarthealthit.org/tags", "https://smarthealthit.org/tags",
	"AMB", "IMP", "EMER", "WELLNESS", "HH", "VR", "N", "R", "MR", "PPN", "DL", "SS", "SB", "PPRF", "encounter-diagnosis", "problem-list-item", "confirmed", "resolved",
	"community", "LAB", "RAD", "claim", "normal", "institutional", "professional", "pharmacy", "primary",
}

// terminology are names of code systems under http://terminology.hl7.org/CodeSystem/.
var terminology = []string{
	"v3-ActCode", "v3-ActReason", "v3-Confidentiality", "v3-MaritalStatus", "v3-NullFlavor", "v3-ObservationInterpretation", "v3-ObservationValue",
	"v3-ParticipationType", "v3-RoleCode", "v3-RoleClass", "v3-RouteOfAdministration", "v3-Race", "v3-Ethnicity", "v3-substanceAdminSubstitution",
	"v3-ActPriority", "v3-ActSite", "v3-TimingEvent", "v3-GTSAbbreviation", "v3-DataOperation", "v3-DocumentCompletion", "v3-Religion",
	"v2-0074", "v2-0080", "v2-0116", "v2-0131", "v2-0203", "v2-0276", "v2-0360", "v2-0371", "v2-0487", "v2-0443", "v2-0301",
	"condition-category", "condition-clinical", "condition-ver-status", "allergyintolerance-clinical", "allergyintolerance-verification",
	"goal-acceptance-status", "goal-achievement", "goal-category", "goal-priority", "goal-relationship-type", "consentscope", "consentcategorycodes",
	"consentaction", "claim-type", "processpriority", "ex-benefitcategory", "ex-diagnosistype", "ex-serviceplace", "adjudication", "benefit-network",
	"benefit-unit", "benefit-term", "claimcareteamrole", "claiminformationcategory", "payeetype", "fundsreserve", "payment-type", "service-type",
	"service-category", "practitioner-role", "organization-type", "contactentity-type", "location-physical-type", "encounter-type", "admit-source",
	"discharge-disposition", "diet", "diagnosis-role", "medicationrequest-category", "medicationrequest-course-of-therapy", "medication-statement-category",
	"medication-admin-category", "medicationrequest-status-reason", "medicationdispense-performer-function", "dose-rate-type", "immunization-origin",
	"immunization-funding-source", "immunization-program-eligibility", "immunization-recommendation-status", "procedure-category", "referencerange-meaning",
	"data-absent-reason", "list-empty-reason", "list-order", "list-example-use-codes", "media-category", "media-modality", "media-type", "flag-category",
	"communication-category", "communication-not-done-reason", "provenance-participant-type", "provenance-agent-type", "audit-event-type",
	"audit-entity-type", "security-role-type", "object-role", "subscriber-relationship", "coverage-class", "coverage-copay-type", "question-max-occurs",
	"plan-definition-type", "library-type", "measure-scoring", "measure-type", "measure-population", "measure-data-usage", "action-type", "usage-context-type",
	"definition-topic", "endpoint-connection-type", "endpoint-payload-type", "episodeofcare-type", "appointment-cancellation-reason", "basic-resource-type",
	"device-status-reason", "research-study-phase", "research-study-objective-type", "risk-probability", "substance-category", "supply-kind", "supply-item-type",
	"task-code", "verificationresult-communication-method", "common-tags", "variable-role",
}

// common is the table of texts that an index need not hold.
type commonTable struct {
	texts  [][]byte
	places map[string]int
}

var commons = sync.OnceValue(func() *commonTable {
	all := slices.Clone(firstTexts)
	all = append(all, r4.ResourceTypes()...)
	all = append(all, r4.Systems()...)
	for _, name := range terminology {
		all = append(all, "http://terminology.hl7.org/CodeSystem/"+name)
	}
	for _, typ := range r4.ResourceTypes() {
		t, _ := r4.Lookup(typ)
		for _, e := range t.Elements {
			if codes := r4.CodesOf(e.Required); e.Required != "" && len(codes) < 100 {
				all = append(all, codes...)
			}
		}
	}
	c := &commonTable{places: make(map[string]int, len(all))}
	for _, s := range all {
		if _, has := c.places[s]; !has {
			c.places[s] = len(c.texts)
			c.texts = append(c.texts, []byte(s))
		}
	}
	return c
})
