package ips

import (
	"strings"

	"carehold/record/fhir"
)

// row says what an entry says, in the columns of its table.
func (b *builder) row(it *item) []cell {
	row := b.cells(it)
	row[0] = append(row[0], say(it.doubt())...)
	disputes, notes := personSays(it.root())
	row[0] = append(append(row[0], say(disputes...)...), say(notes...)...)
	return row
}

func (b *builder) cells(it *item) []cell {
	n := it.root()
	status := sayStatus(n.Get("status").Text())
	switch it.Ref.Type {
	case "AllergyIntolerance":
		return b.rowAllergy(n)
	case "Condition":
		return b.rowCondition(it, n)
	case "MedicationStatement", "MedicationRequest", "MedicationDispense", "MedicationAdministration":
		return b.rowMedicine(it, n)
	case "Observation":
		return b.rowObservation(it, n)
	case "DiagnosticReport":
		return []cell{say(or(sayConcept(n.Get("code")), "Report")), concluded(n),
			say(it.when.text), say(unusual(n.Get("status").Text()))}
	case "Immunization":
		dose, against := doseNumber(n), ""
		for p := range n.Get("protocolApplied").All() {
			against = or(against, sayConcepts(p.Get("targetDisease")))
		}
		return []cell{say(or(sayConcept(n.Get("vaccineCode")), unnamed)), say(it.when.text), say(dose), say(against), say(status, sayConcept(n.Get("statusReason")))}
	case "Procedure":
		return []cell{say(or(sayConcept(n.Get("code")), unnamed)), say(it.when.text), say(sayConcepts(n.Get("bodySite"))), say(status, sayConcept(n.Get("outcome")))}
	case "DeviceUseStatement":
		d := n.Get("device")
		return []cell{say(or(clean(d.Get("display").Text()), b.called(d, sayDevice), unnamed)), say(it.when.text), say(sayConcept(n.Get("bodySite"))), say(status, sayNotes(n.Get("note")))}
	case "Device":
		return []cell{say(or(sayDevice(n), unnamed)), say(prefixed("made ", it.when.text)), nil, say(status, sayNotes(n.Get("note")))}
	case "Flag":
		return []cell{say(or(sayConcept(n.Get("code")), unnamed)), say(sayConcepts(n.Get("category"))), say(it.when.text)}
	case "Consent":
		p := n.Get("provision")
		about := or(sayConcepts(p.Get("code")), sayConcepts(p.Get("class")))
		verb := map[string]string{"deny": "Treatment refused in advance", "permit": "Agreed to in advance"}[p.Get("type").Text()]
		if verb != "" && about != "" {
			verb += ":"
		}
		if status == "Active" {
			status = "In force" // that it is refused is about the treatment, not about the decision
		}
		return []cell{say(or(sayConcepts(n.Get("category")), sayConcept(n.Get("scope")))), say(verb, about), say(it.when.text), say(status)}
	case "ClinicalImpression":
		return []cell{say(or(clean(n.Get("description").Text()), sayConcept(n.Get("code")), "Assessment")), say(it.when.text), say(clean(n.Get("summary").Text())), nil, say(prefixed("by ", b.by(n)))}
	case "DocumentReference":
		return b.rowDocument(it, n)
	case "CarePlan":
		return []cell{say(or(clean(n.Get("title").Text()), sayConcepts(n.Get("category")), "Plan")), say(clean(n.Get("description").Text()), activities(n)),
			say(it.when.text), say(status)}
	case "Goal":
		if it.kind == story {
			return []cell{say("Goal"), say(sayConcept(n.Get("description")), sayNotes(n.Get("note"))), say(it.when.text)}
		}
		due := ""
		for t := range n.Get("target").All() {
			due = or(due, choice(t, "due").text)
		}
		return []cell{say(sayConcept(n.Get("description"))), say(or(sayConcept(n.Get("achievementStatus")), sayStatus(n.Get("lifecycleStatus").Text()))), say(due)}
	case "ImmunizationRecommendation":
		return rowsDue(n)
	}
	return []cell{say(or(sayConcept(n.Get("code")), sayConcepts(n.Get("category")), storyWords[it.Ref.Type], it.Ref.Type)), b.story(n), say(it.when.text)}
}

// storyWords are what the person's words came in.
var storyWords = map[string]string{"QuestionnaireResponse": "Questions answered", "Communication": "Message", "Media": "Recording or picture"}

// unnamed stands where an entry does not say what it is about.
const unnamed = "Not named"

func doseNumber(n fhir.Node) string {
	dose := ""
	for p := range n.Get("protocolApplied").All() {
		dose = or(dose, p.Get("doseNumberPositiveInt").Text(), clean(p.Get("doseNumberString").Text()))
	}
	return dose
}

// unusual is the status of a result, unless it is the usual one: preliminary must be
// seen (IPS 2.0, "Patient Safety in IPS Context").
func unusual(status string) string {
	if status == "final" {
		return ""
	}
	return sayStatus(status)
}

// concluded is what a report comes to.
func concluded(n fhir.Node) cell {
	return say(clean(n.Get("conclusion").Text()), sayConcepts(n.Get("conclusionCode")))
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func suffixed(s, suffix string) string {
	if s == "" {
		return ""
	}
	return s + suffix
}

func (b *builder) rowAllergy(n fhir.Node) []cell {
	what := or(sayConcept(n.Get("code")), unnamed)
	if n.Get("type").Text() == "intolerance" {
		what += " (intolerance)"
	}
	var reactions []string
	severity := ""
	for r := range n.Get("reaction").All() {
		reactions = append(reactions, or(sayConcepts(r.Get("manifestation")), clean(r.Get("description").Text())))
		if s := r.Get("severity").Text(); severityOrder[s] > severityOrder[severity] {
			severity = s
		}
	}
	risk := map[string]string{"high": "High risk", "low": "Low risk", "unable-to-assess": "Risk could not be assessed"}[n.Get("criticality").Text()]
	if severity != "" {
		severity = capital(severity) + " reaction"
	}
	status := or(map[string]string{"inactive": "No longer active", "resolved": "Resolved", "active": "Active"}[codeOf(n.Get("clinicalStatus"), "")], sayConcept(n.Get("clinicalStatus")), "Status not recorded")
	switch v := verification(n); v {
	case "refuted":
		status = "Ruled out: not an allergy"
	case "", "confirmed":
	default:
		status += ", " + v
	}
	by := b.by(n)
	return []cell{say(what), say(clean(strings.Join(reactions, ", ")), prefixed("first noticed ", choice(n, "onset").text)), say(risk, severity), say(status),
		say(sayDate(n.Get("recordedDate").Text()).text, prefixed("by ", by))}
}

var severityOrder = map[string]int{"mild": 1, "moderate": 2, "severe": 3}

func (b *builder) rowCondition(it *item, n fhir.Node) []cell {
	what := or(sayConcept(n.Get("code")), unnamed)
	if site := sayConcepts(n.Get("bodySite")); site != "" {
		what += " (" + site + ")"
	}
	status := or(sayStatus(codeOf(n.Get("clinicalStatus"), "")), "Status not recorded")
	if v := verification(n); v != "" && v != "confirmed" {
		status += ", " + clean(v)
	}
	since := choice(n, "onset").text
	if it.kind == past {
		return []cell{say(what), say(since), say(choice(n, "abatement").text), say(status)}
	}
	by := b.by(n)
	return []cell{say(what), say(since), say(sayConcept(n.Get("severity"))), say(status), say(sayDate(n.Get("recordedDate").Text()).text, prefixed("by ", by))}
}

func (b *builder) rowDocument(it *item, n fhir.Node) []cell {
	title := clean(n.Get("description").Text())
	for c := range n.Get("content").All() {
		title = or(title, clean(c.Get("attachment").Get("title").Text()))
	}
	if it.kind == story {
		return []cell{say(or(title, "Document")), say(sayConcept(n.Get("type"))), say(it.when.text)}
	}
	return []cell{say(or(title, "Document")), say(sayConcept(n.Get("type"))), say(it.when.text), say(b.by(n))}
}

// activities are what a plan consists of.
func activities(n fhir.Node) string {
	var all []string
	for a := range n.Get("activity").All() {
		d := a.Get("detail")
		if s := or(sayConcept(d.Get("code")), clean(d.Get("description").Text()), clean(a.Get("reference").Get("display").Text())); s != "" {
			all = append(all, s)
		}
	}
	return clean(strings.Join(all, "; "))
}

// rowsDue is the row of an ImmunizationRecommendation: all that is due, in one.
func rowsDue(n fhir.Node) []cell {
	var what, status, when []string
	for r := range n.Get("recommendation").All() {
		what = append(what, or(sayConcepts(r.Get("vaccineCode")), sayConcept(r.Get("targetDisease"))))
		status = append(status, sayConcept(r.Get("forecastStatus")))
		for d := range r.Get("dateCriterion").All() {
			when = append(when, sayDate(d.Get("value").Text()).text)
		}
	}
	return []cell{what, status, when}
}

// story is what the person says: the answers of a questionnaire, a message, a value.
func (b *builder) story(n fhir.Node) cell {
	var parts []string
	var answers func(list fhir.Node)
	answers = func(list fhir.Node) {
		for i := range list.All() {
			for a := range i.Get("answer").All() {
				if len(parts) == 50 {
					return
				}
				parts = append(parts, clean(i.Get("text").Text())+": "+sayValue(a))
				answers(a.Get("item"))
			}
			answers(i.Get("item"))
		}
	}
	answers(n.Get("item"))
	for p := range n.Get("payload").All() {
		parts = append(parts, clean(p.Get("contentString").Text()))
	}
	parts = append(parts, sayValue(n), sayNotes(n.Get("note")))
	return say(parts...)
}

// sayDevice is the name of a Device.
func sayDevice(n fhir.Node) string {
	for d := range n.Get("deviceName").All() {
		if s := clean(d.Get("name").Text()); s != "" {
			return s
		}
	}
	return or(sayConcept(n.Get("type")), clean(n.Get("modelNumber").Text()), clean(n.Get("distinctIdentifier").Text()))
}
