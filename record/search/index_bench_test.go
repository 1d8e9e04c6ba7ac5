package search

import (
	"testing"

	"carehold/record/fhir"
)

// bloodPressure is a kilobyte, as a surgery's system sends it.
const bloodPressure = `{"resourceType":"Observation","id":"bp-1","meta":{"versionId":"1","lastUpdated":"2024-03-02T10:11:12Z","profile":["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation"]},
"identifier":[{"system":"https://surgery.example/observations","value":"4711"}],"status":"final",
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blood pressure panel"}],"text":"Blood pressure"},
"subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"},"effectiveDateTime":"2024-03-02T10:05:00+00:00","performer":[{"reference":"Practitioner/dr-1"}],
"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":80,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}`

func BenchmarkIndex(b *testing.B) {
	r, err := fhir.Parse([]byte(bloodPressure), fhir.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(bloodPressure)))
	size := 0
	for b.Loop() {
		size = len(Index(r))
	}
	b.ReportMetric(float64(size), "B/index")
}

// The people of Synthea, with the references that a transaction gives them, an
// operation being the index of 10,000 entries.
func BenchmarkIndexRecord(b *testing.B) {
	var all []*fhir.Resource
	is := map[string]string{} // urn:uuid → Type/id
	examples(b, func(name string, r *fhir.Resource) {
		switch {
		case len(name) < 40: // HL7's
		case r.Type() == "Bundle":
			for e := range r.Root().Get("entry").All() {
				is[e.Get("fullUrl").Text()] = e.Get("resource").Get("resourceType").Text() + "/" + e.Get("resource").Get("id").Text()
			}
		default:
			all = append(all, r.Rewrite(func(ref fhir.Reference) (string, bool) {
				to, ok := is[ref.Value]
				return to, ok
			}))
		}
	})
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		size = 0
		for i := range 10_000 {
			size += len(Index(all[i%len(all)]))
		}
	}
	b.ReportMetric(float64(size)/10_000, "B/index")
}

func BenchmarkLookup(b *testing.B) {
	r, err := fhir.Parse([]byte(bloodPressure), fhir.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	index, place, n := Index(r), Place("Observation", "code"), 0
	b.ReportAllocs()
	for b.Loop() {
		for t := range Lookup(index, place).Tokens {
			n += len(t.Code)
		}
	}
}
