package validate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carehold/record/testdata"
)

// definitions are HL7's own, read here once more so that what is expected does
// not come from package r4.
type definitions map[string]*definition // by path: "Observation.component.code", "Quantity.value"

type definition struct {
	name     string // of the element, without [x]
	choice   bool
	min      int
	list     bool
	types    []string
	targets  map[string]bool // of its references; nil for any
	content  string          // the path whose content it has
	required bool            // a code with a required binding whose codes are known
	children []string        // paths of its elements
}

func readDefinitions(t testing.TB) definitions {
	t.Helper()
	dir := testdata.Dir(t, "r4-definitions")
	var sets map[string]json.RawMessage
	b, err := os.ReadFile(filepath.Join(dir, "required-codes.json"))
	if err == nil {
		err = json.Unmarshal(b, &sets)
	}
	if err != nil {
		t.Fatal(err)
	}
	if b, err = os.ReadFile(filepath.Join(dir, "structures.ndjson")); err != nil {
		t.Fatal(err)
	}
	all := definitions{}
	for line := range strings.Lines(string(b)) {
		var s struct {
			Element []struct {
				Path, Max        string
				Min              int
				ContentReference string
				Type             []struct {
					Code          string
					TargetProfile []string
				}
				Binding struct{ Strength, ValueSet string }
			}
		}
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		for _, e := range s.Element {
			path, choice := strings.CutSuffix(e.Path, "[x]")
			set, _, _ := strings.Cut(e.Binding.ValueSet, "|")
			d := &definition{choice: choice, min: e.Min, list: e.Max != "1", content: strings.TrimPrefix(e.ContentReference, "#"),
				required: e.Binding.Strength == "required" && len(sets[set]) > 2}
			for _, typ := range e.Type {
				d.types = append(d.types, strings.TrimPrefix(typ.Code, "http://hl7.org/fhirpath/System."))
				for _, p := range typ.TargetProfile {
					if typ.Code == "Reference" {
						if d.targets == nil {
							d.targets = map[string]bool{}
						}
						d.targets[strings.TrimPrefix(p, "http://hl7.org/fhir/StructureDefinition/")] = true
					}
				}
			}
			if d.targets["Resource"] {
				d.targets = nil
			}
			all[path] = d
			if at := strings.LastIndexByte(path, '.'); at >= 0 {
				d.name = path[at+1:]
				all[path[:at]].children = append(all[path[:at]].children, path)
			}
		}
	}
	return all
}

// member is the definition of a JSON member of an object defined at path, and the
// path where the content of its value is defined.
func (d definitions) member(path, name string) (def *definition, content string) {
	if def = d[path+"."+name]; def != nil && !def.choice {
		switch {
		case def.content != "":
			return def, def.content
		case len(def.children) > 0:
			return def, path + "." + name
		}
		return def, def.types[0]
	}
	for _, p := range d[path].children {
		if c := d[p]; c.choice && strings.HasPrefix(name, c.name) {
			for _, typ := range c.types {
				if name == c.name+strings.ToUpper(typ[:1])+typ[1:] {
					return c, typ
				}
			}
		}
	}
	return nil, ""
}
