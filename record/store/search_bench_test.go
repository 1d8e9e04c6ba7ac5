package store_test

import (
	"fmt"
	"testing"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// lifeOf is a record as Synthea writes them: mostly observations, of twenty kinds,
// with the encounters they were made at and the conditions they are about.
func lifeOf(n int, patient string) (list []change.Change) {
	for i := range n {
		day := fmt.Sprintf("20%02d-%02d-%02dT%02d:15:00Z", i%26, i%12+1, i%28+1, i%24)
		subject := fmt.Sprintf(`"subject":{"reference":"Patient/%s"},"encounter":{"reference":"Encounter/e%d"}`, patient, i-i%10+9)
		json := ""
		switch i % 10 {
		case 9:
			json = fmt.Sprintf(`{"resourceType":"Encounter","id":"e%d","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},`+
				`"type":[{"coding":[{"system":"http://snomed.info/sct","code":"185345009","display":"Encounter for symptom"}],"text":"Encounter for symptom"}],`+
				`"subject":{"reference":"Patient/%s"},"period":{"start":"%s","end":"%s"}}`, i, patient, day, day)
		case 8:
			json = fmt.Sprintf(`{"resourceType":"Condition","id":"c%d","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},`+
				`"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]},`+
				`"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"encounter-diagnosis","display":"Encounter Diagnosis"}]}],`+
				`"code":{"coding":[{"system":"http://snomed.info/sct","code":"%d","display":"Hypertension"}],"text":"Hypertension"},%s,"onsetDateTime":"%s","recordedDate":"%s"}`,
				i, 38341000+i%30, subject, day, day)
		default:
			json = fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"vital-signs"}]}],`+
				`"code":{"coding":[{"system":"http://loinc.org","code":"%d-5","display":"Body Mass Index"}],"text":"Body Mass Index"},%s,"effectiveDateTime":"%s","issued":"%s",`+
				`"valueQuantity":{"value":%d.%d,"unit":"kg/m2","system":"http://unitsofmeasure.org","code":"kg/m2"}}`, i, 39100+i%20, subject, day, day, 20+i%20, i%100)
		}
		r, err := fhir.Parse([]byte(json), fhir.Limits{})
		if err != nil {
			panic(err)
		}
		list = append(list, change.Change{Verb: change.Update, Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Resource: r})
	}
	return list
}

// BenchmarkSearchCode is a search by code, a page of 20 of those that match: warm,
// as every search is but a grant's first; after a write; cold; and with nothing kept.
// Nothing of it is HTTP; each search is logged and synced.
func BenchmarkSearchCode(b *testing.B) {
	for _, size := range []int{1200, 10000} {
		dir, s := newStore(b)
		d := enrol(b, s)
		me := d.session()
		if _, err := me.Apply(ctx, lifeOf(size, me.PatientID()), store.ApplyOptions{}); err != nil {
			b.Fatal(err)
		}
		_, token := d.share(clinician(s))
		find := func(b *testing.B, v *store.View, text string) {
			p, err := lookFor(v, "Observation", text, 20)
			if err != nil || p.Total == 0 || len(p.Entries) == 0 {
				b.Fatal(p.Total, err)
			}
		}
		code := "code=http://loinc.org|39104-5"
		v := view(b, s, token)
		for name, text := range map[string]string{"warm": code, "sorted": code + "&_sort=-date", "chain": code + "&encounter.class=AMB", "all": "status=final"} {
			b.Run(fmt.Sprint(name, size), func(b *testing.B) {
				find(b, v, text)
				b.ReportAllocs()
				for b.Loop() {
					find(b, v, text)
				}
			})
		}
		b.Run(fmt.Sprint("conditions", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p, err := lookFor(v, "Condition", "code=http://snomed.info/sct|38341008", 20); err != nil || p.Total == 0 {
					b.Fatal(p.Total, err)
				}
			}
		})
		b.Run(fmt.Sprint("written", size), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				put(b, me, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"amended","code":{"text":"again %d"}}`, i%8, i))
				b.StartTimer()
				find(b, v, code)
			}
		})
		b.Run(fmt.Sprint("cold", size), func(b *testing.B) {
			for b.Loop() {
				s.Rest()
				find(b, v, code)
			}
		})
		b.Run(fmt.Sprint("history", size), func(b *testing.B) {
			for b.Loop() {
				if p, err := v.History(ctx, store.HistoryQuery{Type: "Observation", Limit: 20}); err != nil || p.Total == 0 {
					b.Fatal(err)
				}
			}
		})
		s.Close()
		s = open(b, dir, store.Options{SearchMemory: -1})
		v = view(b, s, token)
		b.Run(fmt.Sprint("off", size), func(b *testing.B) {
			for b.Loop() {
				find(b, v, code)
			}
		})
	}
}

// BenchmarkSearchOutside is what a grant to one section, with a hundred entries in it,
// can tell by the clock of how much there is outside: a search when nothing is kept of
// it, when it is, and after somebody wrote something elsewhere.
func BenchmarkSearchOutside(b *testing.B) {
	for _, size := range []int{100, 1000, 10000} {
		_, s := newStore(b)
		d := enrol(b, s)
		me := d.session()
		if _, err := me.Apply(ctx, lifeOf(size, me.PatientID()), store.ApplyOptions{}); err != nil {
			b.Fatal(err)
		}
		if _, err := me.Apply(ctx, resources(100, "in"), store.ApplyOptions{}); err != nil {
			b.Fatal(err)
		}
		g := clinician(s)
		g.Sections = record.SectionSet(0).With(record.Identity).With(record.Providers).With(record.Allergies)
		_, token := d.share(g)
		v := view(b, s, token)
		find := func(b *testing.B) {
			if p, err := lookFor(v, "AllergyIntolerance", "", 0); err != nil || p.Total != 100 {
				b.Fatal(p.Total, err)
			}
		}
		b.Run(fmt.Sprint("warm", size), func(b *testing.B) {
			for b.Loop() {
				find(b)
			}
		})
		b.Run(fmt.Sprint("cold", size), func(b *testing.B) {
			for b.Loop() {
				s.Rest()
				find(b)
			}
		})
		b.Run(fmt.Sprint("written", size), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				put(b, me, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"amended","code":{"text":"again %d"}}`, i%8, i))
				b.StartTimer()
				find(b)
			}
		})
	}
}
