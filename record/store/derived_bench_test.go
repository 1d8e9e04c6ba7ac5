package store_test

import (
	"fmt"
	"testing"

	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// What a page of what is derived costs, of a record of 10,000 versions and a log of
// 2,000 entries: a part is made for each.
func BenchmarkDerived(b *testing.B) {
	_, s := newStore(b)
	d := enrol(b, s)
	me := d.session()
	var list []change.Change
	for i := range 10_000 {
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"x"}}`, i), fhir.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: "Observation", ID: r.ID()}, Resource: r})
	}
	if _, err := me.Apply(ctx, list, store.ApplyOptions{}); err != nil {
		b.Fatal(err)
	}
	for range 2000 {
		if _, err := me.Read(ctx, fhir.Ref{Type: "Observation", ID: "o1"}, 0); err != nil {
			b.Fatal(err)
		}
	}
	v := d.reader()
	for _, c := range []struct{ typ, text string }{
		{"Provenance", ""}, {"Provenance", "target=Observation/o77"}, {"Provenance", "_sort=-recorded"}, {"Observation", "_revinclude=Provenance:target"}, {"Observation", ""},
		{"AuditEvent", ""}, {"AuditEvent", "entity=Observation/o77"}, {"AuditEvent", "_sort=action"}, {"AuditEvent", "_id=log-5"}, {"Consent", ""},
	} {
		b.Run(c.typ+"?"+c.text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := lookFor(v, c.typ, c.text, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
