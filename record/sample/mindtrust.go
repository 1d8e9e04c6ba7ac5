package sample

import "strconv"

// mentalHealthTrust is Westmere and Fells Partnership: talking therapy, and one
// visit to the older people's team. All of it is labelled, and its people are
// named nowhere else.
func mentalHealthTrust() *source {
	t := newSource(source{
		name: "mental-health-trust", title: "Westmere and Fells Partnership NHS Foundation Trust",
		system: "https://westmere-fells.example/r4", kind: "transaction", exported: "2026-11-17T04:31:00Z", indent: true, quietPerson: true,
	})
	trust := t.org("trust", "Westmere and Fells Partnership NHS Foundation Trust", "NHS mental health trust", "ZZ9M02", phone("01632 960640", "work"))
	team := t.org("team", "Older People's Community Mental Health Team, Kelderby", "Community mental health team", "", phone("01632 960655", "work"))
	lund := t.staff("lund", "Dr", "Ingrid", "Lundqvist-Moss", "Consultant psychiatrist for older people", team, registered(gmc, "9906618"))
	dace := t.staff("dace", "", "Callum", "Dacre", "Psychological therapist", trust)
	yates := t.staff("yates", "", "Philippa", "Yates-Obi", "Community psychiatric nurse", team, registered(nmc, "99C0301E"))
	t.patient(nil)

	referral := t.about("ServiceRequest", "referral", obj{"status": "completed", "intent": "order", "authoredOn": "2022-03-10",
		"code": concept("Talking Therapies"), "requester": ref{display: "Dr S. Qureshi, Mill Lane Surgery"}, "performer": list{trust}}, psy)
	episode := t.about("EpisodeOfCare", "therapy", obj{"status": "finished", "period": period("2022-03-28", "2023-02-21"), "managingOrganization": trust,
		"careManager": dace, "type": list{concept("Talking therapy, step 3")}, "referralRequest": list{referral}}, psy)
	t.about("EpisodeOfCare", "older", obj{"status": "finished", "period": period("2022-09-12", "2023-03-14"), "managingOrganization": trust, "careManager": yates,
		"type": list{concept("Older people's team, advice and three months' support")}}, psy)
	t.about("Condition", "depression", obj{"clinicalStatus": remission, "verificationStatus": confirmed,
		"category":      list{concept("", hl7("condition-category", "encounter-diagnosis", "Encounter Diagnosis"))},
		"code":          concept("Depressive episode after bereavement, moderate", icd10("F33.1", "Recurrent depressive disorder, current episode moderate")),
		"onsetDateTime": "2022-01", "abatementDateTime": "2023-02", "recordedDate": "2022-09-20", "recorder": lund}, psy)

	// Sixteen sessions with the scores taken at each.
	phq := [...]int{17, 16, 16, 15, 15, 14, 15, 16, 15, 14, 16, 14, 13, 12, 12, 9}
	gad := [...]int{13, 13, 12, 12, 11, 11, 11, 12, 11, 10, 9, 9, 8, 7, 6, 6}
	remark := map[int]string{
		0:  "Came on foot, early. Spoke of Alan for forty minutes.",
		3:  "The evenings. Wine as company. Has told her nurse.",
		7:  "Wedding anniversary last week. Slept in the chair.",
		10: "First evening at the grief group: “I didn't want to go in and I didn't want to come home”.",
		12: "Opened his wardrobe with Judith.",
		15: "Last session. A blue envelope with what helps, in her own writing, for a bad day.",
	}
	var scores []ref
	for i := range phq {
		day := plusDays("2022-03-28", i*14)
		if i >= 10 {
			day = plusDays("2022-03-28", 10*14+(i-10)*35+i) // monthly after the autumn
		}
		visit := obj{"status": "finished", "class": ambulatory, "period": period(at(day, "14:00"), at(day, "14:50")),
			"participant": list{obj{"individual": dace}}, "episodeOfCare": list{episode}, "serviceProvider": trust,
			"type": list{concept("Talking therapy, session " + strconv.Itoa(i+1))}}
		if text, ok := remark[i]; ok {
			visit["reasonCode"] = list{concept(text)}
		}
		e := t.about("Encounter", "session-"+strconv.Itoa(i+1), visit, psy)
		with := func() obj { return obj{"encounter": e, "performer": list{t.person}} }
		scores = append(scores, t.observe("", day, survey, concept("PHQ-9 total score", loinc("44261-6", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]")),
			score(phq[i]), with(), psy))
		if i%3 == 0 {
			scores = append(scores, t.observe("", day, survey, concept("GAD-7 total score", loinc("70274-6", "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]")),
				score(gad[i]), with(), psy))
		}
	}
	t.provenance("2023-02-21T15:10:00Z", "Collected at each session", "", list{agent("informant", t.person), agent("enterer", dace, trust)}, scores, psy)

	seen := t.about("Encounter", "psychiatrist", obj{"status": "finished", "class": hl7("v3-ActCode", "HH", "home health"), "period": period(at("2022-09-20", "10:30"), at("2022-09-20", "11:45")),
		"participant": list{obj{"individual": lund}, obj{"individual": yates}}, "serviceProvider": team, "type": list{concept("Assessment at home")}}, psy)
	for _, v := range []struct{ day, what string }{
		{"2022-10-11", "Visit: walked to the allotment together"}, {"2022-11-15", "Visit: Christmas looked at beforehand; Judith there"},
		{"2023-01-10", "Visit: anniversary of Alan's death passed, well held"}, {"2023-03-14", "Last visit; back to Dr Qureshi's care"},
	} {
		t.about("Encounter", "", obj{"status": "finished", "class": hl7("v3-ActCode", "HH", "home health"), "period": period(v.day, v.day),
			"participant": list{obj{"individual": yates}}, "serviceProvider": team, "reasonCode": list{concept(v.what)}}, psy)
	}
	t.about("RiskAssessment", "risk", obj{"status": "final", "code": concept("Risk, in her own words"), "occurrenceDateTime": at("2022-09-20", "11:30"), "performer": lund, "encounter": seen,
		"prediction": list{obj{"outcome": concept("Harm to herself"), "qualitativeRisk": concept("Low")}},
		"mitigation": "“I would like to be with him, but I would not do anything; Isla is six.” Knows whom to ring. Insulin will be in the house from next year: plan made with the practice nurse."}, psy)
	letter := t.document("letter", "2022-09-22", "Psychiatrist's letter after assessment at home", concept("Clinic letter", loinc("11488-4", "Consult note")), lund, psychiatristLetter, psy)
	end := t.document("therapy-end", "2023-02-21", "End of therapy letter", concept("Therapy summary"), dace, therapyEnd, psy)
	plan := t.about("CarePlan", "staying-well", obj{"status": "active", "intent": "plan", "title": "Staying well plan", "period": period("2023-02-21", ""), "author": dace,
		"text": narrative("Early signs: not singing in the kitchen; the dog walked late; cancelling Isla.", "What helps: out before ten; ring Judith and say the word “grey”; the blue envelope.", "If two weeks do not help: Dr Qureshi. Crisis line, any hour: 01632 960699."),
		"activity": list{
			obj{"detail": obj{"status": "completed", "description": "Grief group, six evenings"}},
			obj{"detail": obj{"status": "in-progress", "description": "Choir on Thursdays"}},
		}}, psy)
	t.provenance("2022-09-22T17:40:00+01:00", "Dictated and signed", "", list{agent("author", lund, team)}, []ref{letter}, psy)
	t.provenance("2023-02-21T16:00:00Z", "Written together", "", list{agent("author", dace, trust), agent("author", t.person)}, []ref{end, plan}, psy)
	t.about("Consent", "judith", obj{"status": "active", "scope": concept("", hl7("consentscope", "patient-privacy", "Privacy Consent")),
		"category": list{concept("Information sharing", loinc("59284-0", "Consent Document"))}, "dateTime": "2022-09-20", "performer": list{t.person}, "organization": list{trust},
		"policyRule": concept("Sharing agreement, verbal, noted by the team"),
		"provision":  obj{"type": "permit", "actor": list{obj{"role": concept("", hl7("v3-ParticipationType", "IRCP", "information recipient")), "reference": obj{"display": "Judith Marr, daughter"}}}}}, psy)
	return t
}

const psychiatristLetter = `
Older People's Community Mental Health Team, Kelderby          22 September 2022

Dr S. Qureshi, Mill Lane Surgery
Re: Mrs Marion Wetherlow, born 14 March 1955, NHS number 999 055 1405. Seen at home, 20 September 2022

Dear Dr Qureshi,

Thank you for asking me to see Mrs Wetherlow. I am copying this letter to her; we read a draft together on the telephone.

Alan died in January. Since then she has lived in the kitchen. She sleeps about five hours, eats toast, and has lost eight
kilograms. The radio is off because "he argued with it". She has stopped singing. Eight months on, the sadness comes in
waves tied to him, but between the waves there is now a flatness she recognises from 1998. She drinks less than in the
spring. Her diabetes has suffered: tablets were missed, and she tells me she was ashamed to come to you with it.

She is warm, dry and precise, and wept without apology. Her memory is excellent. She does not wish to die.

My view: this is grief, and it is also a second episode of moderate depression. Both may be true and both deserve care.

1. Sertraline 100 mg is a sensible dose. Stay on it; I would not add anything, given her sugars and sodium.
2. Go on with Mr Dacre. The grief group at the library was her own idea and a better one than mine.
3. Philippa Yates-Obi will visit monthly until March.
4. Please check sodium in two weeks, and speak with her about insulin when she is ready rather than when we are.
5. If it comes back a third time I would advise staying on treatment for good.

I have closed our part after the winter, with an open door.

Yours sincerely,
Dr I. Lundqvist-Moss`

const therapyEnd = `
Westmere Talking Therapies                                      21 February 2023

Dear Marion,

We have met sixteen times. You asked me to write down what you found, so here it is in your words as I remember them.

"The grief is not an illness. The grey is." You learned to tell them apart: grief has Alan in it, the grey has nobody.
Going out before ten in the morning helps with the grey. Nothing helps with grief except company, and that is allowed.
You told the truth about the wine before anyone asked. You opened the wardrobe. You went to the group.

Your scores went from 17 to 9. More to the point, you hummed in the corridor last week.

If the grey comes back: the blue envelope, Judith, Dr Qureshi, us. You can refer yourself.

With warm wishes,
Callum Dacre
Copy to Dr Qureshi, with your agreement.`
