package grant

import (
	"strings"

	"carehold/record"
)

// A client asks for types, and a person gives sections. The table says in which sections
// entries of a type can be filed, so that what is proposed to the person is what the
// client would need for what it asks. It is package filing's table, without the
// sensitive sections: those are never proposed, the person adds them. A test there
// compares the two (TestProposed).
//
// What is filed with another entry (a Provenance, a Binary, a List) is found wherever
// that is; here is where it goes by itself. A type that is not named is a document.
var filedIn = []struct {
	section record.Section
	types   string
}{
	{record.Identity, "Patient Person"},
	{record.Providers, "Practitioner PractitionerRole Organization OrganizationAffiliation Location HealthcareService Endpoint"},
	{record.AboutMe, "Observation Goal CarePlan QuestionnaireResponse DocumentReference Composition Communication CommunicationRequest Media"},
	{record.Allergies, "AllergyIntolerance AdverseEvent List"},
	{record.Medicines, "Medication MedicationRequest MedicationDispense MedicationAdministration MedicationStatement MedicationKnowledge DetectedIssue Flag List " +
		"MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction " +
		"MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical MedicinalProductUndesirableEffect " +
		"Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification"},
	{record.Conditions, "Condition BodyStructure FamilyMemberHistory RiskAssessment Flag Device DeviceRequest DeviceUseStatement List"},
	{record.Vaccination, "Immunization ImmunizationEvaluation ImmunizationRecommendation List"},
	{record.Results, "Observation DiagnosticReport ImagingStudy Specimen VisionPrescription"},
	{record.Measures, "DeviceMetric Observation"},
	{record.Visits, "Encounter Procedure ServiceRequest EpisodeOfCare Appointment AppointmentResponse Schedule Slot ClinicalImpression BiologicallyDerivedProduct"},
	{record.Documents, "DocumentReference QuestionnaireResponse Communication CommunicationRequest Consent Media Composition List"},
	{record.Support, "RelatedPerson Device DeviceRequest DeviceUseStatement SupplyRequest SupplyDelivery Flag Location ServiceRequest Encounter EpisodeOfCare Procedure " +
		"Appointment Condition ClinicalImpression Observation RiskAssessment QuestionnaireResponse DocumentReference Composition Communication CommunicationRequest Media"},
	{record.Plan, "CarePlan CareTeam Goal Task RequestGroup NutritionOrder Observation Consent DocumentReference Composition QuestionnaireResponse Flag List"},
	{record.Budget, "Account ChargeItem Claim ClaimResponse Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse EnrollmentRequest EnrollmentResponse " +
		"ExplanationOfBenefit InsurancePlan Invoice PaymentNotice PaymentReconciliation ChargeItemDefinition " +
		"ServiceRequest Consent Task QuestionnaireResponse DocumentReference Composition Communication CommunicationRequest Media"},
	{record.Private, "MolecularSequence"}, // which is never proposed
}

// everyType is what is proposed for *: what clinicians and what social workers need. Who
// pays for it is for those who ask for it by name.
var everyType = Clinical | record.SectionsOf(record.AboutMe, record.Support, record.Plan)

var filedByType = func() map[string]record.SectionSet {
	m := make(map[string]record.SectionSet)
	for _, row := range filedIn {
		for _, typ := range strings.Fields(row.types) {
			m[typ] = m[typ].With(row.section)
		}
	}
	return m
}()

// Proposed are the sections to propose to the person for what a client asks for, with
// those that every grant includes.
func Proposed(scopes []Scope) record.SectionSet {
	var set record.SectionSet
	for _, s := range scopes {
		if s.Type == "*" {
			set |= everyType
			continue
		}
		in, known := filedByType[s.Type]
		if !known {
			in = record.SectionsOf(record.Documents)
		}
		set |= in &^ record.SensitiveSections
	}
	return With(set)
}
