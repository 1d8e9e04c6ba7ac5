package filing

import "carehold/record"

const (
	whoICD10 = "WHO ICD-10 (2019), chapters and blocks; ICD-10-CM where a code is only there"
	cdcICD9  = "ICD-9-CM, chapters and blocks"
	whoICD11 = "WHO ICD-11 MMS, blocks of chapters 01, 06, 17, 21 and 23"
)

// classificationSets are the blocks of the International Classification of
// Diseases.
//
// Left in conditions on purpose: F00–F09 (dementia, delirium: whoever cares for
// the person must know), F17 (tobacco), F70–F89 (learning disability, autism:
// the reasonable adjustments they call for work only if people know), B16–B19
// (hepatitis), O00–O03 (miscarriage, ectopic pregnancy), pregnancy itself.
var classificationSets = []codeSet{
	{"code:icd10:F20", record.MentalHealth, icd10, "mental illness",
		[]string{"F20–F51", "F53–F63", "F68–F69", "F90–F99"}, nil, whoICD10},
	{"code:icd10:X60", record.MentalHealth, icd10, "self-harm or thoughts of it",
		[]string{"X60–X84", "Y87.0", "Z91.5", "R45.85", "T14.91"}, nil, whoICD10},
	{"code:icd10:Z50.4", record.MentalHealth, icd10, "care for mental health",
		[]string{"Z03.2", "Z04.6", "Z13.3", "Z50.4", "Z54.3", "Z72.6", "Z86.5", "Z81.8"}, nil, whoICD10},

	{"code:icd10:A50", record.SexualHealth, icd10, "a sexually transmitted infection",
		[]string{"A50–A64", "O98.1", "O98.2", "O98.3", "Z11.3", "Z20.2"}, nil, whoICD10},
	{"code:icd10:B20", record.SexualHealth, icd10, "HIV",
		[]string{"B20–B24", "Z21", "R75", "O98.7", "Z11.4", "Z20.6", "Z71.7", "F02.4"}, nil, whoICD10},
	{"code:icd10:O04", record.SexualHealth, icd10, "ending a pregnancy",
		[]string{"O04–O08", "Z33.2", "Z64.0"}, nil, whoICD10},
	{"code:icd10:Z30", record.SexualHealth, icd10, "contraception or fertility",
		[]string{"Z30", "Z31", "Z97.5", "Z92.0", "Z79.3", "Z98.51", "Z98.52", "N46", "N97"}, nil, whoICD10},
	{"code:icd10:F64", record.SexualHealth, icd10, "sexuality or gender",
		[]string{"F52", "F64–F66", "N48.4", "N52", "Z70", "Z72.5", "Z87.890"}, nil, whoICD10},

	{"code:icd10:F10", record.SubstanceUse, icd10, "alcohol or drug use",
		[]string{"F10–F16", "F18–F19", "F55"}, nil, whoICD10},
	{"code:icd10:K70", record.SubstanceUse, icd10, "harm from alcohol or drugs",
		[]string{"K70", "E24.4", "G31.2", "G62.1", "G72.1", "I42.6", "K29.2", "K85.2", "K86.0", "O35.4", "O35.5", "Q86.0",
			"P04.3", "R78.0", "R78.1", "R78.2", "R78.3", "R78.4", "R78.5", "T40", "T51.0", "X42", "X45", "Y12", "Y15", "Y90", "Y91"}, nil, whoICD10},
	{"code:icd10:Z72.1", record.SubstanceUse, icd10, "care for alcohol or drug use",
		[]string{"Z50.2", "Z50.3", "Z71.4", "Z71.5", "Z72.1", "Z72.2", "Z81.1", "Z81.3", "Z81.4", "Z86.4"}, nil, whoICD10},

	{"code:icd10:T74", record.Safeguarding, icd10, "abuse, neglect or violence",
		[]string{"T74", "T76", "X85–Y09", "Z04.4", "Z04.7", "Z04.81", "Z61.4", "Z61.5", "Z61.6", "Z62.81", "Z63.0", "Z65.4",
			"Z69", "Z91.41", "Z91.42", "Z91.7", "N90.81", "O9A.3", "O9A.4", "O9A.5"}, nil, whoICD10},
	{"code:icd10:Z65", record.Private, icd10, "a conviction or imprisonment",
		[]string{"Z65.0", "Z65.1", "Z65.2"}, nil, whoICD10},

	{"code:icd9:295", record.MentalHealth, icd9, "mental illness or self-harm",
		[]string{"295–298", "300–301", "306–314", "E950–E959", "V62.84", "V71.0", "V79.0", "V11"}, nil, cdcICD9},
	{"code:icd9:042", record.SexualHealth, icd9, "HIV or a sexually transmitted infection",
		[]string{"042", "079.53", "795.71", "V08", "V01.6", "090–099", "054.1"}, nil, cdcICD9},
	{"code:icd9:302", record.SexualHealth, icd9, "sexuality, contraception or ending a pregnancy",
		[]string{"302", "607.84", "628", "635–638", "V25", "V26"}, nil, cdcICD9},
	{"code:icd9:303", record.SubstanceUse, icd9, "alcohol or drug use",
		[]string{"291–292", "303–304", "305.0", "305.2", "305.3", "305.4", "305.5", "305.6", "305.7", "305.8", "305.9",
			"571.0", "571.1", "571.2", "571.3", "965.0", "980.0", "V11.3"}, nil, cdcICD9},
	{"code:icd9:995.8", record.Safeguarding, icd9, "abuse, neglect or violence",
		[]string{"995.5", "995.80", "995.81", "995.82", "995.83", "995.84", "995.85", "E960–E969", "V15.41", "V15.42", "V61.11", "V61.21", "V71.5"}, nil, cdcICD9},

	{"code:icd11:06", record.MentalHealth, icd11, "mental illness or self-harm",
		[]string{"6A05", "6A2", "6A4", "6A6", "6A7", "6A8", "6B0", "6B2", "6B4", "6B6", "6B8", "6C2", "6C5", "6C7", "6C9",
			"6D1", "6D3", "6D5", "6E2", "6E4", "MB26.A", "MB23.R", "MB23.S", "MB23.E"}, nil, whoICD11},
	{"code:icd11:1C62", record.SexualHealth, icd11, "HIV or a sexually transmitted infection",
		[]string{"1C60", "1C61", "1C62", "1A6", "1A7", "1A8", "1A9"}, nil, whoICD11},
	{"code:icd11:HA", record.SexualHealth, icd11, "sexuality or gender",
		[]string{"HA0", "HA1", "HA2", "HA4", "HA6"}, nil, whoICD11},
	{"code:icd11:6C4", record.SubstanceUse, icd11, "alcohol or drug use",
		[]string{"6C40", "6C41", "6C42", "6C43", "6C44", "6C45", "6C46", "6C47", "6C48", "6C49", "6C4B", "6C4C", "6C4D", "6C4E", "6C4F", "6C4G", "6C4H"}, nil, whoICD11},
	{"code:icd11:PJ2", record.Safeguarding, icd11, "abuse or neglect",
		[]string{"PJ20", "PJ21", "PJ22"}, nil, whoICD11},
}
