package filing

import (
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// label is a code of meta.security, or of an element called securityLabel, and
// the section it asks for.
type label struct {
	code    string
	section record.Section
	says    string // what the code means, in our words
}

// labels are the sensitivity codes of v3-ActCode: everything below
// InformationSensitivityPolicy (HL7 Terminology, CC0), R4's and the later ones.
// One with no section of its own goes to private: somebody asked for care and
// did not say which.
var labels = []label{
	{"PSY", record.MentalHealth, "psychiatry"},
	{"PSYTHPN", record.MentalHealth, "a psychotherapy note"},
	{"BH", record.MentalHealth, "behavioural health"},
	{"MH", record.MentalHealth, "mental health"},
	{"MENCAT", record.MentalHealth, "mental health, as a category"},
	{"EMOTDIS", record.MentalHealth, "emotional disturbance"},
	{"COGN", record.MentalHealth, "cognitive disability; by code alone it would stay in conditions, but somebody asked for more"},
	{"DVD", record.MentalHealth, "developmental disability; by code alone it would stay in conditions, but somebody asked for more"},
	{"SEX", record.SexualHealth, "sexuality and reproduction"},
	{"STD", record.SexualHealth, "sexually transmitted disease"},
	{"HIV", record.SexualHealth, "HIV"},
	{"PREGNANT", record.SexualHealth, "pregnancy, when labelled; by code alone it stays where it is, since medicines depend on it"},
	{"GENDER", record.SexualHealth, "gender and sexual orientation"},
	{"ETH", record.SubstanceUse, "alcohol or drugs"},
	{"ETHUD", record.SubstanceUse, "alcohol"},
	{"OPIOIDUD", record.SubstanceUse, "opioids"},
	{"SUD", record.SubstanceUse, "substance use"},
	{"SDV", record.Safeguarding, "sexual assault, abuse, domestic violence"},
	{"VIO", record.Safeguarding, "violence"},
	{"MST", record.Safeguarding, "sexual trauma in military service"},
	{"V", record.Private, "very restricted (v3-Confidentiality)"},
	{"TBOO", record.Private, "something the person must not be told without care"},
	{"PRS", record.Private, "the person asked for it"},
	{"PHY", record.Private, "a physician asked for it"},
	{"PDS", record.Private, "sensitive by the person's default"},
	{"SPI", record.Private, "specially protected"},
	{"GDIS", record.Private, "a genetic disease, which speaks of relatives too"},
	{"SCA", record.Private, "sickle cell"},
	{"SICKLE", record.Private, "sickle cell"},
	{"ADOL", record.Private, "a young person's, to be kept from parents"},
	{"CEL", record.Private, "a well-known person"},
	{"VIP", record.Private, "a well-known person"},
	{"DIA", record.Private, "the diagnosis"},
	{"DRGIS", record.Private, "the drug"},
	{"EMP", record.Private, "an employee's"},
	{"EMPL", record.Private, "the employer"},
	{"LOCIS", record.Private, "a place, such as a refuge"},
	{"PATLOC", record.Private, "where the person is"},
	{"SSP", record.Private, "the service itself is sensitive"},
	{"DEMO", record.Private, "demographics"},
	{"DOB", record.Private, "date of birth"},
	{"LIVARG", record.Private, "living arrangements"},
	{"MARST", record.Private, "marital status"},
	{"RACE", record.Private, "race"},
	{"REL", record.Private, "religion"},
	{"IDS", record.Private, "identifiers"},
	{"B", record.Private, "business"},
}

// notSensitivity are codes of v3-ActCode that stand in meta.security and say
// what to do with the data, not that it is sensitive. Any other code of that
// system is one we do not know, and is taken for a sensitivity.
var notSensitivity = map[string]bool{
	"ENCRYPT": true, "ENCRYPTR": true, "ENCRYPTT": true, "ENCRYPTU": true, "MASK": true, "REDACT": true,
	"DELAU": true, "DELEPSTP": true, "ANONY": true, "AOD": true, "AUDIT": true, "AUDTR": true, "CPLYCC": true,
	"CPLYCD": true, "CPLYJPP": true, "CPLYOPP": true, "CPLYOSP": true, "CPLYPOL": true, "DECLASSIFYLABEL": true,
	"DEID": true, "DOWNGRDLABEL": true, "DRIVLABEL": true, "HUAPRV": true, "LABEL": true, "MINEC": true,
	"PERSISTLABEL": true, "PRIVMARK": true, "PSEUD": true, "UPGRDLABEL": true, "CPLYCUI": true,
	"NOAUTH": true, "NOCOLLECT": true, "NODSCLCD": true, "NODSCLCDS": true, "NOINTEGRATE": true, "NOLIST": true,
	"NOMOU": true, "NOORGPOL": true, "NOPAT": true, "NOPERSISTP": true, "NORDSCLCD": true, "NORDSCLCDS": true,
	"NORDSCLW": true, "NORELINK": true, "NOREUSE": true, "NOVIP": true, "ORCON": true,
	"COMPT": true, "ACOCOMPT": true, "CTCOMPT": true, "FMCOMPT": true, "HRCOMPT": true, "LRCOMPT": true,
	"PACOMPT": true, "RESCOMPT": true, "RMGTCOMPT": true, "CDSSCOMPT": true,
}

var labelByCode = func() map[string]label {
	m := make(map[string]label, len(labels))
	for _, l := range labels {
		m[l.code] = l
	}
	return m
}()

const (
	ruleRestricted   = "label:R"
	ruleUnknownLabel = "label:other"
)

// readLabels returns the strictest section the labels ask for. restricted says
// that one of them is R: some sensitive section, and private if nothing says
// which.
func readLabels(codings []fhir.Coding) (found finding, restricted *fhir.Coding) {
	for _, c := range codings {
		code := strings.ToUpper(strings.TrimSpace(c.Code))
		system := labelSystem(c.System)
		if code == "" || system == notALabel {
			continue
		}
		if code == "R" && system != actCode {
			restricted = &c
			continue
		}
		l, known := labelByCode[code]
		switch {
		case known && code == "V" && system == actCode, known && code != "V" && system == confidentiality:
			// The code of one system under the name of the other means nothing.
		case known:
			found.take(finding{l.section, Reason{
				Rule: "label:" + code, Path: c.Path, Coding: c,
				Text: "It carries a label that says: " + l.says + ".",
			}})
		case system == actCode && !notSensitivity[code]:
			found.take(finding{record.Private, Reason{
				Rule: ruleUnknownLabel, Path: c.Path, Coding: c,
				Text: "It carries a sensitivity label that this program does not know.",
			}})
		}
	}
	return found, restricted
}

type labelKind uint8

const (
	notALabel labelKind = iota
	actCode
	confidentiality
	anySystem // no system given: the code is taken at its word
)

// labelSystem recognises the systems of sensitivity labels under the names they
// have had (R4, STU3, the OIDs of CDA).
func labelSystem(system string) labelKind {
	s := strings.ToLower(strings.TrimSpace(system))
	s, _, _ = strings.Cut(s, "|")
	switch {
	case s == "":
		return anySystem
	case strings.HasSuffix(s, "/v3-actcode"), strings.HasSuffix(s, "/v3/actcode"), strings.HasSuffix(s, "2.16.840.1.113883.5.4"):
		return actCode
	case strings.HasSuffix(s, "/v3-confidentiality"), strings.HasSuffix(s, "/v3/confidentiality"), strings.HasSuffix(s, "2.16.840.1.113883.5.25"):
		return confidentiality
	}
	return notALabel
}
