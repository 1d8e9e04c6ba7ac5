package search

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carehold/record/fhir/r4"
)

// hostile are searches that are made to be slow, of as much as the limits allow.
func hostile() map[string]struct{ typ, query string } {
	list := func(n int, format string) string {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf(format, i))
		}
		return strings.Join(items, ",")
	}
	return map[string]struct{ typ, query string }{
		"ids":           {"Observation", "_id=" + list(MaxValues, "o%d")},
		"tokens":        {"Observation", "category=" + list(MaxValues, "vital-sign%d")},
		"systems":       {"Observation", "category:not=" + list(MaxValues, "http://terminology.hl7.org/CodeSystem/observation-category|vital-sign%d")},
		"texts":         {"Observation", "code:text=" + list(MaxValues, "a thing that is measured number %d x")},
		"references":    {"Observation", "subject=" + list(MaxValues, "q%d")},
		"urls":          {"Observation", "subject=" + list(MaxValues, "https://record.example/fhir/Patient/%d")},
		"dates":         {"Observation", "date=" + list(MaxCompared, "eb19%02d")},
		"quantities":    {"Observation", "value-quantity=" + list(MaxCompared, "gt100000%d|http://unitsofmeasure.org|mmol/L")},
		"far numbers":   {"Observation", "value-quantity=" + list(MaxCompared, "gt1%de999999999")},
		"near nothing":  {"Observation", "value-quantity=" + list(MaxCompared, "lt1%de-999999999||mmol/L")},
		"far units":     {"Observation", "value-quantity=" + list(MaxCompared, "gt1%de400|http://unitsofmeasure.org|Ymol/L")},
		"long numbers":  {"Observation", "value-quantity=" + list(MaxCompared, "gt"+strings.Repeat("9", 90)+"%d")},
		"composites":    {"Observation", "code-value-quantity=" + list(MaxCompared, "1042-3$gt10000%d")},
		"conditions":    {"Observation", strings.Repeat("status=final&category=vital-signs&subject=Patient/p&", MaxParams/3)},
		"chains":        {"Observation", strings.Repeat("encounter:Encounter.patient=p&", MaxChains)},
		"chains to all": {"Provenance", strings.Repeat("target._lastUpdated=gt2000&", MaxChains)},
		"has":           {"Patient", strings.Repeat("_has:Observation:patient:category=vital-signs&", MaxChains)},
		"has of texts":  {"Patient", "_has:Observation:patient:code:text=" + list(MaxValues, "a thing that is measured number %d x")},
		"sort":          {"Observation", "_sort=-value-quantity,code,-date,performer,subject,category"},
		"include":       {"Observation", strings.Repeat("_include=*&_revinclude=*&", MaxIncludes/2)},
		"include all":   {"Patient", strings.Repeat("_revinclude=*&", MaxIncludes)},
		"all types":     {"", "_type=" + strings.Join(r4.ResourceTypes(), ",") + strings.Repeat("&_tag:not=a", MaxParams-1)},
		"escapes":       {"Observation", "code=" + list(MaxValues, strings.Repeat(`%%5C,`, 20)+"%d")},
		"ignored":       {"Observation", strings.Repeat(strings.Repeat("x", 600)+"=1&", MaxParams)},
	}
}

// TestHostile: no search takes long over 5,000 entries. The bound is many times
// what they take (BenchmarkHostile), so that a busy machine does not matter and a
// quadratic one does.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	all := aRecord(t, 5_000)
	for name, c := range hostile() {
		start := time.Now()
		runHostile(t, all, c.typ, c.query)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	all := aRecord(b, 10_000)
	for name, c := range hostile() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				runHostile(b, all, c.typ, c.query)
			}
		})
	}
}

func runHostile(t testing.TB, all []Entry, typ, query string) {
	q, err := Parse(typ, query, Options{Base: testBase, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	r, err := q.Run(all)
	if err != nil {
		t.Fatal(err)
	}
	page, _, err := r.Page(nil, 50)
	if err != nil {
		t.Fatal(err)
	}
	q.Includes(all, page)
}
