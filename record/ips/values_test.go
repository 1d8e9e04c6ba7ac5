package ips_test

import (
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/ips"
)

// What an Observation's value reads as. Numbers and units are as they were written.
func TestValues(t *testing.T) {
	const interp = `"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"LL"}]}]`
	for body, want := range map[string]string{
		`"valueQuantity":{"value":5.60,"unit":"mmol/L"}`:                                 "X | 5.60 mmol/L",
		`"valueQuantity":{"value":1e3,"code":"[arb'U]/mL"}`:                              "X | 1e3 [arb'U]/mL",
		`"valueQuantity":{"value":7}`:                                                    "X | 7",
		`"valueQuantity":{"comparator":"<","value":0.3,"unit":"ng/L"}`:                   "X | < 0.3 ng/L",
		`"valueQuantity":{"value":97,"unit":"%"}`:                                        "X | 97%",
		`"valueCodeableConcept":{"coding":[{"system":"http://x.example","code":"q1"}]}`:  "X | code q1 of http://x.example",
		`"valueCodeableConcept":{"coding":[{"code":"q"},{"code":"r","display":"Seen"}]}`: "X | Seen",
		`"valueBoolean":false`:                                                           "X | No",
		`"valueInteger":0`:                                                               "X | 0",
		`"valueRange":{"low":{"value":1},"high":{"value":2,"unit":"h"}}`:                 "X | 1 to 2 h",
		`"valueRange":{"low":{"value":1,"unit":"h"},"high":{"value":2,"unit":"h"}}`:      "X | 1 to 2 h",
		`"valueRatio":{"numerator":{"value":1},"denominator":{"value":128}}`:             "X | 1 : 128",
		`"valueDateTime":"2026-12"`:                                                      "X | Dec-2026",
		`"valueTime":"09:15:00"`:                                                         "X | 09:15:00",
		`"valuePeriod":{"start":"2026","end":"2026-03-01"}`:                              "X | 2026 to 01-Mar-2026",
		`"dataAbsentReason":{"text":"Sample clotted"}`:                                   "X | No value: Sample clotted",
		`"note":[{"text":"a"}]`:                                                          "X | No value is recorded | a",
		`"hasMember":[{"display":"Sodium"},{"display":"Potassium"}]`:                     "X | A group: Sodium, Potassium",
		`"status":"amended","valueString":"s"`:                                           "X | s / Amended",
		`"valueInteger":3,` + interp:                                                     "X | 3 / Far below range",
		`"component":[{"code":{"text":"A"},"valueString":"1"},{"code":{"text":"B"},"dataAbsentReason":{"text":"not asked"}}]`: "X | A: 1 / B: No value: not asked",
		// The laboratory's own range.
		`"valueQuantity":{"value":94,"unit":"u"},"referenceRange":[{"low":{"value":45,"unit":"u"},"high":{"value":84,"unit":"u"}}]`:             "X | 94 u / Above range | 45 to 84 u",
		`"valueQuantity":{"value":9,"unit":"u"},"referenceRange":[{"low":{"value":45,"unit":"u"},"high":{"value":84,"unit":"u"}}]`:              "X | 9 u / Below range | 45 to 84 u",
		`"valueQuantity":{"value":84.0,"unit":"u"},"referenceRange":[{"high":{"value":84,"unit":"u"}}]`:                                         "X | 84.0 u | at most 84 u",
		`"valueQuantity":{"value":94,"unit":"v"},"referenceRange":[{"high":{"value":84,"unit":"u"}}]`:                                           "X | 94 v | at most 84 u",
		`"valueQuantity":{"value":94,"unit":"u"},"referenceRange":[{"text":"see note"}]`:                                                        "X | 94 u | see note",
		`"valueQuantity":{"value":94,"unit":"u"},"referenceRange":[{"high":{"value":84,"unit":"u"}},{"high":{"value":99,"unit":"u"}}]`:          "X | 94 u | at most 84 u; at most 99 u",
		`"valueQuantity":{"value":94,"unit":"u"},"referenceRange":[{"high":{"value":84,"unit":"u"},"appliesTo":[{"text":"women"}]}]`:            "X | 94 u | at most 84 u (women)",
		`"valueQuantity":{"value":94,"unit":"u"},"referenceRange":[{"high":{"value":84,"unit":"u"}}],"interpretation":[{"text":"As expected"}]`: "X | 94 u / As expected | at most 84 u",
		`"valueQuantity":{"comparator":">","value":94,"unit":"u"},"referenceRange":[{"high":{"value":84,"unit":"u"}}]`:                          "X | > 94 u | at most 84 u",
		`"effectivePeriod":{"start":"2026-01-02"},"valueInteger":1`:                                                                             "X | 1 | from 02-Jan-2026",
		`"effectiveDateTime":"2026-01-02T23:30:00-05:00","valueInteger":1`:                                                                      "X | 1 | 02-Jan-2026 23:30",
		`"issued":"2026-01-02T03:04:05.678Z","valueInteger":1`:                                                                                  "X | 1 | 02-Jan-2026 03:04 UTC",
	} {
		if !strings.Contains(body, `"status"`) {
			body = `"status":"final",` + body
		}
		p, entries := hand(t, handPatient, `results: {"resourceType":"Observation","id":"x","code":{"text":"X"},`+body+`}`)
		lines := strings.Split(read(t, build(t, whole(p, entries))).text("30954-2"), "\n")
		if got := lines[len(lines)-1]; got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestDoses(t *testing.T) {
	for body, want := range map[string]string{
		`"text":"One at night","timing":{"repeat":{"frequency":9,"period":1,"periodUnit":"d"}}`:                                                           "One at night",
		`"timing":{"repeat":{"frequency":1,"period":8,"periodUnit":"h"}},"doseAndRate":[{"doseQuantity":{"value":500,"unit":"mg"}}]`:                      "dose 500 mg, once every 8 hours",
		`"timing":{"repeat":{"frequency":4,"period":1,"periodUnit":"d"}},"asNeededBoolean":true,"route":{"text":"by mouth"}`:                              "4 times every day, when needed, by mouth",
		`"timing":{"code":{"text":"BID"}},"asNeededCodeableConcept":{"text":"pain"},"doseAndRate":[{"doseRange":{"low":{"value":1},"high":{"value":2}}}]`: "dose 1 to 2, BID, when needed for pain",
		`"timing":{"repeat":{"frequency":1,"period":1,"periodUnit":"d"}},"doseAndRate":[{"doseQuantity":{"value":1}}]`:                                    "dose 1 (unit not given), once every day",
		`"doseAndRate":[{"doseQuantity":{"value":0.5,"code":"mg"}}]`:                                                                                      "dose 0.5 mg",
	} {
		p, entries := hand(t, handPatient, `medicines: {"resourceType":"MedicationRequest","id":"m","status":"active","intent":"order","medicationCodeableConcept":{"text":"M"},"subject":{"reference":"Patient/p"},"dosageInstruction":[{`+body+`}]}`)
		if got, want := read(t, build(t, whole(p, entries))).text("10160-0"), "Current\nMedicine | Dose and instructions | Status\nM | "+want+" | Active"; got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

// Who a page is about, as the patient banner of the NHS has it.
func TestBanner(t *testing.T) {
	for body, want := range map[string]string{
		`"name":[{"family":"Wren","given":["Ada","May"],"prefix":["Mrs"]}],"birthDate":"1950-11-22","gender":"female","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9912003888"}]`: "WREN, Ada May (Mrs) · Born 22-Nov-1950 (76y) Gender Female NHS No. 991 200 3888",
		`"name":[{"family":"Wren"}],"birthDate":"1950-11-23"`:                                                                          "WREN · Born 23-Nov-1950 (75y) Gender Not known NHS No. Not known",
		`"birthDate":"1950-11","gender":"unknown"`:                                                                                     "Not known · Born Nov-1950 Gender Not known NHS No. Not known",
		`"name":[{"text":"Ada of Wren"}],"identifier":[{"system":"urn:other","value":"9912003888"}]`:                                   "Ada of Wren · Born Not known Gender Not known NHS No. Not known",
		`"name":[{"use":"old","family":"Finch"},{"use":"usual","family":"Wren"},{"use":"nickname","family":"Birdie"}]`:                 "WREN · Born Not known Gender Not known NHS No. Not known",
		`"name":[{"family":"Wren"}],"birthDate":"1950-11-22","deceasedDateTime":"2026-02"`:                                             "WREN · Died Feb-2026 Born 22-Nov-1950 Gender Not known NHS No. Not known",
		`"name":[{"family":"Wren"}],"deceasedBoolean":true,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"99"}]`: "WREN · Has died Born Not known Gender Not known NHS No. 99",
	} {
		p, entries := hand(t, `identity: {"resourceType":"Patient","id":"p",`+body+`}`)
		page, err := ips.Page(build(t, whole(p, entries)))
		if err != nil {
			t.Fatal(err)
		}
		_, banner, _ := strings.Cut(string(page), `<p class="name">`)
		banner, _, _ = strings.Cut(banner, "</header>")
		name, facts, _ := strings.Cut(banner, "</p>")
		if got := strings.TrimSpace(visible("<p>"+name+"</p>")) + " · " + strings.TrimSpace(visible(strings.TrimSpace(facts))); got != want {
			t.Errorf("%s:\n got %q\nwant %q", body, got, want)
		}
	}
}

// The strictest label of what is in the document is the document's own.
func TestHighWater(t *testing.T) {
	label := func(code string) string {
		return `conditions: {"resourceType":"Condition","id":"c","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"` + code + `"}]},"code":{"text":"x"},"subject":{"reference":"Patient/p"}}`
	}
	for want, line := range map[string]string{"N": label("L"), "R": strings.Replace(label("N"), "conditions:", "mental-health:", 1), "V": label("V")} {
		p, entries := hand(t, handPatient, line)
		v := read(t, build(t, whole(p, entries)))
		security := list(v.Bundle["meta"].(object)["security"])[0].(object)["code"]
		if v.Comp["confidentiality"] != want || security != want {
			t.Errorf("%s: %v, %v", line, v.Comp["confidentiality"], security)
		}
	}
	// What the reader does not see says nothing.
	p, entries := hand(t, handPatient, strings.Replace(label("V"), "conditions:", "private:", 1))
	if v := read(t, build(t, shared(p, entries, record.SectionsOf(record.Conditions)))); v.Comp["confidentiality"] != "N" {
		t.Error("the label of what was not shared is told")
	}
}
