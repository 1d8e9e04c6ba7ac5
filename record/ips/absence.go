package ips

import (
	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// absent is what an entry says is not there.
type absent uint8

const (
	present   absent = iota
	knownNone        // there are none
	someNone         // there are none of one kind: no known food allergy
	noInfo           // nothing is known about it
)

const (
	snomed = "http://snomed.info/sct"
	oldIPS = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips" // of IPS 1, and in what was made under it
)

// absences are the codes that say none: those of SNOMED CT in the value sets of IPS
// 2.0, with the narrower ones that IPS 1.1 lists, and the code system of IPS 1.
var absences = map[string]map[string]struct {
	kind kind
	says absent
}{
	snomed: {
		"716186003": {allergies, knownNone}, "409137002": {allergies, someNone}, "428607008": {allergies, someNone}, "429625007": {allergies, someNone},
		"787481004": {medicines, knownNone}, "160245001": {problems, knownNone},
		"787482006": {vaccinations, knownNone}, "787480003": {procedures, knownNone}, "787483001": {devices, knownNone},
	},
	oldIPS: {
		"no-known-allergies": {allergies, knownNone}, "no-known-medication-allergies": {allergies, someNone},
		"no-known-environmental-allergies": {allergies, someNone}, "no-known-food-allergies": {allergies, someNone}, "no-allergy-info": {allergies, noInfo},
		"no-known-medications": {medicines, knownNone}, "no-medication-info": {medicines, noInfo},
		"no-known-problems": {problems, knownNone}, "no-problem-info": {problems, noInfo},
		"no-known-immunizations": {vaccinations, knownNone}, "no-immunization-info": {vaccinations, noInfo},
		"no-known-procedures": {procedures, knownNone}, "no-procedure-info": {procedures, noInfo},
		"no-known-devices": {devices, knownNone}, "no-device-info": {devices, noInfo},
	},
}

// noInformation stands for any section (IPS 2.0, "Empty Sections & Missing Data").
const noInformation = "1287211007"

// absenceOf is where each type says what it is about, and its section.
var absenceOf = map[string]struct {
	kind kind
	code string
}{
	"AllergyIntolerance": {allergies, "code"}, "Condition": {problems, "code"}, "MedicationStatement": {medicines, "medicationCodeableConcept"},
	"MedicationRequest": {medicines, "medicationCodeableConcept"}, "Immunization": {vaccinations, "vaccineCode"}, "Procedure": {procedures, "code"},
	"DeviceUseStatement": {devices, "device"},
}

// absence says whether an entry states that there is nothing. One that is no longer
// so, or was refuted, states nothing.
func (b *builder) absence(it *item, n fhir.Node) absent {
	at, ok := absenceOf[it.Ref.Type]
	if !ok {
		return present
	}
	switch speak.Code(n.Get("clinicalStatus"), "") {
	case "inactive", "resolved", "remission":
		return present
	}
	if v := verification(n); v == "refuted" || v == "entered-in-error" {
		return present
	}
	switch n.Get("status").Text() {
	case "stopped", "not-taken", "cancelled", "draft":
		return present
	}
	concept := n.Get(at.code)
	if it.Ref.Type == "DeviceUseStatement" {
		concept = b.find(concept).Get("type")
	} else if r := n.Get("medicationReference"); r.Valid() {
		concept = b.find(r).Get("code")
	}
	says := present
	speak.AnyCode(concept, func(system, code string) bool {
		if a, found := absences[system][code]; found && a.kind == at.kind {
			says = a.says
		} else if system == snomed && code == noInformation {
			says = noInfo
		}
		return says != present
	})
	if says != present {
		it.kind = at.kind
	}
	return says
}

// lists are the codes of Lists, by section: those of the sections themselves, LOINC's
// of allergies, R4's list-example-codes.
var lists = func() map[string]kind {
	m := map[string]kind{"52472-8": allergies, "allergies": allergies, "adverserxns": allergies, "medications": medicines, "problems": problems, "plans": plan}
	for k := range sections {
		m[sections[k].code] = kind(k)
	}
	return m
}()

// placeList: a list that is empty, and says why, states an absence for which IPS has no
// entry; the section's own emptyReason says it. Any other List only orders what is
// listed anyway.
func placeList(it *item, n fhir.Node, status string) (reason, bool) {
	known := false
	speak.AnyCode(n.Get("code"), func(_, code string) bool {
		it.kind, known = lists[code]
		return known
	})
	if !known || speak.First(n.Get("entry")).Valid() {
		return keep, false
	}
	switch speak.Code(n.Get("emptyReason"), "http://terminology.hl7.org/CodeSystem/list-empty-reason") {
	case nilKnown:
		it.none = knownNone
	case notAsked:
		it.none = noInfo
	default:
		return keep, false
	}
	it.spoken, it.group, it.most, it.when = true, "list", 1, speak.When(n.Get("date").Text())
	return only(notCurrent, status, "current"), true
}

// stated is how an entry that says none reads: what it says, when, and who says so.
func (b *builder) stated(it *item) []string {
	return append(b.statement(it), say(suffixed(it.doubt(), "."))...)
}

func (b *builder) statement(it *item) []string {
	n := it.root()
	what := speak.Concept(n.Get(absenceOf[it.Ref.Type].code))
	if it.Ref.Type == "List" {
		if what = "None are known"; it.none == noInfo {
			what = "This was not asked"
		}
	} else if it.Ref.Type == "DeviceUseStatement" {
		what = b.called(n.Get("device"), sayDevice)
	} else if r := n.Get("medicationReference"); r.Valid() {
		what = b.called(r, sayCoded)
	}
	parts := []string{what + ","}
	switch by := b.by(n); {
	case it.when.Text != "" && by != "":
		return append(parts, "stated "+it.when.Text+" by", by+".")
	case it.when.Text != "":
		return append(parts, "stated "+it.when.Text+"; by whom is not recorded.")
	case by != "":
		return append(parts, "stated by", by+"; when is not recorded.")
	}
	return append(parts, "stated; when and by whom is not recorded.")
}

// by is who says what an entry says.
func (b *builder) by(n fhir.Node) string {
	for _, name := range []string{"asserter", "informationSource", "recorder", "source", "requester", "author", "assessor"} {
		v := n.Get(name)
		if v.Kind() == '[' {
			v = speak.First(v)
		}
		if who := b.who(v); who != "" {
			return who
		}
	}
	for p := range n.Get("performer").All() {
		if who := b.who(p.Get("actor")); who != "" {
			return who
		}
		if who := b.who(p); who != "" {
			return who
		}
	}
	return ""
}
