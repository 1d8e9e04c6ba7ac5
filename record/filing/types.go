package filing

import "carehold/record"

// follows says how entries of a type go with other entries.
type follows uint8

const (
	alone     follows = iota // never moved by another entry
	subjects                 // goes with a sensitive entry it is about
	allOfThem                // goes with the problems it addresses when all of them are sensitive
	part                     // as subjects, and with a sensitive entry that points to it
	container                // goes with the strictest entry it points to; see graph.go
	bystander                // a provider: goes with the entries that point to it when all of them are sensitive
)

// typeRow is where a resource type goes when nothing else decides.
type typeRow struct {
	name    string
	section record.Section
	follows follows
	why     string
}

const (
	isPublic   = "public or technical: nothing in it is about the person, and there is no better place"
	isMoney    = "what care costs and who pays"
	isMedicine = "about medicines as products"
)

// types is the default of every R4 resource type. A container whose section is
// a floor never goes lower than it; the others (weak) only fall back on it.
var types = []typeRow{
	{"Patient", record.Identity, alone, "whose record it is; every reader needs it, so it stays here whatever its labels say"},
	{"Person", record.Identity, subjects, "who the person is"},

	{"Practitioner", record.Providers, bystander, "a professional"},
	{"PractitionerRole", record.Providers, bystander, "a professional at a place"},
	{"Organization", record.Providers, bystander, "an organisation"},
	{"OrganizationAffiliation", record.Providers, bystander, "organisations that work together"},
	{"Location", record.Providers, bystander, "a place of care"},
	{"HealthcareService", record.Providers, bystander, "a service"},
	{"Endpoint", record.Providers, bystander, "a service's technical address"},

	{"AllergyIntolerance", record.Allergies, alone, "everyone who treats must see it, even where the substance tells of something else: only a label moves it"},
	{"AdverseEvent", record.Allergies, subjects, "harm that was done once and must not be done again"},

	{"Medication", record.Medicines, part, "a medicine; goes with a sensitive prescription of it"},
	{"MedicationRequest", record.Medicines, subjects, "prescribed"},
	{"MedicationDispense", record.Medicines, subjects, "dispensed"},
	{"MedicationAdministration", record.Medicines, subjects, "given"},
	{"MedicationStatement", record.Medicines, subjects, "taken"},
	{"DetectedIssue", record.Medicines, subjects, "an interaction or a duplicate, nearly always of medicines"},
	{"MedicationKnowledge", record.Medicines, part, isMedicine},
	{"MedicinalProduct", record.Medicines, part, isMedicine},
	{"MedicinalProductAuthorization", record.Medicines, part, isMedicine},
	{"MedicinalProductContraindication", record.Medicines, part, isMedicine},
	{"MedicinalProductIndication", record.Medicines, part, isMedicine},
	{"MedicinalProductIngredient", record.Medicines, part, isMedicine},
	{"MedicinalProductInteraction", record.Medicines, part, isMedicine},
	{"MedicinalProductManufactured", record.Medicines, part, isMedicine},
	{"MedicinalProductPackaged", record.Medicines, part, isMedicine},
	{"MedicinalProductPharmaceutical", record.Medicines, part, isMedicine},
	{"MedicinalProductUndesirableEffect", record.Medicines, part, isMedicine},
	{"Substance", record.Medicines, part, isMedicine},
	{"SubstanceNucleicAcid", record.Medicines, part, isMedicine},
	{"SubstancePolymer", record.Medicines, part, isMedicine},
	{"SubstanceProtein", record.Medicines, part, isMedicine},
	{"SubstanceReferenceInformation", record.Medicines, part, isMedicine},
	{"SubstanceSourceMaterial", record.Medicines, part, isMedicine},
	{"SubstanceSpecification", record.Medicines, part, isMedicine},

	{"Condition", record.Conditions, subjects, "a problem or diagnosis"},
	{"BodyStructure", record.Conditions, part, "where in the body"},
	{"FamilyMemberHistory", record.Conditions, subjects, "what runs in the family; it tells of relatives, so never in a section everyone gets"},
	{"RiskAssessment", record.Conditions, subjects, "what may happen, and how likely"},

	{"Immunization", record.Vaccination, subjects, "a vaccination"},
	{"ImmunizationEvaluation", record.Vaccination, subjects, "whether a vaccination counts"},
	{"ImmunizationRecommendation", record.Vaccination, subjects, "which vaccinations are due"},

	{"Observation", record.Results, subjects, "a finding whose category does not say more is read as a result"},
	{"DiagnosticReport", record.Results, subjects, "a report"},
	{"ImagingStudy", record.Results, part, "images"},
	{"Specimen", record.Results, part, "what was tested"},
	{"VisionPrescription", record.Results, subjects, "what an eye test found"},
	{"MolecularSequence", record.Private, subjects, "a genome tells of relatives and of the future, and no visit needs the raw letters; what was concluded from it is a result"},

	{"DeviceMetric", record.Measures, subjects, "what a device measures"},

	{"Encounter", record.Visits, subjects, "a visit or a stay"},
	{"Procedure", record.Visits, subjects, "something that was done"},
	{"ServiceRequest", record.Visits, subjects, "a referral or an order"},
	{"EpisodeOfCare", record.Visits, subjects, "a time under one service"},
	{"Appointment", record.Visits, subjects, "an appointment"},
	{"AppointmentResponse", record.Visits, subjects, "an answer to one"},
	{"Schedule", record.Visits, subjects, "a calendar: whose it is tells whom the person sees, so not in providers"},
	{"Slot", record.Visits, subjects, "a time in a calendar"},
	{"ClinicalImpression", record.Visits, subjects, "what a clinician concluded at a visit"},
	{"BiologicallyDerivedProduct", record.Visits, part, "blood or tissue given or received"},

	{"CarePlan", record.Plan, allOfThem, "a plan is made to be shared by a team: it goes with sensitive problems only if it addresses no others"},
	{"CareTeam", record.Plan, allOfThem, "the team; as a plan"},
	{"Goal", record.Plan, subjects, "what the person wants to reach"},
	{"Task", record.Plan, subjects, "what is to be done and by whom"},
	{"RequestGroup", record.Plan, subjects, "orders that belong together"},
	{"NutritionOrder", record.Plan, subjects, "what the person may eat: kitchens and carers need it"},

	{"RelatedPerson", record.Support, subjects, "family and carers; names other people, so not in identity"},
	{"Device", record.Support, subjects, "equipment"},
	{"DeviceRequest", record.Support, subjects, "equipment asked for"},
	{"DeviceUseStatement", record.Support, subjects, "equipment in use"},
	{"SupplyRequest", record.Support, subjects, "supplies asked for"},
	{"SupplyDelivery", record.Support, subjects, "supplies delivered"},
	{"Flag", record.Support, subjects, "an alert; most are about how to support the person (see its categories)"},

	{"Account", record.Budget, subjects, isMoney}, {"ChargeItem", record.Budget, subjects, isMoney},
	{"Claim", record.Budget, subjects, isMoney}, {"ClaimResponse", record.Budget, subjects, isMoney},
	{"Contract", record.Budget, subjects, isMoney}, {"Coverage", record.Budget, subjects, isMoney},
	{"CoverageEligibilityRequest", record.Budget, subjects, isMoney}, {"CoverageEligibilityResponse", record.Budget, subjects, isMoney},
	{"EnrollmentRequest", record.Budget, subjects, isMoney}, {"EnrollmentResponse", record.Budget, subjects, isMoney},
	{"ExplanationOfBenefit", record.Budget, subjects, isMoney}, {"InsurancePlan", record.Budget, subjects, isMoney},
	{"Invoice", record.Budget, subjects, isMoney}, {"PaymentNotice", record.Budget, subjects, isMoney},
	{"PaymentReconciliation", record.Budget, subjects, isMoney}, {"ChargeItemDefinition", record.Budget, subjects, isMoney},

	{"DocumentReference", record.Documents, subjects, "a letter, a scan: it can hold anything"},
	{"QuestionnaireResponse", record.Documents, subjects, "answers: they can be about anything, so kept with documents unless the form is known"},
	{"Communication", record.Documents, subjects, "a message"},
	{"CommunicationRequest", record.Documents, subjects, "a message asked for"},
	{"Consent", record.Documents, subjects, "what the person agreed to: the paper, not the key (grants are the keys)"},
	{"Media", record.Documents, part, "a picture or recording: it can show anything"},
	{"Basic", record.Documents, subjects, "something FHIR has no type for"},
	{"Group", record.Documents, subjects, "a list of people or things"},
	{"GuidanceResponse", record.Documents, subjects, "advice from a program"},
	{"MeasureReport", record.Documents, subjects, "a figure about care"},
	{"ResearchSubject", record.Documents, subjects, "taking part in research"},
	{"ResearchStudy", record.Documents, subjects, "a study"},
	{"VerificationResult", record.Documents, subjects, "who checked what"},

	{"Composition", record.Documents, container, "a document: goes with the most sensitive thing in it"},
	{"Bundle", record.Documents, container, "many resources in one: a document"},
	{"DocumentManifest", record.Documents, container, "documents that belong together"},
	{"MessageHeader", record.Documents, container, "the envelope of a message"},
	{"Parameters", record.Documents, container, "an operation's arguments: they can hold anything"},
	{"List", record.Documents, container, "a list goes with the strictest entry on it"},
	{"Provenance", record.Documents, container, "who wrote an entry: goes with it"},
	{"Linkage", record.Documents, container, "entries that are the same: goes with them"},
	{"AuditEvent", record.Documents, container, "who looked, in another system: goes with what they looked at"},
	{"Binary", record.Documents, container, "a file: goes with the entry it is the file of"},

	{"ActivityDefinition", record.Documents, subjects, isPublic}, {"CapabilityStatement", record.Documents, subjects, isPublic},
	{"CatalogEntry", record.Documents, subjects, isPublic}, {"CodeSystem", record.Documents, subjects, isPublic},
	{"CompartmentDefinition", record.Documents, subjects, isPublic}, {"ConceptMap", record.Documents, subjects, isPublic},
	{"DeviceDefinition", record.Documents, subjects, isPublic}, {"EffectEvidenceSynthesis", record.Documents, subjects, isPublic},
	{"EventDefinition", record.Documents, subjects, isPublic}, {"Evidence", record.Documents, subjects, isPublic},
	{"EvidenceVariable", record.Documents, subjects, isPublic}, {"ExampleScenario", record.Documents, subjects, isPublic},
	{"GraphDefinition", record.Documents, subjects, isPublic}, {"ImplementationGuide", record.Documents, subjects, isPublic},
	{"Library", record.Documents, subjects, isPublic}, {"Measure", record.Documents, subjects, isPublic},
	{"MessageDefinition", record.Documents, subjects, isPublic}, {"NamingSystem", record.Documents, subjects, isPublic},
	{"ObservationDefinition", record.Documents, subjects, isPublic}, {"OperationDefinition", record.Documents, subjects, isPublic},
	{"OperationOutcome", record.Documents, subjects, isPublic}, {"PlanDefinition", record.Documents, subjects, isPublic},
	{"Questionnaire", record.Documents, subjects, "a blank form; which one it is may tell, so its codes and title count"},
	{"ResearchDefinition", record.Documents, subjects, isPublic}, {"ResearchElementDefinition", record.Documents, subjects, isPublic},
	{"RiskEvidenceSynthesis", record.Documents, subjects, isPublic}, {"SearchParameter", record.Documents, subjects, isPublic},
	{"SpecimenDefinition", record.Documents, subjects, isPublic}, {"StructureDefinition", record.Documents, subjects, isPublic},
	{"StructureMap", record.Documents, subjects, isPublic}, {"Subscription", record.Documents, subjects, isPublic},
	{"TerminologyCapabilities", record.Documents, subjects, isPublic}, {"TestReport", record.Documents, subjects, isPublic},
	{"TestScript", record.Documents, subjects, isPublic}, {"ValueSet", record.Documents, subjects, isPublic},
}

var typeByName = func() map[string]typeRow {
	m := make(map[string]typeRow, len(types))
	for _, t := range types {
		m[t.name] = t
	}
	return m
}()

// says is the reason of an entry that is filed by its type alone, as most are.
func (row typeRow) says() string {
	if text, ok := typeSays[row.name]; ok {
		return text
	}
	return "Entries of this type go there: " + row.why + "."
}

var typeSays = func() map[string]string {
	m := make(map[string]string, len(types))
	for _, t := range types {
		m[t.name] = "Entries of this type go there: " + t.why + "."
	}
	return m
}()

// typeOf returns the row of a type. One that is not of R4 is a document.
func typeOf(name string) typeRow {
	if row, ok := typeByName[name]; ok {
		return row
	}
	return typeRow{name, record.Documents, subjects, "a type this program does not know"}
}

// weak containers have no place of their own: they fall back on the default of
// their type only when nothing they are about says where.
var weak = map[string]bool{"List": true, "Provenance": true, "Linkage": true, "AuditEvent": true, "Binary": true, "MessageHeader": true}
