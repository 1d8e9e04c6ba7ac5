package ips

import (
	"strings"

	"carehold/record/fhir"
)

// The tables of the medicines, what must not be given first.
const (
	tableNever = iota
	tableCurrent
	tableEnded
	tableGiven
)

func (b *builder) placeMedicine(it *item, n fhir.Node, status string) (reason, bool) {
	var end date
	it.table = tableCurrent
	switch it.Ref.Type {
	case "MedicationStatement":
		it.when = firstDate(choice(n, "effective"), sayDate(n.Get("dateAsserted").Text()))
		end = date{end: it.when.end}
		if end.end.IsZero() {
			end = sayDate(n.Get("dateAsserted").Text())
		}
	case "MedicationRequest":
		it.when = sayDate(n.Get("authoredOn").Text())
		if end = sayPeriod(n.Get("dispenseRequest").Get("validityPeriod")); end.end.IsZero() {
			end = it.when
		}
		if n.Get("doNotPerform").Text() == "true" { // IPS has doNotPerform false, exactly
			it.table, it.spoken = tableNever, true
			return only(notCurrent, status, "active", "on-hold", "unknown"), true
		}
	case "MedicationDispense":
		it.table, it.when = tableGiven, firstDate(sayDate(n.Get("whenHandedOver").Text()), sayDate(n.Get("whenPrepared").Text()))
		end = it.when
		if status != "completed" && status != "unknown" {
			return notDone, true
		}
	case "MedicationAdministration":
		it.table, it.when = tableGiven, choice(n, "effective")
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
	if it.table > tableCurrent && !end.end.IsZero() && end.end.Before(b.until.AddDate(0, -recentEnds, 0)) {
		return ended, true
	}
	return keep, true
}
