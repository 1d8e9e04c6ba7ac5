package oracle

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"carehold/record/sample"
	"carehold/record/testdata"
)

// Two of HL7's own examples break HL7's own definitions: the oracle refuses them,
// for what a reference leads to.
var brokenExamples = map[string]bool{
	"DeviceUseStatement-example.json":  true, // reasonReference to a Procedure
	"Observation-clinical-gender.json": true, // performer is an Encounter
}

// examples are HL7's examples, by the name of their file.
func examples(t *testing.T) map[string][]byte {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "r4-examples"), "*.json"))
	if len(files) < 375 {
		t.Fatalf("%d examples", len(files))
	}
	all := make(map[string][]byte)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = b
	}
	return all
}

// What the oracle takes of HL7's examples, our validation takes.
func TestExamples(t *testing.T) {
	taken := 0
	for name, b := range examples(t) {
		oracle := refusal(b)
		if (oracle != nil) != brokenExamples[name] {
			t.Errorf("%s: the oracle says %v", name, oracle)
		}
		if oracle != nil {
			continue
		}
		if _, err := ours(string(b)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		taken++
	}
	t.Logf("%d examples, taken by both", taken)
}

// The same for what real systems and our own sample send, an entry at a time.
func TestPeople(t *testing.T) {
	sources := make(map[string][]byte)
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "synthea"), "*.json"))
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources[filepath.Base(file)] = b
	}
	for _, s := range sample.Sources() {
		sources[s.Name] = s.Bundle
	}
	taken := 0
	for name, b := range sources {
		var in struct {
			Entry []struct{ Resource json.RawMessage }
		}
		if err := json.Unmarshal(b, &in); err != nil {
			t.Fatal(err)
		}
		for i, e := range in.Entry {
			if err := refusal(e.Resource); err != nil {
				t.Errorf("%s: entry %d: the oracle says %v", name, i, err)
				continue
			}
			if _, err := ours(string(e.Resource)); err != nil {
				t.Errorf("%s: entry %d: %v", name, i, err)
			}
			taken++
		}
	}
	t.Logf("%d entries of %d sources, taken by both", taken, len(sources))
}
