package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// BenchmarkReading is a page of the person's own, out of ten thousand entries: through the
// server, logged and synced. The first look at a record after a start is another.
func BenchmarkReading(b *testing.B) {
	w := newServer(b, generous)
	h := w.enrol("Ada")
	me := w.view(w.session(h))
	defer me.Close()
	w.vars["patient"] = me.PatientID()
	var all []change.Change
	for i := range 10_000 {
		text := w.expand(measured(fmt.Sprintf("o%d", i), fmt.Sprintf("20%02d-%02d-%02d", i%26, i%12+1, i%28+1), fmt.Sprintf("%d-3", 1000+i%50), `,"valueQuantity":{"value":4.1,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}`))
		if i%10 == 0 {
			text = w.expand(fmt.Sprintf(`{"resourceType":"Condition","id":"c%d","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"condition %d"},"subject":{"reference":"Patient/{patient}"},"onsetDateTime":"20%02d-03"}`, i, i, i%26))
		}
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		w.check(err)
		all = append(all, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r})
	}
	for len(all) > 0 {
		n := min(2000, len(all))
		_, err := me.Apply(context.Background(), all[:n], store.ApplyOptions{})
		w.check(err)
		all = all[n:]
	}
	v := w.reads(h)
	for name, path := range map[string]string{"home": "/app/record", "list": "/app/list/all", "page100": "/app/list/all?p=100", "words": "/app/list/all?q=1033", "trend": "/app/entry/Observation/o1/trend", "entry": "/app/entry/Observation/o1", "history": "/app/history"} {
		b.Run(name, func(b *testing.B) {
			v.page(path)
			for b.Loop() {
				if resp, text := v.goes("GET", path, ""); resp.StatusCode != 200 || !strings.Contains(text, "</html>") {
					b.Fatal(resp.StatusCode)
				}
			}
		})
	}
}
