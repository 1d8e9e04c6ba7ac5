package search

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
	"carehold/record/testdata"
)

// realEntries are HL7's own examples and what Synthea made of a person.
func realEntries(t testing.TB) []Entry {
	var texts []string
	for _, dir := range []string{"r4-examples", "synthea"} {
		files, err := filepath.Glob(filepath.Join(testdata.Dir(t, dir), "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		if dir == "synthea" {
			files = files[:min(2, len(files))]
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var bundle struct {
				Type  string
				Entry []struct{ Resource json.RawMessage }
			}
			if json.Unmarshal(b, &bundle); bundle.Type == "transaction" && dir == "synthea" {
				for _, e := range bundle.Entry {
					texts = append(texts, string(e.Resource))
				}
				continue
			}
			texts = append(texts, string(b))
		}
	}
	var all []Entry
	for _, text := range texts {
		if _, err := fhir.Parse([]byte(text), fhir.Limits{}); err == nil {
			all = append(all, entries(t, text)...)
		}
	}
	for i := range all {
		all[i].ID[0], all[i].ID[1] = byte(i>>8), byte(i)
	}
	return all
}

// TestEverythingIsFound: what an index holds of a value is found by searching for
// it as it stands, for every parameter of every type in HL7's examples, on the way
// that a search goes: written as a text, parsed, run.
func TestEverythingIsFound(t *testing.T) {
	all := realEntries(t)
	searches, kinds := 0, map[string]int{}
	for i := range all {
		e := &all[i]
		for place, def := range r4.Params(e.Ref.Type) {
			if def.Expression == "" || def.Type == "special" {
				continue
			}
			v := Lookup(e.Index, place)
			missing := fmt.Sprintf("%s:missing=%v", def.Code, v.Missing())
			queries := asSearches(def, v)
			if def.Type != "composite" && def.Code != "_id" && def.Code != "_lastUpdated" {
				queries = append(queries, missing)
			}
			for _, query := range queries {
				q, err := Parse(e.Ref.Type, query, Options{Base: testBase, Strict: true})
				if err != nil {
					t.Fatalf("%s: %s: %v", e.Ref, query, err)
				}
				r, err := q.Run(all[i : i+1])
				if err != nil && strings.Contains(err.Error(), "say which") {
					continue // a bare id, of a Patient and of a Practitioner
				}
				if err != nil {
					t.Fatalf("%s: %s: %v", e.Ref, query, err)
				}
				if len(r.Matches) != 1 {
					t.Errorf("%s is not found by %s", e.Ref, query)
				}
				searches++
				kinds[def.Type]++
			}
		}
	}
	t.Logf("%d entries, %d searches: %v", len(all), searches, kinds)
	if searches == 0 {
		t.Error("nothing was searched for")
	}
}

// asSearches writes every value of a parameter as a search for it.
func asSearches(def *r4.Param, v Values) (queries []string) {
	add := func(modifier string, parts ...[]byte) {
		var text []string
		for _, p := range parts {
			text = append(text, escaped(string(p)))
		}
		value := strings.Join(text, "|")
		if len(value) <= MaxValue {
			queries = append(queries, def.Code+modifier+"="+url.QueryEscape(value))
		}
	}
	switch def.Type {
	case "token":
		for n := range v.Tokens {
			switch {
			case len(n.System) > 0 && len(n.Code) > 0:
				add("", n.System, n.Code)
				add("", n.Code)
				add("", n.System, nil)
			case len(n.Code) > 0:
				add("", nil, n.Code)
				add("", n.Code)
			}
			if len(n.Text) > 0 {
				add(":text", n.Text)
			}
			if len(n.TypeSystem) > 0 && len(n.TypeCode) > 0 && len(n.Code) > 0 {
				add(":of-type", n.TypeSystem, n.TypeCode, n.Code)
			}
		}
	case "string":
		for n := range v.Strings {
			if len(n.Folded) > 0 {
				add("", n.Folded)
				add(":contains", n.Folded)
			}
			if len(n.Exact) > 0 {
				add(":exact", n.Exact)
			}
		}
	case "reference":
		for n := range v.References {
			switch form := fhir.ParseReference(string(n.URL)).Form; {
			case len(n.URL) > 0 && form != fhir.Absolute && form != fhir.URN: // into itself, or nowhere
			case len(n.URL) > 0 && len(n.Version) > 0:
				add("", n.URL, n.Version)
				add("", n.URL)
			case len(n.URL) > 0:
				add("", n.URL)
			case len(n.ID) > 0:
				add("", []byte(string(n.Type)+"/"+string(n.ID)))
				add("", n.ID)
			}
			if len(n.Value) > 0 {
				add(":identifier", n.System, n.Value)
			}
		}
	case "uri":
		for uri := range v.URIs {
			add("", uri)
			if !strings.HasPrefix(string(uri), "urn:") {
				add(":below", uri[:len(uri)-1])
				add(":above", []byte(string(uri)+"/x"))
			}
		}
	}
	return slices.Compact(queries)
}

// escaped is the opposite of unescape.
func escaped(text string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace(text)
}
