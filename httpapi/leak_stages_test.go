package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// The layers of a record, one above the other: each stage of it has all that came
// before. What is in the bottom one is pointed to from above, and points there.
var layers = [][]string{
	{ // what each grant below shows some of
		`{"resourceType":"Patient","id":"{patient}","identifier":[{"system":"urn:nhs","value":"943"}],"name":[{"family":"Okonkwo","given":["Ada"]}]}`,
		`{"resourceType":"Observation","id":"lab4","status":"final",` + laboratory + `"code":{"text":"sodium"},"subject":{"reference":"Patient/{patient}"},"focus":[{"reference":"Binary/plot"},{"reference":"Binary/scan"},{"reference":"Binary/tape"},{"reference":"Condition/mind"},{"reference":"Binary/never"}]}`,
		`{"resourceType":"Observation","id":"gone","status":"final",` + laboratory + `"code":{"text":"chloride"},"subject":{"reference":"Patient/{patient}"}}`,
		`{"resourceType":"DiagnosticReport","id":"report","status":"final","code":{"text":"electrolytes"},"subject":{"reference":"Patient/{patient}"},"result":[{"reference":"Observation/lab1"},{"reference":"Observation/mood"}],"presentedForm":[{"contentType":"text/plain","url":"Binary/plot"}]}`,
		`{"resourceType":"DocumentReference","id":"note","status":"current","type":{"text":"a letter"},"subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"contentType":"text/plain","url":"Binary/tape"}}],"context":{"related":[{"reference":"Condition/mind"},{"reference":"Observation/mood"}]}}`,
		`{"resourceType":"AllergyIntolerance","id":"nuts","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":{"text":"nuts"},"patient":{"reference":"Patient/{patient}"}}`,
		`{"resourceType":"Binary","id":"plot","contentType":"text/plain","securityContext":{"reference":"Observation/lab1"},"data":"YSBwbG90IG9mIHNvZGl1bQ=="}`,
		`{"resourceType":"Provenance","id":"told","target":[{"reference":"Observation/lab1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"the laboratory"}}]}`,
	},
	{hidden[5]}, // an Observation of another section
	append(append([]string{ // what else is hidden from a grant to the results
		`{"resourceType":"Condition","id":"sleep","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"needle sleep"},"subject":{"reference":"Patient/{patient}"}}`,
		`{"resourceType":"DocumentReference","id":"letter","status":"current","description":"needle letter","subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"contentType":"text/plain","url":"Binary/scan"}}],"context":{"related":[{"reference":"Observation/lab1"}]}}`,
		`{"resourceType":"Provenance","id":"whisper","target":[{"reference":"Condition/secret"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"needle author"}}]}`,
		`{"resourceType":"Immunization","id":"jab","status":"completed","vaccineCode":{"text":"needle vaccine"},"patient":{"reference":"Patient/{patient}"},"occurrenceDateTime":"2025"}`,
		`{"resourceType":"Consent","id":"paper","status":"active","scope":{"text":"needle scope"},"category":[{"text":"needle"}],"patient":{"reference":"Patient/{patient}"},"dateTime":"2026","policyRule":{"text":"needle rule"}}`,
		`{"resourceType":"AuditEvent","id":"elsewhere","type":{"code":"rest"},"recorded":"2026-01-01T00:00:00Z","agent":[{"name":"needle reader","requestor":true}],"source":{"observer":{"display":"needle site"}},"entity":[{"what":{"reference":"Condition/secret"}}]}`,
	}, hidden[:5]...), hidden[6:]...),
	{ // what is hidden from a grant to everything but what is sensitive: see sensitive
		`{"resourceType":"Condition","id":"mind","identifier":[{"system":"urn:x","value":"17"}],"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"needle state"},"subject":{"reference":"Patient/{patient}"},"evidence":[{"detail":[{"reference":"Observation/lab1"},{"reference":"DocumentReference/note"}]}]}`,
		`{"resourceType":"Observation","id":"mood","identifier":[{"system":"urn:x","value":"19"}],"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"sodium needle"},"subject":{"reference":"Patient/{patient}"},"effectiveDateTime":"2026-01-02","valueString":"needle","derivedFrom":[{"reference":"Observation/lab1"}]}`,
		`{"resourceType":"MedicationStatement","id":"calm","status":"active","medicationCodeableConcept":{"text":"needle calm"},"subject":{"reference":"Patient/{patient}"},"reasonReference":[{"reference":"Condition/mind"}]}`,
		`{"resourceType":"Binary","id":"along","contentType":"text/plain","data":"bmVlZGxlIGFsb25n"}`,
		`{"resourceType":"DocumentReference","id":"moved","status":"current","description":"needle that was moved away","subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"url":"Binary/along"}}]}`,
		`{"resourceType":"Observation","id":"left","status":"final",` + laboratory + `"code":{"text":"needle that was moved away"},"subject":{"reference":"Patient/{patient}"}}`,
	},
	{ // and what goes where that was moved to
		`{"resourceType":"Binary","id":"tape","contentType":"text/plain","securityContext":{"reference":"Condition/mind"},"data":"bmVlZGxlIHRhcGU="}`,
		`{"resourceType":"Provenance","id":"murmur","target":[{"reference":"Condition/mind"},{"reference":"Observation/lab1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"needle author"}}]}`,
		`{"resourceType":"DocumentReference","id":"diary","status":"current","description":"needle diary","subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"contentType":"text/plain","url":"Binary/tape"}}],"context":{"related":[{"reference":"Condition/mind"},{"reference":"Observation/lab1"}]}}`,
	},
}

// sensitive is where the last layer but one is filed.
var sensitive = map[string]string{"Condition/mind": "mental-health", "Observation/mood": "mental-health", "MedicationStatement/calm": "substance-use", "Observation/left": "private", "DocumentReference/moved": "private"}

// stages makes the full record, and beside it those that end with each layer.
func stages(t *testing.T) (full *twin, bare []*twin) {
	w := newTwin(t)
	for _, k := range kinds {
		w.grant(w.ada, k.name, 24*time.Hour, k.scopes, k.sections...)
	}
	w.links()
	for n, layer := range layers {
		if n == 0 {
			layer = append(append([]string(nil), shared...), layer...)
		}
		w.put(w.vars["ada"], layer...)
		if n == 0 {
			w.put(w.vars["ada"], strings.Replace(shared[2], "amended", "corrected", 1)) // a second version
			h := http.Header{"Authorization": {"Bearer " + w.vars["ada"]}}
			w.send("DELETE", "/fhir/Observation/gone", h, "").Body.Close()
		}
		if n < 3 {
			bare = append(bare, w.copied(t))
		}
		for ref, section := range sensitive {
			if n == 3 {
				w.file(ref, section)
			}
		}
	}
	w.at.Add(60_000) // a grant begins when the device's clock says, which went on
	w.others()
	for _, b := range bare {
		b.at.Store(w.at.Load())
	}
	for name, value := range w.vars { // what others learned is guessed in each
		for _, b := range bare {
			if _, there := b.vars[name]; !there {
				b.vars[name] = value
			}
		}
	}
	w.reallyHidden(t, bare)
	return w, bare
}

// file moves an entry, as its person does.
func (w *twin) file(ref, section string) {
	resp := w.send("POST", "/holder/v1/entries/"+ref+"/section", http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Content-Type": {"application/json"}}, `{"section":"`+section+`"}`)
	resp.Body.Close()
	if resp.StatusCode != 200 {
		w.t.Fatalf("%s to %s: %d", ref, section, resp.StatusCode)
	}
}

// others fills what of a record is not entries: grants that were made and stopped, what
// was done under them, an upload, and the names of all that is derived for the person.
func (w *twin) others() {
	w.grant(w.ada, "stopped", 24*time.Hour, "patient/*.cruds", record.Sections()...)
	w.grant(w.ada, "others", 24*time.Hour, "patient/*.cruds", record.Sections()...)
	for i := range 20 {
		w.elsewhere(i)
	}
	id, err := record.ParseGrantID(w.vars["stopped.id"])
	w.check(err)
	w.check(w.ada.Revoke(w.t.Context(), id))
	all := w.list(w.vars["others"], "/fhir/Provenance?_count=200")
	slices.SortStableFunc(all, func(a, b [2]string) int { // those of what is hidden first
		rank := func(e [2]string) int {
			target, _, _ := strings.Cut(e[1], "/_history")
			return -slices.Index(append([]string{""}, unseen...), target)
		}
		return rank(a) - rank(b)
	})
	for i := range guessed {
		w.vars[fmt.Sprintf("pv%d", i)] = all[i][0]
	}
	for i, e := range w.list(w.vars["others"], "/fhir/AuditEvent?_count=6") {
		w.vars[fmt.Sprintf("log%d", i)] = e[0]
	}
	resp := w.send("POST", "/fhir/Binary/$upload", http.Header{"Authorization": {"Bearer " + w.vars["others"]}, "Tus-Resumable": {"1.0.0"}, "Upload-Length": {"4"}}, "")
	resp.Body.Close()
	_, w.vars["theirs"], _ = strings.Cut(resp.Header.Get("Location"), "$upload/")
	resp = w.send("GET", "/fhir/$export", http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Prefer": {"respond-async"}}, "")
	resp.Body.Close()
	_, w.vars["job"], _ = strings.Cut(resp.Header.Get("Content-Location"), "$export/")
	resp = w.send("GET", "/fhir/$export/"+w.vars["job"], http.Header{"Authorization": {"Bearer " + w.vars["ada"]}}, "")
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	w.check(err)
	var m struct{ Output []struct{ URL string } }
	w.check(json.Unmarshal(b, &m))
	w.vars["file"] = strings.TrimPrefix(m.Output[0].URL, publicURL+"/fhir")
	if w.vars["theirs"] == "" || w.vars["job"] == "" {
		w.t.Fatal("no upload, or no export")
	}
}

// list is the ids of a search, and what each is of.
func (w *twin) list(token, target string) (out [][2]string) {
	resp := w.send("GET", target, http.Header{"Authorization": {"Bearer " + token}}, "")
	defer resp.Body.Close()
	var bundle struct {
		Entry []struct {
			Resource struct {
				ID     string
				Target []struct{ Reference string }
			}
		}
	}
	b, err := io.ReadAll(resp.Body)
	w.check(err)
	w.check(json.Unmarshal(b, &bundle))
	for _, e := range bundle.Entry {
		one := [2]string{e.Resource.ID}
		if len(e.Resource.Target) > 0 {
			one[1] = e.Resource.Target[0].Reference
		}
		out = append(out, one)
	}
	return out
}

// elsewhere is what others do meanwhile, each time something else.
func (w *twin) elsewhere(n int) {
	as := func(name, method, target, typ, body string) {
		h := http.Header{"Authorization": {"Bearer " + w.vars[name]}}
		if typ != "" {
			h.Set("Content-Type", typ)
		}
		resp := w.send(method, w.expand(target), h, w.expand(body))
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode >= 400 {
			w.t.Fatalf("%s %s by %s: %d", method, target, name, resp.StatusCode)
		}
	}
	switch n % 10 {
	case 0:
		as("others", "GET", "/fhir/Observation?code:text=sodium", "", "")
	case 1:
		as("ada", "GET", "/fhir/Condition/mind", "", "")
	case 2:
		as("others", "GET", "/fhir/Binary/tape", "", "")
	case 3:
		as("ada", "PUT", "/fhir/Condition/mind", "application/fhir+json", strings.Replace(layers[3][0], "needle state", fmt.Sprintf("needle state %d", n), 1))
	case 4:
		as("others", "GET", "/fhir/Patient/$summary", "", "")
	case 5:
		as("others", "PUT", "/fhir/Observation/mood", "application/fhir+json", strings.Replace(layers[3][1], "2026-01-02", fmt.Sprintf("2026-01-%02d", n%27+1), 1))
	case 6:
		as("ada", "GET", "/fhir/Observation/lab1", "", "")
	case 7:
		as("others", "GET", "/fhir/Provenance?_count=3", "", "")
	case 8:
		as("ada", "GET", "/fhir/Observation?_revinclude=*", "", "")
	case 9:
		if n%50 == 9 { // a grant begins and ends
			w.grant(w.ada, fmt.Sprintf("passing%d", n), 24*time.Hour, "patient/*.rs", record.Sections()...)
			id, err := record.ParseGrantID(w.vars[fmt.Sprintf("passing%d.id", n)])
			w.check(err)
			w.check(w.ada.Revoke(w.t.Context(), id))
		}
	}
}

// reallyHidden ends the test where it would be about nothing.
func (w *twin) reallyHidden(t *testing.T, bare []*twin) {
	t.Helper()
	for _, ref := range unseen {
		if ref == "Binary/never" {
			continue
		}
		read := func(w *twin, token string) int {
			resp := w.send("GET", "/fhir/"+ref, http.Header{"Authorization": {"Bearer " + token}}, "")
			resp.Body.Close()
			return resp.StatusCode
		}
		if got := read(w, w.vars["others"]); got != 200 {
			t.Errorf("%s is not in the record: %d", ref, got)
		}
		for name, stage := range map[string]int{"results": 0, "clinical": 2} {
			here, there := read(w, w.vars[name]), read(bare[stage], bare[stage].vars[name])
			above := slices.Contains([]string{"Condition/mind", "Binary/tape", "Observation/mood", "Observation/left", "Provenance/murmur", "DocumentReference/diary", "Binary/along", "DocumentReference/moved"}, ref)
			if here != there || (name == "results" || above) && here != 404 {
				t.Errorf("%s: %s: %d in the full record, %d in the bare one", name, ref, here, there)
			}
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// links makes those of the twins, before they part: each shows a summary of its own
// grant's sections.
func (w *twin) links() {
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	for _, k := range []kind{kinds[0], kinds[len(kinds)-1]} {
		for _, passcode := range []string{"", "482913"} {
			name := "link to " + k.name
			req := holder.LinkRequest{GrantRequest: holder.GrantRequest{To: grant.Party{Name: "ward"}, Sections: record.SectionsOf(k.sections...), Scopes: scopes, Purpose: "TREAT", Lasts: 24 * time.Hour, Label: name}, Summary: true}
			if passcode != "" {
				name += " with a passcode"
				req.Passcode, req.Tries = crypto.SecretString(passcode), 3
			}
			l := holder.PrepareLink()
			w.t.Cleanup(l.Destroy)
			_, err := w.ada.Link(w.t.Context(), l, req)
			w.check(err)
			w.vars[name] = "/shl/" + l.Segment()
			w.opens = append(w.opens, made{path: "/shl/" + l.Segment(), key: l.Key.Clone(), id: l.ID()})
		}
	}
}
