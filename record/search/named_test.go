package search_test

import (
	"fmt"
	"testing"
	"time"

	"carehold/record/search"
)

// What a query says outright, and what it leaves open.
func TestNamed(t *testing.T) {
	for _, c := range []struct {
		typ, text string
		want      string // names Provenance, has it, revincludes it; ids; targets; from and to of date
	}{
		{"Provenance", "", "true false false [] false [] false - -"},
		{"", "", "false false false [] false [] false - -"},
		{"", "_type=Consent,Provenance", "true false false [] false [] false - -"},
		{"Observation", "_has:Provenance:target:recorded=ge2020", "true true false [] false [] false - -"},
		{"Observation", "_revinclude=Provenance:target", "false false true [] false [] false - -"},
		{"Observation", "_revinclude=*", "false false false [] false [] false - -"},
		{"Observation", "_revinclude=AuditEvent:entity&_revinclude=Provenance:target:Observation", "false false true [] false [] false - -"},
		{"Observation", "_revinclude=Provenance:*", "false false true [] false [] false - -"},
		{"Provenance", "_id=a,b", "true false false [a b] true [] false - -"},
		{"Provenance", "target=Observation/x,Condition/y/_history/2", "true false false [] false [Observation/x Condition/y] true - -"},
		{"Provenance", "target:Observation=x", "true false false [] false [Observation/x] true - -"},
		{"Provenance", "target=https://record.example.org/fhir/Observation/x", "true false false [] false [Observation/x] true - -"},
		{"Provenance", "target=https://elsewhere.example.org/fhir/Observation/x", "true false false [] false [] false - -"},
		{"Provenance", "target=x", "true false false [] false [] false - -"},
		{"Provenance", "target=Observation/x,y", "true false false [] false [] false - -"},
		{"Provenance", "target:missing=false", "true false false [] false [] false - -"},
		{"AuditEvent", "date=ge2026-11-01&date=lt2026-12", "false false false [] false [] false 2026-11-01 2027-01-01"},
		{"AuditEvent", "date=2026-11-02", "false false false [] false [] false 2026-11-02 2026-11-03"},
		{"AuditEvent", "date=2026-11-02,2026-11-09", "false false false [] false [] false - -"},
		{"AuditEvent", "date=ap2026-11-02&date=ne2025", "false false false [] false [] false - -"},
	} {
		q, err := search.Parse(c.typ, c.text, search.Options{Base: "https://record.example.org/fhir"})
		if err != nil {
			t.Fatalf("%s?%s: %v", c.typ, c.text, err)
		}
		day := func(x time.Time) string {
			if x.IsZero() {
				return "-"
			}
			return x.Format(time.DateOnly)
		}
		ids, byID := q.ByID()
		points, pointed := q.Points("target")
		from, to := q.During("date")
		got := fmt.Sprintf("%v %v %v %v %v %v %v %v %v", q.Names("Provenance"), q.Has("Provenance"), q.Revincludes("Provenance", "target"), ids, byID, points, pointed, day(from), day(to))
		if got != c.want {
			t.Errorf("%s?%s: %s, want %s", c.typ, c.text, got, c.want)
		}
	}
}
