package validate_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/validate"
	"carehold/record/sample"
	"carehold/record/testdata"
)

// named is a resource of the test data.
type named struct {
	name string
	raw  []byte
}

var loaded struct {
	sync.Once
	examples, synthea []named
}

// data are HL7's 375 examples, and the bundles of Synthea with each of their
// entries.
func data(t testing.TB) (examples, synthea []named) {
	t.Helper()
	dirs := [2]string{testdata.Dir(t, "r4-examples"), testdata.Dir(t, "synthea")}
	loaded.Do(func() {
		for i, dir := range dirs {
			files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
			for _, f := range files {
				raw, err := os.ReadFile(f)
				if err != nil {
					panic(err)
				}
				if i == 0 {
					loaded.examples = append(loaded.examples, named{filepath.Base(f), raw})
					continue
				}
				loaded.synthea = append(loaded.synthea, withEntries(filepath.Base(f), raw)...)
			}
		}
	})
	return loaded.examples, loaded.synthea
}

func withEntries(name string, raw []byte) []named {
	out := []named{{name, raw}}
	var b struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		panic(err)
	}
	for i, e := range b.Entry {
		out = append(out, named{fmt.Sprintf("%s#%d", name, i), e.Resource})
	}
	return out
}

// Two of HL7's 375 examples break the standard, and the strict reader of
// google/fhir (httpapi/oracle) refuses the same two.
var trulyBroken = map[string]string{
	// reasonReference is of Condition, Observation, DiagnosticReport,
	// DocumentReference, Media (R4, DeviceUseStatement); it leads to a Procedure.
	"DeviceUseStatement-example.json": "DeviceUseStatement.reasonReference[0].reference",
	// performer is of Practitioner … RelatedPerson (R4, Observation); it leads to
	// an Encounter.
	"Observation-clinical-gender.json": "Observation.performer[0].reference",
}

// What is warned of in HL7's examples: narratives that are blank.
var blank = map[string]bool{
	"ActivityDefinition-blood-tubes-supply.json": true, "ActivityDefinition-heart-valve-replacement.json": true,
	"Questionnaire-zika-virus-exposure-assessment.json": true,
}

// HL7's examples, Synthea's people and the project's own are valid.
func TestRealResources(t *testing.T) {
	examples, synthea := data(t)
	var own []named
	for _, s := range sample.Sources() {
		own = append(own, withEntries(s.Name, s.Bundle)...)
	}
	for _, name := range []string{"IPS_IG-bundle-01.json", "example-00-a-fhirBundle.json"} { // an IPS document, an immunization card
		raw, err := os.ReadFile(filepath.Join(testdata.Dir(t, "health-links"), name))
		if err != nil {
			t.Fatal(err)
		}
		own = append(own, withEntries(name, raw)...)
	}
	if len(examples) != 375 || len(synthea) != 2506 || len(own) < 50 {
		t.Errorf("%d examples, %d of Synthea, %d of our own", len(examples), len(synthea), len(own))
	}
	for _, n := range append(append(examples, synthea...), own...) {
		r, err := fhir.Parse(n.raw, fhir.Limits{})
		if err != nil {
			t.Errorf("%s: %v", n.name, err)
			continue
		}
		broken := 0
		for _, i := range validate.Resource(r) {
			switch {
			case i.Path == trulyBroken[n.name] && i.Severity == validate.Error:
				broken++
			case blank[n.name] && i.Severity == validate.Warning && strings.HasSuffix(i.Path, ".text.div"):
			default:
				t.Errorf("%s: %+v", n.name, i)
			}
		}
		if broken == 0 && trulyBroken[n.name] != "" {
			t.Errorf("%s was taken", n.name)
		}
	}
}

// constraintKeys are the keys of all constraints in HL7's own definitions.
func constraintKeys(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testdata.Dir(t, "r4-definitions"), "structures.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for line := range strings.Lines(string(b)) {
		var d struct {
			Element []struct{ Constraint []struct{ Key string } }
		}
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		for _, e := range d.Element {
			for _, c := range e.Constraint {
				keys = append(keys, c.Key)
			}
		}
	}
	return keys
}
