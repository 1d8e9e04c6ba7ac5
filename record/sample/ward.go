package sample

import (
	"fmt"
	"strconv"
)

// wardCharts are the blood tests and observations of the stay, as the ward's
// charts hold them.
func (h *infirmary) wardCharts() {
	stay := h.at("Encounter", "stay")
	type test struct {
		name, unit, ucum string
		code             obj
	}
	tests := []test{
		{"Haemoglobin", "g/L", "g/L", loinc("718-7", "Hemoglobin [Mass/volume] in Blood")},
		{"Creatinine", "µmol/L", "umol/L", loinc("14682-9", "Creatinine [Moles/volume] in Serum or Plasma")},
		{"C-reactive protein", "mg/L", "mg/L", loinc("1988-5", "C reactive protein [Mass/volume] in Serum or Plasma")},
	}
	for _, d := range []struct {
		day    string
		values [3]string
	}{
		{"2024-01-17", [3]string{"128", "96", "6"}},
		{"2024-01-18", [3]string{"112", "108", "38"}},
		{"2024-01-19", [3]string{"97", "141", "142"}},
		{"2024-01-21", [3]string{"99", "122", "96"}},
		{"2024-01-24", [3]string{"103", "98", "41"}},
		{"2024-01-30", [3]string{"108", "95", "12"}},
	} {
		var results list
		var targets []ref
		for i, t := range tests {
			r := h.observe("", at(d.day, "06:30"), laboratory, concept(t.name, t.code), qty(d.values[i], t.unit, t.ucum),
				obj{"encounter": stay, "performer": list{h.lab}})
			results, targets = append(results, r), append(targets, r)
		}
		report := h.about("DiagnosticReport", "", obj{"status": "final", "category": list{concept("Laboratory", hl7("v2-0074", "LAB", "Laboratory"))},
			"code": concept("Blood tests on the ward"), "effectiveDateTime": at(d.day, "06:30"), "encounter": stay, "result": results, "performer": list{h.lab}})
		h.provenance(d.day+"T09:45:00Z", "Sent by the laboratory", "", list{agent("author", h.lab)}, append(targets, report))
	}

	for _, o := range []struct {
		day, clock              string
		pulse, breath, oxygen   int
		systolic, diastolic     int
		temperature, newsRemark string
		news                    int
	}{
		{"2024-01-17", "08:40", 92, 18, 96, 158, 84, "36.4", "", 1},
		{"2024-01-18", "14:00", 84, 16, 95, 112, 62, "36.2", "After theatre", 2},
		{"2024-01-20", "06:00", 96, 20, 94, 118, 66, "37.9", "Muddled; doctor told", 4},
		{"2024-01-22", "06:00", 82, 16, 96, 128, 70, "36.8", "", 0},
		{"2024-01-31", "06:00", 76, 15, 97, 134, 74, "36.5", "Going home", 0},
	} {
		when := at(o.day, o.clock)
		extra := func() obj { return obj{"encounter": stay, "performer": list{h.field}} }
		h.observe("", when, vital, concept("Pulse", loinc("8867-4", "Heart rate")), qty(strconv.Itoa(o.pulse), "beats/min", "/min"), extra())
		h.observe("", when, vital, concept("Breathing rate", loinc("9279-1", "Respiratory rate")), qty(strconv.Itoa(o.breath), "breaths/min", "/min"), extra())
		h.observe("", when, vital, concept("Temperature", loinc("8310-5", "Body temperature")), qty(o.temperature, "°C", "Cel"), extra())
		h.observe("", when, vital, concept("Oxygen saturation, on air", loinc("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry")), qty(strconv.Itoa(o.oxygen), "%", "%"), extra())
		bp := extra()
		bp["component"] = list{
			obj{"code": concept("Systolic", loinc("8480-6", "Systolic blood pressure")), "valueQuantity": qty(strconv.Itoa(o.systolic), "mmHg", "mm[Hg]")},
			obj{"code": concept("Diastolic", loinc("8462-4", "Diastolic blood pressure")), "valueQuantity": qty(strconv.Itoa(o.diastolic), "mmHg", "mm[Hg]")},
		}
		h.observe("", when, vital, concept("Blood pressure", loinc("85354-9", "Blood pressure panel with all children optional")), nil, bp)
		news := extra()
		if o.newsRemark != "" {
			news["note"] = notes(o.newsRemark)
		}
		h.observe("", when, exam, concept("National Early Warning Score 2"), score(o.news), news)
	}

	// Walking, as the physiotherapist wrote it down.
	for _, w := range []struct {
		day    string
		metres int
		note   string
	}{
		{"2024-01-19", 2, "Bed to chair, frame, two helping"},
		{"2024-01-22", 6, "Frame, one helping"},
		{"2024-01-25", 15, "Frame, one beside her"},
		{"2024-01-29", 30, "Frame, alone. Four stairs with rail"},
	} {
		h.observe("", w.day, exam, concept("Distance walked"), qty(strconv.Itoa(w.metres), "m", "m"),
			obj{"encounter": stay, "performer": list{h.rowe}, "note": notes(w.note)})
	}

	for i, day := range []string{"2024-01-18", "2024-01-19", "2024-01-20", "2024-01-21", "2024-01-22", "2024-01-23"} {
		h.about("MedicationAdministration", "", obj{
			"status": "completed", "medicationCodeableConcept": concept("Enoxaparin 40 mg injection", atc("B01AB05", "enoxaparin")),
			"effectiveDateTime": at(day, "18:00"), "context": stay, "performer": list{obj{"actor": h.field}},
			"dosage": obj{"text": "40 mg under the skin", "dose": qty("40", "mg", "mg")}})
		units := 14
		if i == 0 {
			units = 10
		}
		h.about("MedicationAdministration", "", obj{
			"status": "completed", "medicationCodeableConcept": concept("Insulin glargine", atc("A10AE04", "insulin glargine")),
			"effectiveDateTime": at(day, "08:10"), "context": stay, "performer": list{obj{"actor": h.field}},
			"dosage": obj{"text": fmt.Sprintf("%d units; she gave it herself from the third day", units), "dose": qty(strconv.Itoa(units), "units", "[iU]")}})
	}
	h.about("MedicationAdministration", "codeine", obj{
		"status": "stopped", "medicationCodeableConcept": concept("Codeine 30 mg tablet"), "statusReason": list{concept("Sick and muddled")},
		"effectivePeriod": period(at("2024-01-19", "12:00"), at("2024-01-20", "12:00")), "context": stay})
}

// afterwards: clinics, the bone scan, and this autumn's X-ray.
func (h *infirmary) afterwards() {
	clinic := func(key, day, clock, what string, who ref) ref {
		start := at(day, clock)
		h.add("Appointment", key, obj{"status": "fulfilled", "description": what, "start": start, "end": at(day, laterClock(clock, 20)),
			"participant": list{obj{"actor": h.person, "status": "accepted"}, obj{"actor": who, "status": "accepted"}}})
		return h.about("Encounter", key, obj{"status": "finished", "class": ambulatory, "period": period(start, at(day, laterClock(clock, 20))),
			"reasonCode": list{concept(what)}, "participant": list{obj{"individual": who}}, "serviceProvider": h.trust})
	}
	clinic("fracture-clinic", "2024-03-06", "09:50", "Fracture clinic, seven weeks", h.birk)
	clinic("physio-1", "2024-04-10", "11:00", "Physiotherapy: from frame to stick", h.rowe)
	clinic("physio-2", "2024-05-08", "11:00", "Physiotherapy: stairs and the bus step", h.rowe)
	last := clinic("physio-3", "2024-06-05", "11:00", "Physiotherapy: last visit, handed on to the strength class", h.rowe)
	h.document("fracture-letter", "2024-03-06", "Fracture clinic letter", concept("Clinic letter", loinc("11488-4", "Consult note")), h.birk, `
Fracture Clinic, Westmere Royal Infirmary                        6 March 2024

Dear Dr Qureshi,

Seven weeks after her half hip replacement Mrs Wetherlow came in on a frame, wanting to know when she can kneel in the
allotment. The wound has healed, the leg lengths are equal and the X-ray is good. She may sleep on either side, sit on
ordinary chairs and kneel when it does not hurt. No further visit needed.

Please see to her bones (DEXA and treatment).

C. Birkett-Shaw`)
	dexa := h.about("DiagnosticReport", "dexa", obj{"status": "final", "category": list{concept("Imaging", hl7("v2-0074", "RAD", "Radiology"))}, "code": concept("DEXA bone density scan"),
		"effectiveDateTime": "2024-04-23", "performer": list{h.trust},
		"result": list{
			h.observe("dexa-hip", "2024-04-23", imaging, concept("DEXA T-score, right hip"), qty("-2.7", "T-score", "{T-score}"), nil),
			h.observe("dexa-spine", "2024-04-23", imaging, concept("DEXA T-score, spine"), qty("-2.1", "T-score", "{T-score}"), nil),
		},
		"conclusion": "Osteoporosis at the hip. Treatment advised."})
	xray := h.about("DiagnosticReport", "xray-2026", obj{"status": "final", "category": list{concept("Imaging", hl7("v2-0074", "RAD", "Radiology"))}, "code": concept("X-ray left hip"),
		"effectiveDateTime": "2026-09-24", "performer": list{h.trust}, "conclusion": "Half hip replacement in good position, no loosening."})
	h.provenance("2024-04-24T12:00:00+01:00", "Reported", "", list{agent("author", h.trust)}, []ref{dexa})
	h.provenance("2026-09-24T16:20:00+01:00", "Reported", "", list{agent("author", h.trust)}, []ref{xray})
	h.provenance("2024-06-05T11:25:00+01:00", "Recorded in clinic", "", list{agent("author", h.rowe, h.trust)}, []ref{last})

	h.about("Observation", "up-and-go-1", obj{"status": "final", "category": exam, "code": concept("Timed up and go"), "effectiveDateTime": "2024-04-10",
		"valueQuantity": qty("24", "s", "s"), "performer": list{h.rowe}})
	h.about("Observation", "up-and-go-2", obj{"status": "final", "category": exam, "code": concept("Timed up and go"), "effectiveDateTime": "2024-06-05",
		"valueQuantity": qty("15", "s", "s"), "performer": list{h.rowe}})
}
