package ips_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"carehold/record/ips"
)

// What is recorded in a form that a profile of IPS does not take stays as it was
// recorded: the document is valid all the same, for the slices of Bundle-uv-ips and of
// Composition-uv-ips are open, and the entry is of no slice. Each breaks these rules alone.
func TestOtherForms(t *testing.T) {
	observation := func(code, category, more string) string {
		if category != "" {
			category = `"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"` + category + `"}]}],`
		}
		return `results: {"resourceType":"Observation","id":"x","status":"final",` + category + `"code":{"coding":[{"system":"http://loinc.org","code":"` + code + `"}]},"subject":{"reference":"Patient/p"},"performer":[{"display":"Dr Okafor"}],"valueInteger":1,` + more + `}`
	}
	for line, rule := range map[string]string{
		observation("30745-4", "imaging", `"effectiveDateTime":"2026-02"`):                                                                                                             "ips-1",
		observation("30745-4", "imaging", `"effectiveInstant":"2026-02-03T04:05:06Z"`):                                                                                                 "imaging-effective",
		observation("2951-2", "laboratory", `"effectiveTiming":{"event":["2026-02-03"]}`):                                                                                              "lab-effective",
		observation("8867-4", "vital-signs", `"effectiveDateTime":"2026"`):                                                                                                             "vs-1",
		observation("72166-2", "", `"effectivePeriod":{"start":"2020"}`):                                                                                                               "tobacco",
		observation("74013-4", "", `"effectiveDateTime":"2020","component":[{"code":{"text":"x"},"valueInteger":2}]`):                                                                  "alcohol",
		observation("82810-3", "", `"effectivePeriod":{"start":"2020"}`):                                                                                                               "pregnancy-status",
		observation("11778-8", "", `"effectiveDateTime":"2020","method":{"text":"scan"}`):                                                                                              "pregnancy-edd",
		observation("11636-8", "", `"effectivePeriod":{"start":"2020"}`):                                                                                                               "pregnancy-outcome",
		`support: {"resourceType":"DeviceUseStatement","id":"x","status":"active","subject":{"reference":"Patient/p"},"device":{"display":"Stick"},"timingTiming":{"event":["2026"]}}`: "deviceUse deviceUse-timing",
	} {
		p, entries := hand(t, handPatient, line)
		doc := build(t, whole(p, entries))
		oracle(t, rule, doc)
		v := read(t, doc)
		var broken []string
		for _, c := range slices.Concat(checks, rules, promises) {
			if len(c.wrong(v)) > 0 && !slices.Contains(broken, c.id) {
				broken = append(broken, c.id)
			}
		}
		if fmt.Sprint(broken) != "["+rule+"]" {
			t.Errorf("%s: breaks %v, want %s", line, broken, rule)
		}
		if !bytes.Contains(doc, entries[1].Body) {
			t.Errorf("%s: is not as it was recorded", rule)
		}
		if _, err := ips.Page(doc); err != nil {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
