package oracle

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"carehold/record"
	"carehold/record/derived"
	"carehold/record/grant"
	"carehold/record/sample"
	"carehold/record/testdata"
)

// Everything the server says about six Synthea people, and the oracle refuses
// none of it.
func TestEverythingServed(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(testdata.Dir(t, "synthea"), "*.json"))
	if len(files) != 6 {
		t.Fatalf("%d people", len(files))
	}
	if testing.Short() {
		files = files[:1]
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name[:strings.Index(name, "_")], func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := newServer(t).enrol(name)
			im, err := p.bring("synthea", raw)
			p.check(err)
			if len(im.Refused) > 0 {
				t.Errorf("%d entries refused, the first because %s", len(im.Refused), im.Refused[0].Reason)
			}
			p.everything()
		})
	}
}

// The project's own sample is a person of six sources, in two languages of care.
func TestSampleServed(t *testing.T) {
	t.Parallel()
	p := newServer(t).enrol("Marion")
	for _, s := range sample.Sources() {
		im, err := p.bring(s.Name, s.Bundle)
		p.check(err)
		if len(im.Refused) > 0 {
			t.Errorf("%s: %d entries refused, the first because %s", s.Name, len(im.Refused), im.Refused[0].Reason)
		}
	}
	p.everything()
}

// everything asks for all there is in each way there is.
func (p *person) everything() {
	entries, err := p.session().Entries(p.t.Context())
	p.check(err)
	var refs []string
	types := make(map[string]int)
	for _, e := range entries {
		refs = append(refs, e.Type+"/"+e.ID)
		types[e.Type]++
	}
	atOnce(refs, p.entry)
	atOnce(slices.Collect(maps.Keys(types)), func(typ string) { p.searches(p.token, typ, types[typ]) })
	p.derived()
	p.system(len(refs))
	p.batches(refs, types)
	p.summaries()
	p.all(len(refs))
	p.written()
	p.mistakes(refs[0])

	// The same for somebody who sees a part, who is told of no other.
	some := p.grant("gp", "patient/*.rs", record.SectionsOf(grant.Clinical.List()...))
	atOnce(slices.Collect(maps.Keys(types)), func(typ string) { p.pages(some, "/"+typ+"?_count=100") })
	p.ask(some, request{method: "GET", path: "/metadata"})
	p.ask("", request{method: "GET", path: "/metadata"})

	total := 0
	var list []string
	for kind, n := range p.answers {
		total += n
		list = append(list, fmt.Sprintf("%d %s", n, kind))
	}
	slices.Sort(list)
	p.t.Logf("the oracle refused %d of %d answers about %d entries: %s", p.refused, total, len(refs), strings.Join(list, ", "))
}

// expect asks and wants a status.
func (p *person) expect(status int, token string, q request) answer {
	p.t.Helper()
	a := p.ask(token, q)
	if a.status != status {
		p.fault("%s %s: %d, want %d: %.300s", q.method, q.path, a.status, status, a.body)
	}
	return a
}

// atOnce does something with each of a list, eight at a time: every request is
// logged and synced, and the log's commits are shared.
func atOnce[T any](list []T, do func(T)) {
	next := make(chan T)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for x := range next {
				do(x)
			}
		})
	}
	for _, x := range list {
		next <- x
	}
	close(next)
	all.Wait()
}

// entry is read, vread and history of an entry.
func (p *person) entry(ref string) {
	a := p.expect(200, p.token, request{method: "GET", path: "/" + ref})
	version := strings.Trim(strings.TrimPrefix(a.header.Get("ETag"), "W/"), `"`)
	b := p.expect(200, p.token, request{method: "GET", path: "/" + ref + "/_history/" + version})
	if string(a.body) != string(b.body) {
		p.fault("%s: read and vread differ", ref)
	}
	p.pages(p.token, "/"+ref+"/_history")
}

// pages follows the links next, and returns how many matches and others came.
func (p *person) pages(token, path string) (matches, total int) {
	p.t.Helper()
	for n := 0; path != "" && n < 200; n++ {
		a := p.expect(200, token, request{method: "GET", path: path})
		b, err := parseBundle(a.body)
		if err != nil || a.status != 200 {
			return matches, total
		}
		for _, e := range b.Entry {
			if e.Search == nil || e.Search.Mode == "match" {
				matches++
			}
		}
		if b.Total != nil {
			total = *b.Total
		}
		path = b.next()
	}
	return matches, total
}

// searches looks for the entries of a type in every form an answer has.
func (p *person) searches(token, typ string, n int) {
	for _, query := range []string{"?_count=100", "?_count=97&_sort=-_lastUpdated&_total=accurate", "?_count=100&_summary=false"} {
		matches, total := p.pages(token, "/"+typ+query)
		if slices.Contains(derived.Types(), typ) && matches >= n {
			continue // with those that are made of the record: the oracle has seen them
		}
		if matches != n || total != n {
			p.fault("%s%s: %d matches, total %d, want %d", typ, query, matches, total, n)
		}
	}
	if matches, _ := p.pages(token, "/"+typ+"/_history?_count=100"); matches < n {
		p.fault("the history of %s has %d versions, want %d at least", typ, matches, n)
	}
	for _, query := range []string{
		"", "_count=0", "_count=1", "_summary=true", "_summary=text", "_summary=data", "_summary=count", "_elements=id", "_elements=identifier,status,code",
		"_total=none", "_total=estimate", "_sort=_id", "_id=nothing", "_include=" + typ + ":*", "_lastUpdated=gt2000", "_lastUpdated=lt2000", "_pretty=true",
		"_format=json", "_unknown=x",
	} {
		p.expect(200, token, request{method: "GET", path: "/" + typ + "?" + query})
		p.expect(200, token, request{method: "POST", path: "/" + typ + "/_search", body: query, header: []string{"Content-Type", "application/x-www-form-urlencoded"}})
	}
	p.expect(400, token, request{method: "GET", path: "/" + typ + "?_unknown=x", header: []string{"Prefer", "handling=strict"}})
	if typ != "Patient" {
		p.ask(token, request{method: "GET", path: "/Patient/" + p.patient + "/" + typ + "?_count=20"}) // not every type is in the compartment
	}
}

// derived asks for what is made of the record, in an ordinary session and in one that
// reads the log.
func (p *person) derived() {
	reads, _, err := p.holder.SignInToRead(p.t.Context())
	p.check(err)
	for _, token := range []string{p.token, reads} {
		for _, typ := range derived.Types() {
			for _, query := range []string{"_count=100", "_count=5&_summary=true", "_count=5&_elements=id", "_count=5&_sort=-_lastUpdated", "_summary=count"} {
				p.expect(200, token, request{method: "GET", path: "/" + typ + "?" + query})
			}
		}
	}
	p.expect(200, reads, request{method: "GET", path: "/Observation?_revinclude=Provenance:target&_count=20"})
}

// system asks across all types.
func (p *person) system(n int) {
	if matches, _ := p.pages(p.token, "/_history?_count=100"); matches < n {
		p.fault("the history of the record has %d versions, want %d at least", matches, n)
	}
	if matches, _ := p.pages(p.token, "?_type=Patient,Observation,Condition,Practitioner&_count=100"); matches < 1 {
		p.t.Error("a search across types finds nothing")
	}
	for _, path := range []string{
		"/Patient?_revinclude=Observation:subject&_revinclude=Condition:subject&_count=50",
		"/Patient?_revinclude=Encounter:patient&_include=Patient:general-practitioner",
		"/Observation?_include=Observation:subject&_include=Observation:encounter&_count=50",
		"/Observation?subject:Patient.birthdate=gt1900&_count=20",
		"/Patient?_has:Condition:subject:clinical-status=active",
		"/MedicationRequest?_include=MedicationRequest:requester&_count=20",
		"/Encounter?date=ge2000&_sort=date&_count=20",
		"/Condition?code=http://snomed.info/sct|44054006",
	} {
		p.expect(200, p.token, request{method: "GET", path: path})
	}
	p.expect(200, p.token, request{method: "GET", path: "/Patient/" + p.patient + "/Observation?_count=20"})
	p.expect(200, p.token, request{method: "POST", path: "/_search", body: "_type=Patient,Encounter&_count=5", header: []string{"Content-Type", "application/x-www-form-urlencoded"}})
	p.expect(200, p.token, request{method: "GET", path: "/_history?_since=2000-01-01T00:00:00Z&_count=3"})
	p.expect(200, p.token, request{method: "GET", path: "/metadata"})
	p.expect(200, p.token, request{method: "GET", path: "/metadata?_summary=true"})
}

// batches asks for many things at once, some of which are not there.
func (p *person) batches(refs []string, types map[string]int) {
	var urls []string
	for i := 0; i < len(refs); i += 1 + len(refs)/60 {
		urls = append(urls, refs[i], refs[i]+"/_history/1")
	}
	for typ := range types {
		urls = append(urls, typ+"?_count=3", typ+"?_summary=count", typ+"?_count=2&_include="+typ+":*")
	}
	urls = append(urls, "Patient/none", "Observation/none/_history/7", "Observation?_sort=nothing", "Nothing/1", "Observation?code:nothing=x", "metadata")
	var entries []string
	for _, u := range urls {
		quoted, _ := json.Marshal(u)
		entries = append(entries, `{"request":{"method":"GET","url":`+string(quoted)+`}}`)
	}
	entries = append(entries, `{"request":{"method":"DELETE","url":"Observation/none"}}`, `{"request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation"}}`)
	p.expect(200, p.token, request{method: "POST", path: "", body: `{"resourceType":"Bundle","type":"batch","entry":[` + strings.Join(entries, ",") + `]}`})
}

// written is what is answered to changes, in each of the ways to prefer.
func (p *person) written() {
	subject := `"subject":{"reference":"Patient/` + p.patient + `"}`
	observation := func(id, status string) string {
		if id != "" {
			id = `"id":"` + id + `",`
		}
		return `{"resourceType":"Observation",` + id + `"status":"` + status + `","code":{"text":"mood"},` + subject + `}`
	}
	for _, prefer := range []string{"return=minimal", "return=representation", "return=OperationOutcome"} {
		h := []string{"Prefer", prefer}
		made := p.expect(201, p.token, request{"POST", "/Observation", observation("", "final"), h})
		u, err := url.Parse(made.header.Get("Location"))
		if err != nil {
			p.t.Fatal(err)
		}
		ref, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/fhir/"), "/_history/")
		id := strings.TrimPrefix(ref, "Observation/")
		p.expect(200, p.token, request{"PUT", "/" + ref, observation(id, "amended"), h})
		p.expect(200, p.token, request{"PATCH", "/" + ref, `[{"op":"replace","path":"/status","value":"corrected"}]`,
			append([]string{"Content-Type", "application/json-patch+json"}, h...)})
		p.expect(422, p.token, request{"PATCH", "/" + ref, `[{"op":"test","path":"/status","value":"other"}]`,
			append([]string{"Content-Type", "application/json-patch+json"}, h...)})
		p.expect(412, p.token, request{"PUT", "/" + ref, observation(id, "final"), append([]string{"If-Match", `W/"1"`}, h...)})
		p.expect(200, p.token, request{"POST", "/Observation", observation("", "final"), append([]string{"If-None-Exist", "_id=" + id}, h...)})
		p.expect(200, p.token, request{"PUT", "/Observation?_id=" + id, observation(id, "final"), h})
		p.expect(200, p.token, request{"POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[` +
			`{"fullUrl":"urn:uuid:0c4c4a4c-0b0b-4b0b-8b0b-0b0b0b0b0b0b","resource":{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},` + subject + `},"request":{"method":"POST","url":"Encounter"}},` +
			`{"resource":{"resourceType":"Observation","status":"final","code":{"text":"mood"},` + subject + `,"encounter":{"reference":"urn:uuid:0c4c4a4c-0b0b-4b0b-8b0b-0b0b0b0b0b0b"}},"request":{"method":"POST","url":"Observation"}},` +
			`{"resource":` + observation(id, "amended") + `,"request":{"method":"PUT","url":"` + ref + `"}}]}`, h})
		p.expect(200, p.token, request{"POST", "/Observation/$validate", observation("", "final"), h})
		deleted := 204
		if prefer == "return=OperationOutcome" {
			deleted = 200 // §3.1.0.7: with a body 200, else 204
		}
		p.expect(deleted, p.token, request{"DELETE", "/" + ref, "", h})
		p.expect(410, p.token, request{method: "GET", path: "/" + ref})
		p.pages(p.token, "/"+ref+"/_history")
	}
	p.pages(p.token, "/Observation/_history?_count=50")
	p.pages(p.token, "/_history?_count=100")
}

// mistakes are requests that are wrong in one way each. Every answer has an
// OperationOutcome that says so.
func (p *person) mistakes(ref string) {
	read := p.grant("reader", "patient/*.rs", record.SectionsOf(grant.Clinical.List()...))
	for _, c := range []struct {
		status int
		token  string
		request
	}{
		{401, "", request{method: "GET", path: "/Patient"}},
		{401, "chda_nothing", request{method: "GET", path: "/Patient"}},
		{404, p.token, request{method: "GET", path: "/Observation/none"}},
		{404, p.token, request{method: "GET", path: "/" + ref + "/_history/999"}},
		{404, p.token, request{method: "GET", path: "/Observation/none/_history"}},
		{404, p.token, request{method: "GET", path: "/Nothing"}},
		{501, p.token, request{method: "GET", path: "/Observation/$nothing"}},
		{405, p.token, request{method: "PUT", path: "/metadata", body: "{}"}},
		{405, p.token, request{method: "POST", path: "/OperationOutcome", body: `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]}`}},
		{406, p.token, request{method: "GET", path: "/Patient", header: []string{"Accept", "application/fhir+xml"}}},
		{406, p.token, request{method: "GET", path: "/Patient?_format=xml"}},
		{415, p.token, request{method: "POST", path: "/Observation", body: "<x/>", header: []string{"Content-Type", "application/fhir+xml"}}},
		{400, p.token, request{method: "POST", path: "/Observation", body: "{"}},
		{400, p.token, request{method: "POST", path: "/Observation", body: `{"resourceType":"Condition","subject":{"reference":"Patient/` + p.patient + `"}}`}},
		{400, p.token, request{method: "PUT", path: "/Observation/a", body: `{"resourceType":"Observation","id":"b","status":"final","code":{"text":"x"}}`}},
		{422, p.token, request{method: "POST", path: "/Observation", body: `{"resourceType":"Observation","status":"nothing","code":{"text":"x"},"valueString":"a","valueInteger":1,"wrong":true}`}},
		{403, read, request{method: "POST", path: "/Observation", body: `{"resourceType":"Observation","status":"final","code":{"text":"x"}}`}},
		{400, p.token, request{method: "POST", path: "", body: `{"resourceType":"Bundle","type":"searchset"}`}},
		{400, p.token, request{method: "POST", path: "", body: `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Observation/x"}},{"request":{"method":"DELETE","url":"Observation/x"}}]}`}},
		{400, p.token, request{method: "GET", path: "/Observation?date=yesterday"}},
		{400, p.token, request{method: "GET", path: "/Observation?code:in=http://example.org/vs"}},
		{400, p.token, request{method: "GET", path: "/Observation?_include:iterate=Observation:subject"}},
		{400, p.token, request{method: "GET", path: "/Observation?subject:Patient.general-practitioner.name=x"}},
		{400, p.token, request{method: "GET", path: "/Observation?_filter=x"}},
		{400, p.token, request{method: "GET", path: "/Observation?_sort=nothing"}},
		{400, p.token, request{method: "GET", path: "/Observation?_count=x"}},
		{400, p.token, request{method: "GET", path: "/Observation?_page=x"}},
		{400, p.token, request{method: "GET", path: "/Observation?_summary=most"}},
		{400, p.token, request{method: "GET", path: "/_history?_since=yesterday"}},
		{400, p.token, request{method: "POST", path: "/Observation", body: `{"resourceType":"Observation","status":"final","code":{"text":"x"}}`, header: []string{"If-None-Exist", ""}}},
		{412, p.token, request{method: "POST", path: "/Observation", body: `{"resourceType":"Observation","status":"final","code":{"text":"x"}}`, header: []string{"If-None-Exist", "_lastUpdated=gt2000"}}},
		{501, p.token, request{method: "PATCH", path: "/" + ref, body: `{"resourceType":"Parameters"}`}},
	} {
		a := p.expect(c.status, c.token, c.request)
		var o struct {
			ResourceType string
			Issue        []struct{ Severity, Code, Diagnostics string }
		}
		if json.Unmarshal(a.body, &o) != nil || o.ResourceType != "OperationOutcome" || len(o.Issue) == 0 || o.Issue[0].Severity != "error" || o.Issue[0].Diagnostics == "" {
			p.fault("%s %s: %d without an OperationOutcome that says why: %s", c.method, c.path, a.status, a.body)
		}
	}
}
