package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/fhir"
)

func TestAddresses(t *testing.T) {
	for server, ok := range map[string]bool{
		"https://record.example.org":      true,
		"https://record.example.org/":     true,
		"http://127.0.0.1:8080":           true,
		"http://[::1]:8080":               true,
		"http://localhost:8080":           true,
		"http://record.example.org":       false,
		"http://10.0.0.1":                 false,
		"http://127.0.0.1.example.org":    false,
		"http://localhost.example.org":    false,
		"http://0x7f000001":               false,
		"ftp://127.0.0.1":                 false,
		"record.example.org":              false,
		"https://user:pw@record.example":  false,
		"https://record.example.org/?x=1": false,
		"":                                false,
	} {
		if _, err := New(server, Options{}); (err == nil) != ok {
			t.Errorf("%s: %v", server, err)
		}
	}
}

const token = "chda_0000000000000000000000000000000000000000000000000"

// ask reads a Patient from a server that answers with f.
func ask(t *testing.T, f http.HandlerFunc) ([]byte, error) {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	c, err := New(s.URL, Options{Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return c.With(token).Read(context.Background(), fhir.Ref{Type: "Patient", ID: "needle"})
}

// Every kind comes back from both doors' bodies as what it was.
func TestErrorsComeBack(t *testing.T) {
	for _, row := range problem.Table {
		want := record.Errorf(row.Kind, "said so").At("a.b")
		for name, body := range map[string][]byte{"fhir": problem.Outcome(want, "77"), "holder": problem.HolderBody(want, "77")} {
			_, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(row.Status)
				w.Write(body)
			})
			kind := row.Kind
			if kind == problem.NoLink && name == "fhir" { // which says it nowhere but at /shl
				kind = record.NotFound
			}
			if !errors.Is(err, kind) {
				t.Errorf("%s, %s: %v", row.Kind, name, err)
			}
			if row.Text == "" && !strings.Contains(err.Error(), "said so") {
				t.Errorf("%s, %s: the text is lost: %v", row.Kind, name, err)
			}
			if strings.Contains(record.SafeText(err), "said so") {
				t.Errorf("%s: the server's text would be logged", row.Kind)
			}
		}
	}
	_, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(502)
		io.WriteString(w, "<html>bad gateway")
	})
	if err == nil || strings.Contains(err.Error(), "html") {
		t.Errorf("a proxy's page: %v", err)
	}
}

// A redirect is not followed: the token would go along.
func TestRedirect(t *testing.T) {
	var elsewhere atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Store(true) }))
	defer other.Close()
	_, err := ask(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	if err == nil || elsewhere.Load() {
		t.Errorf("a redirect was followed: %v", err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	_, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 1<<20)
		for range 20 {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	if !errors.Is(err, record.TooLarge) {
		t.Errorf("20 MB for one resource: %v", err)
	}
}

// Neither a token nor an id is in an error, whatever goes wrong.
func TestErrorsAreMute(t *testing.T) {
	c, err := New("http://127.0.0.1:1", Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.With(token).Read(context.Background(), fhir.Ref{Type: "Patient", ID: "needle"})
	if !errors.Is(err, record.Unavailable) || strings.Contains(err.Error(), "needle") || strings.Contains(err.Error(), "chda_") {
		t.Errorf("nobody there: %v", err)
	}
	_, err = ask(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if !errors.Is(err, record.Unavailable) || strings.Contains(err.Error(), "needle") {
		t.Errorf("no answer: %v", err)
	}
}

// A server that is asked too much says when to come again, and is asked then.
func TestWaits(t *testing.T) {
	var n atomic.Int32
	b, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		io.WriteString(w, "{}")
	})
	if err != nil || string(b) != "{}" || n.Load() != 2 {
		t.Errorf("%s %v after %d requests", b, err, n.Load())
	}
	n.Store(0)
	_, err = ask(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	if !errors.Is(err, record.TooMany) || n.Load() != 1 {
		t.Errorf("%v after %d requests", err, n.Load())
	}
}

// The link to the next page is followed on this server only.
func TestPagesStayHere(t *testing.T) {
	for _, next := range []string{"https://elsewhere.example/other/Patient?_page=1", "/fhir/Observation?_page=1", "::"} {
		asked := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked > 1 {
				t.Errorf("%s was followed, to %s", next, r.URL)
				next = "" // and no further
			}
			io.WriteString(w, `{"resourceType":"Bundle","link":[{"relation":"next","url":"`+next+`"}]}`)
		}))
		c, err := New(s.URL, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.With(token).Search(t.Context(), "Patient", func(Found) error { return nil }); err == nil {
			t.Errorf("%s was taken for the end", next)
		}
		s.Close()
	}
}
