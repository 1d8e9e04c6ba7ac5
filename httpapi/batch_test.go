package httpapi_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// batchOf is a batch that asks for one entry so many times.
func batchOf(ref string, n int) string {
	entry := `{"request":{"method":"GET","url":"` + ref + `"}}`
	return `{"resourceType":"Bundle","type":"batch","entry":[` + entry + strings.Repeat(","+entry, n-1) + `]}`
}

// notes are so many MiB of notes: a string has no more than one (FHIR R4 §2.24.0.1).
func notes(n int) string {
	note := `{"text":"` + strings.Repeat("x", 1<<20) + `"}`
	return note + strings.Repeat(","+note, n-1)
}

// A few hundred bytes must not bring gigabytes into memory.
func TestBatchAnswerIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.vars["ada"], `{"resourceType":"Observation","id":"scan","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`+
		`"code":{"text":"scan"},"subject":{"reference":"Patient/{patient}"},"note":[`+notes(8)+`]}`)
	for name, url := range map[string]string{"reads": "Observation/scan", "searches": "Observation?_count=5"} {
		resp := w.send("POST", "/fhir", http.Header{"Authorization": {"Bearer " + w.vars["gp"]}, "Content-Type": {"application/fhir+json"}}, batchOf(url, 20))
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		w.check(err)
		if len(b) > 64<<20 {
			t.Errorf("%s: an answer of %d bytes", name, len(b))
		}
		if n := bytes.Count(b, []byte(`"status":"200 OK"`)); n < 2 || n+bytes.Count(b, []byte(`"status":"413 `)) != 20 {
			t.Errorf("%s: %d of 20 were answered, the others not as too large", name, n)
		}
	}
}

// What a batch read before the grant was stopped is not handed out after.
func TestBatchEndsWithItsGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answer := make(chan *http.Response)
	go func() {
		answer <- w.send("POST", "/fhir", http.Header{"Authorization": {"Bearer " + w.vars["gp"]}, "Content-Type": {"application/fhir+json"}},
			batchOf("AllergyIntolerance/allergy", 3000))
	}()
	time.Sleep(200 * time.Millisecond)
	id, err := record.ParseGrantID(w.vars["gp.id"])
	w.check(err)
	w.check(w.client.Strike(t.Context(), w.vars["ada"], id))
	resp := <-answer
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	w.check(err)
	if resp.StatusCode != 401 || bytes.Contains(b, []byte("penicillin")) {
		t.Errorf("%d, with what was read before: %v", resp.StatusCode, bytes.Contains(b, []byte("penicillin")))
	}
}

// A batch whose client has gone, or whose grant has used up its day, is not
// worked through for nobody: each search of it goes through the whole record.
func TestBatchStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.vars["ada"], `{"resourceType":"Observation","id":"scan","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`+
		`"code":{"text":"scan"},"subject":{"reference":"Patient/{patient}"},"note":[`+notes(15)+`]}`)
	parsed, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	issued, err := w.ada.Grant(t.Context(), holder.GrantRequest{To: grant.Party{Name: "few"}, Sections: record.SectionsOf(record.Results),
		Scopes: parsed, Purpose: "TREAT", Lasts: time.Hour, Daily: 3})
	w.check(err)
	send := func(ctx context.Context, token string) (*httptest.ResponseRecorder, time.Duration) {
		r := newRequest("POST", "/fhir", strings.NewReader(batchOf("Observation?_count=0", 400))).WithContext(ctx)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/fhir+json")
		rec, began := httptest.NewRecorder(), time.Now()
		w.server.ServeHTTP(rec, r)
		return rec, time.Since(began)
	}
	rec, took := send(t.Context(), issued.Token)
	if n := strings.Count(rec.Body.String(), `"status":"429 `); n != 397 {
		t.Errorf("%d entries were refused for today, not 397", n)
	}
	if took > patience/4 {
		t.Errorf("a grant that has used up its day kept the server busy for %v", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	rec, took = send(ctx, w.vars["gp"])
	if rec.Code != 503 || took > patience/4 {
		t.Errorf("a client that has gone: %d after %v", rec.Code, took)
	}
}

// Nor must what was found instead of written: an answer holds what fits, and says of
// the rest that it was done.
func TestAnswerToWritesIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("writes hundreds of megabytes, and a batch ends after twenty seconds: not on a slow machine")
	}
	t.Parallel()
	w := newWorld(t)
	w.put(w.vars["ada"], `{"resourceType":"Observation","id":"scan","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`+
		`"code":{"text":"scan"},"subject":{"reference":"Patient/{patient}"},"note":[`+notes(2)+`,{"text":"`+strings.Repeat("y", 400<<10)+`"}]}`)
	entry := w.expand(`{"resource":{"resourceType":"Observation","status":"final","code":{"text":"scan"},"subject":{"reference":"Patient/{patient}"}},"request":{"method":"POST","url":"Observation","ifNoneExist":"_id=scan"}}`)
	for typ, many := range map[string]int{"batch": 80, "transaction": 16} {
		for prefer, most := range map[string]int{"return=representation": 36 << 20, "return=minimal": 1 << 20} {
			n := many
			if prefer == "return=minimal" {
				n = 16 // each is logged and synced
			}
			resp := w.send("POST", "/fhir", http.Header{"Authorization": {"Bearer " + w.vars["writer"]}, "Content-Type": {"application/fhir+json"}, "Prefer": {prefer}},
				`{"resourceType":"Bundle","type":"`+typ+`","entry":[`+entry+strings.Repeat(","+entry, n-1)+`]}`)
			b, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			w.check(err)
			if len(b) > most {
				t.Errorf("%s, %s: an answer of %d bytes", typ, prefer, len(b))
			}
			if done := bytes.Count(b, []byte(`"status":"200 OK"`)); done != n {
				t.Errorf("%s, %s: %d of %d are answered with 200: %.300s", typ, prefer, done, n, b)
			}
			shown, not := bytes.Count(b, []byte(`"id":"scan"`)), bytes.Count(b, []byte(`"code":"too-long"`))
			if prefer == "return=representation" && (shown != 13 || not != n-13) || prefer == "return=minimal" && shown+not != 0 {
				t.Errorf("%s, %s: %d are shown, of %d it says that they are not", typ, prefer, shown, not)
			}
		}
	}
}
