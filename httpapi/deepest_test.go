package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/httpapi/client"
	"carehold/record/fhir"
	"carehold/record/grant"
)

// deep is an Observation whose objects and arrays are so many inside one another, with an
// id if there is one.
func deep(levels int, id string) string {
	n := (levels - 1) / 2 // the root is one, and each extension two
	x := `{"resourceType":"Observation",` + id + `"status":"final","code":{"text":"deep"}`
	for range n {
		x += `,"extension":[{"url":"urn:x"`
	}
	if levels%2 == 0 {
		x += `,"valueCoding":{"code":"y"}`
	} else {
		x += `,"valueCode":"y"`
	}
	return x + strings.Repeat(`}]`, n) + `}`
}

// What is nested as far as it may be is read, searched, gathered, patched and annotated as
// any other entry, though a Bundle is put around it. One level more is refused.
func TestDeepestIsRead(t *testing.T) {
	w := newWorld(t)
	ada := w.vars["ada"]
	token := w.grant(w.ada, "att", 24*time.Hour, "patient/*.cruds", grant.Clinical.List()...)
	ask := func(who, method, path, typ, body string) (int, []byte) {
		h := http.Header{"Authorization": {"Bearer " + who}}
		if body != "" {
			h.Set("Content-Type", typ)
		}
		resp := w.send(method, path, h, body)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		w.check(err)
		return resp.StatusCode, b
	}
	const asFHIR = "application/fhir+json"
	for name, make := range map[string]func(levels int) (int, []byte){
		"alone": func(levels int) (int, []byte) {
			return ask(token, "POST", "/fhir/Observation", asFHIR, deep(levels, ""))
		},
		"in a transaction": func(levels int) (int, []byte) {
			return ask(ada, "POST", "/fhir", asFHIR, `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+deep(levels, `"id":"t",`)+`,"request":{"method":"PUT","url":"Observation/t"}}]}`)
		},
		"in a batch": func(levels int) (int, []byte) {
			return ask(token, "POST", "/fhir", asFHIR, `{"resourceType":"Bundle","type":"batch","entry":[{"resource":`+deep(levels, "")+`,"request":{"method":"POST","url":"Observation"}}]}`)
		},
	} {
		if status, b := make(64); status/100 != 2 || bytes.Contains(b, []byte(`"status":"4`)) {
			t.Errorf("%s: %d %.300s", name, status, b)
		}
		if status, b := make(65); status/100 == 2 && !bytes.Contains(b, []byte(`"status":"4`)) {
			t.Errorf("%s, a level more: %d %.300s", name, status, b)
		}
	}
	innermost := []byte(`"valueCoding":{"code":"y"}`)
	read := func(when string) {
		t.Helper()
		for _, who := range []string{token, ada} {
			for path, has := range map[string]int{
				"/fhir/Observation?code:text=deep": 3, "/fhir/Observation/t": 1, "/fhir/Observation/t/_history": 1, "/fhir/Observation?_id=t&_include=*": 1,
				"/fhir/Patient/{patient}/$everything": 3, "/fhir/Observation/t?_elements=extension": 1, "/fhir/Observation?_id=t&_summary=text": 0,
			} {
				if who == token && strings.Contains(path, "_history") {
					continue
				}
				status, b := ask(who, "GET", w.expand(path), "", "")
				if n := bytes.Count(b, innermost); status != http.StatusOK || n < has || !json.Valid(b) {
					t.Errorf("%s, %s: %d, with %d of %d, %.300s", when, path, status, n, has, b)
				}
			}
		}
		if status, b := ask(ada, "GET", w.expand("/fhir/Patient/{patient}/$summary"), "", ""); status != http.StatusOK || !json.Valid(b) {
			t.Errorf("%s, the summary: %d %.300s", when, status, b)
		}
	}
	read("as sent")
	if status, b := ask(ada, "POST", "/holder/v1/entries/Observation/t/note", "application/json", `{"text":"so deep","dispute":true}`); status != http.StatusOK {
		t.Fatalf("a note: %d %s", status, b)
	}
	if status, b := ask(ada, "PATCH", "/fhir/Observation/t", "application/json-patch+json", `[{"op":"replace","path":"/status","value":"amended"}]`); status != http.StatusOK {
		t.Errorf("a patch: %d %s", status, b)
	}
	read("with a note")
	n := 0
	if err := w.client.With(ada).Search(t.Context(), "Observation", func(f client.Found) error {
		r, err := fhir.Parse(f.Resource, fhir.Limits{})
		if err == nil && strings.Contains(string(r.Bytes()), "urn:x") {
			n++
		}
		return err
	}); err != nil || n != 3 {
		t.Errorf("the client found %d: %v", n, err)
	}
	if status, b := ask(ada, "DELETE", "/holder/v1/entries/Observation/t/note", "", ""); status != http.StatusOK {
		t.Errorf("withdrawing: %d %s", status, b)
	}
}
