package ips

import (
	"strings"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// The tables of the medicines, what must not be given first.
const (
	tableNever = iota
	tableCurrent
	tableEnded
	tableGiven
)

func (b *builder) placeMedicine(it *item, n fhir.Node, status string) (reason, bool) {
	var end speak.Date
	it.table = tableCurrent
	switch it.Ref.Type {
	case "MedicationStatement":
		it.when = speak.FirstDate(speak.Choice(n, "effective"), speak.When(n.Get("dateAsserted").Text()))
		end = speak.Date{End: it.when.End}
		if end.End.IsZero() {
			end = speak.When(n.Get("dateAsserted").Text())
		}
	case "MedicationRequest":
		it.when = speak.When(n.Get("authoredOn").Text())
		if end = speak.Period(n.Get("dispenseRequest").Get("validityPeriod")); end.End.IsZero() {
			end = it.when
		}
		if n.Get("doNotPerform").Text() == "true" { // IPS has doNotPerform false, exactly
			it.table, it.spoken = tableNever, true
			return only(notCurrent, status, "active", "on-hold", "unknown"), true
		}
	case "MedicationDispense":
		it.table, it.when = tableGiven, speak.FirstDate(speak.When(n.Get("whenHandedOver").Text()), speak.When(n.Get("whenPrepared").Text()))
		end = it.when
		if status != "completed" && status != "unknown" {
			return notDone, true
		}
	case "MedicationAdministration":
		it.table, it.when = tableGiven, speak.Choice(n, "effective")
		end = it.when
		if status == "not-done" {
			return notDone, true
		}
	}
	it.group, it.most = strings.ToLower(b.medicine(n)), every
	if it.table == tableGiven {
		it.most = 1
	} else {
		switch status {
		case "cancelled", "draft":
			return notCurrent, true
		case "completed", "stopped", "not-taken":
			it.table, it.most = tableEnded, newest // a course is an order a month
		}
	}
	if it.table > tableCurrent && !end.End.IsZero() && end.End.Before(b.until.AddDate(0, -recentEnds, 0)) {
		return ended, true
	}
	return keep, true
}
