package httpapi_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"carehold/httpapi"
	"carehold/record"
)

// One line for each request, and nothing in any of them that came from a record,
// a path, a query, a token or a client's header.
func TestLogHoldsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.log.mu.Lock()
	w.log.b.Reset()
	w.log.mu.Unlock()
	bearer := http.Header{"Authorization": {"Bearer " + w.vars["gp"]}, "User-Agent": {"needle-agent"},
		"X-Correlation-Id": {"needle-correlation"}, "X-Request-Id": {"needle-request"}}
	write := bearer.Clone()
	write.Set("Authorization", "Bearer "+w.vars["ada"])
	write.Set("Content-Type", "application/fhir+json")
	for _, q := range []struct {
		method, path, body string
		h                  http.Header
	}{
		{"GET", "/fhir/Observation/potassium", "", bearer},
		{"GET", "/fhir/Observation/needle-id", "", bearer},
		{"GET", "/fhir/Observation?code=needle-code", "", bearer},
		{"GET", "/fhir/needle-path", "", bearer},
		{"GET", "/needle-path?q=needle-query", "", bearer},
		{"NEEDLE-METHOD", "/fhir/metadata", "", bearer},
		{"GET", "/fhir/Patient?access_token=" + w.vars["gp"], "", nil},
		{"POST", "/fhir/Observation", `{"resourceType":"Observation","needle-element":"needle-value","status":}`, write},
		{"POST", "/fhir/Observation", `{"resourceType":"NeedleType"}`, write},
		{"POST", "/fhir/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"needle-text"},"subject":{"reference":"Patient/needle-person"}}`, write},
		{"POST", "/holder/v1/entries/Goal/walk/section", `{"section":"needle-section"}`, http.Header{"Authorization": write["Authorization"], "Content-Type": {"application/json"}}},
	} {
		w.send(q.method, q.path, q.h, q.body).Body.Close()
	}
	w.http.Close() // every line is written
	text := w.log.String()
	for _, needle := range []string{"needle", "NEEDLE", "NeedleType", "potassium", w.vars["patient"], w.vars["gp"], w.vars["ada"], "chd", "127.0.0.1", "Okonkwo"} {
		if strings.Contains(text, needle) {
			t.Errorf("the log holds %q", needle)
		}
	}
	lines := 0
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); lines++ {
		var e map[string]any
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"id", "method", "route", "status", "bytes", "took"} {
			if _, ok := e[name]; !ok {
				t.Errorf("a line without %s: %s", name, s.Bytes())
			}
		}
	}
	if lines != 11 {
		t.Errorf("%d lines for 11 requests", lines)
	}
	if !strings.Contains(text, `"route":"/fhir/{type}/{id}"`) {
		t.Error("no line names the route's template")
	}
}

// A fault of ours is a 500 with a request id and nothing else; the log has the
// functions that were running, and not the value.
func TestPanicsAndFaults(t *testing.T) {
	t.Parallel()
	w := newServer(t, generous)
	route := func(path string, f func(http.ResponseWriter, *http.Request) error) httpapi.Route {
		return httpapi.Route{Method: "GET", Path: path, Door: httpapi.DoorFHIR, Rate: httpapi.RateOrdinary, Open: f}
	}
	w.server.SetRoutes([]httpapi.Route{
		route("/fhir/panic", func(http.ResponseWriter, *http.Request) error { panic("needle 4.10 mmol/L") }),
		route("/fhir/fault", func(http.ResponseWriter, *http.Request) error { return json.Unmarshal([]byte("needle"), &struct{}{}) }),
		route("/fhir/half", func(rw http.ResponseWriter, _ *http.Request) error {
			rw.Write([]byte(`{"resourceType":"Bundle"`))
			return record.Safef(record.Internal, "the rest is missing")
		}),
	})
	for _, path := range []string{"/fhir/panic", "/fhir/fault"} {
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, newRequest("GET", path, nil))
		body := rec.Body.String()
		if rec.Code != 500 || strings.Contains(body, "needle") || strings.Contains(body, "invalid character") {
			t.Errorf("%s: %d %s", path, rec.Code, body)
		}
		if !strings.Contains(body, rec.Header().Get("X-Request-Id")) {
			t.Errorf("%s: no request id in %s", path, body)
		}
	}
	// Half an answer is cut, so that it cannot be taken for a whole one.
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("half an answer was not cut")
			}
		}()
		w.server.ServeHTTP(httptest.NewRecorder(), newRequest("GET", "/fhir/half", nil))
	}()
	text := w.log.String()
	if strings.Contains(text, "needle") || strings.Contains(text, "invalid character") || strings.Contains(text, ".go:") {
		t.Errorf("the log holds too much: %s", text)
	}
	if !strings.Contains(text, "TestPanicsAndFaults") || !strings.Contains(text, `"cut":true`) {
		t.Errorf("the log does not say where: %s", text)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send("GET", "/fhir/Observation/potassium", http.Header{"Authorization": {"Bearer " + w.vars["gp"]}}, "").Body.Close()
	w.send("GET", "/fhir/Observation/needle", nil, "").Body.Close()
	w.http.Close()
	rec := httptest.NewRecorder()
	w.server.Debug().ServeHTTP(rec, newRequest("GET", "/metrics", nil))
	text := rec.Body.String()
	for _, line := range []string{
		`carehold_http_requests_total{method="GET",route="/fhir/{type}/{id}",status="200"} 1`,
		`carehold_http_requests_total{method="GET",route="/fhir/{type}/{id}",status="401"} 1`,
		`carehold_http_request_seconds_count{route="/fhir/{type}/{id}"} 2`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no line %s", line)
		}
	}
	if strings.Contains(text, "needle") || strings.Contains(text, "potassium") {
		t.Error("a metric holds an id")
	}
}

func TestMediaType(t *testing.T) {
	types := []string{"application/fhir+json", "application/json"}
	for text, want := range map[string]bool{
		"application/fhir+json":                    true,
		"Application/FHIR+JSON; charset=UTF-8":     true,
		"application/fhir+json; fhirVersion=4.0":   true,
		"application/fhir+json; fhirVersion=4.0.1": true,
		"application/fhir+json; fhirVersion=5.0":   false,
		"application/json; charset=iso-8859-1":     false,
		"application/xml":                          false,
		"application/fhir+json, application/json":  false,
		"": false,
		"application/fhir+json; charset=utf-8; charset=latin1": false,
	} {
		if got := httpapi.MediaType([]string{text}, types); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if httpapi.MediaType(nil, types) || httpapi.MediaType([]string{"application/json", "application/json"}, types) {
		t.Error("no Content-Type, or two")
	}
}

// Every row is whole: one way of serving it, a door that fits its path, and
// nothing that takes a body without saying what and how much.
func TestRoutes(t *testing.T) {
	w := newServer(t, generous)
	seen := map[string]bool{}
	for _, r := range w.server.Routes() {
		name := r.Method + " " + r.Path
		ways := 0
		for _, way := range []bool{r.Open != nil, r.Admit != nil, r.View != nil} {
			if way {
				ways++
			}
		}
		switch {
		case ways != 1:
			t.Errorf("%s is served in %d ways", name, ways)
		case seen[name]:
			t.Errorf("%s is there twice", name)
		case (r.Kinds == "") != (r.Open != nil):
			t.Errorf("%s takes %q", name, r.Kinds)
		case (r.Body > 0) != (len(r.Types) > 0):
			t.Errorf("%s takes %d bytes of %v", name, r.Body, r.Types)
		case r.Door == httpapi.DoorFHIR != (strings.HasPrefix(r.Path, "/fhir") && !strings.HasPrefix(r.Path, "/fhir/.well-known/")),
			r.Door == httpapi.DoorHolder != (strings.HasPrefix(r.Path, "/holder/") || r.Path == "/ask/answer"): // whose errors are for programs, too
			t.Errorf("%s is at the door %s", name, r.Door)
		case r.Rate == httpapi.RateNone && r.Door != httpapi.DoorHealth:
			t.Errorf("%s has no rate", name)
		}
		seen[name] = true
	}
	// What /metadata promises is there.
	for interaction, name := range map[string]string{
		"read": "GET /fhir/{type}/{id}", "vread": "GET /fhir/{type}/{id}/_history/{version}", "create": "POST /fhir/{type}",
		"update": "PUT /fhir/{type}/{id}", "delete": "DELETE /fhir/{type}/{id}", "search-type": "GET /fhir/{type}",
		"transaction": "POST /fhir", "batch": "POST /fhir",
	} {
		if !seen[name] {
			t.Errorf("%s: no route %s", interaction, name)
		}
	}
}
