package filing

import (
	"slices"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// codeSet is a list of codes of one code system that belong in one sensitive
// section. A set is one row of the table and says where it comes from.
type codeSet struct {
	id      string // "code:icd10:F30"
	section record.Section
	system  codeSystem
	about   string            // what the codes have in common: completes "A code for …"
	codes   []string          // of a classification: each stands for all below it
	terms   map[string]string // of a terminology: each stands for itself
	source  string
}

// codeSystem is a family of code systems whose codes mean the same here.
type codeSystem uint8

const (
	noSystem codeSystem = iota
	icd10
	icd9
	icd11
	snomed
	loinc
	rxnorm
	atc
	bnf
	hl7 // HL7's own small lists: the set names the end of the system's address before a #
)

// systemOf recognises a code system under the addresses and OIDs it is used
// with. National editions count as the system they extend.
func systemOf(system string) codeSystem {
	s := strings.ToLower(strings.TrimSpace(system))
	s, _, _ = strings.Cut(s, "|")
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(s, p) {
				return true
			}
		}
		return false
	}
	ends := func(parts ...string) bool {
		for _, p := range parts {
			if strings.HasSuffix(s, p) {
				return true
			}
		}
		return false
	}
	switch {
	case s == "", has("icd-10-pcs", "icd10pcs", "icd-9-pcs"):
		return noSystem
	case has("icd-10", "icd10"), ends("2.16.840.1.113883.6.3", "2.16.840.1.113883.6.90"):
		return icd10
	case has("icd-11", "icd11", "/icd/release/11"):
		return icd11
	case has("icd-9", "icd9"), ends("2.16.840.1.113883.6.103", "2.16.840.1.113883.6.42"):
		return icd9
	case has("snomed", "dmd.nhs.uk"), ends("2.16.840.1.113883.6.96"):
		return snomed
	case has("loinc"), ends("2.16.840.1.113883.6.1"):
		return loinc
	case has("rxnorm"), ends("2.16.840.1.113883.6.88"):
		return rxnorm
	case has("whocc.no/atc"), ends("/atc", "2.16.840.1.113883.6.73"):
		return atc
	case has("bnf"):
		return bnf
	case has("terminology.hl7.org", "hl7.org/fhir"):
		return hl7
	}
	return noSystem
}

// has reports whether the set covers c, which is of the set's system.
func (set *codeSet) has(c fhir.Coding) bool {
	if set.system == hl7 {
		for _, want := range set.codes {
			list, code, _ := strings.Cut(want, "#")
			if strings.EqualFold(c.Code, code) && strings.Contains(strings.ToLower(c.System), strings.ToLower(list)) {
				return true
			}
		}
		return false
	}
	code := plain(c.Code)
	if set.terms != nil {
		if _, ok := set.terms[code]; ok || set.system != snomed {
			return ok
		}
		// A postcoordinated expression counts for each concept in it.
		return slices.ContainsFunc(strings.FieldsFunc(code, notDigit), func(id string) bool { _, ok := set.terms[id]; return ok })
	}
	for _, want := range set.codes {
		if covers(want, code) {
			return true
		}
	}
	return false
}

// covers: in a classification a code stands for all below it, and A–B for the
// categories from A to B.
func covers(want, code string) bool {
	if from, to, isRange := strings.Cut(want, "–"); isRange {
		n := len(from)
		return len(code) >= n && code[:n] >= from && code[:n] <= to
	}
	return strings.HasPrefix(code, plain(want))
}

// plain is a code without its dots and in capitals: F32.1 and F321 are the same.
func plain(code string) string {
	return strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(code), ".", ""))
}

// codeSets are all the code sets, by system.
var codeSets = func() map[codeSystem][]*codeSet {
	all := map[codeSystem][]*codeSet{}
	for _, list := range [][]codeSet{classificationSets, snomedSets, loincSets, medicineSets, hl7Sets} {
		for i := range list {
			set := &list[i]
			all[set.system] = append(all[set.system], set)
		}
	}
	return all
}()

// codeSays is what a code says, by its system and the code itself: the strictest
// section, and the refinements that it fits.
func codeSays(c fhir.Coding) (s said) {
	system := systemOf(c.System)
	if system == noSystem && c.System == "" && looksLikeICD10(plain(c.Code)) {
		system = icd10 // a code sent with no system is taken at its word
	}
	for _, set := range codeSets[system] {
		if Stricter(set.section, s.section) && set.has(c) {
			s.section, s.rule, s.text = set.section, set.id, "It holds a code for "+set.about+"."
		}
	}
	for i := range refinements {
		if slices.ContainsFunc(refinements[i].codes, func(code string) bool { return strings.EqualFold(code, c.Code) }) {
			s.rows |= 1 << i
		}
	}
	return s
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

func looksLikeICD10(code string) bool {
	return len(code) >= 3 && len(code) <= 7 && code[0] >= 'A' && code[0] <= 'Z' &&
		code[1] >= '0' && code[1] <= '9' && (code[2] >= '0' && code[2] <= '9' || code[2] >= 'A' && code[2] <= 'Z')
}
