package ips

import (
	"strings"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// medicine is the name of what a Medication… entry is about.
func (b *builder) medicine(n fhir.Node) string {
	return speak.Or(speak.Concept(n.Get("medicationCodeableConcept")), b.who(n.Get("medicationReference")), b.called(n.Get("medicationReference"), sayCoded), unnamed)
}

func (b *builder) rowMedicine(it *item, n fhir.Node) []cell {
	status := speak.Status(n.Get("status").Text())
	switch n.Get("intent").Text() {
	case "proposal", "plan", "option":
		status += ", only proposed or planned"
	}
	if it.table == tableNever && n.Get("status").Text() == "active" {
		status = "Do not give" // it is the prohibition that is active
	}
	reason := speak.Or(speak.Concept(n.Get("statusReason")), speak.Concepts(n.Get("statusReason")))
	name := say(b.medicine(n))
	when := it.when.Text
	switch it.Ref.Type {
	case "MedicationDispense":
		return []cell{name, say(speak.Quantity(n.Get("quantity")), b.dosages(n.Get("dosageInstruction"))), nil, say(when), say("Handed out")}
	case "MedicationAdministration":
		d := n.Get("dosage")
		return []cell{name, say(speak.Clean(d.Get("text").Text()), sayDose(d.Get("dose")), speak.Concept(d.Get("route"))), say(b.reasons(n)), say(when), say("Given")}
	case "MedicationStatement":
		return []cell{name, say(b.dosages(n.Get("dosage"))), say(b.reasons(n)), say(since(when, it.table)), say(status, reason, speak.Prefixed("stated by ", b.by(n)))}
	}
	if it.table == tableEnded {
		if p := speak.Period(n.Get("dispenseRequest").Get("validityPeriod")); !p.End.IsZero() {
			when = p.Text
		} else {
			when = speak.Prefixed("prescribed ", when)
		}
	}
	return []cell{name, say(b.dosages(n.Get("dosageInstruction"))), say(b.reasons(n)), say(since(when, it.table)), say(status, reason, speak.Prefixed("prescribed by ", speak.Or(b.who(n.Get("requester")), b.by(n))))}
}

// since is a when below the heading Since, which says "from" itself.
func since(when string, table int) string {
	if table == tableEnded {
		return when
	}
	return strings.TrimPrefix(when, "from ")
}

// reasons are what a medicine is for.
func (b *builder) reasons(n fhir.Node) string {
	if s := speak.Concepts(n.Get("reasonCode")); s != "" {
		return s
	}
	var all []string
	for r := range n.Get("reasonReference").All() {
		said := speak.Clean(r.Get("display").Text())
		if said == "" {
			said = b.called(r, sayCoded)
		}
		all = append(all, said)
	}
	return speak.Clean(strings.Join(all, ", "))
}

func (b *builder) dosages(list fhir.Node) string {
	var all []string
	for d := range list.All() {
		if s := sayDosage(d); s != "" {
			all = append(all, s)
		}
	}
	return speak.Clean(strings.Join(all, "; then "))
}

// sayDosage is the instruction in words where there are any; else dose, how often,
// when needed, by which way.
func sayDosage(n fhir.Node) string {
	if t := n.Get("text").Text(); t != "" {
		return speak.Clean(t)
	}
	if t := n.Get("patientInstruction").Text(); t != "" {
		return speak.Clean(t)
	}
	var parts []string
	dose := speak.First(n.Get("doseAndRate"))
	if q := dose.Get("doseQuantity"); q.Valid() {
		parts = append(parts, "dose "+sayDose(q))
	} else if r := dose.Get("doseRange"); r.Valid() {
		parts = append(parts, "dose "+speak.Range(r))
	}
	parts = append(parts, sayTiming(n.Get("timing")))
	if n.Get("asNeededBoolean").Text() == "true" {
		parts = append(parts, "when needed")
	}
	parts = append(parts, speak.Prefixed("when needed for ", speak.Concept(n.Get("asNeededCodeableConcept"))), speak.Concept(n.Get("route")))
	return speak.Clean(strings.Join(say(parts...), ", "))
}

var (
	timesWords = map[string]string{"1": "once", "2": "twice"}
	unitWords  = map[string]string{"s": "second", "min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year"}
)

// sayTiming is how often: twice every day, once every 8 hours.
func sayTiming(n fhir.Node) string {
	if s := speak.Concept(n.Get("code")); s != "" {
		return s
	}
	r := n.Get("repeat")
	unit := unitWords[r.Get("periodUnit").Text()]
	if unit == "" {
		return ""
	}
	often, period := r.Get("frequency").Text(), r.Get("period").Text()
	how := speak.Or(timesWords[often], often+" times")
	if often == "" {
		how = "once"
	}
	if period == "1" || period == "" {
		return how + " every " + unit
	}
	return speak.Clean(how + " every " + period + " " + unit + "s")
}

// sayDose is how much. A bare number is a hazard: one of what is not said, and must not
// be guessed.
func sayDose(q fhir.Node) string {
	if q.Get("value").Valid() && q.Get("unit").Text() == "" && q.Get("code").Text() == "" {
		return speak.Quantity(q) + " (unit not given)"
	}
	return speak.Quantity(q)
}

// Dosage is how a medicine is taken or given, in the words of a summary; "" for what is
// none, or does not say.
func Dosage(r *fhir.Resource) string {
	var b builder
	switch n := r.Root(); r.Type() {
	case "MedicationRequest", "MedicationDispense":
		return b.dosages(n.Get("dosageInstruction"))
	case "MedicationStatement":
		return b.dosages(n.Get("dosage"))
	case "MedicationAdministration":
		d := n.Get("dosage")
		return speak.Clean(strings.Join(say(speak.Clean(d.Get("text").Text()), sayDose(d.Get("dose")), speak.Concept(d.Get("route"))), ", "))
	}
	return ""
}
