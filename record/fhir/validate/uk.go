package validate

import (
	"carehold/record/fhir"
)

// identifier warns of an identifier of the United Kingdom that cannot be right.
// It is a warning: the number is what somebody sent, and refusing it would lose
// the rest of what they know of the person.
func (w *walker) identifier(n fhir.Node) {
	system, value := n.Get("system"), n.Get("value")
	if system.Kind() != '"' || value.Kind() != '"' {
		return
	}
	if check := identifiers[string(content(system))]; check != nil {
		if why := check(content(value)); why != "" {
			w.warn(codeValue, "value", "%s", why)
		}
	}
}

// identifiers are the systems whose format is certain: HL7 UK's registry of
// systems has the addresses, the NHS Data Model and Dictionary the formats.
var identifiers = map[string]func(value []byte) string{
	"https://fhir.nhs.uk/Id/nhs-number":            nhsNumber,
	"https://fhir.nhs.uk/Id/chi-number":            chiNumber,
	"urn:oid:2.16.840.1.113883.2.1.3.2.4.16.53":    chiNumber,
	"https://fhir.hl7.org.uk/Id/gmc-number":        gmcNumber,
	"https://fhir.hl7.org.uk/Id/gmp-number":        gmpNumber,
	"https://fhir.hl7.org.uk/Id/nmc-number":        nmcNumber,
	"https://fhir.nhs.uk/Id/ods-organization-code": odsCode,
	"https://fhir.nhs.uk/Id/ods-site-code":         odsCode,
}

func nhsNumber(v []byte) string {
	switch {
	case !like(v, "0000000000"):
		return "is not an NHS number: it has 10 digits and no spaces; look it up again"
	case !modulus11(v):
		return "is not an NHS number: its last digit, the check digit, does not fit the others; look it up again"
	}
	return ""
}

// chiNumber is Scotland's: a date of birth as DDMMYY, three digits, a check digit.
func chiNumber(v []byte) string {
	switch {
	case !like(v, "0000000000"):
		return "is not a CHI number: it has 10 digits and no spaces; look it up again"
	case number(v[0:2]) < 1 || number(v[0:2]) > 31 || number(v[2:4]) < 1 || number(v[2:4]) > 12:
		return "is not a CHI number: it begins with a date of birth as DDMMYY; look it up again"
	case !modulus11(v):
		return "is not a CHI number: its last digit, the check digit, does not fit the others; look it up again"
	}
	return ""
}

// gmcNumber may have the C in front that makes it a consultant code.
func gmcNumber(v []byte) string {
	if like(v, "0000000") || like(v, "C0000000") {
		return ""
	}
	return "is not a GMC number: it has 7 digits; look it up in the medical register"
}

func gmpNumber(v []byte) string {
	if like(v, "G0000000") {
		return ""
	}
	return "is not a GMP number: it is G and 7 digits; ask the practice"
}

func nmcNumber(v []byte) string {
	if like(v, "00A0000A") {
		return ""
	}
	return "is not an NMC number (PIN): it is two digits, a letter, four digits and a letter, as in 99A9999A; look it up in the register"
}

// odsCode only has its alphabet checked: the lengths have changed over the years.
func odsCode(v []byte) string {
	for _, c := range v {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return "is not an ODS code: it has capital letters and digits only; look it up in the organisation data service"
		}
	}
	return ""
}

// like reports whether v has a digit wherever the pattern has 0, a capital
// wherever it has A, and else the same letter.
func like(v []byte, pattern string) bool {
	if len(v) != len(pattern) {
		return false
	}
	for i, c := range v {
		switch p := pattern[i]; p {
		case '0':
			if c < '0' || c > '9' {
				return false
			}
		case 'A':
			if c < 'A' || c > 'Z' {
				return false
			}
		default:
			if c != p {
				return false
			}
		}
	}
	return true
}

func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}

// modulus11 is the check of ten digits: the first nine weighted 10 to 2; what is
// missing to a multiple of 11 is the tenth, 11 counting as 0 and 10 as never
// given out (NHS Data Model and Dictionary, NHS NUMBER).
func modulus11(v []byte) bool {
	sum := 0
	for i := range 9 {
		sum += int(v[i]-'0') * (10 - i)
	}
	return (11-sum%11)%11 == int(v[9]-'0')
}
