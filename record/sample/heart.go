package sample

import (
	"fmt"
	"strconv"
)

// heart is blood pressure and weight: the conditions, and two series measured at
// the practice.
func (p *practice) heart() {
	htn := p.about("Condition", "hypertension", obj{
		"clinicalStatus": active, "verificationStatus": confirmed, "category": problem,
		"code":          concept("High blood pressure (essential hypertension)", snomed("59621000", "Essential hypertension"), icd10("I10", "Essential (primary) hypertension")),
		"onsetDateTime": "2001-05-15", "recordedDate": "2001-05-15", "recorder": p.pryce,
	})
	p.provenance("2001-05-15T10:25:00+01:00", "Recorded in consultation", "Practice system 1999–2019, migrated 2019-03-11",
		list{agent("author", p.pryce, p.surgery), agent("transmitter", p.surgery)}, []ref{htn})

	panel := concept("Blood pressure", loinc("85354-9", "Blood pressure panel with all children optional"))
	upper := concept("Systolic", loinc("8480-6", "Systolic blood pressure"))
	lower := concept("Diastolic", loinc("8462-4", "Diastolic blood pressure"))
	pressure := func(day string, systolic, diastolic int) {
		p.observe("", day, vital, panel, nil, obj{
			"component": list{
				obj{"code": upper, "valueQuantity": qty(strconv.Itoa(systolic), "mmHg", "mm[Hg]")},
				obj{"code": lower, "valueQuantity": qty(strconv.Itoa(diastolic), "mmHg", "mm[Hg]")},
			},
			"performer": list{p.nurseOf(day)},
		})
	}
	pressure("2001-03-20", 172, 102)
	pressure("2001-05-15", 168, 98)
	for year := 2001; year <= 2026; year++ {
		base := systolicOf(year)
		if year > 2001 {
			s := base + wobble(year, 5)
			pressure(p.reviewDay(year), s, s*6/11+wobble(year+3, 3))
		}
		if year > 2001 && year < 2018 {
			continue // one reading a year survived the change of systems
		}
		s := base + 2 + wobble(year*2+1, 6)
		if winter := p.winterDay(year); winter <= Today {
			pressure(winter, s, s*6/11+wobble(year+5, 3))
		}
	}

	kilograms := concept("Body weight", loinc("29463-7", "Body weight"))
	for year := 2001; year <= 2026; year++ {
		w := weights[year-2001]
		p.observe("", p.reviewDay(year), vital, kilograms, qty(fmt.Sprintf("%.1f", w), "kg", "kg"), obj{"performer": list{p.nurseOf(p.reviewDay(year))}})
		if year%5 == 1 || year == 2024 {
			bmi := w / (1.61 * 1.61)
			p.observe("", p.reviewDay(year), vital, concept("Body mass index", loinc("39156-5", "Body mass index (BMI) [Ratio]")),
				qty(fmt.Sprintf("%.1f", bmi), "kg/m²", "kg/m2"), nil)
		}
	}
	p.observe("height", p.reviewDay(2001), vital, concept("Body height", loinc("8302-2", "Body height")), qty("161", "cm", "cm"), nil)
}

// weights at the annual review, 2001 to 2026: heavier until the diabetes, lighter
// with empagliflozin, lightest in the year after Alan died.
var weights = []float64{
	76.5, 77.8, 79.0, 80.1, 81.9, 84.2, 82.0, 81.4, 81.8, 82.1, 82.9, 82.6, 83.0,
	83.4, 83.2, 83.7, 80.1, 78.9, 78.6, 79.4, 79.8, 72.3, 74.6, 70.8, 72.9, 73.4,
}

// systolicOf is where her blood pressure stood in a year: down with
// bendroflumethiazide, ramipril (2007) and amlodipine (2013), up a little in 2022.
func systolicOf(year int) int {
	switch {
	case year < 2003:
		return 150
	case year < 2007:
		return 146
	case year < 2013:
		return 140
	case year == 2022:
		return 144
	case year >= 2024:
		return 130
	}
	return 134
}

// reviewDay is when the annual review of that year was, in May; winterDay the
// half-yearly check, in November.
func (p *practice) reviewDay(year int) string {
	if year == 2026 {
		return "2026-05-12"
	}
	return workday(year, 5, 14+wobble(year, 6))
}

func (p *practice) winterDay(year int) string { return workday(year, 11, 10+wobble(year+1, 6)) }

// nurseOf says who measured: Lorna Tait has been the nurse since 2004.
func (p *practice) nurseOf(day string) ref {
	switch {
	case day < "2004":
		return p.pryce
	default:
		return p.tait
	}
}
