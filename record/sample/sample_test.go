package sample

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// parsed is a source as a reader sees it.
type parsed struct {
	Source
	entries []map[string]any  // the resources
	urls    []string          // their fullUrls
	types   map[string]string // type by fullUrl
}

func parse(t *testing.T) []parsed {
	t.Helper()
	var all []parsed
	for _, s := range Sources() {
		var b struct {
			ResourceType, Type string
			Entry              []struct {
				FullURL  string
				Resource map[string]any
				Request  *struct{ Method, URL string }
			}
		}
		d := json.NewDecoder(bytes.NewReader(s.Bundle))
		d.UseNumber()
		if err := d.Decode(&b); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		if b.ResourceType != "Bundle" || b.Type != "transaction" && b.Type != "collection" {
			t.Fatalf("%s is a %s %s", s.Name, b.ResourceType, b.Type)
		}
		p := parsed{Source: s, types: map[string]string{}}
		for _, e := range b.Entry {
			typ := e.Resource["resourceType"].(string)
			// FHIR R4 bdl-3: a request in a transaction, and nowhere else.
			if (b.Type == "transaction") != (e.Request != nil) || e.Request != nil && (e.Request.Method != "POST" || e.Request.URL != typ) {
				t.Errorf("%s: %s has the wrong request", s.Name, e.FullURL)
			}
			if p.types[e.FullURL] != "" || !strings.HasPrefix(e.FullURL, "urn:uuid:") || len(e.FullURL) != 45 || e.FullURL[23] != '5' {
				t.Errorf("%s: fullUrl %s twice, or not a version 5 UUID", s.Name, e.FullURL)
			}
			p.types[e.FullURL] = typ
			p.entries, p.urls = append(p.entries, e.Resource), append(p.urls, e.FullURL)
		}
		all = append(all, p)
	}
	return all
}

// walk calls visit for each value below v with the name of its element.
func walk(name string, v any, visit func(name string, v any)) {
	visit(name, v)
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			walk(k, x, visit)
		}
	case []any:
		for _, x := range v {
			walk(name, x, visit)
		}
	}
}

func TestEveryResourceIsValidR4(t *testing.T) {
	d := loadR4(t)
	for _, p := range parse(t) {
		for i, r := range p.entries {
			for _, wrong := range d.check(r, p.types) {
				t.Errorf("%s, entry %d: %s", p.Name, i, wrong)
			}
		}
	}
}

// The checker has to see faults for its silence to mean something.
func TestTheCheckerSeesFaults(t *testing.T) {
	d := loadR4(t)
	for name, c := range map[string]struct{ resource, want string }{
		"missing":   {`{"resourceType":"Observation","status":"final"}`, "code is required"},
		"unknown":   {`{"resourceType":"Flag","status":"active","code":{"text":"x"},"subject":{"display":"x"},"severity":"x"}`, "there is no element severity"},
		"code":      {`{"resourceType":"Flag","status":"aktiv","code":{"text":"x"},"subject":{"display":"x"}}`, "is not in"},
		"date":      {`{"resourceType":"Patient","birthDate":"1955-13-01"}`, "is no date"},
		"list":      {`{"resourceType":"Patient","name":{"family":"x"}}`, "list where"},
		"dangling":  {`{"resourceType":"Patient","managingOrganization":{"reference":"urn:uuid:x"}}`, "not in the bundle"},
		"wrong ref": {`{"resourceType":"Patient","managingOrganization":{"reference":"urn:uuid:p"}}`, "may not refer to a Patient"},
		"choice":    {`{"resourceType":"Patient","deceasedBoolean":false,"deceasedDateTime":"2020"}`, "two values"},
		"binding":   {`{"resourceType":"AllergyIntolerance","patient":{"display":"x"},"clinicalStatus":{"coding":[{"system":"x","code":"active"}]}}`, "is not in"},
	} {
		var r map[string]any
		decoder := json.NewDecoder(strings.NewReader(c.resource))
		decoder.UseNumber()
		if err := decoder.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(d.check(r, map[string]string{"urn:uuid:p": "Patient"}), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q does not say %q", name, got, c.want)
		}
	}
}

// Some of R4's rules that cardinality does not say.
func TestRulesOfR4(t *testing.T) {
	for _, p := range parse(t) {
		for i, r := range p.entries {
			at := fmt.Sprintf("%s, entry %d (%s)", p.Name, i, r["resourceType"])
			switch r["resourceType"] {
			case "Condition": // con-4: what has abated is not active
				clinical := codeOf(r["clinicalStatus"])
				if (r["abatementDateTime"] != nil) && clinical == "active" {
					t.Errorf("%s: abated and active", at)
				}
			case "AllergyIntolerance": // ait-1
				if (r["clinicalStatus"] == nil) != (codeOf(r["verificationStatus"]) == "entered-in-error") {
					t.Errorf("%s: clinicalStatus", at)
				}
			case "Observation": // obs-6, and something is said at all
				n := 0
				for k := range r {
					if strings.HasPrefix(k, "value") || k == "component" || k == "dataAbsentReason" {
						n++
					}
				}
				if n != 1 {
					t.Errorf("%s: %d values", at, n)
				}
			case "Consent": // ppc-1: a policy or a rule
				if r["policy"] == nil && r["policyRule"] == nil {
					t.Errorf("%s: no policy", at)
				}
			}
			walk("", r, func(name string, v any) {
				o, ok := v.(map[string]any)
				if !ok {
					return
				}
				if start, end := fmt.Sprint(o["start"]), fmt.Sprint(o["end"]); o["end"] != nil && o["start"] != nil && start > end {
					t.Errorf("%s: %s runs from %s to %s", at, name, start, end) // per-1
				}
			})
		}
	}
}

func codeOf(v any) string {
	o, _ := v.(map[string]any)
	codings, _ := o["coding"].([]any)
	if len(codings) == 0 {
		return ""
	}
	s, _ := codings[0].(map[string]any)["code"].(string)
	return s
}

func TestReferencesResolveInsideTheirBundle(t *testing.T) {
	for _, p := range parse(t) {
		for i, r := range p.entries {
			walk("", r, func(name string, v any) {
				if s, ok := v.(string); ok && (name == "reference" || name == "url") && strings.HasPrefix(s, "urn:uuid:") && p.types[s] == "" {
					t.Errorf("%s, entry %d: %s is not there", p.Name, i, s)
				} else if ok && name == "reference" && !strings.HasPrefix(s, "urn:uuid:") {
					t.Errorf("%s, entry %d: %s leaves the bundle", p.Name, i, s)
				}
			})
		}
	}
}

func TestOnePersonThroughout(t *testing.T) {
	name, birthDate, number := Person()
	if name != "Marion Elizabeth Wetherlow" || birthDate != "1955-03-14" || number != "9990551405" {
		t.Fatal("Person says somebody else")
	}
	subjects := map[string]bool{"subject": true, "patient": true, "beneficiary": true, "for": true}
	for _, p := range parse(t) {
		var patient string
		for i, r := range p.entries {
			if r["resourceType"] != "Patient" {
				continue
			}
			if patient != "" {
				t.Errorf("%s has two Patients", p.Name)
			}
			patient = p.urls[i]
			text, _ := json.Marshal(r)
			for _, want := range []string{birthDate, number, `"family":"Wetherlow"`, `"given":["Marion","Elizabeth"]`} {
				if !bytes.Contains(text, []byte(want)) {
					t.Errorf("%s: the Patient does not say %s", p.Name, want)
				}
			}
		}
		for i, r := range p.entries {
			for element, v := range r {
				if !subjects[element] {
					continue
				}
				walk("", v, func(n string, v any) {
					if n == "reference" && v != patient {
						t.Errorf("%s, entry %d is about somebody else", p.Name, i)
					}
				})
			}
		}
	}
}

// Everybody with a grant reads the identity: it must not tell that there is a
// clinic, or a mental health trust.
func TestThePatientDoesNotTellOfSensitiveSources(t *testing.T) {
	for _, p := range parse(t) {
		if p.Name != "sexual-health-clinic" && p.Name != "mental-health-trust" {
			continue
		}
		for _, r := range p.entries {
			if r["resourceType"] != "Patient" {
				continue
			}
			text, _ := json.Marshal(r)
			for _, word := range []string{"arches", "clinic", "fells", "managingOrganization", "generalPractitioner", "urn:uuid"} {
				if strings.Contains(strings.ToLower(string(text)), strings.ToLower(word)) {
					t.Errorf("%s: the Patient says %q", p.Name, word)
				}
			}
		}
	}
}

// The algorithm is the NHS Data Dictionary's: weights 10 to 2, modulus 11.
func TestNHSNumber(t *testing.T) {
	valid := func(s string) bool {
		sum := 0
		for i := range 9 {
			sum += int(s[i]-'0') * (10 - i)
		}
		check := (11 - sum%11) % 11
		return check < 10 && int(s[9]-'0') == check
	}
	if !valid("9434765919") || valid("4857773456") || valid("1234567890") {
		t.Fatal("the check itself is wrong")
	}
	_, _, number := Person()
	if !valid(number) || !strings.HasPrefix(number, "999") {
		t.Errorf("%s is no synthetic NHS number", number)
	}
}

// Telephone numbers are from the ranges Ofcom keeps for drama.
func TestTelephoneNumbersAreDrama(t *testing.T) {
	for _, p := range parse(t) {
		for _, r := range p.entries {
			walk("", r["telecom"], func(name string, v any) {
				s, _ := v.(string)
				if name == "value" && !strings.HasPrefix(s, "01632 960") && !strings.HasPrefix(s, "07700 900") {
					t.Errorf("%s: %s", p.Name, s)
				}
			})
		}
	}
}

var date = regexp.MustCompile(`^\d{4}(-\d\d(-\d\d(T.*)?)?)?$`)

func TestDatesAreInHerLife(t *testing.T) {
	n := 0
	for _, p := range parse(t) {
		for i, r := range p.entries {
			typ := r["resourceType"]
			walk("", r, func(name string, v any) {
				s, ok := v.(string)
				if !ok || !date.MatchString(s) {
					return
				}
				day := s[:min(len(s), 10)]
				if _, err := time.Parse("2006-01-02"[:len(day)], day); err != nil {
					t.Errorf("%s, entry %d: %s", p.Name, i, err)
				}
				n++
				if day < born[:len(day)] {
					t.Errorf("%s, entry %d (%v): %s %s is before she was born", p.Name, i, typ, name, s)
				}
				// What lies ahead: when a grant of money or a plan ends, when a goal is due.
				ahead := name == "end" && (typ == "Account" || typ == "Coverage" || typ == "CarePlan") || name == "dueDate"
				if day > Today[:len(day)] && !ahead {
					t.Errorf("%s, entry %d (%v): %s %s has not happened", p.Name, i, typ, name, s)
				}
				if clock, err := time.Parse(time.RFC3339, s); len(s) > 10 && (err != nil || clock.After(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))) {
					t.Errorf("%s, entry %d: %s %s", p.Name, i, name, s)
				}
			})
		}
	}
	if n < 2000 {
		t.Errorf("only %d dates looked at", n)
	}
}

func TestSizeAndSections(t *testing.T) {
	entries, size := 0, 0
	types := map[string]int{}
	labels := map[string]int{}
	for _, p := range parse(t) {
		entries += len(p.entries)
		size += len(p.Bundle)
		for _, r := range p.entries {
			types[r["resourceType"].(string)]++
			walk("", r["meta"], func(name string, v any) {
				if s, ok := v.(string); ok && name == "code" {
					labels[s]++
				}
			})
		}
	}
	if entries < 600 || entries > 1300 || size > 1_500_000 {
		t.Errorf("%d entries, %d bytes", entries, size)
	}
	for _, want := range []string{"Patient", "Practitioner", "Organization", "QuestionnaireResponse", "AllergyIntolerance", "MedicationRequest", "MedicationStatement",
		"MedicationDispense", "Condition", "Immunization", "DiagnosticReport", "Observation", "Encounter", "Procedure", "DocumentReference", "Binary", "EpisodeOfCare", "Task", "Flag",
		"Device", "RelatedPerson", "CareTeam", "CarePlan", "Goal", "Account", "Coverage", "ChargeItem", "Invoice", "Claim", "Provenance", "Composition", "List", "Appointment", "ServiceRequest", "Consent"} {
		if types[want] == 0 {
			t.Errorf("no %s", want)
		}
	}
	for _, want := range []string{"PSY", "SEX", "ETH", "SDV", "R"} {
		if labels[want] == 0 {
			t.Errorf("nothing labelled %s", want)
		}
	}
	if types["Provenance"] < 50 {
		t.Errorf("%d Provenance entries", types["Provenance"])
	}
}

func TestSameBytesEveryTime(t *testing.T) {
	first, second := Sources(), Sources()
	for i := range first {
		if sha256.Sum256(first[i].Bundle) != sha256.Sum256(second[i].Bundle) {
			t.Errorf("%s differs from itself", first[i].Name)
		}
	}
}

// RFC 9562 appendix A.4: version 5 in the DNS namespace.
func TestUUID(t *testing.T) {
	saved := namespace
	defer func() { namespace = saved }()
	namespace = [16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	if got, want := uuid("www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestClockOffsets(t *testing.T) {
	for day, want := range map[string]string{ // gov.uk: clocks change on the last Sundays
		"2024-03-30": "+00:00", "2024-04-01": "+01:00", "2024-10-26": "+01:00", "2024-10-28": "+00:00", "2026-03-29": "+01:00",
	} {
		if got := at(day, "12:00"); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
	}
}
