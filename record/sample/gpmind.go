package sample

import "strconv"

// mind is the practice's part of two episodes of depression. Everything here says
// so in a label, except the second condition: as in many systems, only its code
// tells.
func (p *practice) mind() {
	depression := snomed("35489007", "Depressive disorder")
	first := p.about("Condition", "depression-1998", obj{
		"clinicalStatus": resolved, "verificationStatus": confirmed, "category": problem,
		"code":          concept("Depression, moderate", depression, icd10("F32.1", "Moderate depressive episode")),
		"onsetDateTime": "1998-02-09", "abatementDateTime": "1999-09", "recordedDate": "1998-02-09", "recorder": p.pryce,
		"note": notes("Came on in the winter after her marriage ended; Peter, fourteen, at home. Counselling here and fluoxetine. Well by autumn 1999, tablets stopped slowly by April 2000."),
	}, psy)
	p.about("Condition", "depression-2022", obj{
		"clinicalStatus": remission, "verificationStatus": confirmed, "category": problem,
		"code":          concept("Depression, second episode, after the death of her husband", depression, icd10("F33.1", "Recurrent depressive disorder, current episode moderate")),
		"onsetDateTime": "2022-03-10", "abatementDateTime": "2023-11", "recordedDate": "2022-03-10", "recorder": p.qureshi,
	})
	p.about("Condition", "bereavement", obj{
		"clinicalStatus": inactive, "verificationStatus": confirmed, "category": problem,
		"code":          concept("Death of husband", icd10("Z63.4", "Disappearance and death of family member")),
		"onsetDateTime": "2022-01-09", "recordedDate": "2022-01-12", "recorder": p.qureshi,
		"note": notes("Alan died at home after a short illness, district nurses and family with him. Card sent; told she may ring any time."),
	})

	for _, v := range []struct {
		day, clock string
		who        ref
		reason     string
	}{
		{"1998-02-09", "10:00", p.pryce, "Low, tearful, awake at four since Christmas. No thoughts of ending her life. Talked; to come back in a week"},
		{"1998-02-16", "10:00", p.pryce, "No better. Agreed on fluoxetine 20 mg and to see Ruth here"},
		{"1998-06-22", "09:30", p.pryce, "Sleeping, back at work half days; library very kind"},
		{"1999-09-13", "09:20", p.pryce, "Herself again. Plan to come off tablets in spring"},
		{"2022-03-10", "11:10", p.qureshi, "Eight weeks after Alan's death: not eating, not sleeping, sees no one. PHQ-9 17. Feels life is flat; no wish to die, wants to see Isla grow up. Sertraline, Talking Therapies, see in two weeks"},
		{"2022-03-24", "11:10", p.qureshi, "Some nausea, passing. Judith staying weekends. Safe"},
		{"2022-04-21", "11:20", p.qureshi, "PHQ-9 15. Sleeping five hours. Sertraline to 100 mg"},
		{"2022-08-30", "10:50", p.qureshi, "Stuck: PHQ-9 16 despite 100 mg and therapy. Referred to older people's mental health team for advice"},
		{"2023-01-17", "10:10", p.qureshi, "Lighter since the autumn. Grief group helps. PHQ-9 12"},
		{"2023-11-07", "10:00", p.qureshi, "PHQ-9 6. Back walking the dog twice a day. Stay on tablets through this winter"},
		{"2024-09-10", "09:50", p.qureshi, "Held up well through the broken hip. Sertraline down to 50 mg, at her suggestion"},
	} {
		p.visit(at(v.day, v.clock), ambulatory, v.who, v.reason, psy)
	}

	hads := p.observe("hads-1998", "1998-02-16", survey, concept("Hospital Anxiety and Depression Scale, depression part"), score(14), obj{"performer": list{p.pryce}}, psy)
	p.observe("hads-1999", "1999-09-13", survey, concept("Hospital Anxiety and Depression Scale, depression part"), score(4), obj{"performer": list{p.pryce}}, psy)
	var scores []ref
	for _, q := range []struct {
		day   string
		total int
	}{
		{"2022-03-10", 17}, {"2022-04-21", 15}, {"2022-08-30", 16}, {"2023-01-17", 12}, {"2023-05-16", 8}, {"2023-11-07", 6},
		{"2024-03-12", 9}, {"2024-09-10", 6}, {"2025-05-20", 4}, {"2026-05-12", 3},
	} {
		scores = append(scores, p.observe("phq9-"+q.day, q.day, survey,
			concept("PHQ-9 total score", loinc("44261-6", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]")),
			score(q.total), obj{"performer": list{p.qureshi}, "note": notes(q.day[:4] + ": " + strconv.Itoa(q.total) + " of 27.")}, psy))
	}
	p.about("Procedure", "counselling-1998", obj{
		"status": "completed", "code": concept("Counselling at the practice, ten sessions"),
		"performedPeriod": period("1998-03-04", "1998-07-29"), "performer": list{obj{"actor": p.counsellor}},
		"note": notes("Content stays between Marion and the counsellor. She says it “gave me my own voice back”."),
	}, psy)
	p.about("ServiceRequest", "talking-therapies", obj{
		"status": "completed", "intent": "order", "authoredOn": "2022-03-10", "requester": p.qureshi,
		"code": concept("NHS Talking Therapies"), "reasonCode": list{concept("Depression after bereavement, PHQ-9 17, no risk")},
	}, psy)
	p.about("ServiceRequest", "psychiatry", obj{
		"status": "completed", "intent": "order", "priority": "routine", "authoredOn": "2022-08-30", "requester": p.qureshi,
		"code": concept("Older people's mental health team: opinion on treatment"), "reasonCode": list{concept("Part response to sertraline 100 mg; diabetes; alone")},
	}, psy)

	p.provenance("1998-02-16T10:20:00Z", "Recorded in consultation", "Practice system 1992–1999, migrated 1999-01",
		list{agent("author", p.pryce, p.surgery)}, []ref{first, hads}, psy)
	p.provenance("2026-05-12T10:31:00+01:00", "Recorded in consultation", "", list{agent("author", p.qureshi, p.surgery), agent("informant", p.person)}, scores, psy)
}

// alcohol: three glasses of wine too many in a hard year, and the way back. The
// scores carry the code of the questionnaire only; the rest is labelled.
func (p *practice) alcohol() {
	for _, a := range []struct {
		day   string
		total int
		note  string
	}{
		{"2008-05-19", 3, "A glass with supper at weekends."},
		{"2022-06-21", 8, "Most of a bottle of wine most evenings since January. Raised it herself."},
		{"2022-12-06", 6, "Three evenings a week without."},
		{"2023-05-16", 4, ""},
		{"2025-05-20", 2, ""},
		{"2026-05-12", 2, "A half after choir."},
	} {
		extra := obj{"performer": list{p.tait}}
		if a.note != "" {
			extra["note"] = notes(a.note)
		}
		p.observe("auditc-"+a.day, a.day, survey, concept("AUDIT-C total score", loinc("75626-2", "Total score [AUDIT-C]")), score(a.total), extra)
	}
	p.observe("units-2022", "2022-06-21", social, concept("Alcohol, units a week"), qty("38", "units/week", "{units}/wk"), nil, eth)
	p.observe("units-2023", "2023-05-16", social, concept("Alcohol, units a week"), qty("10", "units/week", "{units}/wk"), nil, eth)
	hazardous := p.about("Condition", "drinking", obj{
		"clinicalStatus": resolved, "verificationStatus": confirmed, "category": problem,
		"code":          concept("Drinking more than is good for her, after bereavement", icd10("Z72.1", "Alcohol use")),
		"onsetDateTime": "2022-02", "abatementDateTime": "2023-05-16", "recordedDate": "2022-06-21", "recorder": p.tait,
	}, eth)
	advice := p.about("Procedure", "brief-advice", obj{
		"status": "completed", "code": concept("Brief advice on alcohol"), "performedDateTime": "2022-06-21", "performer": list{obj{"actor": p.tait}},
		"note": notes("Not told off. Worked out units together; plan: no wine in the house Monday to Thursday, walk at six o'clock instead, ring Judith. Liver blood test normal. Community service offered, not wanted now."),
	}, eth)
	p.visit(at("2022-06-21", "14:40"), ambulatory, p.tait, "Talked about wine in the evenings", eth)
	p.visit(at("2022-12-06", "14:40"), ambulatory, p.tait, "Follow-up: drinking less, proud of it", eth)
	p.provenance("2022-06-21T15:04:00+01:00", "Recorded in consultation", "", list{agent("author", p.tait, p.surgery), agent("informant", p.person)}, []ref{hazardous, advice}, eth)
}
