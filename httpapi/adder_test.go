package httpapi_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/grant"
)

// addOnly is what is answered to a token of a grant to add only, but for ids and times.
type addOnly struct {
	*matrix
	token string
}

var drawn = regexp.MustCompile(`\b[a-z2-7]{26}\b`)

func (a *addOnly) ask(method, target, typ, body string, h http.Header) (int, string) {
	if h == nil {
		h = http.Header{}
	}
	if body != "" {
		h.Set("Content-Type", typ)
	}
	h.Set("Authorization", "Bearer "+a.token)
	resp := a.send(method, target, h, body)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	a.check(err)
	if resp.StatusCode < 300 && resp.Header.Get("ETag")+resp.Header.Get("Last-Modified") != "" {
		a.t.Errorf("%s %s: a version is told", method, target)
	}
	return resp.StatusCode, drawn.ReplaceAllString(whole(resp.StatusCode, resp.Header, answer), "ID")
}

// newAddOnly has a record that is full, or one that has only a grant.
func newAddOnly(t *testing.T, full bool) *addOnly {
	m := &matrix{}
	if full {
		m.world = newWorld(t)
	} else {
		m.world = newServer(t, generous)
		m.ada = m.enrol("Ada")
		m.vars["ada"] = m.session(m.ada)
	}
	m.vars["patient"] = "somebody" // they do not know it
	return &addOnly{m, m.grant(m.ada, "adds", 24*time.Hour, "patient/*.c", grant.Clinical.List()...)}
}

// TestAddOnlyLearnsNothing asks every door of FHIR's, by every method, with a token of a
// grant to add only. What creates is answered by what was sent, all else by one refusal,
// and a full record answers as an empty one does.
func TestAddOnlyLearnsNothing(t *testing.T) {
	full, empty := newAddOnly(t, true), newAddOnly(t, false)
	refusal, asked := "", 0
	both := func(method, target, typ, body string, h http.Header) (int, string) {
		asked++
		status, answer := full.ask(method, target, typ, body, h.Clone())
		other, same := empty.ask(method, target, typ, body, h.Clone())
		if status != other || answer != same {
			t.Errorf("%s %s\n%s\nof an empty record\n%s", method, target, answer, same)
		}
		return status, answer
	}
	refused := func(method, target, typ, body string, h http.Header) {
		status, answer := both(method, target, typ, body, h)
		if method == "HEAD" {
			if status != 403 {
				t.Errorf("HEAD %s: %d", target, status)
			}
			return
		}
		if refusal == "" {
			refusal = answer
		}
		if status != 403 || answer != refusal {
			t.Errorf("%s %s: %d\n%s\nand not\n%s", method, target, status, answer, refusal)
		}
	}
	for _, r := range full.server.Routes() {
		if !strings.HasPrefix(r.Path, "/fhir") || r.View == nil {
			continue
		}
		target, typ, body := full.sample(r.Path, r.Method)
		switch r.Method + " " + r.Path {
		case "POST /fhir/{type}", "POST /fhir", "POST /fhir/", "POST /fhir/Binary":
			both(r.Method, target, typ, body, nil)
			continue
		}
		refused(r.Method, target, typ, body, nil)
		if r.Method == "GET" {
			refused("HEAD", target, typ, body, nil)
		}
		for _, name := range []string{"potassium", "scan", "allergy", "walk", "x"} { // what is there, and what is not
			refused(r.Method, strings.Replace(target, "potassium", name, 1), typ, body, nil)
		}
	}
	create := strings.Replace(observation, `"id":"potassium",`, "", 1)
	create = full.expand(create)
	if status, answer := both("POST", "/fhir/Observation", "application/fhir+json", create, nil); status != 201 || !strings.Contains(answer, "waits for the person") {
		t.Errorf("%d %s", status, answer)
	}
	for _, h := range []http.Header{{"If-None-Exist": {"identifier=target"}}, {"If-None-Exist": {"code=x"}}, {"If-Match": {`W/"1"`}}, {"If-None-Match": {"*"}}} {
		refused("POST", "/fhir/Observation", "application/fhir+json", create, h)
	}
	// Several at once: what is there can be asked for by none of them.
	asks := []string{
		`{"request":{"method":"GET","url":"Observation/potassium"}}`,
		`{"request":{"method":"GET","url":"Observation?code=x"}}`,
		`{"request":{"method":"DELETE","url":"Observation/potassium"}}`,
		`{"resource":` + full.expand(observation) + `,"request":{"method":"PUT","url":"Observation/potassium"}}`,
		`{"resource":` + create + `,"request":{"method":"POST","url":"Observation","ifNoneExist":"identifier=target"}}`,
	}
	for _, one := range asks {
		refused("POST", "/fhir", "application/fhir+json", `{"resourceType":"Bundle","type":"transaction","entry":[`+one+`]}`, nil)
	}
	if status, answer := both("POST", "/fhir", "application/fhir+json", `{"resourceType":"Bundle","type":"batch","entry":[`+strings.Join(asks, ",")+`]}`, nil); status != 200 || strings.Count(answer, `"403 Forbidden"`) != len(asks) {
		t.Errorf("%d %s", status, answer)
	}
	refused("POST", "/fhir", "application/fhir+json", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+strings.Replace(create, "Patient/somebody", "Patient?identifier=target", 1)+`,"request":{"method":"POST","url":"Observation"}}]}`, nil)
	// A transaction of creates whose entries point to one another.
	status, answer := both("POST", "/fhir", "application/fhir+json", `{"resourceType":"Bundle","type":"transaction","entry":[`+
		`{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111111","resource":`+create+`,"request":{"method":"POST","url":"Observation"}},`+
		`{"resource":{"resourceType":"DiagnosticReport","status":"final","code":{"text":"x"},"result":[{"reference":"urn:uuid:11111111-1111-4111-8111-111111111111"}]},"request":{"method":"POST","url":"DiagnosticReport"}}]}`, nil)
	if status != 200 || strings.Count(answer, "201 Created") != 2 {
		t.Errorf("%d %s", status, answer)
	}
	// What is wrong with what was sent is said, and is about that alone.
	for body, want := range map[string]int{`{`: 400, `{"resourceType":"Observation"}`: 422, `{"resourceType":"Goal"}`: 400,
		strings.Replace(create, "laboratory", "social-history", 1): 403, "": 400} {
		if status, answer := both("POST", "/fhir/Observation", "application/fhir+json", body, http.Header{"Content-Type": {"application/fhir+json"}}); status != want {
			t.Errorf("%s: %d, not %d\n%s", body, status, want, answer)
		}
	}
	if asked < 200 {
		t.Errorf("only %d were asked", asked)
	}
	// Afterwards: the same, stopped.
	id, err := record.ParseGrantID(full.vars["adds.id"])
	full.check(err)
	full.check(full.ada.Revoke(t.Context(), id))
	if status, _ := full.ask("POST", "/fhir/Observation", "application/fhir+json", create, nil); status != 401 {
		t.Errorf("stopped: %d", status)
	}
}
