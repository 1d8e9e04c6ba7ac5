package oracle

import (
	"carehold/record"
	"carehold/record/grant"
)

// all asks for $everything in each way there is, and for what $export answers in FHIR.
// The lines of an export's files are what reads give (TestWholeSample of package httpapi),
// which the oracle has seen.
func (p *person) all(n int) {
	instance, ofType := "/Patient/"+p.patient+"/$everything", "/Patient/$everything"
	for _, path := range []string{instance, ofType + "?_count=100", ofType + "?_since=2020-01-01T00:00:00Z&_count=500"} {
		if matches, total := p.pages(p.token, path); matches != n || total != n {
			p.fault("%s: %d matches, total %d, want %d", path, matches, total, n)
		}
	}
	p.pages(p.grant("surgery", "patient/*.rs", record.SectionsOf(grant.Clinical.List()...)), instance)
	p.expect(200, p.token, request{method: "GET", path: ofType + "?status=final&_elements=id"})
	p.expect(200, p.token, request{method: "POST", path: ofType, body: `{"resourceType":"Parameters","parameter":[{"name":"_type","valueCode":"Patient"}]}`})
	p.expect(501, p.token, request{method: "GET", path: ofType + "?start=2020-01-01"})
	p.expect(404, p.token, request{method: "GET", path: "/Patient/nobody/$everything"})
	p.expect(202, p.token, request{method: "GET", path: "/$export", header: []string{"Prefer", "respond-async"}})
	p.expect(400, p.token, request{method: "GET", path: "/Patient/$export"})
	p.expect(404, p.token, request{method: "GET", path: "/$export/none"})
}
