package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"carehold/record"
)

// TestWordsSayWhatToDo: who is refused is told what to send instead, by what they sent.
func TestWordsSayWhatToDo(t *testing.T) {
	w := newWorld(t)
	w.grant(w.ada, "measurer", time.Hour, "patient/*.c", record.Measures)
	p := w.prover()
	gp := w.vars["gp"]
	told := func(method, path, body string, h http.Header) (int, string) {
		resp := w.send(method, path, h, body)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		w.check(err)
		var o struct {
			Issue []struct{ Diagnostics string }
		}
		w.check(json.Unmarshal(b, &o))
		if len(o.Issue) != 1 {
			t.Fatalf("%s", b)
		}
		return resp.StatusCode, o.Issue[0].Diagnostics
	}
	const path = "/fhir/Observation/potassium"
	var same []string
	for _, h := range []http.Header{
		{"Authorization": {"DPoP " + gp}},
		{"Authorization": {"DPoP nonsense"}},
		{"Authorization": {"DPoP " + gp}, "Dpop": {p.proof("GET", path, gp)}},
	} {
		status, text := told("GET", path, "", h)
		if same = append(same, text); status != 401 || text != same[0] || !strings.Contains(text, "DPoP-Nonce") || strings.Contains(text, "Bearer") {
			t.Errorf("DPoP: %d %s", status, text)
		}
	}
	if status, text := told("GET", path, "", http.Header{"Authorization": {"Bearer nonsense"}}); status != 401 || !strings.Contains(text, "Authorization: Bearer") {
		t.Errorf("Bearer: %d %s", status, text)
	}
	status, text := told("POST", "/fhir/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"potassium"},"subject":{"reference":"Patient/`+w.vars["patient"]+`"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"valueQuantity":{"value":4}}`,
		http.Header{"Authorization": {"Bearer " + w.vars["measurer"]}, "Content-Type": {"application/fhir+json"}})
	if status != 403 || !strings.Contains(text, "filed under results") || !strings.Contains(text, "vital-signs") || !strings.Contains(text, "ask the person for results as well") {
		t.Errorf("elsewhere: %d %s", status, text)
	}
	if resp, m := w.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"nightly"}}, nil); resp.StatusCode/100 != 4 || !strings.Contains(m["error_description"].(string), "in client_id, iss and sub") {
		t.Errorf("a bare id: %d %v", resp.StatusCode, m)
	}
}
