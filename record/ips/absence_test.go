package ips_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/ips"
)

func ref(s string) fhir.Ref { r, _ := fhir.ParseRef(s); return r }

// homes is where the entries of each section are, by hand from docs/filing.md.
var homes = map[string]record.SectionSet{
	"48765-2": record.SectionsOf(record.Allergies), "10160-0": record.SectionsOf(record.Medicines), "11450-4": record.SectionsOf(record.Conditions),
	"104605-1": record.SectionsOf(record.Conditions, record.Support), "42348-3": record.SectionsOf(record.Plan), "11369-6": record.SectionsOf(record.Vaccination),
	"30954-2": record.SectionsOf(record.Results), "8716-3": record.SectionsOf(record.Measures), "47519-4": record.SectionsOf(record.Visits),
	"46264-8": record.SectionsOf(record.Conditions, record.Support), "10162-6": record.SectionsOf(record.Results), "11348-0": record.SectionsOf(record.Conditions),
	"47420-5": record.SectionsOf(record.Support), "18776-5": record.SectionsOf(record.Plan), "29762-2": record.SectionsOf(record.Support, record.Measures), "81338-6": record.SectionsOf(record.AboutMe),
}

const (
	doesNotMean  = "That does not mean there are none."
	notShared    = "not in what was shared. This does not say whether anything is recorded."
	onlyPart     = "Only part of this was shared."
	notSensitive = "Sensitive parts of the record were not shared; whether they hold more is not said."
)

// The states of each section, told apart in code and in words.
func TestAbsenceStates(t *testing.T) {
	p, empty := hand(t, handmade["empty"]...)
	_, full := hand(t, handmade["everything"]...)
	nothing := read(t, build(t, whole(p, empty)))
	about := visible(nothing.Comp["text"].(object)["div"].(string))
	if len(homes) != len(ipsSections) {
		t.Fatal("not every section is looked at")
	}
	for code, home := range homes {
		// Nothing recorded: the required sections say so, the others are named.
		if strings.Contains(" 48765-2 10160-0 11450-4 ", " "+code+" ") {
			if text := nothing.text(code); !strings.HasPrefix(text, "No ") || !strings.HasSuffix(text, doesNotMean) || nothing.empty(code) != "unavailable" {
				t.Errorf("%s, nothing recorded: %s %q", code, nothing.empty(code), text)
			}
		} else if nothing.section(code) != nil {
			t.Errorf("%s is there, and nothing is recorded", code)
		}
		// Not shared: said of every section, and the same whether there is anything or not.
		without := record.AllSections &^ home
		if code == "18776-5" { // vaccinations due are filed with vaccinations, and are shown with them
			without &^= record.SectionsOf(record.Vaccination)
		}
		a, b := build(t, shared(p, full, without)), build(t, shared(p, empty, without))
		for _, v := range []view{read(t, a), read(t, b)} {
			if text := v.text(code); !strings.HasSuffix(text, notShared) || strings.Contains(text, doesNotMean) || v.empty(code) != "withheld" || v.entries(code) != "" {
				t.Errorf("%s, not shared: %s %q", code, v.empty(code), text)
			}
		}
		if x, y := read(t, a).section(code), read(t, b).section(code); fmt.Sprint(x) != fmt.Sprint(y) {
			t.Errorf("%s, not shared: tells whether there is anything", code)
		}
		// Shared, something recorded: none of these words.
		v := read(t, build(t, whole(p, full)))
		if text := v.text(code); text == "" || strings.Contains(text, doesNotMean) || strings.Contains(text, "shared") || v.empty(code) != "" {
			t.Errorf("%s, something recorded: %s %q", code, v.empty(code), text)
		}
		// Without the sensitive sections: what there is, and that there may be more.
		v = read(t, build(t, shared(p, full, ordinary())))
		if text := v.text(code); !strings.Contains(text, notSensitive) || strings.Contains(text, onlyPart) {
			t.Errorf("%s, without the sensitive: %q", code, text)
		}
		// Of two homes one: partly shared.
		if l := home.List(); len(l) == 2 {
			v = read(t, build(t, shared(p, empty, without.With(l[0]))))
			if text := v.text(code); !strings.Contains(text, onlyPart+" Not in what was shared: "+strings.ReplaceAll(l[1].String(), "-", " ")) || v.empty(code) != "withheld" || !strings.Contains(text, doesNotMean) {
				t.Errorf("%s, one of two: %s %q", code, v.empty(code), text)
			}
		}
	}
	for _, noun := range []string{"alerts", "advance decisions", "vaccinations", "test results", "measurements", "operations or procedures", "implants or equipment", "pregnancies",
		"past conditions", "assessments of everyday abilities", "plans", "facts about daily life", "words of the person's own"} {
		if !strings.Contains(about, noun) {
			t.Errorf("the document does not say that nothing is recorded about %s: %q", noun, about)
		}
	}
}

// Recorded none: an entry, with who said it and when; never an emptyReason.
func TestRecordedNone(t *testing.T) {
	p, entries := hand(t, handmade["known none"]...)
	v := read(t, build(t, whole(p, entries)))
	for code, want := range map[string]string{
		"48765-2": "AllergyIntolerance/a Recorded: No known allergies, stated 03-Mar-2026 by Dr Amara Okafor.",
		"10160-0": "MedicationStatement/m Recorded: No known medications, stated Mar-2026 by the person.",
		"11450-4": "Condition/c Recorded: No known problems, stated 2025; by whom is not recorded.",
		"11369-6": "Immunization/v Recorded: No known immunizations, stated 02-Jan-2024; by whom is not recorded.",
		"47519-4": "Procedure/x Recorded: No known procedures, stated; when and by whom is not recorded.",
		"46264-8": "DeviceUseStatement/d Recorded: No known device use, stated 01-Jan-2026; by whom is not recorded.",
	} {
		if got := v.entries(code) + " " + v.text(code); got != want || v.empty(code) != "" {
			t.Errorf("%s: %q, want %q (%s)", code, got, want, v.empty(code))
		}
	}
	if v.has("Device/none") == false {
		t.Error("the Device that says none is not in the document")
	}
}

// What looks like none and is not.
func TestNotQuiteNone(t *testing.T) {
	allergy := func(id, code, display, clinical, verified string) string {
		return fmt.Sprintf(`allergies: {"resourceType":"AllergyIntolerance","id":%q,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":%q}]},"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification","code":%q}]},"code":{"coding":[{"system":"http://snomed.info/sct","code":%q,"display":%q}]},"patient":{"reference":"Patient/p"},"recordedDate":"2026-03-03"}`, id, clinical, verified, code, display)
	}
	none := allergy("a", "716186003", "No known allergy", "active", "confirmed")
	for name, c := range map[string]struct {
		lines []string
		want  []string
		not   []string
	}{
		"a kind of none": {[]string{allergy("a", "429625007", "No known food allergy", "active", "confirmed")},
			[]string{"Recorded: No known food allergy, stated 03-Mar-2026", "That does not mean there is nothing else."}, nil},
		"none, and one": {[]string{none, allergy("b", "91936005", "Allergy to penicillin", "active", "confirmed")},
			[]string{"Recorded: No known allergy", "Allergy to penicillin", "the two do not agree"}, []string{doesNotMean}},
		"none, refuted":           {[]string{allergy("a", "716186003", "No known allergy", "inactive", "refuted")}, []string{"No known allergy |", "Ruled out"}, []string{"Recorded: No"}},
		"none, refuted, active":   {[]string{allergy("a", "716186003", "No known allergy", "active", "refuted")}, []string{"No known allergy |", "Ruled out"}, []string{"Recorded: No"}},
		"none, no longer":         {[]string{allergy("a", "716186003", "No known allergy", "resolved", "confirmed")}, []string{"No known allergy |", "Resolved"}, []string{"Recorded: No"}},
		"nothing known":           {[]string{allergy("a", "1287211007", "No information available", "active", "confirmed")}, []string{"Recorded: No information available", doesNotMean}, nil},
		"only one ruled out":      {[]string{allergy("a", "91936005", "Allergy to penicillin", "inactive", "refuted")}, []string{"Ruled out: not an allergy"}, []string{"No allergies are recorded", "Recorded: No"}},
		"of another section only": {[]string{strings.Replace(none, "716186003", "787481004", 1)}, []string{"No known allergy |"}, []string{"Recorded: No"}},
		"only an error": {[]string{strings.Replace(strings.Replace(none, `"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},`, "", 1), `"confirmed"`, `"entered-in-error"`, 1)},
			[]string{"No current allergies are recorded here. " + doesNotMean, "1 entry marked as entered in error is left out."}, []string{"Recorded: No"}},
	} {
		p, entries := hand(t, append([]string{handPatient}, c.lines...)...)
		text := read(t, build(t, whole(p, entries))).text("48765-2")
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q in %q", name, w, text)
			}
		}
		for _, w := range c.not {
			if strings.Contains(text, w) {
				t.Errorf("%s: %q in %q", name, w, text)
			}
		}
	}
}

// What scopes leave out is said by its kind, beside what was shared.
func TestScopes(t *testing.T) {
	p, full := hand(t, handmade["everything"]...)
	v := read(t, build(t, shared(p, full, record.AllSections, "Patient", "MedicationRequest", "Observation")))
	if text := v.text("10160-0"); !strings.Contains(text, onlyPart+" Not in what was shared: statements of medicines taken, medicines handed out, medicines given.") || v.entries("10160-0") != "MedicationRequest/metformin" {
		t.Errorf("medicines: %q", text)
	}
	if text := v.text("48765-2"); !strings.HasSuffix(text, notShared) || v.empty("48765-2") != "withheld" {
		t.Errorf("allergies: %q", text)
	}
	if text := v.text("30954-2"); !strings.Contains(text, onlyPart+" Not in what was shared: reports.") {
		t.Errorf("results: %q", text)
	}
	about := visible(v.Comp["text"].(object)["div"].(string))
	for _, w := range []string{"Made from what the person shared with Dr Amara Okafor, Elm Road Surgery, until 29-Nov-2026 09:30 UTC at the latest.", "Every part of the record was shared.",
		"Kinds of entry that were not shared: allergies, statements of medicines taken, medicines handed out"} {
		if !strings.Contains(about, w) {
			t.Errorf("no %q in %q", w, about)
		}
	}
	// A grant without end says so.
	in := shared(p, full, record.AllSections)
	in.Share.Until = time.Time{}
	if about := visible(read(t, build(t, in)).Comp["text"].(object)["div"].(string)); !strings.Contains(about, "until they stop it.") {
		t.Errorf("%q", about)
	}
}

// An allergy that the person filed elsewhere is listed, with the words that the
// section itself was not shared.
func TestFiledElsewhere(t *testing.T) {
	p, entries := hand(t, handPatient, strings.Replace(handmade["everything"][4], "allergies: ", "documents: ", 1))
	v := read(t, build(t, shared(p, entries, record.SectionsOf(record.Documents))))
	if text := v.text("48765-2"); v.entries("48765-2") != "AllergyIntolerance/pen" || !strings.Contains(text, "Only what is kept in other parts of the record was shared of this.") {
		t.Errorf("%q", text)
	}
}

// The order of the entries changes no byte; the id of the document changes ids alone.
func TestDeterministic(t *testing.T) {
	lines := handmade["everything"]
	for _, id := range []string{"z", "m", "a"} { // of the same moment
		lines = append(lines[:len(lines):len(lines)], `conditions: {"resourceType":"Condition","id":"`+id+`","code":{"text":"`+id+`"},"subject":{"reference":"Patient/p"},"onsetDateTime":"2020"}`)
	}
	p, entries := hand(t, lines...)
	first := build(t, whole(p, entries))
	for i := range entries {
		turned := append(entries[i:len(entries):len(entries)], entries[:i]...)
		if !bytes.Equal(build(t, whole(p, turned)), first) {
			t.Fatalf("turned by %d, the document is another", i)
		}
	}
	in := whole(p, entries)
	in.ID[0]++
	v := read(t, build(t, in))
	w := read(t, first)
	if v.Comp["id"] == w.Comp["id"] || fmt.Sprint(v.Comp["section"]) != fmt.Sprint(w.Comp["section"]) {
		t.Error("another id: the same Composition, or other sections")
	}
}

// "No known medications", stopped: there are some by now, and nobody said which.
func TestNoneStopped(t *testing.T) {
	p, entries := hand(t, handPatient, strings.Replace(handmade["known none"][3], `"unknown"`, `"stopped"`, 1))
	if text := read(t, build(t, whole(p, entries))).text("10160-0"); strings.Contains(text, "Recorded:") || !strings.Contains(text, "No known medications | Mar-2026 | Stopped") {
		t.Errorf("%q", text)
	}
}

// A List that is empty and says why: told with who and when, and IPS has the code for it.
func TestEmptyLists(t *testing.T) {
	of := func(id, date, code, reason string) string {
		return `allergies: {"resourceType":"List","id":"` + id + `","status":"current","mode":"working","code":{"coding":[{"system":"http://loinc.org","code":"` + code + `"}]},"subject":{"reference":"Patient/p"},"date":"` + date + `","source":{"display":"Dr Okafor"},"emptyReason":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/list-empty-reason","code":"` + reason + `"}]}}`
	}
	penicillin := handmade["everything"][4]
	for name, c := range map[string]struct {
		lines       []string
		empty, text string
	}{
		"none known":   {[]string{of("l", "2026-03-03", "52472-8", "nilknown")}, "nilknown", "Recorded: None are known, stated 03-Mar-2026 by Dr Okafor."},
		"not asked":    {[]string{of("l", "2026-03", "48765-2", "notasked")}, "notasked", "Recorded: This was not asked, stated Mar-2026 by Dr Okafor.\nThat does not mean there are none."},
		"the newest":   {[]string{of("l", "2026", "48765-2", "notasked"), of("k", "2025", "48765-2", "nilknown")}, "notasked", "Recorded: This was not asked, stated 2026"},
		"withheld":     {[]string{of("l", "2026", "48765-2", "withheld")}, "unavailable", "No allergies are recorded here."},
		"of something": {[]string{of("l", "2026", "99999-9", "nilknown")}, "unavailable", "No allergies are recorded here."},
		"old":          {[]string{strings.Replace(of("l", "2026", "48765-2", "nilknown"), "current", "retired", 1)}, "unavailable", "No current allergies are recorded here."},
		"and one":      {[]string{of("l", "2026", "48765-2", "nilknown"), penicillin}, "", "the two do not agree"},
	} {
		p, entries := hand(t, append([]string{handPatient}, c.lines...)...)
		doc := build(t, whole(p, entries))
		run(t, name, doc)
		oracle(t, name, doc)
		v := read(t, doc)
		if text := v.text("48765-2"); v.empty("48765-2") != c.empty || !strings.Contains(text, c.text) || v.has("List/l") {
			t.Errorf("%s: %s %q", name, v.empty("48765-2"), text)
		}
	}
}

// References: contained, absolute, in circles, to what is not there and to elsewhere.
func TestReferences(t *testing.T) {
	p, entries := hand(t, handPatient,
		`medicines: {"resourceType":"MedicationRequest","id":"a","status":"active","intent":"order","contained":[{"resourceType":"Medication","id":"m","code":{"text":"Inside"}}],"medicationReference":{"reference":"#m"},"subject":{"reference":"Patient/p"}}`,
		`medicines: {"resourceType":"MedicationRequest","id":"b","status":"active","intent":"order","medicationReference":{"reference":"https://carehold.example/fhir/Medication/here"},"subject":{"reference":"Patient/p"},"requester":{"reference":"Organization/one"}}`,
		`medicines: {"resourceType":"MedicationRequest","id":"c","status":"active","intent":"order","medicationReference":{"reference":"https://elsewhere.example/fhir/Medication/here"},"subject":{"reference":"Patient/p"},"requester":{"reference":"Practitioner/gone"},"encounter":{"reference":"Encounter/e"}}`,
		`medicines: {"resourceType":"Medication","id":"here","code":{"text":"Here"}}`,
		`visits: {"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"}}`,
		`providers: {"resourceType":"Organization","id":"one","name":"One","partOf":{"reference":"Organization/two"}}`,
		`providers: {"resourceType":"Organization","id":"two","name":"Two","partOf":{"reference":"Organization/one"}}`)
	doc := build(t, whole(p, entries))
	v := read(t, doc)
	if got, want := v.text("10160-0"), "Current\nMedicine | Status\nInside | Active\nHere | Active / prescribed by One\nNot named | Active"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !v.has("Organization/one") || !v.has("Organization/two") || !v.has("Medication/here") || v.has("Encounter/e") || v.has("Practitioner/gone") {
		t.Error("other companions than it should have")
	}
	for _, e := range entries { // no byte of an entry is another
		if e.Ref.Type != "Encounter" && !bytes.Contains(doc, append([]byte(`"resource":`), e.Body...)) {
			t.Errorf("%v is not as it was served", e.Ref)
		}
	}
}

// What Needs says is not needed changes no byte.
func TestNeeds(t *testing.T) {
	p, entries := marion(t)
	var needed []ips.Entry
	for _, e := range entries {
		if ips.Needs(e.Ref.Type, e.Section) {
			needed = append(needed, e)
		}
	}
	if len(needed) > len(entries)*8/10 || !bytes.Equal(build(t, whole(p, needed)), build(t, whole(p, entries))) {
		t.Errorf("%d of %d entries make another document", len(needed), len(entries))
	}
}
