package ips_test

import (
	"fmt"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/ips"
)

// What stands in a section and what is left out of it, by hand: now is 22 November 2026.
func TestRelevance(t *testing.T) {
	observation := func(id, category, code, date, more string) string {
		return fmt.Sprintf(`results: {"resourceType":"Observation","id":%q,"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":%q}]}],"code":{"coding":[{"system":"http://loinc.org","code":%q}],"text":%q},"subject":{"reference":"Patient/p"},"effectiveDateTime":%q,%s}`, id, category, code, id, date, more)
	}
	range1 := `,"referenceRange":[{"high":{"value":41,"unit":"u"}}]`
	report := func(id, code, date, conclusion string) string {
		if conclusion != "" {
			conclusion = fmt.Sprintf(`,"conclusion":%q`, conclusion)
		}
		return fmt.Sprintf(`results: {"resourceType":"DiagnosticReport","id":%q,"status":"final","code":{"text":%q},"subject":{"reference":"Patient/p"},"effectiveDateTime":%q%s}`, id, code, date, conclusion)
	}
	use := func(section, id, name, status, start string) string {
		return fmt.Sprintf(`%s: {"resourceType":"DeviceUseStatement","id":%q,"status":%q,"subject":{"reference":"Patient/p"},"device":{"display":%q},"timingPeriod":{"start":%q}}`, section, id, status, name, start)
	}
	for name, c := range map[string]struct {
		code, want string
		lines      []string
	}{
		// More than five years old and not said to be unusual: left out. What was found, is
		// out of range, of imaging, or never changes: listed.
		"results of long ago": {"30954-2", "Test | Value | Date | Range and note\nRecent | Not detected | 23-Nov-2021 | \nWidth | 3 mm | 06-May-2001 | \nHepatitis | Positive | 2001 | \nIron | 50 u / Above range | 2001 | at most 41 u\nGroup | A | 1990 | \n2 results of more than 5 years ago, not said to be unusual, are left out.", []string{
			observation("HIV", "laboratory", "1", "2003-06-12", `"valueString":"Not detected"`), observation("Sodium", "laboratory", "2", "2021-11-20", `"valueQuantity":{"value":40,"unit":"u"}`+range1),
			observation("Recent", "laboratory", "3", "2021-11-23", `"valueString":"Not detected"`), observation("Iron", "laboratory", "4", "2001", `"valueQuantity":{"value":50,"unit":"u"}`+range1),
			observation("Hepatitis", "laboratory", "5", "2001", `"valueString":"Positive"`), observation("Group", "laboratory", "883-9", "1990", `"valueString":"A"`), observation("Width", "imaging", "6", "2001-05-06", `"valueQuantity":{"value":3,"unit":"mm"}`)}},
		// The same twice of the same time is there once; another value of the same time is not "earlier".
		"the same time": {"30954-2", "Test | Value | Date | Earlier\nUrea | 9.8 u | 19-Jan-2026 19:20 UTC | 9.9 u, at the same time / 9.9 u, 2025\n1 entry that says the same as one that is listed is left out.", []string{
			strings.Replace(observation("a", "laboratory", "1", "2026-01-19T19:20:00Z", `"valueQuantity":{"value":9.8,"unit":"u"}`), `"text":"a"`, `"text":"Urea"`, 1),
			strings.Replace(observation("b", "laboratory", "1", "2026-01-19T19:20:00Z", `"valueQuantity":{"value":9.8,"unit":"u"}`), `"text":"b"`, `"text":"Urea"`, 1),
			strings.Replace(observation("c", "laboratory", "1", "2026-01-19T19:20:00Z", `"valueQuantity":{"value":9.9,"unit":"u"}`), `"text":"c"`, `"text":"Urea"`, 1),
			strings.Replace(observation("d", "laboratory", "1", "2025", `"valueQuantity":{"value":9.9,"unit":"u"}`), `"text":"d"`, `"text":"Urea"`, 1)}},
		// Of screening that finds the same each time the last; what it found before stays. One that
		// concludes nothing goes with its results.
		"reports": {"30954-2", "Reports\nReport | Conclusion | Date\nEyes | Early changes | 2026\nEyes | No changes | 2014\n1 entry that says the same as one that is listed is left out.\n1 result of more than 5 years ago, not said to be unusual, is left out.", []string{
			report("a", "Eyes", "2026", "Early changes"), report("b", "Eyes", "2024", "Early changes"), report("c", "Eyes", "2014", "No changes"), report("d", "Bloods", "2003", "")}},
		// Five doses against a disease.
		"doses": {"11369-6", "Vaccine | Date | Against | Status | Earlier\nFlu 2026 | 2026 | Influenza | Completed | 2025, 2024, 2023, 2022\nOf each kind only the newest are listed, together; 2 earlier entries are in the record.", func() (all []string) {
			for y := 2020; y <= 2026; y++ {
				all = append(all, fmt.Sprintf(`vaccinations: {"resourceType":"Immunization","id":"f%d","status":"completed","vaccineCode":{"coding":[{"system":"http://x.example","code":"%d"}],"text":"Flu %d"},"patient":{"reference":"Patient/p"},"occurrenceDateTime":"%d","protocolApplied":[{"targetDisease":[{"text":"Influenza"}]}]}`, y, y, y, y))
			}
			return all
		}()},
		// What is in the body has a row; what helps at home is a line; what was handed back is left out.
		"equipment": {"46264-8", "Device | When | Status\nPacemaker | from 2019 | Active\nEquipment and aids in use: Stair rail (from Feb-2024), Stool (from 2023).\n1 entry that is over, replaced or a draft is left out.", []string{
			use("conditions", "a", "Pacemaker", "active", "2019"), use("support", "b", "Stool", "active", "2023"), use("support", "c", "Stair rail", "active", "2024-02"), use("support", "d", "Frame", "completed", "2022")}},
		"only aids": {"46264-8", "Equipment and aids in use: Stool (from 2023).", []string{use("support", "b", "Stool", "active", "2023")}},
	} {
		p, entries := hand(t, append([]string{handPatient}, c.lines...)...)
		doc := build(t, whole(p, entries))
		run(t, name, doc)
		if got := read(t, doc).text(c.code); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

// Of somebody who died what is current was so then, and what was lately is told from there.
func TestDied(t *testing.T) {
	request := func(id, status, date string) string {
		return fmt.Sprintf(`medicines: {"resourceType":"MedicationRequest","id":%q,"status":%q,"intent":"order","medicationCodeableConcept":{"text":%q},"subject":{"reference":"Patient/p"},"authoredOn":%q}`, id, status, id, date)
	}
	lines := []string{request("Furosemide", "active", "1934"), request("Taxol", "stopped", "1995-06"), request("Gone", "stopped", "1990"),
		`conditions: {"resourceType":"Condition","id":"c","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"Asthma"},"subject":{"reference":"Patient/p"}}`}
	for died, lately := range map[string]string{
		`"deceasedDateTime":"1996-02-01"`: "Ended in the 12 months before death, or not taken\nMedicine | When | Status\nTaxol | prescribed Jun-1995 | Stopped\n1 medicine that",
		`"deceasedBoolean":true`:          "2 medicines that",
	} {
		p, entries := hand(t, append([]string{`identity: {"resourceType":"Patient","id":"p","name":[{"text":"Ada"}],"birthDate":"1911",` + died + `}`}, lines...)...)
		v := read(t, build(t, whole(p, entries)))
		if got := v.text("10160-0"); !strings.HasPrefix(got, "At the time of death\nMedicine | Since | Status\nFurosemide | 1934 | Active\n"+lately) || strings.Contains(got, "Current") {
			t.Errorf("%s: %q", died, got)
		}
		if got := v.text("11450-4"); !strings.HasPrefix(got, "At the time of death\n") {
			t.Errorf("%s: %q", died, got)
		}
		if about := visible(v.Comp["text"].(object)["div"].(string)); !strings.Contains(about, "The person has died.") {
			t.Errorf("%s: %q", died, about)
		}
	}
	p, entries := hand(t, append([]string{strings.Replace(handPatient, `"gender"`, `"deceasedBoolean":false,"gender"`, 1)}, lines...)...)
	if got := told(read(t, build(t, whole(p, entries)))); strings.Contains(got, "death") || strings.Contains(got, "died") || !strings.Contains(got, "Current\n") {
		t.Errorf("somebody who lives: %q", got)
	}
}

// A section that cannot be about the person is neither withheld nor empty. What is
// recorded is shown, whatever the Patient says.
func TestDoesNotApply(t *testing.T) {
	births := `results: {"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"11640-0"}],"text":"Births"},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2000","valueInteger":2}`
	without := record.AllSections &^ record.SectionsOf(record.Results)
	for gender, applies := range map[string]bool{"male": false, "female": true, "other": true, "unknown": true, "": true} {
		patient := strings.Replace(handPatient, `"gender":"female",`, `"gender":"`+gender+`",`, 1)
		if gender == "" {
			patient = strings.Replace(handPatient, `"gender":"female",`, "", 1)
		}
		p, nothing := hand(t, patient)
		_, something := hand(t, patient, births)
		about := visible(read(t, build(t, whole(p, nothing))).Comp["text"].(object)["div"].(string))
		if strings.Contains(about, "pregnancies") != applies {
			t.Errorf("%s, nothing: %q", gender, about)
		}
		for _, entries := range [][]ips.Entry{nothing, something} { // the same, whether there is anything or not
			v := read(t, build(t, shared(p, entries, without)))
			if got := v.empty("10162-6"); (got == "withheld") != applies || v.empty("30954-2") != "withheld" {
				t.Errorf("%s, not shared: %q, %q", gender, got, v.empty("30954-2"))
			}
		}
		if got := read(t, build(t, whole(p, something))).text("10162-6"); !strings.Contains(got, "Births | 2") {
			t.Errorf("%s, recorded: %q", gender, got)
		}
	}
}

// What came from a card whose issuer nobody has checked says so, wherever it stands.
func TestNotVerified(t *testing.T) {
	const (
		mark  = `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"UNCERTREL","display":"anything"}]},`
		other = `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"UNCERTREL"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"RELIABLE"}]},`
		words = "Not verified: nobody has checked who issued it"
	)
	shot := func(id, meta, date string) string {
		return fmt.Sprintf(`vaccinations: {"resourceType":"Immunization","id":%q,%s"status":"completed","vaccineCode":{"text":"X"},"patient":{"reference":"Patient/p"},"occurrenceDateTime":%q}`, id, meta, date)
	}
	none := `allergies: {"resourceType":"AllergyIntolerance","id":"a",` + mark + `"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":` + sct("716186003", "No known allergy") + `,"patient":{"reference":"Patient/p"},"recordedDate":"2026"}`
	p, entries := hand(t, handPatient, shot("a", mark, "2026"), shot("b", mark, "2025"), shot("c", "", "2024"), none)
	doc := build(t, whole(p, entries))
	v := read(t, doc)
	if got, want := v.text("11369-6"), "Vaccine | Date | Status | Earlier\nX / "+words+" | 2026 | Completed | 2025 (not verified), 2024"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got, want := v.text("48765-2"), "Recorded: No known allergy, stated 2026; by whom is not recorded. "+words+"."; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	page, err := ips.Page(doc)
	if err != nil || strings.Count(string(page), words) != 2 || !strings.Contains(string(page), "2025 (not verified)") {
		t.Errorf("%v: on the page %d times", err, strings.Count(string(page), words))
	}
	p, entries = hand(t, handPatient, shot("a", other, "2026"), shot("c", "", "2024"))
	if got := told(read(t, build(t, whole(p, entries)))); strings.Contains(strings.ToLower(got), "not verified") {
		t.Errorf("without the mark: %q", got)
	}
}

// A page of the whole record says which of its entries are kept apart as sensitive, and
// nothing where none is.
func TestSensitiveIsSaid(t *testing.T) {
	const (
		condition = `{"resourceType":"Condition","id":%q,"code":{"text":%q},"subject":{"reference":"Patient/p"}}`
		said      = "It holds what is kept apart as sensitive: mental health. Whoever has this page can read it."
	)
	p, entries := hand(t, handPatient, "conditions: "+fmt.Sprintf(condition, "c", "Asthma"), "mental-health: "+fmt.Sprintf(condition, "d", "Low mood"))
	about := func(in ips.Input) string {
		return visible(read(t, build(t, in)).Comp["text"].(object)["div"].(string))
	}
	if got := about(whole(p, entries)); !strings.Contains(got, said) {
		t.Errorf("it is not said: %q", got)
	}
	if got := about(whole(p, entries[:2])); strings.Contains(got, "kept apart") {
		t.Errorf("it is said where nothing is: %q", got)
	}
}

// It is said, and the document is restricted, in whatever form it tells of what is kept
// apart: in the text alone, beside what points to it, or by its name (IPS 2.0, "High
// Water Mark"). The label of an entry counts as well when only the text tells of it.
func TestSensitiveIsSaidInAnyForm(t *testing.T) {
	const goal = `{"resourceType":"Goal","id":"x","lifecycleStatus":"active","description":{"text":"Stay off heroin"},"subject":{"reference":"Patient/p"}%s}`
	medicine := func(more string) string {
		return `medicines: {"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","subject":{"reference":"Patient/p"}` + more + `}`
	}
	for name, c := range map[string]struct {
		lines      []string
		said, high string
	}{
		"a goal":   {[]string{"substance-use: " + fmt.Sprintf(goal, "")}, "substance use", "R"},
		"never":    {[]string{strings.Replace(medicine(`,"doNotPerform":true,"medicationCodeableConcept":{"text":"No heroin substitute"}`), "medicines", "substance-use", 1)}, "substance use", "R"},
		"a device": {[]string{`mental-health: {"resourceType":"Device","id":"x","status":"active","deviceName":[{"name":"heroin pump","type":"user-friendly-name"}],"patient":{"reference":"Patient/p"}}`}, "mental health", "R"},
		"a part": {[]string{`results: {"resourceType":"DiagnosticReport","id":"r","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0074","code":"LAB"}]}],"code":{"text":"Blood"},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-11-01","specimen":[{"reference":"Specimen/x"}]}`,
			`sexual-health: {"resourceType":"Specimen","id":"x","type":{"text":"Swab, of heroin"},"subject":{"reference":"Patient/p"}}`}, "sexual health", "R"},
		"what must not be given": {[]string{medicine(`,"doNotPerform":true,"medicationReference":{"reference":"Medication/x"}`),
			`substance-use: {"resourceType":"Medication","id":"x","code":{"text":"Diamorphine (heroin)"}}`}, "substance use", "R"},
		"what it is for": {[]string{medicine(`,"medicationCodeableConcept":{"text":"Methadone"},"reasonReference":[{"reference":"Condition/x"}]`),
			`substance-use: {"resourceType":"Condition","id":"x","verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"refuted"}]},"code":{"text":"Use of heroin"},"subject":{"reference":"Patient/p"}}`}, "substance use", "R"},
		"a label": {[]string{"plan: " + fmt.Sprintf(goal, `,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"}]}`)}, "", "V"},
		"neither": {[]string{"plan: " + fmt.Sprintf(goal, "")}, "", "N"},
	} {
		p, entries := hand(t, append([]string{handPatient}, c.lines...)...)
		doc, shown, err := ips.BuildShown(whole(p, entries))
		if err != nil {
			t.Fatal(err)
		}
		v := read(t, doc)
		about := visible(v.Comp["text"].(object)["div"].(string))
		if c.said == "" && strings.Contains(about, "kept apart") || c.said != "" && !strings.Contains(about, "It holds what is kept apart as sensitive: "+c.said+". Whoever") {
			t.Errorf("%s: %q", name, about)
		}
		security := v.Bundle["meta"].(object)["security"].([]any)[0].(object)["code"]
		if !strings.Contains(string(doc), "heroin") || v.Comp["confidentiality"] != c.high || security != c.high {
			t.Errorf("%s: it is labelled %v, %v", name, v.Comp["confidentiality"], security)
		}
		if len(shown) != len(entries) { // what it tells of is what was shown
			t.Errorf("%s: shown are %v", name, shown)
		}
	}
}
