package client

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/fhir"
)

func sessionAt(t *testing.T, h http.HandlerFunc) *Session {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New(s.URL, Options{Timeout: 5 * time.Second, Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c.With("token")
}

// TestWhole: a connection that breaks, anywhere, loses and doubles nothing.
func TestWhole(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 50_000)
	tries := 0
	s := sessionAt(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != "application/fhir+json" || r.URL.Path != "/fhir/Binary/x/_history/3" {
			t.Errorf("asked for %s as %s", r.URL.Path, r.Header.Get("Accept"))
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		tries++
		if tries < 4 {
			_, _ = w.Write(body[:tries*100_001])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(body)
	})
	var out bytes.Buffer
	if err := s.Whole(t.Context(), fhir.Ref{Type: "Binary", ID: "x"}, 3, &out); err != nil || !bytes.Equal(out.Bytes(), body) {
		t.Errorf("%v, %d bytes of %d", err, out.Len(), len(body))
	}
	if tries != 4 {
		t.Errorf("%d requests", tries)
	}
	// What is not there is not asked for again.
	tries = 0
	s = sessionAt(t, func(w http.ResponseWriter, _ *http.Request) { tries++; w.WriteHeader(404) })
	if err := s.Whole(t.Context(), fhir.Ref{Type: "Binary", ID: "x"}, 3, &out); record.KindOf(err) != record.NotFound || tries != 1 {
		t.Errorf("%v after %d requests", err, tries)
	}
}

// TestHistory: pages, deletions, and what is no history.
func TestHistory(t *testing.T) {
	entry := func(n int) string {
		return fmt.Sprintf(`{"fullUrl":"http://x/fhir/Goal/g","resource":{"resourceType":"Goal","id":"g"},"request":{"method":"PUT","url":"Goal/g"},"response":{"etag":"W/\"%d\""}}`, n)
	}
	const gone = `{"fullUrl":"http://x/fhir/Goal/g","request":{"method":"DELETE","url":"Goal/g"},"response":{"etag":"W/\"3\""}}`
	s := sessionAt(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("_page") == "" {
			fmt.Fprintf(w, `{"resourceType":"Bundle","link":[{"relation":"next","url":"http://x/fhir/Goal/_history?_page=2"}],"entry":[%s,%s]}`, gone, entry(2))
			return
		}
		fmt.Fprintf(w, `{"resourceType":"Bundle","entry":[%s]}`, entry(1))
	})
	var got []string
	err := s.History(t.Context(), "Goal", func(v Version) error {
		got = append(got, fmt.Sprint(v.Ref, v.Version, v.Deleted, len(v.Resource) > 0))
		return nil
	})
	if want := "Goal/g 3 true false, Goal/g 2 false true, Goal/g 1 false true"; err != nil || strings.Join(got, ", ") != want {
		t.Errorf("%v, %v", err, got)
	}
	for _, bad := range []string{
		`{}`, `[]`, `{"resourceType":"Bundle","entry":[{}]}`,
		`{"resourceType":"Bundle","entry":[` + strings.Replace(entry(1), `W/\"1\"`, "x", 1) + `]}`,
		`{"resourceType":"Bundle","entry":[` + strings.Replace(entry(1), "fhir/Goal", "fhir/Task", 1) + `]}`,
		`{"resourceType":"Bundle","entry":[` + strings.Replace(entry(1), "PUT", "DELETE", 1) + `]}`,
		`{"resourceType":"Bundle","link":[{"relation":"next","url":"http://evil/other"}]}`,
	} {
		s := sessionAt(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, bad) })
		if err := s.History(t.Context(), "Goal", func(Version) error { return nil }); record.KindOf(err) != record.Unavailable {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
