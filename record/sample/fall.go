package sample

// fall is the seventeenth of January 2024 and the fortnight after it.
func (h *infirmary) fall() {
	came := h.about("Encounter", "ed", obj{
		"status": "finished", "class": emergency, "period": period(at("2024-01-17", "08:22"), at("2024-01-17", "13:10")),
		"reasonCode": list{concept("Slipped on ice on the back step at 07:10; cannot stand, left hip painful; no head injury, did not black out")},
		"location":   list{obj{"location": h.ed}}, "serviceProvider": h.trust,
	})
	stay := h.about("Encounter", "stay", obj{
		"status": "finished", "class": inpatient, "period": period(at("2024-01-17", "13:10"), at("2024-01-31", "14:30")),
		"reasonCode": list{concept("Broken left hip")}, "location": list{obj{"location": h.ward}}, "serviceProvider": h.trust,
		"participant":     list{obj{"individual": h.fell}, obj{"individual": h.birk}},
		"hospitalization": obj{"admitSource": concept("Emergency Department"), "dischargeDisposition": concept("Home, with help from the council's team")},
	})
	condition := func(key, name, clinical, onset, abated string, codings ...obj) ref {
		c := obj{"clinicalStatus": concept("", hl7("condition-clinical", clinical, "")), "verificationStatus": confirmed,
			"category": list{concept("", hl7("condition-category", "encounter-diagnosis", "Encounter Diagnosis"))},
			"code":     concept(name, codings...), "onsetDateTime": onset, "recordedDate": "2024-01-17", "encounter": stay, "recorder": h.fell}
		if abated != "" {
			c["abatementDateTime"] = abated
		}
		return h.about("Condition", key, c)
	}
	hip := condition("hip", "Displaced intracapsular fracture, left neck of femur", "resolved", "2024-01-17", "2024-07-16", icd10("S72.0", "Fracture of neck of femur"))
	slip := condition("slip", "Fall on the same level on ice and snow", "resolved", "2024-01-17", "2024-01-17", icd10("W00", "Fall on same level involving ice and snow"))
	kidney := condition("aki", "Kidneys under strain after the operation (acute kidney injury stage 1)", "resolved", "2024-01-19", "2024-01-24", icd10("N17.9", "Acute renal failure, unspecified"))
	muddle := condition("muddle", "Muddled for a day with codeine", "resolved", "2024-01-20", "2024-01-21")

	h.about("AllergyIntolerance", "penicillin", obj{
		"clinicalStatus": concept("", hl7("allergyintolerance-clinical", "active", "")), "verificationStatus": concept("", hl7("allergyintolerance-verification", "confirmed", "")),
		"type": "allergy", "category": list{"medication"}, "criticality": "high", "code": concept("Penicillin", snomed("91936005", "Allergy to penicillin")),
		"recordedDate": "2024-01-17", "asserter": h.person, "note": notes("Red wristband. Gentamicin and teicoplanin at operation instead.")})
	codeine := h.about("AllergyIntolerance", "codeine", obj{
		"clinicalStatus": concept("", hl7("allergyintolerance-clinical", "active", "")), "verificationStatus": concept("", hl7("allergyintolerance-verification", "confirmed", "")),
		"type": "intolerance", "category": list{"medication"}, "criticality": "low", "code": concept("Codeine"),
		"recordedDate": "2024-01-21", "recorder": h.fell,
		"reaction": list{obj{"manifestation": list{concept("Sickness"), concept("Muddled for a day")}, "severity": "moderate", "onset": "2024-01-20"}}})

	report := func(key, when, what string, category list, conclusion string) {
		h.about("DiagnosticReport", key, obj{"status": "final", "category": category, "code": concept(what), "effectiveDateTime": when,
			"encounter": came, "performer": list{h.trust}, "conclusion": conclusion})
	}
	radiology := list{concept("Imaging", hl7("v2-0074", "RAD", "Radiology"))}
	report("xray-hip", at("2024-01-17", "09:05"), "X-ray pelvis and left hip", radiology, "Displaced intracapsular fracture of the left neck of femur. No other fracture. Bones look thin.")
	report("xray-chest", at("2024-01-17", "09:12"), "X-ray chest", radiology, "Clear lungs, normal heart size.")
	report("ecg", at("2024-01-17", "08:50"), "ECG", list{concept("Cardiology")}, "Sinus rhythm 88, normal.")

	consent := h.document("consent", "2024-01-17", "Consent to operation, form 1", concept("Consent form"), h.birk, `
Operation: half hip replacement (cemented hemiarthroplasty), left. Spinal anaesthetic with nerve block.
Explained: benefits, alternatives, risks of infection, clots, dislocation, leg length, chest or heart trouble.
Mrs Wetherlow understands, asked about singing again and about her dog, and agrees. Daughter present at her wish.
Signed M. Wetherlow; C. Birkett-Shaw, 17 January 2024, 16:40.`)
	block := h.about("Procedure", "block", obj{"status": "completed", "code": concept("Nerve block for pain (fascia iliaca), left"),
		"performedDateTime": at("2024-01-17", "09:40"), "encounter": came})
	operation := h.about("Procedure", "operation", obj{
		"text":            narrative("Half hip replacement, left, on 18 January 2024, twenty-five hours after arriving. Cemented stem. Spinal anaesthetic and light sedation. Blood loss 280 ml. No complications. Full weight allowed from the first day."),
		"status":          "completed",
		"code":            concept("Cemented hemiarthroplasty of left hip"),
		"performedPeriod": period(at("2024-01-18", "09:35"), at("2024-01-18", "10:50")), "encounter": stay, "location": h.theatre,
		"performer": list{obj{"actor": h.birk}}, "reasonReference": list{hip}, "outcome": concept("Stood with two and a frame the next morning"),
		"focalDevice": list{obj{"action": concept("Implanted"), "manipulated": h.at("Device", "hip")}},
		"report":      list{consent},
	})
	h.about("Device", "hip", obj{"status": "active", "type": concept("Hip implant: cemented half hip replacement, left"),
		"lotNumber": "SAMPLE-24-0118", "note": notes("Implant record card given to Marion.")})
	h.about("ClinicalImpression", "geriatric", obj{
		"status": "completed", "date": at("2024-01-17", "15:00"), "assessor": h.fell, "encounter": stay,
		"description": "Comprehensive geriatric assessment",
		"summary": "Independent before, walked two miles a day with the dog. Clinical Frailty Scale 3. Memory test 10 of 10. Lives alone, daughter near. Diabetes on insulin, kidneys 3a. " +
			"Empagliflozin stopped from admission until eating normally and kidneys settled (ketones 0.3). Insulin continued, 14 units while eating little. Wants to go home and to sing; so do we.",
		"problem": list{hip, slip},
	})
	h.about("RiskAssessment", "pressure", obj{"status": "final", "code": concept("Pressure ulcer risk"), "occurrenceDateTime": at("2024-01-17", "17:30"),
		"performer": h.field, "encounter": stay, "mitigation": "Air mattress, heels floated on a pillow, turned or up every two hours.",
		"prediction": list{obj{"qualitativeRisk": concept("High for the first week")}}})
	h.about("RiskAssessment", "falls", obj{"status": "final", "code": concept("Risk of another fall"), "occurrenceDateTime": at("2024-01-29", "10:00"),
		"performer": h.rowe, "encounter": stay, "mitigation": "Frame indoors; rails at both steps and in the bathroom before going home; pendant alarm; strength class; not on the back step in frost.",
		"prediction": list{obj{"outcome": concept("Another fall within a year"), "qualitativeRisk": concept("Moderate, going down with exercise")}}})

	h.provenance(at("2024-01-17", "13:20"), "Recorded in the Emergency Department", "", list{agent("author", h.trust)}, []ref{came, block, slip})
	h.provenance(at("2024-01-18", "11:15"), "Operation note", "", list{agent("author", h.birk, h.trust)}, []ref{operation})
	h.provenance(at("2024-01-21", "10:00"), "Recorded on the ward", "", list{agent("author", h.fell, h.trust)}, []ref{muddle, codeine, kidney})
	h.provenance(at("2024-01-31", "14:30"), "Closed at discharge", "Patient administration system", list{agent("assembler", h.trust)}, []ref{stay, hip})

	letter := page("Discharge summary: Marion Wetherlow", dischargeLetter)
	bin := h.add("Binary", "discharge", obj{"contentType": "text/html", "data": inline("", "", "", letter)["data"]})
	h.letter("discharge", "2024-01-31", "Discharge summary, Fellside Ward, 31 January 2024", concept("Discharge summary", loinc("18842-5", "Discharge summary")), h.fell,
		obj{"contentType": "text/html", "language": "en-GB", "title": "Discharge summary", "creation": "2024-01-31", "url": bin.url})
}

const dischargeLetter = `<h1>Discharge summary</h1>
<p>Fellside Ward, Westmere Royal Infirmary. Consultant: Dr O. Akande (orthogeriatrics), Miss C. Birkett-Shaw (orthopaedics)</p>
<p><b>Mrs Marion Wetherlow</b>, born 14 March 1955, NHS number 999 055 1405.
In: 17 January 2024, from home by ambulance. Out: 31 January 2024, home with reablement.</p>
<h2>Why you were here</h2>
<p>You slipped on ice on your back step and broke your left hip. On 18 January Miss Birkett-Shaw replaced half of the joint.
You may put your full weight on it.</p>
<h2>For the general practitioner</h2>
<ul>
<li>Displaced intracapsular fracture, left neck of femur; cemented hemiarthroplasty at 25 hours; spinal and block.</li>
<li>Acute kidney injury stage 1 (creatinine 141 on day 2), settled with fluid by day 6 (98).</li>
<li>Haemoglobin 128 before, 97 on day 2, 108 on leaving. Not transfused. Please repeat in four weeks.</li>
<li>Muddled for a day on codeine, clear when it was stopped. Please record as not tolerated.</li>
<li>PENICILLIN ALLERGY.</li>
</ul>
<h2>Medicines</h2>
<ul>
<li>New: alendronic acid 70 mg on Sundays; calcium with vitamin D twice a day; paracetamol 1 g four times a day, less as pain allows; enoxaparin 40 mg by the district nurse until 21 February.</li>
<li>Stopped for now: empagliflozin. Please restart at review when eating well and eGFR is steady.</li>
<li>Insulin glargine: 14 units in hospital, back to 18 at home as appetite returns.</li>
<li>The rest unchanged.</li>
</ul>
<h2>How you were when you left</h2>
<p>Thirty metres with a frame, stairs with one rail and one helper, washing and dressing with help for the left foot. Mood low in
the second week, better when Bramble was brought to the garden door. Memory clear.</p>
<h2>What happens next</h2>
<ul>
<li>Reablement from 1 February, every morning and tea-time, up to six weeks. No charge.</li>
<li>Fracture clinic 6 March. DEXA scan by referral from your doctor.</li>
<li>Social worker will visit in week five to see what you need after that.</li>
</ul>
<p>Copies: Mrs Wetherlow; Dr Qureshi, Mill Lane Surgery; reablement team. With her agreement, her daughter Judith.</p>`
