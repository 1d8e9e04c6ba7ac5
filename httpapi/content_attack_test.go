package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/holder"
)

// asksAs sends a request under a token and returns its status, headers and body.
func (w *world) asksAs(token, method, path, body string, headers ...string) (int, http.Header, string) {
	w.t.Helper()
	h := http.Header{"Authorization": {"Bearer " + w.vars[token]}}
	for i := 0; i < len(headers); i += 2 {
		h[headers[i]] = []string{headers[i+1]}
	}
	resp := w.send(method, path, h, body)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	w.check(err)
	return resp.StatusCode, resp.Header, string(b)
}

// endGrant revokes a grant by the name it was made under.
func (w *world) endGrant(name string) {
	w.t.Helper()
	for _, g := range w.ada.Grants() {
		if g.Grant.To.Name == name && g.State == holder.Live {
			w.check(w.ada.Revoke(context.Background(), g.Grant.ID))
		}
	}
}

// TestAttackUploadsKeepNobodyOut: whatever grantees begin, the person's scan and another
// grant's are taken, and a grant that was revoked holds nothing.
func TestAttackUploadsKeepNobodyOut(t *testing.T) {
	w := newWorld(t)
	begin := func(token, size string) int {
		status, _, _ := w.asksAs(token, "POST", "/fhir/Binary/$upload", "", "Tus-Resumable", "1.0.0", "Upload-Length", size)
		return status
	}
	scan := "%PDF-1.4\n" + strings.Repeat("x", 2<<20)
	sends := func(token string) int {
		status, _, _ := w.asksAs(token, "POST", "/fhir/Binary", scan, "Content-Type", "application/pdf", "Prefer", "return=minimal")
		return status
	}
	for _, size := range []string{"0", "268435456"} {
		n := 0
		for n < 9 && begin("social", size) == http.StatusCreated {
			n++
		}
		if n == 0 || n > 2 {
			t.Errorf("one grant begins %d of %s bytes", n, size)
		}
		for _, token := range []string{"ada", "writer"} {
			if got := sends(token); got != http.StatusCreated {
				t.Errorf("%s is kept out by %d uploads of %s bytes: %d", token, n, size, got)
			}
		}
		w.endGrant("social")
		w.grant(w.ada, "social", 24*time.Hour, "patient/*.cruds", record.AboutMe, record.Support, record.Plan)
		if got := begin("social", "0"); got != http.StatusCreated {
			t.Errorf("a grant anew: %d", got)
		}
		w.endGrant("social")
		w.grant(w.ada, "social", 24*time.Hour, "patient/*.cruds", record.AboutMe, record.Support, record.Plan)
	}
}

// TestAttackFileFollowsItsLetter: what the person takes out of a grant's sight goes with
// the file it is, in one step, and the answer names what was asked for.
func TestAttackFileFollowsItsLetter(t *testing.T) {
	w := newWorld(t)
	w.put(w.vars["ada"],
		`{"resourceType":"Binary","id":"scan1","contentType":"text/plain","data":"aGVsbG8="}`,
		`{"resourceType":"DocumentReference","id":"letter1","status":"current","subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"contentType":"text/plain","url":"Binary/scan1"}}]}`)
	paths := []string{"/fhir/DocumentReference/letter1", "/fhir/Binary/scan1", "/fhir/Binary/scan1/_history/1"}
	want := func(status int) {
		t.Helper()
		for _, p := range paths {
			if got, _, _ := w.asksAs("gp", "GET", p, ""); got != status {
				t.Errorf("%s: %d, not %d", p, got, status)
			}
		}
	}
	want(http.StatusOK)
	s := w.client.With(w.vars["ada"])
	info, err := s.Why(t.Context(), fhir.Ref{Type: "DocumentReference", ID: "letter1"})
	w.check(err)
	if len(info.Files) != 1 || info.Files[0].ID != "scan1" || info.Files[0].Section != "documents" {
		t.Errorf("its files are %+v", info.Files)
	}
	done, err := s.Move(t.Context(), fhir.Ref{Type: "DocumentReference", ID: "letter1"}, record.MentalHealth)
	w.check(err)
	if done.ID != "letter1" || done.Section != "mental-health" || done.Unchanged {
		t.Errorf("%+v", done)
	}
	want(http.StatusNotFound)
}

// TestAttackLetterMovesNothingOfOthers: who has put a version of the person's file is not
// its owner, and no letter of theirs takes it out of others' sight.
func TestAttackLetterMovesNothingOfOthers(t *testing.T) {
	w := newWorld(t)
	w.put(w.vars["ada"], `{"resourceType":"Binary","id":"scan1","contentType":"text/plain","data":"aGVsbG8="}`)
	w.grant(w.ada, "mh", 24*time.Hour, "patient/*.cruds", record.Documents, record.MentalHealth)
	letter := w.expand(`{"resourceType":"DocumentReference","status":"current","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]},"subject":{"reference":"Patient/{patient}"},"content":[{"attachment":{"url":"Binary/scan1"}}]}`)
	for range 2 {
		if status, _, body := w.asksAs("mh", "PUT", "/fhir/Binary/scan1", "hello", "Content-Type", "text/plain; x=y"); status != http.StatusOK {
			t.Fatal(status, body)
		}
		if status, _, body := w.asksAs("mh", "POST", "/fhir/DocumentReference", letter, "Content-Type", "application/fhir+json"); status != http.StatusCreated {
			t.Fatal(status, body)
		}
		if status, _, _ := w.asksAs("gp", "GET", "/fhir/Binary/scan1/_history/1", ""); status != http.StatusOK {
			t.Errorf("the person's version is out of the GP's sight: %d", status)
		}
	}
}
