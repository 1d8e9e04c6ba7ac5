package ips

import (
	"strings"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
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
	status := speak.Status(n.Get("status").Text())
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
		return []cell{say(speak.Or(speak.Concept(n.Get("code")), "Report")), concluded(n),
			say(it.when.Text), say(unusual(n.Get("status").Text()))}
	case "Immunization":
		dose, against := doseNumber(n), ""
		for p := range n.Get("protocolApplied").All() {
			against = speak.Or(against, speak.Concepts(p.Get("targetDisease")))
		}
		return []cell{say(speak.Or(speak.Concept(n.Get("vaccineCode")), unnamed)), say(it.when.Text), say(dose), say(against), say(status, speak.Concept(n.Get("statusReason")))}
	case "Procedure":
		return []cell{say(speak.Or(speak.Concept(n.Get("code")), unnamed)), say(it.when.Text), say(speak.Concepts(n.Get("bodySite"))), say(status, speak.Concept(n.Get("outcome")))}
	case "DeviceUseStatement":
		d := n.Get("device")
		return []cell{say(speak.Or(speak.Clean(d.Get("display").Text()), b.called(d, sayDevice), unnamed)), say(it.when.Text), say(speak.Concept(n.Get("bodySite"))), say(status, speak.Notes(n.Get("note")))}
	case "Device":
		return []cell{say(speak.Or(sayDevice(n), unnamed)), say(speak.Prefixed("made ", it.when.Text)), nil, say(status, speak.Notes(n.Get("note")))}
	case "Flag":
		return []cell{say(speak.Or(speak.Concept(n.Get("code")), unnamed)), say(speak.Concepts(n.Get("category"))), say(it.when.Text)}
	case "Consent":
		p := n.Get("provision")
		about := speak.Or(speak.Concepts(p.Get("code")), speak.Concepts(p.Get("class")))
		verb := map[string]string{"deny": "Treatment refused in advance", "permit": "Agreed to in advance"}[p.Get("type").Text()]
		if verb != "" && about != "" {
			verb += ":"
		}
		if status == "Active" {
			status = "In force" // that it is refused is about the treatment, not about the decision
		}
		return []cell{say(speak.Or(speak.Concepts(n.Get("category")), speak.Concept(n.Get("scope")))), say(verb, about), say(it.when.Text), say(status)}
	case "ClinicalImpression":
		return []cell{say(speak.Or(speak.Clean(n.Get("description").Text()), speak.Concept(n.Get("code")), "Assessment")), say(it.when.Text), say(speak.Clean(n.Get("summary").Text())), nil, say(speak.Prefixed("by ", b.by(n)))}
	case "DocumentReference":
		return b.rowDocument(it, n)
	case "CarePlan":
		return []cell{say(speak.Or(speak.Clean(n.Get("title").Text()), speak.Concepts(n.Get("category")), "Plan")), say(speak.Clean(n.Get("description").Text()), activities(n)),
			say(it.when.Text), say(status)}
	case "Goal":
		if it.kind == story {
			return []cell{say("Goal"), say(speak.Concept(n.Get("description")), speak.Notes(n.Get("note"))), say(it.when.Text)}
		}
		due := ""
		for t := range n.Get("target").All() {
			due = speak.Or(due, speak.Choice(t, "due").Text)
		}
		return []cell{say(speak.Concept(n.Get("description"))), say(speak.Or(speak.Concept(n.Get("achievementStatus")), speak.Status(n.Get("lifecycleStatus").Text()))), say(due)}
	case "ImmunizationRecommendation":
		return rowsDue(n)
	}
	return []cell{say(speak.Or(speak.Concept(n.Get("code")), speak.Concepts(n.Get("category")), storyWords[it.Ref.Type], it.Ref.Type)), b.story(n), say(it.when.Text)}
}

// storyWords are what the person's words came in.
var storyWords = map[string]string{"QuestionnaireResponse": "Questions answered", "Communication": "Message", "Media": "Recording or picture"}

// unnamed stands where an entry does not say what it is about.
const unnamed = "Not named"

func doseNumber(n fhir.Node) string {
	dose := ""
	for p := range n.Get("protocolApplied").All() {
		dose = speak.Or(dose, p.Get("doseNumberPositiveInt").Text(), speak.Clean(p.Get("doseNumberString").Text()))
	}
	return dose
}

// unusual is the status of a result, unless it is the usual one: preliminary must be
// seen (IPS 2.0, "Patient Safety in IPS Context").
func unusual(status string) string {
	if status == "final" {
		return ""
	}
	return speak.Status(status)
}

// concluded is what a report comes to.
func concluded(n fhir.Node) cell {
	return say(speak.Clean(n.Get("conclusion").Text()), speak.Concepts(n.Get("conclusionCode")))
}

func suffixed(s, suffix string) string {
	if s == "" {
		return ""
	}
	return s + suffix
}

func (b *builder) rowAllergy(n fhir.Node) []cell {
	what := speak.Or(speak.Concept(n.Get("code")), unnamed)
	if n.Get("type").Text() == "intolerance" {
		what += " (intolerance)"
	}
	var reactions []string
	severity := ""
	for r := range n.Get("reaction").All() {
		reactions = append(reactions, speak.Or(speak.Concepts(r.Get("manifestation")), speak.Clean(r.Get("description").Text())))
		if s := r.Get("severity").Text(); severityOrder[s] > severityOrder[severity] {
			severity = s
		}
	}
	risk := map[string]string{"high": "High risk", "low": "Low risk", "unable-to-assess": "Risk could not be assessed"}[n.Get("criticality").Text()]
	if severity != "" {
		severity = speak.Capital(severity) + " reaction"
	}
	status := speak.Or(map[string]string{"inactive": "No longer active", "resolved": "Resolved", "active": "Active"}[speak.Code(n.Get("clinicalStatus"), "")], speak.Concept(n.Get("clinicalStatus")), "Status not recorded")
	switch v := verification(n); v {
	case "refuted":
		status = "Ruled out: not an allergy"
	case "", "confirmed":
	default:
		status += ", " + v
	}
	by := b.by(n)
	return []cell{say(what), say(speak.Clean(strings.Join(reactions, ", ")), speak.Prefixed("first noticed ", speak.Choice(n, "onset").Text)), say(risk, severity), say(status),
		say(speak.When(n.Get("recordedDate").Text()).Text, speak.Prefixed("by ", by))}
}

var severityOrder = map[string]int{"mild": 1, "moderate": 2, "severe": 3}

func (b *builder) rowCondition(it *item, n fhir.Node) []cell {
	what := speak.Or(speak.Concept(n.Get("code")), unnamed)
	if site := speak.Concepts(n.Get("bodySite")); site != "" {
		what += " (" + site + ")"
	}
	status := speak.Or(speak.Status(speak.Code(n.Get("clinicalStatus"), "")), "Status not recorded")
	if v := verification(n); v != "" && v != "confirmed" {
		status += ", " + speak.Clean(v)
	}
	since := speak.Choice(n, "onset").Text
	if it.kind == past {
		return []cell{say(what), say(since), say(speak.Choice(n, "abatement").Text), say(status)}
	}
	by := b.by(n)
	return []cell{say(what), say(since), say(speak.Concept(n.Get("severity"))), say(status), say(speak.When(n.Get("recordedDate").Text()).Text, speak.Prefixed("by ", by))}
}

func (b *builder) rowDocument(it *item, n fhir.Node) []cell {
	title := speak.Clean(n.Get("description").Text())
	for c := range n.Get("content").All() {
		title = speak.Or(title, speak.Clean(c.Get("attachment").Get("title").Text()))
	}
	if it.kind == story {
		return []cell{say(speak.Or(title, "Document")), say(speak.Concept(n.Get("type"))), say(it.when.Text)}
	}
	return []cell{say(speak.Or(title, "Document")), say(speak.Concept(n.Get("type"))), say(it.when.Text), say(b.by(n))}
}

// activities are what a plan consists of.
func activities(n fhir.Node) string {
	var all []string
	for a := range n.Get("activity").All() {
		d := a.Get("detail")
		if s := speak.Or(speak.Concept(d.Get("code")), speak.Clean(d.Get("description").Text()), speak.Clean(a.Get("reference").Get("display").Text())); s != "" {
			all = append(all, s)
		}
	}
	return speak.Clean(strings.Join(all, "; "))
}

// rowsDue is the row of an ImmunizationRecommendation: all that is due, in one.
func rowsDue(n fhir.Node) []cell {
	var what, status, when []string
	for r := range n.Get("recommendation").All() {
		what = append(what, speak.Or(speak.Concepts(r.Get("vaccineCode")), speak.Concept(r.Get("targetDisease"))))
		status = append(status, speak.Concept(r.Get("forecastStatus")))
		for d := range r.Get("dateCriterion").All() {
			when = append(when, speak.When(d.Get("value").Text()).Text)
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
				parts = append(parts, speak.Clean(i.Get("text").Text())+": "+speak.Value(a))
				answers(a.Get("item"))
			}
			answers(i.Get("item"))
		}
	}
	answers(n.Get("item"))
	for p := range n.Get("payload").All() {
		parts = append(parts, speak.Clean(p.Get("contentString").Text()))
	}
	parts = append(parts, speak.Value(n), speak.Notes(n.Get("note")))
	return say(parts...)
}

// sayDevice is the name of a Device.
func sayDevice(n fhir.Node) string {
	for d := range n.Get("deviceName").All() {
		if s := speak.Clean(d.Get("name").Text()); s != "" {
			return s
		}
	}
	return speak.Or(speak.Concept(n.Get("type")), speak.Clean(n.Get("modelNumber").Text()), speak.Clean(n.Get("distinctIdentifier").Text()))
}
