package ips

import (
	"strings"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// reason is why an entry that belongs to a section is left out of it.
type reason uint8

const (
	keep       reason = iota // it is listed
	inError                  // marked as entered in error
	older                    // newer ones of the same are listed
	repeated                 // another says the same
	aged                     // a result of years ago that nobody said was unusual
	ended                    // a medicine that ended long ago
	ruledOut                 // a condition that the person does not have
	notDone                  // planned, cancelled, not done, without a result yet
	notCurrent               // over, replaced, a draft
	numReasons
)

// left are the words for what is left out.
var left = [numReasons]struct{ one, many string }{
	inError:    {"1 entry marked as entered in error is left out.", "%d entries marked as entered in error are left out."},
	older:      {"Of each kind only the newest are listed, together; 1 earlier entry is in the record.", "Of each kind only the newest are listed, together; %d earlier entries are in the record."},
	repeated:   {"1 entry that says the same as one that is listed is left out.", "%d entries that say the same as one that is listed are left out."},
	aged:       {"1 result of more than 5 years ago, not said to be unusual, is left out.", "%d results of more than 5 years ago, not said to be unusual, are left out."},
	ended:      {"1 medicine that ended or was handed out more than 12 months ago is left out.", "%d medicines that ended or were handed out more than 12 months ago are left out."},
	ruledOut:   {"1 condition that was ruled out is left out.", "%d conditions that were ruled out are left out."},
	notDone:    {"1 entry that was planned, cancelled or not done is left out.", "%d entries that were planned, cancelled or not done are left out."},
	notCurrent: {"1 entry that is over, replaced or a draft is left out.", "%d entries that are over, replaced or drafts are left out."},
}

const (
	newest     = 3 // of each test, procedure …: enough to see which way it goes
	doses      = 5 // against each disease: one row, with the day of each
	every      = 1 << 30
	recentEnds = 12 // months; the NHS Summary Care Record shows what was issued in as many
	agedAfter  = 5  // years: a screening test of long ago that found nothing says nothing of today
)

// placed are the types that have a place of their own; apart are those that never
// have, even among the person's own words: a document has one Composition (bdl-ips-1),
// and the others are no statements.
var placed = set("AllergyIntolerance", "Condition", "MedicationStatement", "MedicationRequest", "MedicationDispense", "MedicationAdministration",
	"Immunization", "Observation", "DiagnosticReport", "Procedure", "DeviceUseStatement", "Device", "Consent", "Flag", "ClinicalImpression",
	"CarePlan", "Goal", "ImmunizationRecommendation", "DocumentReference", "List")

var apart = set("Composition", "Bundle", "Binary", "Provenance", "AuditEvent", "Questionnaire", "Patient", "Person", "Linkage", "Basic")

// Needs reports whether an entry of a type, filed in a section, can be in a document or
// be told in one: any other need not be loaded for Build.
func Needs(resourceType string, s record.Section) bool {
	return resourceType == "Patient" || placed[resourceType] || followed[resourceType] || s == record.AboutMe && !apart[resourceType]
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// place says where an entry goes, and why not if it does not. ok is false for what no
// section is about.
func (b *builder) place(it *item) (why reason, ok bool) {
	n := it.root()
	status := n.Get("status").Text()
	why, ok = b.placeType(it, n, status)
	if ok && (status == "entered-in-error" || verification(n) == "entered-in-error") {
		return inError, true
	}
	return why, ok
}

func (b *builder) placeType(it *item, n fhir.Node, status string) (reason, bool) {
	if it.none = b.absence(it, n); it.none != present {
		it.when = speak.FirstDate(speak.Choice(n, "recorded"), speak.When(n.Get("dateAsserted").Text()), speak.When(n.Get("recordedOn").Text()), speak.When(n.Get("recorded").Text()))
		return keep, true
	}
	switch it.Ref.Type {
	case "AllergyIntolerance":
		it.kind = allergies
		it.when = speak.FirstDate(speak.When(n.Get("recordedDate").Text()), speak.Choice(n, "onset"))
		it.rank = allergyRank(n)
		it.group, it.most = strings.ToLower(speak.Concept(n.Get("code"))), every
	case "Condition":
		return b.placeCondition(it, n)
	case "MedicationStatement", "MedicationRequest", "MedicationDispense", "MedicationAdministration":
		it.kind = medicines
		return b.placeMedicine(it, n, status)
	case "Immunization":
		it.kind, it.when = vaccinations, speak.Choice(n, "occurrence")
		if status == "completed" {
			it.group, it.most = vaccine(n), doses
		}
	case "Observation":
		return b.placeObservation(it, n, status)
	case "DiagnosticReport":
		it.kind, it.table, it.when = results, 1, speak.FirstDate(speak.Choice(n, "effective"), speak.When(n.Get("issued").Text()))
		if it.group, it.most = speak.Same(n.Get("code")), newest; len(concluded(n)) == 0 {
			it.most = 1 // the results stand by themselves
			if b.longAgo(it) {
				return aged, true
			}
		}
		return unless(notDone, status, "registered", "cancelled"), true
	case "Procedure":
		it.kind, it.when = procedures, speak.Choice(n, "performed")
		it.group, it.most = speak.Same(n.Get("code")), newest
		return unless(notDone, status, "preparation", "not-done"), true
	case "DeviceUseStatement":
		it.kind, it.when = devices, speak.FirstDate(speak.Choice(n, "timing"), speak.When(n.Get("recordedOn").Text()))
		if b.aid(it); it.table == aids && (status == "completed" || status == "stopped") {
			return notCurrent, true // the frame was handed back
		}
		return unless(notDone, status, "intended"), true
	case "Device": // of the person, and no statement says how it is used
		if b.used[it.Ref] || !n.Get("patient").Valid() {
			return keep, false
		}
		it.kind, it.spoken, it.when = devices, true, speak.When(n.Get("manufactureDate").Text())
		b.aid(it)
		return unless(notCurrent, status, "inactive"), true
	case "Flag":
		it.kind, it.when = alerts, speak.Period(n.Get("period"))
		return unless(notCurrent, status, "inactive"), true // IPS: status is active, exactly
	case "Consent":
		it.kind, it.when = advance, speak.When(n.Get("dateTime").Text())
		return only(notCurrent, status, "active"), advanceConsent(n)
	case "ClinicalImpression":
		it.kind, it.when = functional, speak.FirstDate(speak.Choice(n, "effective"), speak.When(n.Get("date").Text()))
		return unless(notDone, status, "in-progress"), it.Section == record.Support || speak.Code(n.Get("code"), loinc) == sections[functional].code
	case "CarePlan":
		it.kind, it.when = plan, speak.Period(n.Get("period"))
		return only(notCurrent, status, "active", "on-hold", "unknown"), true
	case "ImmunizationRecommendation":
		it.kind, it.table, it.when = plan, 2, speak.When(n.Get("date").Text())
	case "Goal":
		if it.Section == record.AboutMe {
			return placeStory(it, n), true
		}
		it.kind, it.table, it.spoken = plan, 1, true
		it.when = speak.FirstDate(speak.When(n.Get("startDate").Text()), speak.When(n.Get("statusDate").Text()))
		life := n.Get("lifecycleStatus").Text()
		if life == "entered-in-error" {
			return inError, true
		}
		return only(notCurrent, life, "proposed", "planned", "accepted", "active", "on-hold"), true
	case "DocumentReference":
		return placeDocument(it, n, status)
	case "List":
		return placeList(it, n, status)
	default:
		return placeStory(it, n), true
	}
	return keep, true
}

// vaccine is what doses of the same have in common: what they are against, for a
// reader asks "when was the last tetanus?"; else the code or the words. One against
// several diseases stands alone: else the last day of one would be hidden below another.
func vaccine(n fhir.Node) string {
	against := ""
	for p := range n.Get("protocolApplied").All() {
		against = speak.Or(against, strings.ToLower(speak.Concepts(p.Get("targetDisease"))))
	}
	return speak.Or(against, speak.Same(n.Get("vaccineCode")))
}

// aids is the table of what is filed under support: stair rails, a stool, a stick. IPS
// is after what was implanted and what somebody's health hangs on; the rest is told in
// one line, for whoever sends the person home.
const aids = 1

func (b *builder) aid(it *item) {
	if it.Section == record.Support {
		it.table = aids
	}
}

// longAgo reports whether a result is from more than agedAfter years ago.
func (b *builder) longAgo(it *item) bool {
	at := it.when.End
	if at.IsZero() {
		at = it.when.At
	}
	return !at.IsZero() && at.Before(b.until.AddDate(-agedAfter, 0, 0))
}

// placeCondition: active, recurrence and relapse are problems; inactive, remission and
// resolved are past ones (R4 condition-clinical is a tree with these two roots). What
// the council calls a need is an everyday ability.
func (b *builder) placeCondition(it *item, n fhir.Node) (reason, bool) {
	it.kind = problems
	it.group, it.most = strings.ToLower(speak.Concept(n.Get("code"))), every
	it.when = speak.FirstDate(speak.Choice(n, "onset"), speak.When(n.Get("recordedDate").Text()))
	switch speak.Code(n.Get("clinicalStatus"), "") {
	case "inactive", "remission", "resolved":
		it.kind = past
	}
	if it.kind == problems && it.Section == record.Support {
		it.kind = functional
	}
	return unless(ruledOut, verification(n), "refuted"), true
}

// placeStory: what is filed as the person's own words is their story.
func placeStory(it *item, n fhir.Node) reason {
	it.kind = story
	if q := n.Get("questionnaire").Text(); it.Ref.Type == "QuestionnaireResponse" && q != "" {
		it.group, it.most = q, 1 // what they say now
	}
	it.when = speak.FirstDate(speak.When(n.Get("authored").Text()), speak.Choice(n, "effective"), speak.When(n.Get("sent").Text()), speak.Choice(n, "created"), speak.When(n.Get("startDate").Text()))
	return keep
}

func verification(n fhir.Node) string { return speak.Code(n.Get("verificationStatus"), "") }

// unless is why when status is one of the bad ones; only when it is none of the good.
func unless(why reason, status string, bad ...string) reason {
	for _, s := range bad {
		if s == status {
			return why
		}
	}
	return keep
}

func only(why reason, status string, good ...string) reason {
	if unless(why, status, good...) == why {
		return keep
	}
	return why
}

// allergyRank puts first what could kill.
func allergyRank(n fhir.Node) int {
	rank := 0
	switch speak.Code(n.Get("clinicalStatus"), "") {
	case "inactive", "resolved":
		rank = 4
	}
	if verification(n) == "refuted" {
		rank = 6
	}
	if n.Get("criticality").Text() == "high" {
		return rank
	}
	for r := range n.Get("reaction").All() {
		if r.Get("severity").Text() == "severe" {
			return rank
		}
	}
	return rank + 1
}
