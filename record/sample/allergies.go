package sample

// allergies: one certain, one that turned out to be nothing, one side effect, and
// the statement that there is none to food.
func (p *practice) allergies() {
	clinical := func(code string) obj { return concept("", hl7("allergyintolerance-clinical", code, "")) }
	verification := func(code string) obj { return concept("", hl7("allergyintolerance-verification", code, "")) }

	penicillin := p.about("AllergyIntolerance", "penicillin", obj{
		"text":           narrative("Penicillin: widespread rash and swelling of the face and lips in 1962, aged seven. Do not give penicillins."),
		"clinicalStatus": clinical("active"), "verificationStatus": verification("confirmed"),
		"type": "allergy", "category": list{"medication"}, "criticality": "high",
		"code":          concept("Penicillin", snomed("91936005", "Allergy to penicillin")),
		"onsetDateTime": "1962", "recordedDate": "1999-06-14", "recorder": p.clerk, "asserter": p.mintram,
		"reaction": list{obj{"manifestation": list{concept("Widespread itchy rash"), concept("Swelling of face and lips")},
			"severity": "moderate", "onset": "1962", "description": "Second day of penicillin for tonsillitis; seen at home by Dr Mintram."}},
	})
	ibuprofen := p.about("AllergyIntolerance", "ibuprofen", obj{
		"text":           narrative("Ibuprofen: recorded as an allergy in 1994 by mistake, refuted in 2011. She is advised against it now for another reason, her kidneys."),
		"clinicalStatus": clinical("inactive"), "verificationStatus": verification("refuted"),
		"type": "allergy", "category": list{"medication"},
		"code": concept("Ibuprofen"), "recordedDate": "1994-10-25", "recorder": p.pryce,
		"note": notes("1994: “rash with ibuprofen gel”.",
			"2011-06-07, Dr Qureshi: the rash was under the elbow strap and came again without the gel. Has taken ibuprofen since without trouble. Not an allergy: refuted, left here so that nobody enters it again."),
	})
	statin := p.about("AllergyIntolerance", "simvastatin", obj{
		"clinicalStatus": clinical("active"), "verificationStatus": verification("confirmed"),
		"type": "intolerance", "category": list{"medication"}, "criticality": "low",
		"code":          concept("Simvastatin 40 mg", atc("C10AA01", "simvastatin")),
		"onsetDateTime": "2014-06", "recordedDate": "2014-07-08", "recorder": p.qureshi,
		"reaction": list{obj{"manifestation": list{concept("Aching thighs, normal blood test")}, "severity": "mild", "description": "Gone two weeks after stopping. Atorvastatin 20 mg tolerated since."}},
	})
	codeine := p.about("AllergyIntolerance", "codeine", obj{
		"clinicalStatus": clinical("active"), "verificationStatus": verification("confirmed"),
		"type": "intolerance", "category": list{"medication"}, "criticality": "low",
		"code":          concept("Codeine"),
		"onsetDateTime": "2024-01", "recordedDate": "2024-03-05", "recorder": p.osei,
		"reaction": list{obj{"manifestation": list{concept("Sickness"), concept("Muddled for a day")}, "severity": "moderate"}},
		"note":     notes("From the hospital's discharge letter of 31 January 2024; confirmed with Marion. A side effect, not an allergy."),
	})
	p.about("AllergyIntolerance", "food", obj{
		"clinicalStatus": clinical("active"), "verificationStatus": verification("confirmed"),
		"code":         concept("No known food allergy", snomed("429625007", "No known food allergy")),
		"recordedDate": "2010-09-14", "recorder": p.qureshi,
	})

	p.provenance("1999-06-14T11:20:00+01:00", "Summarised from paper", "Lloyd George envelope: letter of 3 March 1962",
		list{agent("enterer", p.clerk, p.surgery), agent("author", p.mintram)}, []ref{penicillin})
	p.provenance("2011-06-07T09:38:00+01:00", "Corrected in consultation", "Entry of 1994-10-25",
		list{agent("author", p.qureshi, p.surgery), agent("informant", p.person)}, []ref{ibuprofen})
	p.provenance("2014-07-08T09:31:00+01:00", "Recorded in consultation", "", list{agent("author", p.qureshi, p.surgery)}, []ref{statin})
	p.provenance("2024-03-05T10:02:00Z", "Reconciled from a letter", "Discharge letter, Westmere Royal Infirmary, 2024-01-31",
		list{agent("author", p.osei, p.surgery), agent("informant", p.person)}, []ref{codeine})
}
