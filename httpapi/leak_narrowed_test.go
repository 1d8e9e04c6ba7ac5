package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/record"
)

// narrowScope shows results of the laboratory, of all Observations there are.
const narrowScope = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory patient/Patient.rs"

// What a scope leaves out by its query does not exist either, in sections that the token
// opens: not by reading, history, search, total, chain, include or operation. It is asked
// of one record, before and after it has more.
func TestNarrowedDoesNotExist(t *testing.T) {
	t.Parallel()
	looks, _ := prying()
	w := newResults(t)
	w.token = w.grant(w.ada, "narrowed", 24*time.Hour, narrowScope, record.Sections()...)
	asked := func(q [3]string) bool { // of what its types have; reading another type is forbidden, and so known of
		path, _, _ := strings.Cut(q[1], "?")
		path, _, _ = strings.Cut(path, "\n")
		return path == "/" || path == "/_history" || strings.HasPrefix(path, "/Observation") || path == "/Patient" || path == "/Patient/{patient}/*" || path == "/Patient/{patient}/Observation"
	}
	before := map[[3]string]string{}
	for _, q := range looks {
		if asked(q) {
			before[q] = w.answer(q)
		}
	}
	w.put(w.vars["ada"], hidden...)
	w.put(w.vars["ada"], `{"resourceType":"Observation","id":"unsorted","status":"final","code":{"text":"sodium needle"},"subject":{"reference":"Patient/{patient}"}}`)
	for ref, want := range map[string]int{"Observation/lab1": 200, "Observation/smoking": 404, "Observation/unsorted": 404} { // or this test is about nothing
		there, _ := asks{w.world, w.vars["ada"]}.get("/fhir/" + ref)
		if got, _ := asks(w).get("/fhir/" + ref); there != 200 || got != want {
			t.Fatalf("%s: %d for Ada, %d, want %d", ref, there, got, want)
		}
	}
	for q, was := range before {
		if now := w.answer(q); now != was {
			t.Errorf("%s %s\nwith more in the record: %s\nwithout: %s", q[0], q[1], now, was)
		}
	}
	// As another id that never was, but for the id.
	answer := func(id string) string {
		return strings.ReplaceAll(w.answer([3]string{"GET", "/Observation/" + id}), id, "ID")
	}
	for _, id := range []string{"smoking", "unsorted"} {
		if was, is := answer("neverwas"), answer(id); was != is {
			t.Errorf("%s: %s\nand what never was: %s", id, is, was)
		}
	}
	// It follows an entry that changes: one that is no longer of the laboratory is gone.
	moved := strings.Replace(shared[2], `"code":"laboratory"`, `"code":"social-history"`, 1)
	w.put(w.vars["ada"], moved)
	for _, suffix := range []string{"", "/_history", "/_history/2"} {
		if got, text := asks(w).get("/fhir/Observation/lab3" + suffix); got != 404 || strings.Contains(string(text), "urea") {
			t.Errorf("lab3%s: %d %s", suffix, got, text)
		}
	}
	if resp := w.send("GET", "/fhir/Observation?identifier=urn:x|3&_summary=count", http.Header{"Authorization": {"Bearer " + w.token}}, ""); resp.StatusCode != 200 {
		t.Error(resp.Status)
	}
	t.Logf("%d looks", len(before))
}
