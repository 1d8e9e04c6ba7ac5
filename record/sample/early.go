package sample

import "strconv"

// earlyLife is what the practice typed up from the paper record in June 1999,
// with the precision the paper had: often just a year.
func (p *practice) earlyLife() {
	var copied []ref
	past := func(name string, onset, abated, note string, codings ...obj) {
		c := obj{"clinicalStatus": resolved, "verificationStatus": confirmed, "category": problem,
			"code": concept(name, codings...), "onsetDateTime": onset, "recordedDate": "1999-06-14", "recorder": p.clerk}
		if abated != "" {
			c["abatementDateTime"] = abated
		}
		if note != "" {
			c["note"] = notes(note)
		}
		copied = append(copied, p.about("Condition", "", c))
	}
	past("Measles", "1959", "1959", "", icd10("B05", "Measles"), snomed("14189004", "Measles"))
	past("Chickenpox", "1960", "1960", "", icd10("B01", "Varicella [chickenpox]"))
	past("Recurrent tonsillitis", "1959", "1961", "Tonsils taken out at Westmere Infirmary, 1961.")
	past("Iron deficiency anaemia in pregnancy", "1979", "1979", "Ferrous sulphate; full recovery.")

	copied = append(copied, p.about("Procedure", "tonsils", obj{
		"status": "completed", "code": concept("Tonsillectomy"), "performedDateTime": "1961", "recorder": p.clerk,
	}))
	p.provenance("1999-06-14T10:30:00+01:00", "Summarised from paper", "Lloyd George envelope (paper record 1955–1999)",
		list{agent("enterer", p.clerk, p.surgery), agent("author", p.mintram)}, copied)

	// She asks that this is not discussed in front of her family. The label does what
	// a note in capitals used to do.
	obstetric := p.observe("obstetric", "1999-06-14", social, concept("Obstetric history"), nil, obj{
		"valueString": "Three births: 1972, 1979, 1983. The first child, a boy, was adopted.",
		"performer":   list{p.clerk},
		"note":        notes("Patient asks that the first birth is not mentioned in front of family or in letters. A.P., 1999."),
	}, privateOnly)
	p.provenance("1999-06-14T10:42:00+01:00", "Summarised from paper", "Lloyd George envelope (paper record 1955–1999)",
		list{agent("enterer", p.clerk, p.surgery), agent("verifier", p.pryce, p.surgery)}, []ref{obstetric}, privateOnly)

	p.observe("smoking-1999", "1999-06-14", social, concept("Tobacco smoking status", loinc("72166-2", "Tobacco smoking status")),
		concept("Smoker, about 15 a day", snomed("77176002", "Smoker")), nil)
	quit := p.observe("smoking-2005", "2005-04-04", social, concept("Tobacco smoking status", loinc("72166-2", "Tobacco smoking status")),
		concept("Ex-smoker; stopped 10 January 2005", snomed("8517006", "Ex-smoker")), nil)
	confirm := p.observe("smoking-2026", "2026-05-12", social, concept("Tobacco smoking status", loinc("72166-2", "Tobacco smoking status")),
		concept("Ex-smoker for 21 years", snomed("8517006", "Ex-smoker")), nil)
	p.provenance("2005-04-04T16:35:00+01:00", "Recorded in consultation", "", list{agent("author", p.tait, p.surgery)}, []ref{quit})
	p.provenance("2026-05-12T10:20:00+01:00", "Recorded in consultation", "", list{agent("author", p.tait, p.surgery)}, []ref{confirm})
}

// vaccinations, from the sugar lump to the shingles vaccine.
func (p *practice) vaccinations() {
	var paper []ref
	give := func(day, vaccine, disease string, dose int, extra obj, codes ...obj) ref {
		i := obj{"status": "completed", "vaccineCode": concept(vaccine), "occurrenceDateTime": day,
			"protocolApplied": list{obj{"doseNumberPositiveInt": dose, "targetDisease": list{concept(disease, codes...)}}}}
		for k, v := range extra {
			i[k] = v
		}
		return p.about("Immunization", "", i)
	}
	old := obj{"primarySource": false, "recorded": "1999-06-14", "reportOrigin": concept("Paper record")}
	for _, v := range []struct {
		day, vaccine, disease string
		dose                  int
	}{
		{"1955-09", "Smallpox vaccination", "Smallpox", 1},
		{"1955-10", "Diphtheria, tetanus and whooping cough", "Diphtheria, tetanus, pertussis", 1},
		{"1955-11", "Diphtheria, tetanus and whooping cough", "Diphtheria, tetanus, pertussis", 2},
		{"1955-12", "Diphtheria, tetanus and whooping cough", "Diphtheria, tetanus, pertussis", 3},
		{"1958-05", "Poliomyelitis (injected)", "Poliomyelitis", 1},
		{"1958-06", "Poliomyelitis (injected)", "Poliomyelitis", 2},
		{"1960", "Diphtheria and tetanus booster (school entry)", "Diphtheria, tetanus", 4},
		{"1962-04", "Poliomyelitis (oral)", "Poliomyelitis", 3},
		{"1968-11", "BCG", "Tuberculosis", 1},
		{"1970", "Tetanus and polio booster (school leaving)", "Tetanus, poliomyelitis", 5},
		{"1979-09-24", "Rubella, after the birth of her daughter", "Rubella", 1},
		{"1991-07-02", "Tetanus booster after a garden injury", "Tetanus", 6},
	} {
		paper = append(paper, give(v.day, v.vaccine, v.disease, v.dose, old))
	}
	p.provenance("1999-06-14T11:05:00+01:00", "Summarised from paper", "Lloyd George envelope; school clinic card",
		list{agent("enterer", p.clerk, p.surgery)}, paper)

	here := func(arm string) obj {
		return obj{"primarySource": true, "location": obj{"display": "Mill Lane Surgery"}, "site": concept(arm),
			"performer": list{obj{"actor": p.tait}}}
	}
	influenza := snomed("6142004", "Influenza")
	for year := 2006; year <= 2026; year++ {
		day := workday(year, 10, 4+wobble(year, 3))
		extra := here("Left upper arm")
		if year == 2020 {
			extra["note"] = notes("Given in the car park marquee because of the pandemic.")
		}
		given := give(day, "Seasonal influenza vaccine "+strconv.Itoa(year)+"/"+strconv.Itoa((year+1)%100), "Influenza", 1, extra, influenza)
		if year >= 2024 {
			p.provenance(day+"T15:20:00+01:00", "Recorded when given", "", list{agent("author", p.tait, p.surgery)}, []ref{given})
		}
	}
	give("2007-10-09", "Pneumococcal polysaccharide vaccine (23-valent)", "Pneumococcal infection", 1, here("Right upper arm"))

	centre := func(where string) obj {
		return obj{"primarySource": false, "reportOrigin": concept("National immunisation record"), "location": obj{"display": where}}
	}
	covid := snomed("840539006", "COVID-19")
	var national []ref
	for i, c := range []struct{ day, vaccine, where string }{
		{"2021-03-06", "COVID-19 vaccine (adenovirus vector)", "Hallowby Corn Exchange vaccination centre"},
		{"2021-05-22", "COVID-19 vaccine (adenovirus vector)", "Hallowby Corn Exchange vaccination centre"},
		{"2021-11-20", "COVID-19 mRNA vaccine, booster", "Brook Street Pharmacy"},
		{"2022-10-08", "COVID-19 mRNA vaccine, autumn booster", "Brook Street Pharmacy"},
		{"2023-10-14", "COVID-19 mRNA vaccine, autumn booster", "Brook Street Pharmacy"},
		{"2024-10-12", "COVID-19 mRNA vaccine, autumn", "Brook Street Pharmacy"},
	} {
		national = append(national, give(c.day, c.vaccine, "COVID-19", i+1, centre(c.where), covid))
	}
	p.provenance("2024-10-14T05:00:00+01:00", "Received electronically", "National immunisation record", list{agent("transmitter", p.surgery)}, national)

	zoster := snomed("4740000", "Herpes zoster")
	give("2025-04-03", "Shingles vaccine (recombinant)", "Shingles", 1, here("Left upper arm"), zoster)
	give("2025-10-14", "Shingles vaccine (recombinant)", "Shingles", 2, here("Right upper arm"), zoster)

	p.about("Immunization", "flu-2005", obj{"status": "not-done", "vaccineCode": concept("Seasonal influenza vaccine 2005/06"),
		"occurrenceDateTime": "2005-11", "statusReason": concept("Patient preferred not to"), "primarySource": true})
}

func (p *practice) familyHistory() {
	relative := func(key, code, who, status string, conditions list, extra obj, labels ...obj) {
		f := obj{"status": "completed", "relationship": concept(who, hl7("v3-RoleCode", code, "")), "condition": conditions, "date": status}
		for k, v := range extra {
			f[k] = v
		}
		p.about("FamilyMemberHistory", key, f, labels...)
	}
	had := func(what string, age int, codings ...obj) list {
		c := obj{"code": concept(what, codings...)}
		if age > 0 {
			c["onsetAge"] = qty(strconv.Itoa(age), "years", "a")
		}
		return list{c}
	}
	relative("mother", "MTH", "Mother", "2006-02-20", had("Type 2 diabetes", 58, snomed("44054006", "Type 2 diabetes mellitus")), obj{"deceasedAge": qty("83", "years", "a")})
	relative("father", "FTH", "Father", "2001-05-15", had("Heart attack", 66), obj{"deceasedAge": qty("71", "years", "a")})
	relative("brother", "BRO", "Brother", "2001-05-15", had("High blood pressure", 45), nil)
	relative("aunt", "AUNT", "Mother's sister", "1998-02-09", had("Depression", 0, snomed("35489007", "Depressive disorder")),
		obj{"note": notes("“Nerves”, in hospital for a time in the 1950s; she was fond of her.")}, psy)
}
