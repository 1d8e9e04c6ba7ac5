package oracle

import (
	"encoding/json"
	"strings"

	"carehold/record"
	"carehold/record/grant"
)

// summaries asks for the patient summary in each way there is: of everything, and of what
// grants reach, down to a single section. Each is a document that the oracle takes.
func (p *person) summaries() {
	before := p.answers["Bundle of type document"]
	instance, ofType := "/Patient/"+p.patient+"/$summary", "/Patient/$summary"
	const parameters = `{"resourceType":"Parameters","parameter":[{"name":"profile","valueCanonical":"http://hl7.org/fhir/uv/ips/StructureDefinition/Composition-uv-ips|2.0.0"}]}`
	want := 0
	ask := func(token string, requests ...request) {
		for _, q := range requests {
			want++
			p.document(p.expect(200, token, q))
		}
	}
	ask(p.token, request{method: "GET", path: instance}, request{method: "GET", path: ofType}, request{method: "GET", path: instance + "?_pretty=true"},
		request{method: "POST", path: instance, body: parameters}, request{method: "POST", path: ofType, body: parameters})
	ask(p.grant("surgery", "patient/*.rs", record.SectionsOf(grant.Clinical.List()...)), request{method: "GET", path: instance}, request{method: "POST", path: ofType, body: parameters})
	ask(p.grant("types", "patient/Patient.rs patient/Observation.rs", record.AllSections), request{method: "GET", path: instance})
	for _, s := range record.Sections() {
		if s != record.Identity && s != record.Providers { // every grant has these
			ask(p.grant(s.String(), "patient/*.rs", record.SectionsOf(s)), request{method: "GET", path: instance})
		}
	}
	if n := p.answers["Bundle of type document"] - before; n != want {
		p.fault("the oracle has seen %d documents, want %d", n, want)
	}
	p.expect(404, p.token, request{method: "GET", path: ofType + "?identifier=http://nobody.example|1"})
	p.expect(422, p.token, request{method: "GET", path: ofType + "?profile=http://nobody.example"})
	p.expect(400, p.token, request{method: "GET", path: ofType + "?graph=x"})
	p.expect(403, p.grant("no Patient", "patient/Observation.rs", record.AllSections), request{method: "GET", path: ofType})
	p.expect(200, p.token, request{method: "POST", path: "", body: `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"` + strings.TrimPrefix(instance, "/") + `"}}]}`})
}

// document holds a summary against what the oracle does not look at: what the Composition
// points to is there.
func (p *person) document(a answer) {
	b, err := parseBundle(a.body)
	if err != nil || len(b.Entry) < 3 {
		p.fault("a summary of %d entries: %v", len(b.Entry), err)
		return
	}
	there := make(map[string]bool)
	for _, e := range b.Entry {
		there[e.FullURL] = true
	}
	var c struct {
		Subject struct{ Reference string }
		Section []struct {
			Title string
			Entry []struct{ Reference string }
		}
	}
	if err := json.Unmarshal(b.Entry[0].Resource, &c); err != nil || !there[c.Subject.Reference] || len(c.Section) < 3 {
		p.fault("a summary of nobody, or of %d sections: %v", len(c.Section), err)
	}
	for _, s := range c.Section {
		for _, e := range s.Entry {
			if !there[e.Reference] {
				p.fault("%s: %s is not in the document", s.Title, e.Reference)
			}
		}
	}
}
