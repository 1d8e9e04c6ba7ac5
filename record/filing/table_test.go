package filing_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/filing"
)

// systems of the sketches in testdata/table.txt.
var systems = map[string]string{
	"icd10": "http://hl7.org/fhir/sid/icd-10", "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm", "icd9": "http://hl7.org/fhir/sid/icd-9-cm",
	"icd11": "http://id.who.int/icd/release/11/mms", "sct": "http://snomed.info/sct", "loinc": "http://loinc.org",
	"rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm", "atc": "http://www.whocc.no/atc", "bnf": "https://fhir.hl7.org.uk/CodeSystem/bnf",
	"act": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "conf": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
	"stu3": "http://hl7.org/fhir/v3/ActCode", "oid": "urn:oid:2.16.840.1.113883.5.4", "none": "", "other": "https://example.org/labels",
	"local": "https://example.org/codes", "cat": "http://terminology.hl7.org/CodeSystem/observation-category",
	"uscore": "http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "flag": "http://terminology.hl7.org/CodeSystem/flag-category",
	"scope": "http://terminology.hl7.org/CodeSystem/consentscope", "epi": "http://terminology.hl7.org/CodeSystem/episodeofcare-type",
	"role": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "loc": "http://terminology.hl7.org/CodeSystem/location-physical-type",
}

// sketch makes a resource of a line such as `Condition code=icd10:F32.1`.
func sketch(t testing.TB, text string) *fhir.Resource {
	t.Helper()
	typ, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	res := map[string]any{"resourceType": typ, "id": "x"}
	var security []any
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			t.Fatalf("sketch %q: no = in %q", text, rest)
		}
		value := after
		if i := endOfValue(after); i < len(after) {
			value, rest = after[:i], after[i:]
		} else {
			rest = ""
		}
		switch {
		case strings.HasSuffix(name, ":"):
			put(res, strings.TrimSuffix(name, ":"), strings.Trim(value, `"`))
		case name == "label", name == "conf":
			system, code, ok := strings.Cut(value, ":")
			if !ok {
				system, code = map[string]string{"label": "act", "conf": "conf"}[name], value
			}
			security = append(security, coding(t, system, code))
		case strings.HasPrefix(value, `"`):
			put(res, name, map[string]any{"text": strings.Trim(value, `"`)})
		default:
			system, code, _ := strings.Cut(value, ":")
			put(res, name, map[string]any{"coding": []any{coding(t, system, code)}})
		}
	}
	if security != nil {
		res["meta"] = map[string]any{"security": security}
	}
	b, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	r, err := fhir.Parse(b, fhir.Limits{})
	if err != nil {
		t.Fatalf("sketch %q: %v", text, err)
	}
	return r
}

func endOfValue(s string) int {
	quoted := false
	for i, c := range s {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ' ' && !quoted:
			return i
		}
	}
	return len(s)
}

func coding(t testing.TB, system, code string) map[string]any {
	url, ok := systems[system]
	if !ok {
		t.Fatalf("sketch: no system called %q", system)
	}
	code, display, _ := strings.Cut(code, "/")
	c := map[string]any{"code": code}
	if url != "" {
		c["system"] = url
	}
	if display != "" {
		c["display"] = strings.Trim(display, `"`)
	}
	return c
}

// put sets a.b.c; elements that repeat are lists of one.
func put(res map[string]any, path string, value any) {
	first, rest, deep := strings.Cut(path, ".")
	if deep {
		inner := map[string]any{}
		put(inner, rest, value)
		value = inner
	}
	switch first {
	case "category", "reasonCode", "specialty", "securityLabel", "activity", "condition", "dosageInstruction", "additionalInstruction":
		value = []any{value}
	case "qualification":
		value = []any{map[string]any{"code": value}}
	case "type":
		if t := res["resourceType"]; t == "Encounter" || t == "EpisodeOfCare" || t == "Location" {
			value = []any{value}
		}
	}
	res[first] = value
}

type row struct{ sketch, section, rule, why string }

func readTable(t testing.TB) (rows []row) {
	b, err := os.ReadFile("testdata/table.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		left, right, ok := strings.Cut(line, " -> ")
		parts := strings.Split(right, " | ")
		if !ok || len(parts) != 3 {
			t.Fatalf("table.txt: %q", line)
		}
		rows = append(rows, row{strings.TrimSpace(left), strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1]), parts[2]})
	}
	return rows
}

func TestTable(t *testing.T) {
	rows := readTable(t)
	if len(rows) < 150 {
		t.Fatalf("only %d rows", len(rows))
	}
	for _, r := range rows {
		got := filing.Section(sketch(t, r.sketch), nil)
		if got.Section.String() != r.section || got.Why.Rule != r.rule {
			t.Errorf("%s: %v by %s (%v), want %s by %s: %s", r.sketch, got.Section, got.Why.Rule, got.Why, r.section, r.rule, r.why)
		}
	}
}

func TestEveryType(t *testing.T) {
	b, err := os.ReadFile("testdata/types.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		name, list, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		want, err := record.ParseSection(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range strings.Fields(list) {
			if seen[typ] || !fhir.KnownType(typ) {
				t.Errorf("types.txt: %s is there twice, or no type of R4", typ)
			}
			seen[typ] = true
			got := filing.Section(sketch(t, typ), nil)
			if got.Section != want || got.Why.Rule != "type:"+typ {
				t.Errorf("%s: %v by %s, want %v", typ, got.Section, got.Why.Rule, want)
			}
			// No entry about the person may land where every reader looks,
			// unless the design names its type.
			if got.Section.Always() && !strings.Contains(" Patient Person Practitioner PractitionerRole Organization OrganizationAffiliation Location HealthcareService Endpoint ", " "+typ+" ") {
				t.Errorf("%s would be in every grant", typ)
			}
		}
	}
	if len(seen) != 146 {
		t.Errorf("%d types, want the 146 of R4", len(seen))
	}
	if got := filing.Section(sketch(t, "Observation"), []record.Section{record.Identity, record.Providers}); got.Section != record.Results {
		t.Errorf("pulled into %v by the patient", got.Section)
	}
}

// Every rule that can decide is in the table, under the id a reason gives.
func TestReasonsAreRules(t *testing.T) {
	known := map[string]bool{}
	for _, r := range filing.Rules() {
		if known[r.ID] {
			t.Errorf("two rules called %s", r.ID)
		}
		known[r.ID] = true
	}
	for _, r := range readTable(t) {
		why := filing.Section(sketch(t, r.sketch), nil).Why
		if !known[why.Rule] {
			t.Errorf("%s: no rule called %q", r.sketch, why.Rule)
		}
		if why.Text == "" || !strings.HasSuffix(why.Text, ".") {
			t.Errorf("%s: %q is no sentence", r.sketch, why.Text)
		}
		if fmt.Sprint(why.LogValue()) != "[why]" {
			t.Error("a reason can be logged")
		}
	}
}
