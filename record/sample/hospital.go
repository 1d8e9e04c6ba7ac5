package sample

// infirmary is Westmere Royal Infirmary.
type infirmary struct {
	*source
	trust, lab              ref
	fell, birk, rowe, field ref // ward, surgeon, physiotherapist, therapist and nurse
	ed, theatre, ward       ref
}

func hospital() *source {
	h := &infirmary{source: newSource(source{
		name: "hospital", title: "Westmere Royal Infirmary",
		system: "https://wri.westmere-hospitals.example/fhir", kind: "transaction", exported: "2026-11-18T22:00:03Z",
	})}
	h.trust = h.org("trust", "Westmere Royal Infirmary", "NHS hospital", "ZZ9W10",
		phone("01632 960500", "work"), address("Infirmary Road", "Kelderby", "QW1 3RR"))
	h.lab = h.org("lab", "Westmere Pathology Service", "Pathology laboratory", "ZZ9L04")
	h.fell = h.staff("fell", "Dr", "Oluwaseun", "Akande", "Consultant orthogeriatrician", h.trust, registered(gmc, "9908810"))
	h.birk = h.staff("birk", "Miss", "Catriona", "Birkett-Shaw", "Consultant orthopaedic surgeon", h.trust, registered(gmc, "9905526"))
	h.rowe = h.staff("rowe", "", "Nikhil", "Rowe", "Senior physiotherapist", h.trust, registered(hcpc, "PH990213"))
	h.field = h.staff("field", "", "Ewa", "Fieldhouse", "Ward sister, Fellside Ward", h.trust, registered(nmc, "99B0487E"))
	place := func(key, name string) ref {
		return h.add("Location", key, obj{"name": name, "status": "active", "managingOrganization": h.trust}).as(name)
	}
	h.ed = place("ed", "Emergency Department")
	h.theatre = place("theatre", "Trauma theatre 2")
	h.ward = place("ward", "Fellside Ward")

	h.patient(obj{"identifier": list{
		obj{"system": nhsNumber, "value": nhs, "use": "official"},
		obj{"system": "https://wri.westmere-hospitals.example/hospital-number", "value": "H0042917", "use": "usual"},
	}})

	h.earlier()
	h.fall()
	h.wardCharts()
	h.afterwards()
	return h.source
}

var (
	inpatient = hl7("v3-ActCode", "IMP", "inpatient encounter")
	emergency = hl7("v3-ActCode", "EMER", "emergency")
)

// earlier is what the hospital knew before the fall.
func (h *infirmary) earlier() {
	stay := func(key, start, end, why string) ref {
		return h.about("Encounter", key, obj{"status": "finished", "class": inpatient, "period": period(start, end),
			"reasonCode": list{concept(why)}, "serviceProvider": h.trust})
	}
	// The register of 1972 is kept in another building and was never copied.
	judith := stay("birth-1979", "1979-09-21", "1979-09-25", "Birth of a daughter")
	peter := stay("birth-1983", "1983-04-02", "1983-04-05", "Birth of a son")
	b1 := h.about("Procedure", "birth-1979", obj{"status": "completed", "code": concept("Normal birth, 7 lb 2 oz"), "performedDateTime": "1979-09-22", "encounter": judith})
	b2 := h.about("Procedure", "birth-1983", obj{"status": "completed", "code": concept("Normal birth, 7 lb 11 oz"), "performedDateTime": "1983-04-02", "encounter": peter})
	h.provenance("2004-11-02T09:00:00Z", "Entered from the maternity register", "Maternity register 1975–1984, microfilm",
		list{agent("enterer", h.trust)}, []ref{b1, b2})

	eye := h.about("Encounter", "cataract", obj{"status": "finished", "class": hl7("v3-ActCode", "SS", "short stay"), "period": period("2019-09-05", "2019-09-05"),
		"reasonCode": list{concept("Day case: cataract, right eye")}, "serviceProvider": h.trust})
	h.about("Procedure", "cataract", obj{"status": "completed", "code": concept("Cataract removal with lens implant, right eye"),
		"performedDateTime": "2019-09-05", "encounter": eye, "outcome": concept("6/6 with glasses at four weeks")})
	h.about("Device", "lens", obj{"status": "active", "type": concept("Lens implant, right eye"), "manufactureDate": "2019"})
	h.document("cataract-discharge", "2019-09-05", "Day case letter: right cataract", concept("Discharge letter", loinc("18842-5", "Discharge summary")), h.trust, `
Eye Unit, Westmere Royal Infirmary                           5 September 2019

Dear Dr Qureshi,

Mrs Wetherlow had her right cataract removed today under drops, without difficulty. Drops four times a day for four weeks.
She held the nurse's hand and sang under her breath, alto I am told. Diabetic changes as before; screening may go on as
planned. The left eye can wait until it troubles her.

Eye Unit`)
}
