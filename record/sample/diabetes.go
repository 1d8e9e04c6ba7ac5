package sample

// diabetes is the condition with what came of it, and the course she went on.
func (p *practice) diabetes() {
	t2 := p.about("Condition", "diabetes", obj{
		"text":           narrative("Type 2 diabetes since February 2006. Metformin from the start, empagliflozin since 2016, insulin glargine once a day since March 2023. No foot ulcer ever; background changes in the eyes; kidneys watched."),
		"clinicalStatus": active, "verificationStatus": confirmed, "category": problem,
		"code":          concept("Type 2 diabetes", snomed("44054006", "Type 2 diabetes mellitus"), icd10("E11", "Type 2 diabetes mellitus")),
		"onsetDateTime": "2006-02-20", "recordedDate": "2006-02-20", "recorder": p.pryce,
	})
	eyes := p.about("Condition", "retinopathy", obj{
		"clinicalStatus": active, "verificationStatus": confirmed, "category": problem,
		"code":          concept("Background diabetic retinopathy, both eyes", icd10("H36.0", "Diabetic retinopathy")),
		"onsetDateTime": "2015", "recordedDate": "2015-09-30", "recorder": p.qureshi,
	})
	ckd := p.about("Condition", "ckd", obj{
		"clinicalStatus": active, "verificationStatus": confirmed, "category": problem,
		"code":          concept("Chronic kidney disease stage 3a, A2", icd10("N18.3", "Chronic kidney disease, stage 3")),
		"onsetDateTime": "2021-05-18", "recordedDate": "2021-05-18", "recorder": p.qureshi,
		"note": notes("Explained as “kidneys working at a bit over half”. Avoid ibuprofen and the like; sick-day card given."),
	})
	lipids := p.about("Condition", "cholesterol", obj{
		"clinicalStatus": active, "verificationStatus": confirmed, "category": problem,
		"code":          concept("Raised cholesterol", icd10("E78.0", "Pure hypercholesterolaemia")),
		"onsetDateTime": "2006-05", "recordedDate": "2006-05-22", "recorder": p.pryce,
	})
	p.provenance("2019-03-11T02:14:00Z", "Migrated between systems", "Practice system 1999–2019",
		list{agent("assembler", p.surgery)}, []ref{t2, eyes, lipids})
	p.provenance("2021-05-18T10:24:00+01:00", "Recorded in consultation", "", list{agent("author", p.qureshi, p.surgery)}, []ref{ckd})

	course := p.about("ServiceRequest", "course", obj{
		"status": "completed", "intent": "order", "authoredOn": "2006-02-20", "requester": p.pryce,
		"code": concept("Structured education for type 2 diabetes (group course)"), "reasonReference": list{t2},
	})
	p.about("Procedure", "course", obj{
		"status": "completed", "code": concept("Attended structured diabetes education, six mornings"), "basedOn": list{course},
		"performedPeriod": period("2006-04-18", "2006-05-23"), "note": notes("Enjoyed it; learned to read labels. Brought her husband to the last one."),
	})
	p.about("Procedure", "insulin-start", obj{
		"status": "completed", "code": concept("Insulin start: pen technique, blood glucose meter, hypo treatment, driving rules"),
		"performedDateTime": at("2023-03-06", "14:00"), "performer": list{obj{"actor": p.tait}}, "reasonReference": list{t2},
		"note": notes("Daughter Judith sat in. Injects in the morning “so that I don't forget it”. DVLA rules explained; she no longer drives at night."),
	})
	p.about("Goal", "hba1c", obj{
		"lifecycleStatus": "active", "description": concept("HbA1c around 58, without hypos: agreed with Marion, not stricter because of the insulin and her age"),
		"startDate": "2023-03-06", "expressedBy": p.tait, "addresses": list{t2},
		"achievementStatus": concept("", hl7("goal-achievement", "achieved", "Achieved")), "statusDate": "2025-05-20",
	})
	p.about("CarePlan", "diabetes", obj{
		"status": "active", "intent": "plan", "title": "Diabetes and kidney plan", "period": period("2023-03-06", ""), "author": p.tait,
		"addresses": list{t2, ckd}, "goal": list{p.at("Goal", "hba1c")},
		"text": narrative("Insulin once a day in the morning. Meter before breakfast. If fasting is under 5 on two days: two units less and ring the nurse.",
			"If vomiting or not drinking: stop empagliflozin, metformin and ramipril until eating and drinking for a day; never stop insulin; ring us.",
			"Hypo: four jelly babies, wait, measure, then toast."),
		"activity": list{
			obj{"detail": obj{"status": "in-progress", "description": "Blood and urine test every six months; feet once a year; eye photographs once a year"}},
			obj{"detail": obj{"status": "completed", "description": "Hypo box in the kitchen and by the bed"}},
		},
	})
}

// hba1c is the story of the diabetes in one column. Up to 2010 in per cent, as the
// laboratory reported it then, afterwards in mmol/mol.
var hba1c = []struct{ day, value string }{
	{"2006-02-13", "8.9"}, {"2006-06-12", "7.6"}, {"2006-11-13", "7.0"}, {"2007-05-14", "6.8"}, {"2007-11-12", "6.9"},
	{"2008-05-12", "7.0"}, {"2008-11-10", "7.1"}, {"2009-05-11", "7.2"}, {"2009-11-09", "7.3"}, {"2010-05-17", "7.2"}, {"2010-11-15", "7.4"},
	{"2011-05-16", "57"}, {"2011-11-14", "58"}, {"2012-05-14", "57"}, {"2012-11-12", "60"}, {"2013-05-13", "61"}, {"2013-11-11", "62"},
	{"2014-05-12", "61"}, {"2014-11-10", "63"}, {"2015-05-11", "64"}, {"2015-11-09", "67"}, {"2016-05-16", "69"}, {"2016-10-24", "72"},
	{"2017-02-20", "64"}, {"2017-05-15", "59"}, {"2017-11-13", "57"}, {"2018-05-14", "56"}, {"2018-11-12", "58"}, {"2019-05-13", "58"},
	{"2019-11-11", "60"}, {"2020-06-22", "63"}, {"2020-11-09", "64"}, {"2021-05-10", "63"}, {"2021-11-15", "66"},
	{"2022-03-21", "79"}, {"2022-06-20", "84"}, {"2022-10-17", "88"}, {"2023-02-06", "91"}, {"2023-05-22", "76"}, {"2023-08-21", "66"},
	{"2023-11-13", "60"}, {"2024-05-13", "61"}, {"2024-09-16", "59"}, {"2025-01-20", "57"}, {"2025-05-19", "56"}, {"2025-11-17", "58"},
	{"2026-05-05", "55"}, {"2026-10-19", "56"},
}
