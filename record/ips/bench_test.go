package ips_test

import (
	"fmt"
	"strings"
	"testing"

	"carehold/record/fhir"
	"carehold/record/ips"
)

// large is a record of n entries, like a long life of Synthea's: its own, again and
// again under other ids.
func large(b testing.TB, n int) (fhir.Ref, []ips.Entry) {
	p, entries := person(b, synthea(b)["Fletcher"])
	for i := 0; len(entries) < n; i++ {
		e := entries[i]
		if e.Ref.Type == "Patient" {
			continue
		}
		r, err := fhir.Parse(e.Body, fhir.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		e.Ref.ID = fmt.Sprintf("%d-%.20s", i, e.Ref.ID)
		e.Body = r.With(fhir.Meta{ID: e.Ref.ID})
		entries = append(entries, e)
	}
	return p, entries[:n]
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		p, entries := large(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				doc, err := ips.Build(whole(p, entries))
				if err != nil {
					b.Fatal(err)
				}
				size = len(doc)
			}
			b.ReportMetric(float64(size), "bytes/doc")
		})
	}
	p, entries := same(b, 10000)
	b.Run("10000 listed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ips.Build(whole(p, entries)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// same is a record in which every entry is listed.
func same(t testing.TB, n int) (fhir.Ref, []ips.Entry) {
	lines := []string{handPatient}
	for i := range n {
		lines = append(lines, fmt.Sprintf(`conditions: {"resourceType":"Condition","id":"c%d","code":{"text":"Condition %d"},"subject":{"reference":"Patient/p"},"onsetDateTime":"%d"}`, i, i, 1950+i%70))
	}
	return hand(t, lines...)
}

func BenchmarkPage(b *testing.B) {
	p, entries := large(b, 10000)
	doc := build(b, whole(p, entries))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ips.Page(doc); err != nil {
			b.Fatal(err)
		}
	}
}

// 10,000 conditions: every one an entry, a narrative of a bounded number of rows.
func TestLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("builds 10,000 entries")
	}
	p, entries := same(t, 10000)
	doc := build(t, whole(p, entries))
	v := read(t, doc)
	if n := len(list(v.section("11450-4")["entry"])); n != 10000 {
		t.Errorf("%d entries", n)
	}
	if div := v.section("11450-4")["text"].(object)["div"].(string); len(div) > 1<<20 || !strings.Contains(v.text("11450-4"), "9500 more are in the entries of this document.") {
		t.Errorf("a narrative of %d bytes", len(div))
	}
}
