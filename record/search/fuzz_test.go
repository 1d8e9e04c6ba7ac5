package search

import (
	"errors"
	"os"
	"strings"
	"testing"

	"carehold/record"
)

// fuzzRecord has something of every type of value.
func fuzzRecord(t testing.TB) []Entry {
	return entries(t, append(includeTexts,
		`{"resourceType":"Observation","id":"4","status":"final","category":[{"coding":[{"code":"a"}],"text":"b"}],"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"subject":{"reference":"Patient/p"},"effectivePeriod":{"start":"2020"},"valueQuantity":{"value":5.4e3,"comparator":"<","system":"http://unitsofmeasure.org","code":"mg"},"component":[{"code":{"text":"x"},"valueQuantity":{"value":1}}]}`,
		`{"resourceType":"Patient","id":"q","name":[{"family":"Ångström","given":["Zoë"]}],"birthDate":"1951-03","identifier":[{"type":{"coding":[{"system":"s","code":"MR"}]},"value":"1"}],"active":true}`,
		`{"resourceType":"RiskAssessment","id":"x","status":"final","subject":{"reference":"Patient/p"},"prediction":[{"probabilityDecimal":0.8}]}`,
		`{"resourceType":"ValueSet","id":"v","status":"active","url":"http://acme.org/ValueSet/123","version":"1"}`,
	)...)
}

// FuzzSearch reads strangers' search texts: each is refused with a reason or runs,
// its pages are its matches, and what was applied reads as the same search.
func FuzzSearch(f *testing.F) {
	text, err := os.ReadFile("testdata/parse.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if search, _, ok := strings.Cut(line, " => "); ok && !strings.HasPrefix(line, "#") {
			typ, query, _ := strings.Cut(search, "?")
			f.Add(typ, query, false)
		}
	}
	for _, query := range append(somePairs, someSorts...) {
		f.Add("Observation", query, true)
	}
	all := fuzzRecord(f)
	f.Fuzz(func(t *testing.T, typ, query string, strict bool) {
		q, err := Parse(typ, query, Options{Base: testBase, Now: testNow, Strict: strict})
		if err != nil {
			if !errors.Is(err, record.Invalid) {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		samePages(t, q, all)
		r, err := q.Run(all)
		if err != nil {
			if !errors.Is(err, record.Invalid) {
				t.Fatalf("failed with %v", err)
			}
			return
		}
		matched := 0
		for after, more := []byte(nil), true; more; more = after != nil {
			page, next, err := r.Page(after, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range q.Includes(all, page) {
				for _, j := range page {
					if i == j {
						t.Fatal("a match is included")
					}
				}
			}
			matched += len(page)
			after = next
		}
		if matched != len(r.Matches) {
			t.Fatalf("%d on pages, %d matches", matched, len(r.Matches))
		}
		again, err := Parse(typ, q.Applied(), Options{Base: testBase, Now: testNow, Strict: true})
		if err != nil {
			t.Fatalf("%q was applied: %v", q.Applied(), err)
		}
		if again.Applied() != q.Applied() {
			t.Fatalf("%q became %q", q.Applied(), again.Applied())
		}
		r2, err := again.Run(all)
		if err != nil || len(r2.Matches) != len(r.Matches) {
			t.Fatalf("%q matched %d, and again %d: %v", q.Applied(), len(r.Matches), len(r2.Matches), err)
		}
	})
}

// FuzzPosition gives Page positions that it never made.
func FuzzPosition(f *testing.F) {
	all := fuzzRecord(f)
	f.Add("_sort=-date,code", []byte{1, 2, 3})
	f.Add("", make([]byte, 16))
	f.Add("_sort=code", make([]byte, 200))
	f.Fuzz(func(t *testing.T, query string, after []byte) {
		q, err := Parse("Observation", query, Options{Now: testNow})
		if err != nil {
			return
		}
		r, err := q.Run(all)
		if err != nil {
			return
		}
		if page, _, err := r.Page(after, 2); len(page) > 2 || err != nil && !errors.Is(err, record.Invalid) {
			t.Fatalf("%v %v", page, err)
		}
	})
}
