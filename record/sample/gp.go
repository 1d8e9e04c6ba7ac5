package sample

import "fmt"

// practice is Mill Lane Surgery: the people who work or worked there, and the
// laboratory it sends blood to.
type practice struct {
	*source
	surgery, lab, pharmacy ref

	mintram, pryce, qureshi ref // her doctors, one after the other
	tait, osei, counsellor  ref // practice nurse, pharmacist, counsellor
	clerk                   ref // who typed up the paper record
}

func gpPractice() *source {
	p := &practice{source: newSource(source{
		name: "gp-practice", title: "Mill Lane Surgery, Hallowby",
		system: "https://mill-lane-surgery.example/fhir/R4", kind: "transaction", exported: "2026-11-19T06:12:40Z",
	})}
	p.surgery = p.org("surgery", "Mill Lane Surgery", "General practice", "ZZ9G01",
		phone("01632 960201", "work"), address("2 Mill Lane", "Hallowby", "QW7 1AA"))
	p.lab = p.org("lab", "Westmere Pathology Service", "Pathology laboratory", "ZZ9L04")
	p.pharmacy = p.org("pharmacy", "Brook Street Pharmacy", "Community pharmacy", "ZZ9P12",
		phone("01632 960233", "work"), address("31 Brook Street", "Hallowby", "QW7 1DF"))
	p.mintram = p.staff("mintram", "Dr", "Harold", "Mintram", "General practitioner (retired 1988)", p.surgery)
	p.pryce = p.staff("pryce", "Dr", "Anwen", "Pryce", "General practitioner (retired 2010)", p.surgery, registered(gmc, "9900412"))
	p.qureshi = p.staff("qureshi", "Dr", "Samir", "Qureshi", "General practitioner", p.surgery, registered(gmc, "9907731"))
	p.tait = p.staff("tait", "", "Lorna", "Tait", "Practice nurse, diabetes lead", p.surgery, registered(nmc, "99A0112E"))
	p.osei = p.staff("osei", "", "Daniel", "Osei", "Clinical pharmacist", p.surgery)
	p.clerk = p.staff("clerk", "", "Jean", "Ormside", "Summariser (to 2004)", p.surgery)
	p.counsellor = p.add("Practitioner", "counsellor", obj{"name": list{obj{"use": "official", "family": "Fenwick-Hale", "given": list{"Ruth"}}},
		"qualification": list{obj{"code": concept("Counsellor (to 2005)")}}}).as("Ruth Fenwick-Hale") // no PractitionerRole: see staff

	p.patient(obj{
		"generalPractitioner": list{p.surgery},
		"name": list{
			obj{"use": "official", "family": family, "given": list{given1, given2}, "prefix": list{"Mrs"}},
			obj{"use": "maiden", "family": "Thirlaway", "given": list{given1, given2}, "period": period("1955-03-14", "1977")},
			obj{"use": "old", "family": "Garside", "given": list{given1, given2}, "period": period("1977", "2005-07")},
		},
		"maritalStatus": concept("Widowed", hl7("v3-MaritalStatus", "W", "Widowed")),
		"communication": list{obj{"language": concept("English", coding("urn:ietf:bcp:47", "en-GB", "English (Great Britain)")), "preferred": true}},
		"contact": list{obj{"relationship": list{concept("Daughter; next of kin")}, "name": obj{"family": "Marr", "given": list{"Judith"}},
			"telecom": list{phone("07700 900518", "mobile")}}},
	})

	p.earlyLife()
	p.vaccinations()
	p.familyHistory()
	p.heart()
	p.diabetes()
	p.bloodTests()
	p.feetAndEyes()
	p.allergies()
	p.screening()
	p.mind()
	p.alcohol()
	p.afterTheFall()
	p.medicines()
	p.dispensing()
	p.consultations()
	p.letters()
	p.summary()
	return p.source
}

var ambulatory = hl7("v3-ActCode", "AMB", "ambulatory")

// visit adds a finished consultation.
func (p *practice) visit(when string, how obj, who ref, reason string, labels ...obj) ref {
	return p.about("Encounter", "", obj{
		"status": "finished", "class": how, "period": period(when, when),
		"participant":     list{obj{"individual": who}},
		"reasonCode":      list{concept(reason)},
		"serviceProvider": p.surgery,
	}, labels...)
}

// consultations are the ones worth a line of their own; reviews, vaccinations and
// blood tests say when they happened themselves.
func (p *practice) consultations() {
	telephone := hl7("v3-ActCode", "VR", "virtual")
	home := hl7("v3-ActCode", "HH", "home health")
	for _, c := range []struct {
		day, clock string
		how        obj
		who        ref
		reason     string
	}{
		{"1994-10-11", "", ambulatory, p.pryce, "Tennis elbow, right. Rest and ibuprofen gel"},
		{"2001-03-20", "09:40", ambulatory, p.pryce, "Headaches; blood pressure 172/102, to be repeated"},
		{"2001-05-15", "10:10", ambulatory, p.pryce, "High blood pressure confirmed; tablets started"},
		{"2005-01-10", "16:20", ambulatory, p.tait, "Wants to stop smoking before the wedding; nicotine patches, weekly support"},
		{"2005-04-04", "16:20", ambulatory, p.tait, "Twelve weeks without a cigarette"},
		{"2006-02-06", "11:00", ambulatory, p.pryce, "Thirst and tiredness for two months; fasting glucose 11.4 mmol/L"},
		{"2006-02-20", "11:20", ambulatory, p.pryce, "Type 2 diabetes explained; metformin; referred to the diabetes course"},
		{"2010-09-14", "09:00", ambulatory, p.qureshi, "First appointment with Dr Qureshi after Dr Pryce retired"},
		{"2014-07-08", "09:20", ambulatory, p.qureshi, "Simvastatin changed to atorvastatin"},
		{"2016-11-07", "10:30", ambulatory, p.tait, "HbA1c 72: empagliflozin added; sick-day rules explained and given on a card"},
		{"2019-02-12", "15:10", ambulatory, p.qureshi, "Glare when driving at night; optician sees cataract, right more than left"},
		{"2020-04-21", "11:40", telephone, p.qureshi, "Telephone review in the pandemic; managing well, husband does the shopping"},
		{"2021-05-18", "10:00", ambulatory, p.tait, "Annual review: eGFR below 60 for a year, chronic kidney disease stage 3a explained"},
		{"2023-02-14", "10:40", ambulatory, p.tait, "HbA1c 91 on two medicines: insulin discussed, agreed to begin in March"},
		{"2023-03-06", "14:00", ambulatory, p.tait, "Started insulin glargine 10 units in the morning; pen and meter taught, daughter present"},
		{"2023-03-13", "14:00", telephone, p.tait, "First week of insulin: fasting 9–11; up to 14 units. Confident with the pen"},
		{"2024-02-06", "12:30", home, p.qureshi, "Home visit after discharge: wound clean, walking with frame, pain controlled with paracetamol"},
		{"2024-03-05", "09:50", telephone, p.osei, "Medicines review after hospital: empagliflozin restarted, codeine marked as not tolerated"},
		{"2024-06-18", "10:20", ambulatory, p.qureshi, "Bone health: DEXA result, alendronic acid explained, dental check done"},
		{"2025-04-03", "11:10", ambulatory, p.tait, "First shingles vaccination; pen technique looked at, good"},
		{"2025-10-14", "09:30", ambulatory, p.tait, "Flu and second shingles vaccination, one in each arm"},
		{"2026-05-12", "10:00", ambulatory, p.tait, "Annual review: HbA1c 55, feet low risk, no hypos. Back at choir"},
		{"2026-09-22", "08:50", ambulatory, p.qureshi, "Sore hip on stairs; X-ray reassuring, physiotherapy exercises renewed"},
	} {
		when := c.day
		if c.clock != "" {
			when = at(c.day, c.clock)
		}
		p.visit(when, c.how, c.who, c.reason)
	}
	p.appointment("2026-04-02", "2026-05-12", "10:00", 30, "fulfilled", "Annual diabetes and blood pressure review", p.tait)
	p.appointment("2026-09-18", "2026-09-22", "08:50", 10, "fulfilled", "Sore hip", p.qureshi)
	p.appointment("2026-10-01", "2026-10-06", "15:15", 5, "fulfilled", "Flu vaccination", p.tait)
	p.appointment("2026-06-30", "2026-07-14", "11:30", 10, "cancelled", "Medicines review; moved by the practice to August", p.osei)
	p.appointment("2026-07-02", "2026-08-04", "11:30", 10, "fulfilled", "Medicines review", p.osei)
}

// appointment adds a booking. It was made on the day given first.
func (p *practice) appointment(made, day, clock string, minutes int, status, what string, who ref) {
	start := at(day, clock)
	p.add("Appointment", "", obj{
		"status": status, "created": made, "description": what, "start": start, "minutesDuration": minutes,
		"end": at(day, laterClock(clock, minutes)),
		"participant": list{
			obj{"actor": p.person, "status": "accepted"},
			obj{"actor": who, "status": "accepted"},
		},
	})
}

func laterClock(clock string, minutes int) string {
	var h, m int
	if _, err := fmt.Sscanf(clock, "%d:%d", &h, &m); err != nil {
		panic("sample: " + err.Error())
	}
	m += h*60 + minutes
	return fmt.Sprintf("%02d:%02d", m/60, m%60)
}
