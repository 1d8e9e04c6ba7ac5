package sample

// sexualHealthClinic is two visits in 2003, before a new relationship. The clinic
// exports a collection, labels everything, and its Patient gives only the name,
// the date of birth and the NHS number.
func sexualHealthClinic() *source {
	c := newSource(source{
		name: "sexual-health-clinic", title: "The Arches Sexual Health Clinic",
		system: "https://arches-clinic.example/fhir", kind: "collection", exported: "2026-10-30T15:02:11Z", quietPerson: true,
	})
	arches := c.org("clinic", "The Arches Sexual Health Clinic, Kelderby", "Sexual health clinic", "ZZ9S07", phone("01632 960770", "work"))
	nurse := c.staff("nurse", "", "Teresa", "Galbraith-Nunn", "Sexual health nurse", arches, registered(nmc, "99D0066E"))
	c.patient(nil)

	first := c.about("Encounter", "first", obj{"status": "finished", "class": ambulatory, "period": period(at("2003-06-12", "17:20"), at("2003-06-12", "17:50")),
		"participant": list{obj{"individual": nurse}}, "serviceProvider": arches,
		"reasonCode": list{concept("Check before a new relationship, both coming. No symptoms", icd10("Z11.3", "Special screening examination for infections with a predominantly sexual mode of transmission"))}}, sex)
	negative := concept("Not detected", snomed("260415000", "Not detected"))
	result := func(key, name string, codings ...obj) ref {
		return c.observe(key, "2003-06-12", laboratory, concept(name, codings...), negative, obj{"encounter": first, "issued": "2003-06-19T09:00:00Z"}, sex)
	}
	results := []ref{
		result("chlamydia", "Chlamydia", loinc("21613-5", "Chlamydia trachomatis DNA [Presence] in Specimen by NAA with probe detection")),
		result("gonorrhoea", "Gonorrhoea culture"),
		result("syphilis", "Syphilis blood test"),
		result("hiv", "HIV blood test"),
	}
	var members list
	for _, r := range results {
		members = append(members, r)
	}
	report := c.about("DiagnosticReport", "screen", obj{"status": "final", "code": concept("Sexual health screen"), "effectiveDateTime": "2003-06-12", "issued": "2003-06-19T09:00:00Z",
		"category": list{concept("Laboratory", hl7("v2-0074", "LAB", "Laboratory"))}, "encounter": first, "result": members, "conclusion": "All clear."}, sex)
	second := c.about("Encounter", "second", obj{"status": "finished", "class": ambulatory, "period": period("2003-06-26", "2003-06-26"),
		"participant": list{obj{"individual": nurse}}, "serviceProvider": arches,
		"reasonCode": list{concept("Results, all clear. Contraception at 48 talked through: condoms, cap; review after two years without a period")}}, sex)
	advice := c.about("Procedure", "advice", obj{"status": "completed", "code": concept("Sexual health and contraception advice"), "performedDateTime": "2003-06-26", "encounter": second,
		"performer": list{obj{"actor": nurse}}}, sex)
	note := c.document("note", "2003-06-26", "Clinic note, 12 and 26 June 2003", concept("Clinic note"), nurse, `
The Arches, Kelderby                                               26 June 2003

Seen on 12 and 26 June. Came by herself; her partner has his own appointment. Divorced six years. "We are both old enough
to do this properly." Tests for chlamydia, gonorrhoea, syphilis and HIV, all negative. Talked about contraception until the
menopause is certain, and about dryness; a lubricant suggested. Does not want her doctor told: not told.

T. Galbraith-Nunn, nurse`, sex)
	c.provenance("2003-06-19T09:00:00+01:00", "Reported by the laboratory", "Clinic card index, entered 2009-02", list{agent("enterer", arches)}, append(results, report), sex)
	c.provenance("2009-02-17T11:00:00Z", "Typed from paper", "Clinic card index", list{agent("enterer", arches), agent("author", nurse, arches)}, []ref{first, second, advice, note}, sex)
	return c
}
