package ips_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/ips"
)

// state is how one section says that something is not there.
type state struct {
	code, title string
	nothing     string // its text when nothing is recorded; "" for a section that is left out then
	noun        string // by which the document's own text names it then

	none string // an entry that says none, as "section: JSON"; "" where IPS has no code for it
	says string // its text then, after "Recorded: "

	part  record.SectionSet // a grant to a part of what the section draws from
	types string            // and to these types; "" for all
	lacks string            // what its text names as not shared; "" for no more than the sensitive sections

	quietly bool // of where its entries are as a rule all was shared: left out when nothing is recorded
}

const stated = ", stated 03-Mar-2026 by Dr Okafor."

// states is the table of all sixteen, by hand: the words from doc.go, what is drawn from
// where from docs/filing.md, the codes of none from the value sets of IPS 2.0.
var states = []state{
	{"48765-2", "Allergies", "No allergies are recorded here. That does not mean there are none.", "",
		`allergies: {"resourceType":"AllergyIntolerance","id":"n","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":` + sct("716186003", "No known allergy") + `,"patient":{"reference":"Patient/p"},"recordedDate":"2026-03-03","asserter":{"display":"Dr Okafor"}}`,
		"No known allergy" + stated, record.SectionsOf(record.Allergies), "", "", false},
	{"10160-0", "Medicines", "No current medicines are recorded here. That does not mean there are none.", "",
		`medicines: {"resourceType":"MedicationStatement","id":"n","status":"active","medicationCodeableConcept":` + sct("787481004", "No known medications") + `,"subject":{"reference":"Patient/p"},"dateAsserted":"2026-03-03","informationSource":{"display":"Dr Okafor"}}`,
		"No known medications" + stated, record.SectionsOf(record.Medicines), "MedicationRequest MedicationStatement", "medicines handed out, medicines given", false},
	{"11450-4", "Conditions", "No current conditions are recorded here. That does not mean there are none.", "",
		`conditions: {"resourceType":"Condition","id":"n","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":` + sct("160245001", "No current problems or disability") + `,"subject":{"reference":"Patient/p"},"recordedDate":"2026-03-03","asserter":{"display":"Dr Okafor"}}`,
		"No current problems or disability" + stated, record.SectionsOf(record.Conditions), "", "", false},
	{"104605-1", "Alerts", "", "alerts", "", "", record.SectionsOf(record.Conditions), "", "support, medicines", false},
	{"42348-3", "Advance decisions", "", "advance decisions", "", "", record.SectionsOf(record.Plan), "Consent", "documents", false},
	{"11369-6", "Vaccinations", "", "vaccinations",
		`vaccinations: {"resourceType":"Immunization","id":"n","status":"not-done","vaccineCode":` + sct("787482006", "No known immunizations") + `,"patient":{"reference":"Patient/p"},"occurrenceString":"never","recorded":"2026-03-03","performer":[{"actor":{"display":"Dr Okafor"}}]}`,
		"No known immunizations" + stated, record.SectionsOf(record.Vaccination), "", "", true},
	{"30954-2", "Test results", "", "test results", "", "", record.SectionsOf(record.Results), "Observation", "measurements, reports", false},
	{"8716-3", "Measurements", "", "measurements", "", "", record.SectionsOf(record.Measures), "", "", true},
	{"47519-4", "Operations and procedures", "", "operations or procedures",
		`visits: {"resourceType":"Procedure","id":"n","status":"completed","code":` + sct("787480003", "No known procedures") + `,"subject":{"reference":"Patient/p"},"asserter":{"display":"Dr Okafor"}}`,
		"No known procedures, stated by Dr Okafor; when is not recorded.", record.SectionsOf(record.Visits), "", "support", true},
	{"46264-8", "Implants and equipment", "", "implants or equipment",
		`support: {"resourceType":"DeviceUseStatement","id":"n","contained":[{"resourceType":"Device","id":"d","type":` + sct("787483001", "No known device use") + `}],"status":"active","subject":{"reference":"Patient/p"},"device":{"reference":"#d"},"recordedOn":"2026-03-03","source":{"display":"Dr Okafor"}}`,
		"No known device use" + stated, record.SectionsOf(record.Support), "", "conditions", false},
	{"10162-6", "Pregnancy", "", "pregnancies", "", "", record.SectionsOf(record.Results), "", "support, measurements", true},
	{"11348-0", "Past conditions", "", "past conditions", "", "", record.SectionsOf(record.Conditions), "", "support", true},
	{"47420-5", "Everyday abilities", "", "assessments of everyday abilities", "", "", record.SectionsOf(record.Support), "", "conditions, visits, documents", true},
	{"18776-5", "Plans", "", "plans", "", "", record.SectionsOf(record.Plan), "CarePlan", "vaccinations, goals, vaccinations due", false},
	{"29762-2", "Daily life", "", "facts about daily life", "", "", record.SectionsOf(record.Support), "", "measurements", false},
	{"81338-6", "What matters to me", "", "words of the person's own", "", "", record.SectionsOf(record.AboutMe), "QuestionnaireResponse", "documents", false},
}

func sct(code, display string) string {
	return fmt.Sprintf(`{"coding":[{"system":"http://snomed.info/sct","code":%q,"display":%q}]}`, code, display)
}

// aList is the way of R4 for any section: a List that is empty, and says why.
func aList(code string) string {
	return `documents: {"resourceType":"List","id":"n","status":"current","mode":"working","code":` + fmt.Sprintf(`{"coding":[{"system":"http://loinc.org","code":%q}]}`, code) +
		`,"subject":{"reference":"Patient/p"},"date":"2026-03-03","source":{"display":"Dr Okafor"},"emptyReason":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/list-empty-reason","code":"nilknown"}]}}`
}

const (
	reasonNone     = `{"coding":[{"code":"nilknown","display":"Nil Known","system":"http://terminology.hl7.org/CodeSystem/list-empty-reason"}],"text":"None are known"}`
	reasonNothing  = `{"coding":[{"code":"unavailable","display":"Unavailable","system":"http://terminology.hl7.org/CodeSystem/list-empty-reason"}],"text":"Nothing is recorded here"}`
	reasonPartly   = `{"coding":[{"code":"withheld","display":"Information Withheld","system":"http://terminology.hl7.org/CodeSystem/list-empty-reason"}],"text":"Only part was shared, and nothing is recorded in that part"}`
	reasonWithheld = `{"coding":[{"code":"withheld","display":"Information Withheld","system":"http://terminology.hl7.org/CodeSystem/list-empty-reason"}],"text":"Not in what was shared"}`
)

// looks is a section as FHIR has it, and as the page shows it.
type looks struct{ reason, entries, text, page string }

func look(t *testing.T, in ips.Input, s state) looks {
	t.Helper()
	doc := build(t, in)
	v := read(t, doc)
	page, err := ips.Page(doc)
	if err != nil {
		t.Fatal(err)
	}
	l := looks{text: v.text(s.code), entries: v.entries(s.code), page: onPage(string(page), s.title)}
	if sec := v.section(s.code); sec != nil && sec["emptyReason"] != nil {
		b, _ := json.Marshal(sec["emptyReason"])
		l.reason = string(b)
	}
	return l
}

// onPage is what a reader sees on a page below a heading; "" without one.
func onPage(page, title string) string {
	_, rest, found := strings.Cut(page, ">"+title+"</h2>")
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(rest, "</section>")
	return visible(strings.ReplaceAll(text, "<br>", "<br/>"))
}

// Recorded none, nothing recorded, not shared and partly shared: in each section another
// code and other words, in the document and on the page.
func TestStates(t *testing.T) {
	const quiet = "\nSensitive parts of the record were not shared; whether they hold more is not said."
	if len(states) != len(ipsSections) {
		t.Fatal("not every section is looked at")
	}
	for _, s := range states {
		check := func(name string, in ips.Input, want looks) {
			t.Helper()
			want.page = want.text
			if got := look(t, in, s); got != want {
				t.Errorf("%s, %s:\n got %+v\nwant %+v", s.title, name, got, want)
			}
		}
		p, empty := hand(t, handPatient)
		want := looks{text: s.nothing}
		if s.nothing != "" {
			want.reason = reasonNothing
		}
		check("nothing recorded", whole(p, empty), want)
		about := visible(read(t, build(t, whole(p, empty))).Comp["text"].(object)["div"].(string))
		_, named, _ := strings.Cut(about, "Nothing is recorded about: ")
		if s.noun != "" && !strings.Contains(", "+strings.Replace(named, ".", ",", 1), ", "+s.noun+",") || !strings.HasSuffix(named, "That does not mean there are none.") {
			t.Errorf("%s, nothing recorded: the document does not say so: %q", s.title, named)
		}

		if s.none != "" {
			p, entries := hand(t, handPatient, s.none)
			check("recorded none", whole(p, entries), looks{entries: entries[1].Ref.String(), text: "Recorded: " + s.says})
		}
		p, list := hand(t, handPatient, aList(s.code))
		check("recorded none in a List", whole(p, list), looks{reason: reasonNone, text: "Recorded: None are known" + stated})

		without := record.AllSections &^ homes[s.code]
		if s.code == "18776-5" { // vaccinations due are shown with the plans, from among the vaccinations
			without &^= record.SectionsOf(record.Vaccination)
		}
		_, full := hand(t, append(handmade["everything"], s.none)[:len(handmade["everything"])+min(len(s.none), 1)]...)
		for _, entries := range [][]ips.Entry{empty, full} { // the same, whether there is anything or not
			check("not shared", shared(p, entries, without), looks{reason: reasonWithheld, text: s.title + ": not in what was shared. This does not say whether anything is recorded."})
		}

		// Partly shared, and nothing in the part that was.
		noun := s.noun
		if s.nothing != "" {
			noun = strings.TrimPrefix(strings.TrimSuffix(s.nothing, " are recorded here. That does not mean there are none."), "No ")
		}
		want = looks{text: "No " + noun + " are recorded here. That does not mean there are none."}
		switch {
		case s.lacks != "":
			want.reason = reasonPartly
			want.text = "Only part of this was shared. Not in what was shared: " + s.lacks + ".\nIn what was shared, no " + noun + " are recorded. That does not mean there are none."
		default:
			want.reason = reasonNothing
		}
		want.text += quiet
		types := strings.Fields(s.types)
		if len(types) > 0 {
			types = append(types, "Patient")
		}
		in := shared(p, empty, s.part, types...)
		if s.quietly { // left out, as when nothing is recorded: the document's text says what was not shared
			about := visible(read(t, build(t, in)).Comp["text"].(object)["div"].(string))
			_, named, _ := strings.Cut(about, "Nothing is recorded, in what was shared, about: ")
			if !strings.Contains(", "+strings.Replace(named, ".", ",", 1), ", "+s.noun+",") {
				t.Errorf("%s, partly shared: the document does not say so: %q", s.title, named)
			}
			want = looks{}
		}
		check("partly shared", in, want)
	}
}
