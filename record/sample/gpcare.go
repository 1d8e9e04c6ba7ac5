package sample

// screening: breast, bowel and cervix, as the programmes reported them.
func (p *practice) screening() {
	result := func(day, what, conclusion, from string) {
		p.about("DiagnosticReport", "", obj{
			"status": "final", "code": concept(what), "category": list{concept("Screening")}, "effectiveDateTime": day,
			"performer": list{obj{"display": from}}, "conclusion": conclusion,
		})
	}
	for _, day := range []string{"2006-03-08", "2009-03-18", "2012-04-11", "2015-04-22", "2018-05-09", "2021-09-15", "2024-10-02"} {
		result(day, "Breast screening mammogram", "No sign of cancer. Routine recall in three years.", "Westmere Breast Screening Unit")
	}
	for _, day := range []string{"2015-04", "2017-04", "2019-05", "2021-06", "2023-05", "2025-05"} {
		result(day, "Bowel screening home test kit", "No further tests needed.", "Bowel Cancer Screening Hub")
	}
}

// afterTheFall is what the practice holds about bones, the hip and the eyes.
func (p *practice) afterTheFall() {
	add := func(key, name, clinical, onset, abated, recorded, note string, codings ...obj) ref {
		status := map[string]obj{"active": active, "resolved": resolved, "inactive": inactive}[clinical]
		c := obj{"clinicalStatus": status, "verificationStatus": confirmed, "category": problem, "code": concept(name, codings...),
			"onsetDateTime": onset, "recordedDate": recorded, "recorder": p.qureshi}
		if abated != "" {
			c["abatementDateTime"] = abated
		}
		if note != "" {
			c["note"] = notes(note)
		}
		return p.about("Condition", key, c)
	}
	hip := add("hip", "Broken left hip (neck of femur) after a fall on ice", "resolved", "2024-01-17", "2024-07", "2024-02-05",
		"Half hip replacement 18 January 2024. Walks outdoors with a stick, indoors without.", icd10("S72.0", "Fracture of neck of femur"))
	bone := add("osteoporosis", "Osteoporosis with a broken hip", "active", "2024-01", "", "2024-06-18",
		"DEXA hip T-score −2.7. Alendronic acid for five years, then think again.", icd10("M80.0", "Postmenopausal osteoporosis with pathological fracture"))
	fear := add("falling", "Afraid of falling", "active", "2024-02", "", "2024-06-18", "Better with the strength class; still avoids the back step in frost.")
	add("cataract", "Cataract, right eye", "resolved", "2019-02-12", "2019-09-05", "2019-02-12", "Operated September 2019. Left watched by the optician.", icd10("H25.9", "Senile cataract, unspecified"))
	add("knee", "Osteoarthritis of both knees", "active", "2012", "", "2012-10-02", "", icd10("M17.0", "Primary gonarthrosis, bilateral"))
	add("menopause", "Hot flushes at menopause", "resolved", "2004", "2008", "2004-11-16", "Managed without hormone treatment.")
	add("uti", "Water infection", "resolved", "2023-08-02", "2023-08-07", "2023-08-02", "Nitrofurantoin for three days; penicillin allergy noted. Told to stop empagliflozin for the days she felt ill.")

	p.provenance("2024-02-05T12:10:00Z", "Coded from a letter", "Discharge letter, Westmere Royal Infirmary, 2024-01-31", list{agent("enterer", p.surgery), agent("verifier", p.qureshi, p.surgery)}, []ref{hip})
	p.provenance("2024-06-18T10:41:00+01:00", "Recorded in consultation", "", list{agent("author", p.qureshi, p.surgery), agent("informant", p.person)}, []ref{bone, fear})

	p.about("ServiceRequest", "cataract", obj{
		"status": "completed", "intent": "order", "authoredOn": "2019-02-12", "requester": p.qureshi,
		"code": concept("Ophthalmology: cataract, right eye"), "reasonCode": list{concept("Glare at night, 6/12 with glasses")}})
	p.about("ServiceRequest", "strength-class", obj{
		"status": "active", "intent": "order", "authoredOn": "2024-06-18", "requester": p.qureshi,
		"code": concept("Strength and balance class"), "reasonReference": list{fear, bone},
		"note": notes("Tuesdays at the leisure centre. From April 2025 paid from her personal health budget.")})
	p.about("ServiceRequest", "dexa", obj{
		"status": "completed", "intent": "order", "authoredOn": "2024-03-12", "requester": p.qureshi, "code": concept("DEXA bone density scan")})
	p.about("Flag", "interpreter", obj{
		"status": "active", "category": list{concept("Reasonable adjustment")}, "period": period("2024-02-06", ""), "author": p.qureshi,
		"code": concept("Longer appointment; ground-floor room; ring rather than text. She hears better on the right.")})
}
