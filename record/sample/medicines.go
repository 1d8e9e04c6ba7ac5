package sample

import (
	"strconv"
	"time"
)

// A prescription as the practice holds it. An end means it was stopped.
type prescription struct {
	key, name  string
	code       obj // ATC, the one code we are certain of; the words carry the strength
	dose       string
	start, end string
	why        string // why it was stopped, or what to know
	by         ref
	label      []obj
}

var medicineNames = map[string]obj{
	"metformin": atc("A10BA02", "metformin"), "empagliflozin": atc("A10BK03", "empagliflozin"), "glargine": atc("A10AE04", "insulin glargine"),
	"bendroflumethiazide": atc("C03AA01", "bendroflumethiazide"), "ramipril": atc("C09AA05", "ramipril"), "amlodipine": atc("C08CA01", "amlodipine"),
	"simvastatin": atc("C10AA01", "simvastatin"), "atorvastatin": atc("C10AA05", "atorvastatin"), "alendronic": atc("M05BA04", "alendronic acid"),
	"fluoxetine": atc("N06AB03", "fluoxetine"), "sertraline": atc("N06AB06", "sertraline"), "nitrofurantoin": atc("J01XE01", "nitrofurantoin"),
	"paracetamol": atc("N02BE01", "paracetamol"),
}

// medicines are the prescriptions, one for each dose, and the list of those that
// are current.
//
// A list is filed with the strictest entry it points to, so the practice keeps two:
// the sertraline stands on a list of its own, and whoever is not shown the
// mental-health section still gets a list of everything else.
func (p *practice) medicines() {
	pr, q, t, o := p.pryce, p.qureshi, p.tait, p.osei
	ill := []obj{psy}
	var current []ref
	var recent []ref
	for _, m := range []prescription{
		{"bendro", "Bendroflumethiazide 2.5 mg tablets", medicineNames["bendroflumethiazide"], "One in the morning", "2001-05-15", "2007-03-12", "Changed to ramipril because of the diabetes", pr, nil},
		{"metformin-500", "Metformin 500 mg tablets", medicineNames["metformin"], "One twice a day with food", "2006-02-20", "2007-05-21", "Dose increased", pr, nil},
		{"metformin", "Metformin 500 mg tablets", medicineNames["metformin"], "Two with breakfast and two with supper. Stop while vomiting or not drinking", "2007-05-21", "", "", pr, nil},
		{"simvastatin", "Simvastatin 40 mg tablets", medicineNames["simvastatin"], "One at night", "2006-05-22", "2014-07-08", "Aching thighs", pr, nil},
		{"ramipril-2", "Ramipril 2.5 mg capsules", medicineNames["ramipril"], "One in the morning", "2007-03-12", "2007-06-04", "Dose increased", pr, nil},
		{"ramipril-5", "Ramipril 5 mg capsules", medicineNames["ramipril"], "One in the morning", "2007-06-04", "2011-06-07", "Dose increased", pr, nil},
		{"ramipril", "Ramipril 10 mg capsules", medicineNames["ramipril"], "One in the morning. Stop while vomiting or not drinking", "2011-06-07", "", "", q, nil},
		{"amlodipine", "Amlodipine 5 mg tablets", medicineNames["amlodipine"], "One in the morning", "2013-05-20", "", "", q, nil},
		{"atorvastatin", "Atorvastatin 20 mg tablets", medicineNames["atorvastatin"], "One a day", "2014-07-08", "", "", q, nil},
		{"empagliflozin", "Empagliflozin 10 mg tablets", medicineNames["empagliflozin"], "One in the morning. Stop while ill, before an operation and if not eating", "2016-11-07", "", "", q, nil},
		{"glargine-10", "Insulin glargine 100 units/ml pre-filled pen", medicineNames["glargine"], "10 units in the morning", "2023-03-06", "2023-03-13", "Dose increased", t, nil},
		{"glargine-14", "Insulin glargine 100 units/ml pre-filled pen", medicineNames["glargine"], "14 units in the morning", "2023-03-13", "2023-05-30", "Dose increased", t, nil},
		{"glargine", "Insulin glargine 100 units/ml pre-filled pen", medicineNames["glargine"], "18 units in the morning. Never stop altogether", "2023-05-30", "", "", t, nil},
		{"strips", "Blood glucose test strips and lancets", nil, "One before breakfast, and whenever it feels wrong", "2023-03-06", "", "", t, nil},
		{"nitrofurantoin", "Nitrofurantoin 100 mg modified-release capsules", medicineNames["nitrofurantoin"], "One twice a day for three days", "2023-08-02", "2023-08-05", "Course finished", q, nil},
		{"alendronic", "Alendronic acid 70 mg tablets", medicineNames["alendronic"], "One on Sundays, half an hour before breakfast, upright, with a full glass of water", "2024-02-06", "", "", q, nil},
		{"calcium", "Calcium carbonate 1.5 g and colecalciferol 400 units chewable tablets", nil, "One twice a day; not with the Sunday tablet", "2024-02-06", "", "", q, nil},
		{"paracetamol", "Paracetamol 500 mg tablets", medicineNames["paracetamol"], "Two up to four times a day if the hip or knees hurt", "2024-02-06", "", "", o, nil},
		{"fluoxetine", "Fluoxetine 20 mg capsules", medicineNames["fluoxetine"], "One in the morning", "1998-02-16", "2000-04", "Well; stopped slowly", pr, ill},
		{"sertraline-50", "Sertraline 50 mg tablets", medicineNames["sertraline"], "One in the morning", "2022-03-10", "2022-04-21", "Dose increased", q, ill},
		{"sertraline-100", "Sertraline 100 mg tablets", medicineNames["sertraline"], "One in the morning", "2022-04-21", "2024-09-10", "Dose reduced, well", q, ill},
		{"sertraline", "Sertraline 50 mg tablets", medicineNames["sertraline"], "One in the morning", "2024-09-10", "", "", q, ill},
	} {
		r := obj{
			"status": "active", "intent": "order", "authoredOn": m.start, "requester": m.by,
			"medicationCodeableConcept": concept(m.name),
			"dosageInstruction":         list{obj{"text": m.dose}},
			"courseOfTherapyType":       concept("", hl7("medicationrequest-course-of-therapy", "continuous", "Continuous long term therapy")),
		}
		if m.code != nil {
			r["medicationCodeableConcept"] = concept(m.name, m.code)
		}
		if m.end != "" {
			r["status"] = "stopped"
			r["statusReason"] = concept(m.why)
			r["dispenseRequest"] = obj{"validityPeriod": period(m.start, m.end)}
		}
		if m.key == "nitrofurantoin" {
			r["status"] = "completed"
			r["courseOfTherapyType"] = concept("", hl7("medicationrequest-course-of-therapy", "acute", "Short course (acute) therapy"))
		}
		ref := p.about("MedicationRequest", m.key, r, m.label...).as(m.name)
		if m.end == "" && m.label == nil {
			current = append(current, ref)
		}
		if m.start >= "2019-03-11" && m.label == nil {
			recent = append(recent, ref)
		}
	}
	p.provenance("2026-08-04T11:52:00+01:00", "Reviewed and re-authorised", "", list{agent("verifier", p.osei, p.surgery), agent("informant", p.person)}, current)
	p.provenance("2024-03-05T10:05:00Z", "Prescribed", "", list{agent("author", p.qureshi, p.surgery), agent("author", p.tait, p.surgery)}, recent)

	var items list
	for _, r := range current {
		items = append(items, obj{"item": r})
	}
	p.about("List", "medicines", obj{
		"status": "current", "mode": "snapshot", "title": "Current medicines",
		"code": concept("Medication list", loinc("10160-0", "History of Medication use Narrative")),
		"date": at("2026-08-04", "11:50"), "source": p.osei, "entry": items,
		"note": notes("Gone through with Marion by telephone. She fills her own weekly box on Sundays; Judith looks at it on Wednesdays."),
	})
	sertraline := p.at("MedicationRequest", "sertraline").as("Sertraline 50 mg tablets")
	p.about("List", "medicines-mind", obj{
		"status": "current", "mode": "snapshot", "title": "Current medicines, kept apart at Marion's wish",
		"code": concept("Medication list", loinc("10160-0", "History of Medication use Narrative")),
		"date": at("2026-08-04", "11:50"), "source": p.osei, "entry": list{obj{"item": sertraline}},
		"note": notes("She would like every doctor who prescribes for her to know, and to be asked each time."),
	}, psy)
	p.provenance("2026-08-04T11:53:00+01:00", "Reviewed and re-authorised", "", list{agent("verifier", p.osei, p.surgery), agent("informant", p.person)}, []ref{sertraline}, psy)
	p.about("MedicationStatement", "vitamin-d", obj{
		"status": "stopped", "medicationCodeableConcept": concept("Vitamin D 25 micrograms, bought"), "effectivePeriod": period("2020-11", "2024-02-06"),
		"dateAsserted": "2024-03-05", "informationSource": p.person, "dosage": list{obj{"text": "One a day in winter"}},
		"note": notes("Stopped when the calcium and vitamin D tablets began."),
	})
}

// dispensing is the pharmacy's last six months: every four weeks, the insulin every eight.
func (p *practice) dispensing() {
	first, _ := time.Parse(time.DateOnly, "2026-05-19")
	for cycle := 0; cycle < 13; cycle++ {
		day := first.AddDate(0, 0, 28*cycle).Format(time.DateOnly)
		if day > Today {
			break
		}
		for _, m := range []struct {
			key, name   string
			code        obj
			n           int
			unit        string
			everySecond bool
		}{
			{"metformin", "Metformin 500 mg tablets", medicineNames["metformin"], 112, "tablet", false},
			{"ramipril", "Ramipril 10 mg capsules", medicineNames["ramipril"], 28, "capsule", false},
			{"empagliflozin", "Empagliflozin 10 mg tablets", medicineNames["empagliflozin"], 28, "tablet", false},
			{"glargine", "Insulin glargine 100 units/ml pre-filled pen", medicineNames["glargine"], 5, "pen", true},
		} {
			if m.everySecond && cycle%2 == 1 {
				continue
			}
			p.about("MedicationDispense", "", obj{
				"status": "completed", "medicationCodeableConcept": concept(m.name, m.code),
				"quantity":                qty(strconv.Itoa(m.n), m.unit, "{"+m.unit+"}"),
				"whenHandedOver":          day,
				"performer":               list{obj{"actor": p.pharmacy}},
				"authorizingPrescription": list{p.at("MedicationRequest", m.key)},
			})
		}
	}
}
