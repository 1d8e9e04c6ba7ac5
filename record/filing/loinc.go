package filing

import "carehold/record"

const loincSource = "LOINC. Most tests for HIV and infections match the displays of the eCQM value sets; the questionnaires are from published guides where found, the rest from memory. Each number passes its check digit"

// loincSets are questionnaires and tests whose very presence tells, whatever
// the answer.
var loincSets = []codeSet{
	{id: "code:loinc:mental", section: record.MentalHealth, system: loinc, about: "a question about mental health", source: loincSource, terms: map[string]string{
		"44249-1": "PHQ-9 panel", "44261-6": "PHQ-9 total score", "44250-9": "PHQ-9 item 1", "44255-8": "PHQ-9 item 2", "44259-0": "PHQ-9 item 3",
		"44254-1": "PHQ-9 item 4", "44251-7": "PHQ-9 item 5", "44258-2": "PHQ-9 item 6", "44252-5": "PHQ-9 item 7", "44253-3": "PHQ-9 item 8",
		"44260-8": "PHQ-9 item 9 (thoughts of death)", "44256-6": "PHQ-9 difficulty", "55757-9": "PHQ-2 panel", "55758-7": "PHQ-2 total score",
		"89204-2": "PHQ-9 for teens, total score", "89206-7": "PHQ-9 for teens, panel", "69737-5": "GAD-7 panel", "70274-6": "GAD-7 total score",
		"71354-5": "Edinburgh Postnatal Depression Scale", "99046-5": "Edinburgh Postnatal Depression Scale, total score",
		"73831-0": "Adolescent depression screening", "73832-8": "Adult depression screening",
		"93373-9": "Columbia suicide severity rating scale, screener", "93245-9": "Columbia suicide severity rating scale",
	}},
	{id: "code:loinc:sexual", section: record.SexualHealth, system: loinc, about: "a question about sexual health or a test for HIV or a sexually transmitted infection", source: loincSource, terms: map[string]string{
		"75622-1": "HIV 1 and 2 tests", "56888-1": "HIV 1+2 Ab and HIV 1 p24 Ag", "29893-5": "HIV 1 Ab", "7917-8": "HIV 1 Ab", "31201-7": "HIV 1+2 Ab",
		"43010-8": "HIV 1+2 Ab", "80203-3": "HIV 1 and 2 Ab, rapid", "25836-8": "HIV 1 RNA", "20447-9": "HIV 1 RNA, copies", "29541-0": "HIV 1 RNA, log",
		"18396-2": "HIV 1 p24 Ag", "25842-6": "HIV 2 proviral DNA", "16975-5": "HIV 1 IgG",
		"21613-5": "Chlamydia trachomatis DNA", "43304-5": "Chlamydia trachomatis rRNA", "6349-5": "Chlamydia trachomatis culture",
		"36902-5": "Chlamydia and gonorrhoea DNA", "92684-0": "Chlamydia, gonorrhoea and trichomonas panel", "24111-7": "Neisseria gonorrhoeae DNA",
		"43305-2": "Neisseria gonorrhoeae rRNA", "20507-0": "Reagin Ab (RPR)", "31147-2": "Reagin Ab titre (RPR)", "5292-8": "Reagin Ab (VDRL)",
		"24110-9": "Treponema pallidum Ab", "22587-0": "Treponema pallidum Ab",
		"76690-7": "Sexual orientation", "76691-5": "Gender identity",
	}},
	{id: "code:loinc:substance", section: record.SubstanceUse, system: loinc, about: "a question about alcohol or drugs", source: loincSource, terms: map[string]string{
		"75626-2": "AUDIT-C total score", "72109-2": "AUDIT-C panel", "75624-7": "AUDIT total score", "68518-0": "AUDIT-C question 1",
		"68519-8": "AUDIT-C question 2", "68520-6": "AUDIT-C question 3", "82666-9": "DAST-10 panel", "82667-7": "DAST-10 total score",
		"74013-4": "Alcoholic drinks per day", "11331-6": "History of alcohol use", "11343-1": "History of other nonmedical drug use",
		"5643-2": "Ethanol in serum or plasma",
	}},
	{id: "code:loinc:safeguarding", section: record.Safeguarding, system: loinc, about: "a question about abuse", source: loincSource, terms: map[string]string{
		"76499-3": "HARK: humiliated", "76500-8": "HARK: afraid", "76501-6": "HARK: raped", "76502-4": "HARK: kicked", "76504-0": "HARK total score",
	}},
}

// Where an ordinary observation goes by its LOINC code, when its category does
// not say.
var (
	vitalSigns = []string{ // FHIR R4 vital signs profile; 55284-4 is its old blood pressure panel
		"85353-1", "9279-1", "8867-4", "2708-6", "59408-5", "8310-5", "8331-1", "8302-2", "8306-3", "9843-4", "29463-7", "3141-9", "39156-5",
		"85354-9", "55284-4", "8480-6", "8462-4", "8478-0", "8287-5",
	}
	smoking = []string{"72166-2", "11367-0", "8663-7", "8664-5", "39240-7"}
)
