package httpapi_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestPreconditions asks every interaction under every header that a client can make
// a request depend on. RFC 9110 §13.1 says what each means, and FHIR R4 §3.1.0 where it
// has one; one that has a meaning and is not supported is 501, for whoever sent it
// believes that it holds. What is 501 has changed nothing.
func TestPreconditions(t *testing.T) {
	const (
		observation = `{"resourceType":"Observation","id":"potassium","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"potassium"},"subject":{"reference":"Patient/{patient}"},"valueQuantity":{"value":4.10,"unit":"mmol/L"}}`
		old         = "Thu, 01 Jan 2015 00:00:00 GMT"
		future      = "Thu, 01 Jan 2099 00:00:00 GMT"
	)
	headers := []struct{ name, value string }{
		{"If-Match", `W/"7"`}, {"If-None-Match", "*"}, {"If-None-Exist", "identifier=x|nobody-has-this"},
		{"If-Unmodified-Since", old}, {"If-Modified-Since", future},
	}
	interactions := []struct {
		name, request, typ, body string
		// by the headers above, in their order
		want [5]string
	}{
		{"read", "GET /fhir/Observation/potassium", "", "", [5]string{"501", "304", "501", "501", "304"}},
		{"head", "HEAD /fhir/Observation/potassium", "", "", [5]string{"501", "304", "501", "501", "304"}},
		{"vread", "GET /fhir/Observation/potassium/_history/1", "", "", [5]string{"501", "304", "501", "501", "304"}},
		{"search", "GET /fhir/Observation?code=x", "", "", [5]string{"501", "501", "501", "501", "200"}},
		{"search by POST", "POST /fhir/Observation/_search", "form", "code=x", [5]string{"501", "501", "501", "501", "200"}},
		{"history", "GET /fhir/Observation/potassium/_history", "", "", [5]string{"501", "501", "501", "501", "200"}},
		{"capabilities", "GET /fhir/metadata", "", "", [5]string{"501", "501", "501", "501", "200"}},
		{"validate", "POST /fhir/Observation/$validate", "json", observation, [5]string{"501", "501", "501", "501", "200"}},
		{"batch", "POST /fhir", "json", `{"resourceType":"Bundle","type":"batch"}`, [5]string{"501", "501", "501", "501", "200"}},
		{"create", "POST /fhir/Observation", "json", observation, [5]string{"501", "501", "201", "501", "201"}},
		{"update", "PUT /fhir/Observation/potassium", "json", observation, [5]string{"412", "412", "501", "501", "200"}},
		{"conditional update", "PUT /fhir/Observation?_id=potassium", "json", observation, [5]string{"412", "412", "501", "501", "200"}},
		{"patch", "PATCH /fhir/Observation/potassium", "patch", "[]", [5]string{"412", "501", "501", "501", "200"}},
		{"conditional patch", "PATCH /fhir/Observation?_id=potassium", "patch", "[]", [5]string{"412", "501", "501", "501", "200"}},
		{"delete", "DELETE /fhir/Observation/potassium", "", "", [5]string{"412", "501", "501", "501", "204"}},
		{"conditional delete", "DELETE /fhir/Observation?_id=potassium", "", "", [5]string{"412", "501", "501", "501", "204"}},
	}
	w := newWorld(t)
	types := map[string]string{"json": "application/fhir+json", "form": "application/x-www-form-urlencoded", "patch": "application/json-patch+json"}
	ask := func(request, typ, body string, with http.Header) (int, string) {
		method, path, _ := strings.Cut(request, " ")
		with.Set("Authorization", "Bearer "+w.vars["ada"])
		if typ != "" {
			with.Set("Content-Type", types[typ])
		}
		resp := w.send(method, path, with, w.expand(body))
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		w.check(err)
		return resp.StatusCode, string(b)
	}
	for _, x := range interactions {
		for i, h := range headers {
			status, answer := ask(x.request, x.typ, x.body, http.Header{h.name: {h.value}})
			if got := strconv.Itoa(status); got != x.want[i] {
				t.Errorf("%s with %s: %s, want %s\n%s", x.name, h.name, got, x.want[i], answer)
			}
			if x.want[i] == "501" && x.name != "head" && !strings.Contains(answer, h.name) {
				t.Errorf("%s with %s: the answer does not name it: %s", x.name, h.name, answer)
			}
			if now, _ := ask("GET /fhir/Observation/potassium", "", "", http.Header{}); now != 200 && x.want[i] != "204" {
				t.Fatalf("%s with %s: it is %d now", x.name, h.name, now)
			}
		}
		if strings.HasSuffix(x.name, "delete") {
			ask("PUT /fhir/Observation/potassium", "json", observation, http.Header{})
		}
	}
	// RFC 9110 §13.1.4: a recipient ignores If-Unmodified-Since beside If-Match.
	if status, answer := ask("PUT /fhir/Observation/potassium", "json", observation, http.Header{"If-Match": {"*"}, "If-Unmodified-Since": {old}}); status != 200 {
		t.Errorf("If-Unmodified-Since beside an If-Match that holds: %d %s", status, answer)
	}
}
