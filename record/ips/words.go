package ips

import (
	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// What the person says about an entry that somebody else wrote stands in the resource
// (docs/decisions/0037-contributing.md), and is told with it: whoever reads the row must
// not take for agreed what is disputed. A store lets nobody but the person write these.
const (
	noteURL    = "urn:carehold:note"
	disputeURL = "urn:carehold:dispute"
)

// personSays are the person's words about an entry, disputes first.
func personSays(n fhir.Node) (disputes, notes []string) {
	for x := range n.Get("extension").All() {
		text := speak.Clean(x.Get("valueAnnotation").Get("text").Text())
		if text == "" {
			continue
		}
		switch x.Get("url").Text() {
		case disputeURL:
			disputes = append(disputes, "Disputed by the person: "+text)
		case noteURL:
			notes = append(notes, "The person's note: "+text)
		}
	}
	return disputes, notes
}
