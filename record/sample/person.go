package sample

import (
	"fmt"
	"strconv"
)

// herself is what Marion wrote, measured and keeps; some of it typed by Judith.
type herself struct {
	*source
	judith ref
}

func person() *source {
	m := &herself{source: newSource(source{
		name: "person", title: "Written by Marion herself",
		system: "https://marion.example/own", kind: "transaction", exported: "2026-11-20T10:15:00Z", indent: true,
	})}
	m.patient(obj{"name": list{
		obj{"use": "official", "family": family, "given": list{given1, given2}},
		obj{"use": "usual", "text": "Marion", "given": list{"Marion"}},
	}})
	m.judith = m.about("RelatedPerson", "judith", obj{"active": true, "relationship": list{concept("My daughter", hl7("v3-RoleCode", "DAUC", "daughter"))},
		"name": list{obj{"family": "Marr", "given": list{"Judith"}}}, "telecom": list{phone("07700 900518", "mobile")}}).as("Judith Marr")
	m.aboutMe()
	m.statements()
	m.measured()
	m.wishes()
	m.private()
	return m.source
}

// statements: what she says about her own health.
func (m *herself) statements() {
	plaster := m.about("AllergyIntolerance", "plasters", obj{
		"clinicalStatus":     concept("", hl7("allergyintolerance-clinical", "active", "")),
		"verificationStatus": concept("", hl7("allergyintolerance-verification", "unconfirmed", "Unconfirmed")),
		"type":               "intolerance", "category": list{"environment"}, "criticality": "low", "code": concept("Sticking plasters: sore red skin underneath"),
		"recordedDate": "2026-04-07", "recorder": m.person, "asserter": m.person,
		"note": notes("Nobody ever wrote this down. The paper kind is all right.")})
	box := m.about("MedicationStatement", "cod-liver", obj{"status": "active", "medicationCodeableConcept": concept("Cod liver oil capsules"), "effectivePeriod": period("2019", ""),
		"dateAsserted": "2026-04-07", "informationSource": m.person, "dosage": list{obj{"text": "One with breakfast. Alan swore by it."}}})
	para := m.about("MedicationStatement", "paracetamol", obj{"status": "active", "medicationCodeableConcept": concept("Paracetamol 500 mg tablets", medicineNames["paracetamol"]), "effectivePeriod": period("2024-02", ""),
		"dateAsserted": "2026-10-02", "informationSource": m.person, "dosage": list{obj{"text": "Two before the class, two on damp evenings"}}})
	ibuprofen := m.about("Communication", "ibuprofen", obj{"status": "completed", "sent": at("2026-04-07", "19:30"), "sender": m.person,
		"topic":   concept("A mistake in my record"),
		"payload": list{obj{"contentString": "The hospital's computer asked me again whether I am allergic to ibuprofen. I am not. It was the elbow strap, in 1994. Dr Qureshi put it right in 2011. I keep off it because of my kidneys, which is another matter."}}})
	m.provenance(at("2026-04-07", "19:45"), "Written by the person", "", list{agent("author", m.person)}, []ref{plaster, box, ibuprofen})
	m.provenance(at("2026-10-02", "20:10"), "Typed for the person", "Said on the telephone", list{agent("author", m.person), agent("enterer", m.judith, m.person)}, []ref{para})

	m.about("Observation", "living", obj{"status": "final", "category": social, "code": concept("How I live"), "effectiveDateTime": "2026-09-10",
		"valueString": "Alone with Bramble in the house Alan and I bought in 2006. Stairs with two banisters. I would sooner be here than anywhere.", "performer": list{m.person}})
}

// measured is her blood pressure cuff and her glucose meter.
func (m *herself) measured() {
	meter := m.add("Device", "meter", obj{"status": "active", "type": concept("Blood glucose meter"), "deviceName": list{obj{"name": "Kitchen meter", "type": "user-friendly-name"}}, "patient": m.person}).as("Kitchen meter")
	cuff := m.add("Device", "cuff", obj{"status": "active", "type": concept("Blood pressure monitor, upper arm"), "patient": m.person}).as("Blood pressure cuff")
	glucose := concept("Glucose before breakfast", loinc("14743-9", "Glucose [Moles/volume] in Capillary blood by Glucometer"))
	var sugars, pressures []ref
	for i := 0; i < 24; i++ { // every third morning, September to November
		day := plusDays("2026-09-06", i*3)
		tenths := 67 + wobble(i, 11)
		extra := obj{"performer": list{m.person}, "device": meter}
		if i == 9 { // 3 October
			tenths = 44
			extra["note"] = notes("Allotment till dusk yesterday. Jelly babies, toast, rang Lorna, two units less for two days.")
		}
		sugars = append(sugars, m.observe("", at(day, "07:"+strconv.Itoa(20+(i*7)%30)), vital, glucose, qty(fmt.Sprintf("%d.%d", tenths/10, tenths%10), "mmol/L", "mmol/L"), extra))
	}
	for i := 0; i < 12; i++ { // Sunday mornings
		s := 131 + wobble(i, 8)
		pressures = append(pressures, m.observe("", at(plusDays("2026-08-30", i*7), "09:30"), vital, concept("Blood pressure, at home, sitting", loinc("85354-9", "Blood pressure panel with all children optional")), nil, obj{
			"performer": list{m.person}, "device": cuff,
			"component": list{
				obj{"code": concept("Upper", loinc("8480-6", "Systolic blood pressure")), "valueQuantity": qty(strconv.Itoa(s), "mmHg", "mm[Hg]")},
				obj{"code": concept("Lower", loinc("8462-4", "Diastolic blood pressure")), "valueQuantity": qty(strconv.Itoa(s*5/9+wobble(i+2, 3)), "mmHg", "mm[Hg]")},
			}}))
	}
	m.provenance(at("2026-11-17", "07:50"), "Sent from the meter", "Kitchen meter's memory", list{agent("author", meter, m.person)}, sugars)
	m.provenance(at("2026-11-15", "09:35"), "Typed in from the cuff", "", list{agent("author", m.person)}, pressures)
}

// private is what is hers alone. Nothing else points at it.
func (m *herself) private() {
	first := m.document("first-child", "2025-04-19", "For me", concept("A note of my own"), m.person, `
Easter Saturday 2025

There is a man somewhere who is fifty-three this year. I had him for nine days and I called him Stephen. My mother knew and
Alan knew and the records office knows. I sang to him.

I am writing it here because Priya asked who is important to me, and I left the first line empty, and Judith was in the room.
I may tell Judith and Peter. I should like it to be me who does, with tea. If I am taken ill before I have, then leave it.

If he ever writes, I want to be told. Whatever state I am in.`, privateOnly)
	second := m.document("told-peter", "2026-08-23", "For me, again", concept("A note of my own"), m.person, `
Sunday 23 August 2026

Told Peter on the screen. He was quiet and then he said "what was he called", which was the right thing to say.
Judith next. After the harvest supper.`, privateOnly)
	third := m.about("Communication", "bad-evening", obj{"status": "completed", "sent": at("2026-01-09", "22:40"), "sender": m.person, "topic": concept("Diary"),
		"payload": list{obj{"contentString": "Four years. Lit the lamp in the shed and sat with his tools. It was grief and not the grey. Bed at eleven, no need to ring anybody."}}}, privateOnly)
	m.provenance(at("2025-04-19", "21:10"), "Written by the person", "", list{agent("author", m.person)}, []ref{first}, privateOnly)
	m.provenance(at("2026-08-23", "18:30"), "Written by the person", "", list{agent("author", m.person)}, []ref{second}, privateOnly)
	m.provenance(at("2026-01-09", "22:41"), "Written by the person", "", list{agent("author", m.person)}, []ref{third}, privateOnly)
}
