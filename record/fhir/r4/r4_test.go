package r4_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
	"carehold/record/testdata"
)

// What R4's pages say of some types, by hand: Observation (its table of elements),
// Patient, Questionnaire's items, Age, the primitives of §2.24.0.1.
func TestElements(t *testing.T) {
	for _, c := range []struct {
		typ, member    string
		name, typeCode string
		min, max       int
		targets        string
		required       string
		summary        bool
	}{
		{"Observation", "status", "status", "code", 1, 1, "", "http://hl7.org/fhir/ValueSet/observation-status", true},
		{"Observation", "valueQuantity", "value", "Quantity", 0, 1, "", "", true},
		{"Observation", "valueDateTime", "value", "dateTime", 0, 1, "", "", true},
		{"Observation", "category", "category", "CodeableConcept", 0, -1, "", "", false},
		{"Observation", "subject", "subject", "Reference", 0, 1, "Patient Group Device Location", "", true},
		{"Observation", "focus", "focus", "Reference", 0, -1, "", "", true}, // any
		{"Observation", "component", "component", "Observation.component", 0, -1, "", "", true},
		{"Observation.component", "code", "code", "CodeableConcept", 1, 1, "", "", true},
		{"Observation.component", "referenceRange", "referenceRange", "Observation.referenceRange", 0, -1, "", "", false},
		{"Observation", "id", "id", "id", 0, 1, "", "", true},
		{"Observation", "contained", "contained", "Resource", 0, -1, "", "", false},
		{"Patient", "deceasedBoolean", "deceased", "boolean", 0, 1, "", "", true},
		{"Patient", "gender", "gender", "code", 0, 1, "", "http://hl7.org/fhir/ValueSet/administrative-gender", true},
		{"Patient.contact", "relationship", "relationship", "CodeableConcept", 0, -1, "", "", false},
		{"Questionnaire.item", "item", "item", "Questionnaire.item", 0, -1, "", "", false},
		{"Timing.repeat", "boundsPeriod", "bounds", "Period", 0, 1, "", "", true},
		{"Extension", "url", "url", "uri", 1, 1, "", "", false},
		{"Bundle.entry", "resource", "resource", "Resource", 0, 1, "", "", true},
	} {
		typ, ok := r4.Lookup(c.typ)
		if !ok {
			t.Errorf("no %s", c.typ)
			continue
		}
		e, as, ok := typ.Member(c.member)
		if !ok || e.Name != c.name || as.Code != c.typeCode || e.Min != c.min || e.Max != c.max ||
			strings.Join(as.Targets, " ") != c.targets || e.Required != c.required || e.Summary != c.summary {
			t.Errorf("%s.%s is %+v of type %+v", c.typ, c.member, e, as)
		}
		if ok && e.JSONName(as.Code) != c.member {
			t.Errorf("%s of type %s is written as %s, want %s", e.Name, as.Code, e.JSONName(as.Code), c.member)
		}
	}
	for _, c := range [][2]string{{"Observation", "value"}, {"Observation", "valueReference"}, {"Observation", "component.code"}, {"Patient", "status"}} {
		typ, _ := r4.Lookup(c[0])
		if _, _, ok := typ.Member(c[1]); ok {
			t.Errorf("%s has %s", c[0], c[1])
		}
	}
	for _, c := range []struct {
		typ, base string
		want      bool
	}{{"Age", "Quantity", true}, {"Observation", "DomainResource", true}, {"Bundle", "DomainResource", false}, {"Bundle", "Resource", true},
		{"Quantity", "Age", false}, {"id", "string", true}, {"Observation.component", "BackboneElement", true}, {"Observation.component", "Element", true}} {
		typ, ok := r4.Lookup(c.typ)
		if !ok || typ.Is(c.base) != c.want {
			t.Errorf("%s is a %s: %v", c.typ, c.base, !c.want)
		}
	}
}

// What R4's lists say: 146 resource types (§2.1), the compartment of
// compartmentdefinition-patient.html, search parameters of some types' pages.
func TestLists(t *testing.T) {
	types := r4.ResourceTypes()
	if len(types) != 146 || !slices.IsSorted(types) {
		t.Errorf("%d resource types", len(types))
	}
	for _, typ := range types {
		if !fhir.KnownType(typ) {
			t.Errorf("package fhir does not know %s", typ)
		}
	}
	if got := r4.PatientCompartment("Observation"); strings.Join(got, " ") != "subject performer" {
		t.Errorf("Observation is in the compartment by %v", got)
	}
	if r4.PatientCompartment("Task") != nil {
		t.Error("Task is in no compartment")
	}
	for _, c := range []struct{ typ, code, kind, targets string }{
		{"Observation", "code", "token", ""}, {"Observation", "_id", "token", ""}, {"Observation", "_lastUpdated", "date", ""},
		{"Observation", "patient", "reference", "Patient"}, {"Observation", "code-value-quantity", "composite", ""},
		{"Observation", "value-quantity", "quantity", ""}, {"Patient", "phonetic", "string", ""}, {"ValueSet", "url", "uri", ""},
		{"RiskAssessment", "probability", "number", ""}, {"Bundle", "_tag", "token", ""}, {"", "_profile", "uri", ""},
	} {
		p, ok := r4.LookupParam(c.typ, c.code)
		if !ok || p.Type != c.kind || c.targets != "" && !slices.Contains(p.Targets, c.targets) {
			t.Errorf("%s of %s is %+v", c.code, c.typ, p)
		}
	}
	if p, _ := r4.LookupParam("Observation", "code-value-quantity"); len(p.Components) != 2 {
		t.Errorf("code-value-quantity has %d components", len(p.Components))
	} else {
		for _, k := range p.Components {
			if _, ok := r4.ParamByURL(k.Definition); !ok {
				t.Errorf("no %s", k.Definition)
			}
		}
	}
	if has, known := r4.Codes("http://hl7.org/fhir/ValueSet/administrative-gender"); !known || !has("", "female") || has("", "woman") ||
		!has("http://hl7.org/fhir/administrative-gender", "other") || has("http://example.org", "other") {
		t.Error("administrative-gender is not male, female, other, unknown")
	}
	if _, known := r4.Codes("http://hl7.org/fhir/ValueSet/mimetypes"); known {
		t.Error("R4 does not list the MIME types")
	}
}

// Every type that an element has is a type, and every required value set is there
// or one of the four that no definition lists.
func TestWhole(t *testing.T) {
	missing := map[string]bool{}
	for _, name := range r4.ResourceTypes() {
		seen := map[string]bool{}
		var walk func(string)
		walk = func(name string) {
			if seen[name] {
				return
			}
			seen[name] = true
			typ, ok := r4.Lookup(name)
			if !ok {
				t.Errorf("no type %q", name)
				return
			}
			for _, e := range typ.Elements {
				for _, as := range e.Types {
					walk(as.Code)
				}
				if _, known := r4.Codes(e.Required); e.Required != "" && !known {
					missing[e.Required] = true
				}
			}
		}
		walk(name)
	}
	if len(missing) != 4 { // currencies, UCUM, MIME types, LOINC's answer list
		t.Errorf("value sets that are not there: %v", missing)
	}
}

// The embedded text is what the generator writes.
func TestGenerated(t *testing.T) {
	dir := testdata.Dir(t, "r4-definitions")
	out := filepath.Join(t.TempDir(), "definitions.txt")
	if b, err := exec.Command("go", "run", "./internal/gen", dir, out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := os.ReadFile("definitions.txt"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("definitions.txt is not what the generator writes (%v): go generate ./record/fhir/r4", err)
	}
}
