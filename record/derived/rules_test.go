package derived_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/fhirpath"
)

// rule is one line of testdata/balp.txt or pcf.txt.
type rule struct {
	profiles []string
	clause   string
	expr     *fhirpath.Expr
	add      string // path=JSON, which breaks it
}

func rules(t *testing.T, file string) []rule {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []rule
	lets := map[string]string{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if let, found := strings.CutPrefix(line, "let "); found {
			name, expr, _ := strings.Cut(let, "=")
			lets["{"+strings.TrimSpace(name)+"}"] = strings.TrimSpace(expr)
			continue
		}
		parts := strings.Split(line, "|")
		if len(parts) < 3 {
			t.Fatalf("%s: %q", file, line)
		}
		text := strings.TrimSpace(parts[2])
		for name, expr := range lets {
			text = strings.ReplaceAll(text, name, expr)
		}
		expr, err := fhirpath.Compile(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		r := rule{profiles: strings.Fields(parts[0]), clause: strings.TrimSpace(parts[1]), expr: expr}
		if len(parts) > 3 {
			r.add = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(parts[3]), "+"))
		}
		list = append(list, r)
	}
	return list
}

// keeps tells whether a resource keeps to a rule. A rule that is empty is not kept.
func (r rule) keeps(t *testing.T, b []byte) bool {
	t.Helper()
	res, err := fhir.Parse(b, fhir.Limits{})
	if err != nil {
		return false
	}
	values, err := r.expr.Eval(fhirpath.Root(res))
	return err == nil && len(values) == 1 && values[0].Text() == "true"
}

// claiming are the resources of a profile, by name.
func claiming(profile string) map[string][]byte {
	out := map[string][]byte{}
	made := all()
	if profile == "Consent" {
		for _, d := range decisions {
			out[d.name] = made["Consent "+d.name]
		}
	}
	for _, l := range logged {
		if l.profile == profile {
			out[l.name] = made["AuditEvent "+l.name]
		}
	}
	return out
}

// Whatever says that it keeps to a profile of IHE's does, rule by rule; and whatever is
// of a kind that there is a profile for says so.
func TestProfiles(t *testing.T) {
	checked := 0
	for _, file := range []string{"testdata/balp.txt", "testdata/pcf.txt"} {
		for _, r := range rules(t, file) {
			for _, profile := range r.profiles {
				for name, b := range claiming(profile) {
					if checked++; !r.keeps(t, b) {
						t.Errorf("%s is no %s: %s\n%s", name, profile, r.clause, b)
					}
				}
			}
		}
	}
	if checked < 300 {
		t.Errorf("only %d checks", checked)
	}
	suffix := map[string]string{"": "", "Disclosure": "BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source"}
	for _, p := range []string{"Read", "Query", "Create", "Update", "Delete"} {
		suffix[p] = "BALP/StructureDefinition/IHE.BasicAudit.Patient" + p
	}
	made := all()
	for _, l := range logged {
		var x struct{ Meta struct{ Profile []string } }
		if err := json.Unmarshal(made["AuditEvent "+l.name], &x); err != nil {
			t.Fatal(err)
		}
		got := strings.TrimPrefix(strings.Join(x.Meta.Profile, " "), "https://profiles.ihe.net/ITI/")
		if got != suffix[l.profile] {
			t.Errorf("%s claims %q, want %q", l.name, got, suffix[l.profile])
		}
	}
}

// Each rule finds something: leaving out, changing, repeating or adding one member of
// what keeps to it breaks it.
func TestRulesFind(t *testing.T) {
	for _, file := range []string{"testdata/balp.txt", "testdata/pcf.txt"} {
		for _, r := range rules(t, file) {
			for _, profile := range r.profiles {
				broken := false
				for _, b := range claiming(profile) {
					if broken {
						break
					}
					for _, bad := range mutants(b, r.add) {
						if broken = !r.keeps(t, bad); broken {
							break
						}
					}
					if r.add != "" && r.keeps(t, added(b, r.add)) {
						t.Errorf("%s: %s is kept with %s", profile, r.clause, r.add)
					}
				}
				if !broken {
					t.Errorf("%s: nothing breaks %s", profile, r.clause)
				}
			}
		}
	}
}

// mutants are all that differ from a resource in one member.
func mutants(b []byte, add string) [][]byte {
	var out [][]byte
	if add != "" {
		return [][]byte{added(b, add)}
	}
	var root any
	if json.Unmarshal(b, &root) != nil {
		return nil
	}
	keep := func() {
		if m, err := json.Marshal(root); err == nil {
			out = append(out, m)
		}
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, x := range v {
				if name == "resourceType" {
					continue
				}
				delete(v, name)
				keep()
				if _, text := x.(string); text {
					v[name] = "x"
					keep()
				}
				if yes, is := x.(bool); is {
					v[name] = !yes
					keep()
				}
				if list, is := x.([]any); is {
					v[name] = append(slices.Clone(list), list[0])
					keep()
				}
				v[name] = x
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(root)
	return out
}

// added puts a member in: agent[0].media={"code":"x"}.
func added(b []byte, add string) []byte {
	path, value, _ := strings.Cut(add, "=")
	var root, x any
	if json.Unmarshal(b, &root) != nil || json.Unmarshal([]byte(value), &x) != nil {
		panic(fmt.Sprintf("%q", add))
	}
	steps := strings.Split(path, ".")
	at := root.(map[string]any)
	for _, s := range steps[:len(steps)-1] {
		name, index, indexed := strings.Cut(strings.TrimSuffix(s, "]"), "[")
		if !indexed {
			at = at[name].(map[string]any)
			continue
		}
		i, _ := strconv.Atoi(index)
		at = at[name].([]any)[i].(map[string]any)
	}
	at[steps[len(steps)-1]] = x
	out, _ := json.Marshal(root)
	return out
}
