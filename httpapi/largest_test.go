package httpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

// What is taken can be read again, though id and meta are put in: the largest resource
// that somebody with a part of the record can bring breaks no search. One byte, or one
// value, more is refused.
func TestLargestIsRead(t *testing.T) {
	const bytesHead, tail = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"note":[`, `]}`
	byBytes := func(size int) string {
		x := bytesHead + strings.Repeat(`{"text":"`+strings.Repeat("a", 900000)+`"},`, 18)
		return x + `{"text":"` + strings.Repeat("a", size-len(x)-len(tail)-len(`{"text":""}`)) + `"}` + tail
	}
	byValues := func(values int) string {
		const head, each = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"extension":[`, `{"url":"x","valueBoolean":true},`
		for odd := ``; ; odd = `"language":"en",` {
			empty, err := fhir.Parse([]byte(strings.Replace(head, `"status"`, odd+`"status"`, 1)+`{"url":"x","valueBoolean":true}]}`), fhir.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			two, err := fhir.Parse([]byte(strings.Replace(head, `"status"`, odd+`"status"`, 1)+each+`{"url":"x","valueBoolean":true}]}`), fhir.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			step, left := two.Values()-empty.Values(), values-empty.Values()
			if left%step == 0 {
				return strings.Replace(head, `"status"`, odd+`"status"`, 1) + strings.Repeat(each, left/step) + `{"url":"x","valueBoolean":true}]}`
			}
			if odd != "" {
				return strings.Replace(head, `"status"`, odd+`"status"`, 1) + strings.Repeat(each, left/step) + `{"url":"x","valueBoolean":true}]}`
			}
		}
	}
	w := newWorld(t)
	token := w.grant(w.ada, "att", 24*time.Hour, "patient/Observation.crs", grant.Clinical.List()...)
	ask := func(token, method, path, body string) (int, string, http.Header) {
		h := http.Header{"Authorization": {"Bearer " + token}, "Prefer": {"return=minimal"}}
		if body != "" {
			h.Set("Content-Type", "application/fhir+json")
		}
		resp := w.send(method, path, h, body)
		defer resp.Body.Close()
		b, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
		w.check(err)
		return resp.StatusCode, string(b), resp.Header
	}
	first := ""
	for _, body := range []string{byBytes(fhir.MaxBytes), byValues(fhir.MaxValues)} {
		status, said, h := ask(token, "POST", "/fhir/Observation", body)
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, said)
		}
		path := strings.TrimPrefix(h.Get("Location"), publicURL)
		path, _, _ = strings.Cut(path, "/_history")
		if first == "" {
			first = strings.TrimPrefix(path, "/fhir/")
		}
		for _, who := range []string{token, w.vars["ada"]} {
			for _, p := range []string{"/fhir/Observation?_summary=count", "/fhir/AllergyIntolerance", "/fhir/Observation?code=none", path} {
				if status, said, _ := ask(who, "GET", p, ""); status != http.StatusOK && !(status == http.StatusForbidden && who == token) {
					t.Errorf("%s: %d %.200s", p, status, said)
				}
			}
		}
	}
	// Who changes it sends the person's words along, which take no room from theirs.
	said, _ := json.Marshal(map[string]any{"text": strings.Repeat("\\", store.MaxWords), "dispute": true})
	for range 9 { // 72 kB, which is more than a body may have of white space
		resp := w.send("POST", "/holder/v1/entries/"+first+"/note", http.Header{"Authorization": {"Bearer " + w.vars["ada"]}, "Content-Type": {"application/json"}}, string(said))
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("a note: %d", resp.StatusCode)
		}
	}
	writer := w.grant(w.ada, "writer", 24*time.Hour, "patient/Observation.cruds", grant.Clinical.List()...)
	resp := w.send("GET", "/fhir/"+first, http.Header{"Authorization": {"Bearer " + writer}}, "")
	whole, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	w.check(err)
	if status, said, _ := ask(writer, "PUT", "/fhir/"+first, strings.Replace(string(whole), `"final"`, `"amended"`, 1)); status != http.StatusOK {
		t.Errorf("changed with the words: %d %.200s", status, said)
	}
	for _, body := range []string{byBytes(fhir.MaxBytes + 1), byValues(fhir.MaxValues + 8)} {
		if status, said, _ := ask(token, "POST", "/fhir/Observation", body); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%d %.200s", status, said)
		}
	}
}
