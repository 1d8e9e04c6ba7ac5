package search

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"carehold/record/fhir"
)

const testBase = "https://record.example/fhir"

var testNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// entries are resources as a store would hand them over: IDs in their order, each
// changed a minute after the one before.
func entries(t testing.TB, resources ...string) []Entry {
	t.Helper()
	var all []Entry
	for i, text := range resources {
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		e := Entry{Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Updated: testNow.Add(time.Duration(i-len(resources)) * time.Minute), Index: Index(r)}
		binary.BigEndian.PutUint64(e.ID[:], uint64(i+1)*0x9E3779B97F4A7C15) // in no order
		all = append(all, e)
	}
	return all
}

// aRecord is one person's record of about n entries, most of them Observations.
func aRecord(t testing.TB, n int) []Entry {
	texts := []string{
		`{"resourceType":"Patient","id":"p","name":[{"family":"Berg","given":["Ada"]}],"birthDate":"1951-03-02"}`,
		`{"resourceType":"Practitioner","id":"gp","name":[{"family":"Okafor"}]}`,
		`{"resourceType":"Encounter","id":"e0","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p"}}`,
	}
	for i := len(texts); i < n; i++ {
		if i%20 == 0 {
			texts = append(texts, fmt.Sprintf(`{"resourceType":"Encounter","id":"e%d","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p"},"period":{"start":"20%02d-01-05T09:00:00Z"}}`, i, i%25))
			continue
		}
		texts = append(texts, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final",
			"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"vital-signs"}]}],
			"code":{"coding":[{"system":"http://loinc.org","code":"%d-%d","display":"A thing that is measured, number %d"}],"text":"A thing that is measured"},
			"subject":{"reference":"Patient/p"},"encounter":{"reference":"Encounter/e%d"},"performer":[{"reference":"Practitioner/gp"}],
			"effectiveDateTime":"20%02d-%02d-%02dT09:%02d:00+01:00","issued":"2020-01-01T00:00:00.000Z",
			"valueQuantity":{"value":%d.%d,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}}`,
			i, 1000+i%97, i%10, i%97, i/20*20, i%25, i%12+1, i%28+1, i%60, i%200, i%10))
	}
	return entries(t, texts...)
}
