package filing

import "carehold/record"

// hl7Sets are codes of HL7's own small lists.
var hl7Sets = []codeSet{
	{id: "code:hl7:substance", section: record.SubstanceUse, system: hl7, about: "an alcohol or drug service",
		codes:  []string{"episodeofcare-type#da", "v3-RoleCode#SURF"},
		source: "FHIR R4 EpisodeOfCareType (drug and alcohol rehabilitation); HL7 v3-RoleCode (substance use rehabilitation facility)"},
	{id: "code:hl7:mental", section: record.MentalHealth, system: hl7, about: "a mental health service",
		codes:  []string{"v3-RoleCode#PSYCHF", "v3-RoleCode#PSY", "v3-RoleCode#PSI"},
		source: "HL7 v3-RoleCode (psychiatric care facility, psychiatry clinic, psychology clinic)"},
}
