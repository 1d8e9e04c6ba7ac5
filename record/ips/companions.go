package ips

import (
	"slices"
	"strings"

	"carehold/record/fhir"
)

// followed are the types of companions: what makes an entry understandable. Visits,
// claims and whatever else an entry points to stay outside: a summary is no copy of the
// record. Observations are followed only as parts of a report or panel.
var followed = set("Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService", "RelatedPerson", "CareTeam",
	"Medication", "Substance", "Specimen", "Device", "ImagingStudy", "Goal")

// companions are what the entries, and their companions, point to and the reader may
// see, each once, in the order of their references.
func (b *builder) companions(entries []*item) ([]*item, error) {
	there := map[fhir.Ref]bool{}
	for _, it := range entries {
		there[it.Ref] = true
	}
	var found []*item
	for queue := entries; len(queue) > 0; {
		var next []*item
		for _, it := range queue {
			for _, ref := range it.res.References() {
				to, ok := b.local(ref.Value)
				if !ok || ref.In != fhir.InReference || there[to] || !follows(it.Ref.Type, to.Type, ref.Path) {
					continue
				}
				there[to] = true
				companion := b.byRef[to]
				if companion == nil {
					continue
				}
				if _, err := companion.parsed(); err != nil {
					return nil, err
				}
				if companion.root().Get("status").Text() == "entered-in-error" || companion.root().Get("lifecycleStatus").Text() == "entered-in-error" {
					continue
				}
				next = append(next, companion)
			}
		}
		found, queue = append(found, next...), next
	}
	slices.SortFunc(found, func(x, y *item) int { return strings.Compare(x.Ref.String(), y.Ref.String()) })
	return found, nil
}

func follows(from, to, path string) bool {
	switch to {
	case "Observation":
		return from == "DiagnosticReport" && strings.HasPrefix(path, "DiagnosticReport.result[") ||
			from == "Observation" && strings.HasPrefix(path, "Observation.hasMember[")
	case "Goal":
		return from == "CarePlan"
	}
	return followed[to]
}
