package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// door is a path that one row of the table serves as it serves others, and that is a
// door of its own: an operation, something of somebody's, a link of another sort. Its
// rules are in matrix.txt under its name, which begins with @.
type door struct {
	name, target string
	methods      []string
	header       http.Header
	typ, body    string
}

var reads = []string{"GET", "HEAD"}

// makeDoors makes what the doors lead to: an export of Ada's, an upload of writer's, what
// is derived of a result and of the gp, and links that open, are stopped, and are asked
// for the wrong way.
func (m *matrix) makeDoors() (doors []door) {
	get := func(token, path string, h http.Header) []byte {
		if h == nil {
			h = http.Header{}
		}
		h.Set("Authorization", "Bearer "+token)
		resp := m.send("GET", path, h, "")
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		m.check(err)
		if at := resp.Header.Get("Content-Location"); at != "" && resp.StatusCode == 202 {
			return []byte(strings.TrimPrefix(at, publicURL))
		}
		if resp.StatusCode != 200 {
			m.t.Fatalf("%s: %d %s", path, resp.StatusCode, b)
		}
		return b
	}
	first := func(token, path string) string {
		var b struct {
			Entry []struct{ Resource struct{ ID string } }
		}
		m.check(json.Unmarshal(get(token, path, nil), &b))
		return b.Entry[0].Resource.ID
	}
	async := http.Header{"Prefer": {"respond-async"}}
	job := string(get(m.vars["ada"], "/fhir/$export", async.Clone()))
	var files struct{ Output []struct{ URL string } }
	m.check(json.Unmarshal(get(m.vars["ada"], job, nil), &files))
	tus := http.Header{"Tus-Resumable": {"1.0.0"}, "Upload-Length": {"4"}, "Upload-Offset": {"1"}}
	h := tus.Clone()
	h.Set("Authorization", "Bearer "+m.vars["writer"])
	resp := m.send("POST", "/fhir/Binary/$upload", h, "")
	resp.Body.Close()
	upload := strings.TrimPrefix(resp.Header.Get("Location"), publicURL)
	direct, stopped := m.linkTo("direct", "direct file=fhir:10"), m.linkTo("stopped link", "direct file=fhir:10")
	m.check(m.ada.Revoke(m.t.Context(), stopped.grant))
	ticket := strings.TrimPrefix(m.listed(m.vars["manifest"], `{"recipient":"x","embeddedLengthMax":1}`)[0].Location, publicURL)

	const empty = `{"resourceType":"Parameters"}`
	add := func(d door) { doors = append(doors, d) }
	for of, on := range map[string]string{"": "/fhir/Patient/", "/of": "/fhir/Patient/{patient}/"} {
		add(door{name: "@summary" + of, target: on + "$summary", methods: []string{"GET", "HEAD", "POST", "DELETE"}, typ: "application/fhir+json", body: empty})
		add(door{name: "@everything" + of, target: on + "$everything", methods: []string{"GET", "HEAD", "POST", "DELETE"}, typ: "application/fhir+json", body: empty})
	}
	for _, on := range []string{"/fhir/", "/fhir/Patient/"} {
		add(door{name: "@export", target: on + "$export", methods: []string{"GET", "POST", "DELETE"}, header: async, typ: "application/fhir+json", body: empty})
	}
	add(door{name: "@export/file", target: strings.TrimPrefix(files.Output[0].URL, publicURL), methods: []string{"GET", "HEAD", "DELETE"}})
	add(door{name: "@export/job", target: job, methods: []string{"GET", "HEAD", "DELETE"}})
	add(door{name: "@claim", target: "/fhir/Binary", methods: []string{"POST"}, typ: "application/fhir+json",
		body: `{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"Observation/potassium"},"_data":{"extension":[{"url":"urn:carehold:upload","valueUri":"` + strings.TrimPrefix(upload, "/fhir/") + `"}]}}`})
	add(door{name: "@upload", target: upload, methods: []string{"HEAD", "PATCH", "DELETE"}, header: tus, typ: "application/offset+octet-stream", body: "x"})
	for name, ref := range map[string]string{
		"@provenance":  "Provenance/" + first(m.vars["gp"], "/fhir/Provenance?target=Observation/potassium"),
		"@consent":     "Consent/grant-" + m.vars["gp.id"],
		"@consent/old": "Consent/grant-" + m.vars["revoked.id"],
		"@event":       "AuditEvent/" + first(m.vars["gp"], "/fhir/AuditEvent?_count=1"),
		"@event/first": "AuditEvent/log-0",
	} {
		for _, suffix := range []string{"", "/_history/1"} {
			add(door{name: name, target: "/fhir/" + ref + suffix, methods: reads})
		}
		add(door{name: name + "/written", target: "/fhir/" + ref, methods: []string{"DELETE"}})
	}
	for _, typ := range []string{"Provenance", "Consent", "AuditEvent"} {
		add(door{name: "@derived", target: "/fhir/" + typ + "?_count=1", methods: reads})
	}
	add(door{name: "@link/direct", target: direct.path + "?recipient=x", methods: []string{"GET", "POST"}, typ: "application/json", body: `{"recipient":"x"}`})
	add(door{name: "@link/stopped", target: stopped.path + "?recipient=x", methods: []string{"GET", "POST"}, typ: "application/json", body: `{"recipient":"x"}`})
	add(door{name: "@link/file", target: ticket, methods: []string{"GET", "HEAD", "DELETE"}})
	return doors
}
