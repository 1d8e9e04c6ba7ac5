package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	"carehold/record/fhir"
)

// resource is an entry that is made up. Types, and sizes around 1.2 kB, are as in
// Synthea's people: mostly observations, few of anything else.
type resource struct {
	ref  fhir.Ref
	json []byte
}

// entries makes a record's entries, the Patient first. The same seed makes the same.
func entries(seed, patient string, n int) []resource {
	key := sha256.Sum256([]byte(seed))
	random := rand.New(rand.NewChaCha8(key))
	list := make([]resource, n)
	for i := range list {
		var id [16]byte
		for j := range id {
			id[j] = byte(random.Uint32())
		}
		r := fhir.Ref{Type: kindOf(i), ID: hex.EncodeToString(id[:])}
		if r.Type == "Patient" {
			r.ID = patient
		}
		list[i] = resource{r, write(random, r, patient)}
	}
	return list
}

func kindOf(i int) string {
	switch {
	case i == 0:
		return "Patient"
	case i%1000 == 1:
		return "AllergyIntolerance" // a handful in any record: a search with a short answer
	}
	return [10]string{"Observation", "Observation", "Observation", "Encounter", "Observation", "Observation", "MedicationRequest", "Condition", "Observation", "DiagnosticReport"}[i%10]
}

var words = strings.Fields("blood pressure sitting left arm repeat after rest stable improved reviewed with family no change continue present dose follow up in six weeks mild moderate noted at home visit morning evening ankle swelling reduced walking further sleeping better")

func sentence(random *rand.Rand, n int) string {
	var s []string
	for range n {
		s = append(s, words[random.IntN(len(words))])
	}
	return strings.Join(s, " ")
}

func write(random *rand.Rand, r fhir.Ref, patient string) []byte {
	var b bytes.Buffer
	date := fmt.Sprintf("20%02d-%02d-%02dT%02d:%02d:00+00:00", 5+random.IntN(21), 1+random.IntN(12), 1+random.IntN(28), random.IntN(24), random.IntN(60))
	code := fmt.Sprintf(`"code":{"coding":[{"system":"http://loinc.org","code":"%d-%d","display":%q}],"text":%q}`,
		1000+random.IntN(80000), random.IntN(10), sentence(random, 5), sentence(random, 3))
	subject := `"subject":{"reference":"Patient/` + patient + `","display":"Marion Wetherlow"}`
	note := fmt.Sprintf(`"note":[{"time":%q,"text":%q}]`, date, sentence(random, 70))
	fmt.Fprintf(&b, `{"resourceType":%q,"id":%q,`, r.Type, r.ID)
	switch r.Type {
	case "Patient":
		b.WriteString(`"name":[{"use":"official","family":"Wetherlow","given":["Marion"]}],"gender":"female","birthDate":"1951-03-02"`)
	case "AllergyIntolerance":
		fmt.Fprintf(&b, `"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"patient":{"reference":"Patient/%s"},%s,"recordedDate":%q,%s`, patient, code, date, note)
	case "Observation":
		fmt.Fprintf(&b, `"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"vital-signs"}]}],%s,%s,"effectiveDateTime":%q,"issued":%q,"valueQuantity":{"value":%d.%02d,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"},%s`,
			code, subject, date, date, 60+random.IntN(100), random.IntN(100), note)
	case "Encounter":
		fmt.Fprintf(&b, `"status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},%s,"period":{"start":%q,"end":%q},"reasonCode":[{"text":%q}]`, subject, date, date, sentence(random, 80))
	case "MedicationRequest":
		fmt.Fprintf(&b, `"status":"active","intent":"order","medicationCodeableConcept":{"text":%q},%s,"authoredOn":%q,%s`, sentence(random, 3), subject, date, note)
	case "Condition":
		fmt.Fprintf(&b, `"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},%s,%s,"recordedDate":%q,%s`, code, subject, date, note)
	case "DiagnosticReport":
		fmt.Fprintf(&b, `"status":"final",%s,%s,"effectiveDateTime":%q,"conclusion":%q`, code, subject, date, sentence(random, 160))
	}
	b.WriteString("}")
	return b.Bytes()
}

// one is the body of a create.
func one(patient string) []byte {
	return entries("a create", patient, 3)[2].json
}
