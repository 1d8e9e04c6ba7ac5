package sample

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// bloodTests adds one report for each day blood was taken, with its results, and
// who sent it.
func (p *practice) bloodTests() {
	percent := concept("HbA1c", loinc("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood"))
	ifcc := concept("HbA1c", loinc("59261-8", "Hemoglobin A1c/Hemoglobin.total in Blood by IFCC protocol"))
	creatinine := concept("Creatinine", loinc("14682-9", "Creatinine [Moles/volume] in Serum or Plasma"))
	potassium := concept("Potassium", loinc("2823-3", "Potassium [Moles/volume] in Serum or Plasma"))
	cholesterol := concept("Total cholesterol", loinc("14647-2", "Cholesterol [Moles/volume] in Serum or Plasma"))

	var migrated []ref
	for i, h := range hba1c {
		day, _ := time.Parse(time.DateOnly, h.day)
		year := day.Year()
		issued := plusDays(h.day, 1) + "T16:05:00Z"
		by := obj{"issued": issued, "performer": list{p.lab}}
		with := func(extra obj) obj {
			for k, v := range by {
				extra[k] = v
			}
			return extra
		}
		normal := func(low, high, unit, ucum string) list {
			r := obj{}
			if low != "" {
				r["low"] = qty(low, unit, ucum)
			}
			if high != "" {
				r["high"] = qty(high, unit, ucum)
			}
			return list{r}
		}
		var results []ref
		if year < 2011 {
			results = append(results, p.observe("", h.day, laboratory, percent, qty(h.value, "%", "%"), with(obj{"referenceRange": normal("", "6.1", "%", "%")})))
		} else {
			results = append(results, p.observe("", h.day, laboratory, ifcc, qty(h.value, "mmol/mol", "mmol/mol"), with(obj{"referenceRange": normal("", "41", "mmol/mol", "mmol/mol")})))
		}

		annual := day.Month() == time.May || day.Month() == time.June || i == 0
		if annual || year >= 2020 {
			egfr := egfrOn(i, day)
			code, shown := concept("eGFR (CKD-EPI)", loinc("62238-1", "")), qty(strconv.Itoa(egfr), "mL/min/1.73m²", "mL/min/{1.73_m2}")
			if year < 2014 {
				code = concept("eGFR (MDRD)", loinc("33914-3", ""))
			}
			if egfr > 90 { // laboratories do not report a figure above 90
				shown = qty("90", "mL/min/1.73m²", "mL/min/{1.73_m2}")
				shown["comparator"] = ">"
			}
			results = append(results,
				p.observe("", h.day, laboratory, creatinine, qty(strconv.Itoa(creatinineFor(egfr, day)), "µmol/L", "umol/L"), with(obj{"referenceRange": normal("45", "84", "µmol/L", "umol/L")})),
				p.observe("", h.day, laboratory, code, shown, with(obj{})))
			if year >= 2020 {
				results = append(results, p.observe("", h.day, laboratory, potassium,
					qty(fmt.Sprintf("%.1f", 4.5+float64(wobble(i, 4))/10), "mmol/L", "mmol/L"), with(obj{"referenceRange": normal("3.5", "5.3", "mmol/L", "mmol/L")})))
			}
		}
		if annual {
			results = append(results,
				p.observe("", h.day, laboratory, cholesterol, qty(cholesterolIn(year, i), "mmol/L", "mmol/L"), with(obj{})))
			acr := 1.8 + float64(year-2006)*0.28 + float64(wobble(i, 5))/10
			results = append(results, p.observe("", h.day, laboratory, concept("Urine albumin to creatinine ratio"),
				qty(fmt.Sprintf("%.1f", acr), "mg/mmol", "mg/mmol"), with(obj{"referenceRange": normal("", "3.0", "mg/mmol", "mg/mmol")})))
		}

		var members list
		for _, r := range results {
			members = append(members, r)
		}
		made := obj{
			"identifier": identifier("https://westmere-pathology.example/report", fmt.Sprintf("WP%02d-%05d", year%100, 10431+i*271)),
			"status":     "final", "category": list{concept("Laboratory", hl7("v2-0074", "LAB", "Laboratory"))},
			"code": concept("Diabetes blood and urine tests"), "effectiveDateTime": h.day, "issued": issued,
			"performer": list{p.lab}, "result": members,
		}
		if comment, ok := conclusions[h.day]; ok {
			made["conclusion"] = comment
		}
		report := p.about("DiagnosticReport", "", made)
		if year < 2019 {
			migrated = append(append(migrated, results...), report)
			continue
		}
		p.provenance(plusDays(h.day, 1)+"T16:06:00Z", "Received electronically", "",
			list{agent("author", p.lab), agent("transmitter", p.surgery)}, append(results, report))
	}
	// Who typed or sent each of the old ones did not survive the change of systems.
	p.provenance("2019-03-11T02:20:00Z", "Migrated between systems", "Practice system 1999–2019",
		list{agent("author", p.lab), agent("assembler", p.surgery)}, migrated)
}

// conclusions are the comments somebody typed.
var conclusions = map[string]string{
	"2006-02-13": "Consistent with diabetes. Patient asked to come in. A.P.",
	"2016-10-24": "Rising for two years on metformin. To see nurse about a further medicine. S.Q.",
	"2021-05-10": "eGFR below 60 for the third time since June 2020, and albumin in the urine. CKD 3a. S.Q.",
	"2022-03-21": "Clear rise; bereaved in January. Not for telling off: offer time with the nurse. S.Q.",
	"2023-02-06": "Discuss insulin. L.T.",
	"2023-11-13": "Very good response. Well done, told by telephone. L.T.",
	"2026-10-19": "Steady. Repeat in May. L.T.",
}

// egfrOn declines by two and a half a year from 95, below 60 in 2020; more slowly
// after 2021; a little lower in the year of the operation.
func egfrOn(i int, day time.Time) int {
	years := day.Sub(time.Date(2006, 2, 13, 0, 0, 0, 0, time.UTC)).Hours() / 24 / 365.25
	v := 95 - 2.5*min(years, 15) - 0.9*max(years-15, 0) + float64(wobble(i, 2))
	if day.Year() == 2024 {
		v -= 3
	}
	return int(math.Round(v))
}

// creatinineFor is the creatinine in µmol/L that gives that eGFR for a woman of
// her age by CKD-EPI 2009, so that the two columns agree.
func creatinineFor(egfr int, day time.Time) int {
	age := float64(day.Year() - 1955)
	a := 144 * math.Pow(0.993, age) / float64(egfr)
	exponent := 1.209 // above 0.7 mg/dL
	if a < 1 {
		exponent = 0.329
	}
	return int(math.Round(0.7 * math.Pow(a, 1/exponent) * 88.4))
}

func cholesterolIn(year, i int) string {
	base := 4.3 // on a statin
	if year == 2006 && i == 0 {
		base = 6.4
	} else if year >= 2015 {
		base = 3.9
	}
	return fmt.Sprintf("%.1f", base+float64(wobble(i, 3))/10)
}

// feetAndEyes: once a year each, the yearly eye photographs reported by the
// screening programme.
func (p *practice) feetAndEyes() {
	for year := 2006; year <= 2026; year++ {
		day := p.reviewDay(year)
		risk, detail := "Low risk", "Pulses felt both feet; 10 of 10 monofilament sites felt; skin good."
		switch {
		case year == 2024:
			risk, detail = "Moderate risk", "Pulses felt; 9 of 10 sites felt; heel skin dry and red after the hospital stay. Podiatry referral."
		case year >= 2019:
			detail = "Pulses felt both feet; 9 of 10 monofilament sites felt (right great toe uncertain); skin good."
		}
		p.observe("", day, exam, concept("Diabetic foot check", snomed("401191002", "Diabetic foot examination")),
			concept(risk), obj{"performer": list{p.nurseOf(day)}, "note": notes(detail)})
		if year == 2006 || year == 2020 {
			continue // not yet invited; screening was paused
		}
		photo := workday(year, 9, 20+wobble(year, 7))
		if photo > Today {
			continue
		}
		found := "No retinopathy (R0 M0), both eyes"
		if year >= 2015 {
			found = "Background retinopathy (R1), no maculopathy (M0), both eyes"
		}
		p.about("DiagnosticReport", "", obj{
			"status": "final", "code": concept("Diabetic eye screening (retinal photographs)"), "effectiveDateTime": photo,
			"category":   list{concept("Eye screening")},
			"issued":     plusDays(photo, 14) + "T09:00:00Z",
			"performer":  list{obj{"display": "Westmere Diabetic Eye Screening Programme"}},
			"conclusion": found + ". Invite again in 12 months.",
		})
	}
	podiatry := p.about("ServiceRequest", "podiatry", obj{
		"status": "completed", "intent": "order", "authoredOn": p.reviewDay(2024), "requester": p.tait,
		"code": concept("Podiatry: foot protection clinic"), "reasonCode": list{concept("Dry, red heels after hospital stay; diabetes")},
	})
	p.about("Procedure", "podiatry", obj{
		"status": "completed", "code": concept("Podiatry assessment and heel care"), "performedDateTime": "2024-06-26", "basedOn": list{podiatry},
		"note": notes("Heels recovered with cream and softer slippers. Back to yearly checks."),
	})
}
