package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The generator sends what it was told to, waits for the whole answer, counts each
// and knows how long they took.
func TestLoad(t *testing.T) {
	const slow = 20 * time.Millisecond
	var asked, wrong atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		body, _ := io.ReadAll(r.Body)
		get := r.Method == "GET" && r.URL.Path == "/fhir/Goal/1" && r.Header.Get("Authorization") == "Bearer one"
		post := r.Method == "POST" && r.URL.Path == "/fhir/Goal" && string(body) == "{}" && r.Header.Get("Authorization") == "Bearer two"
		if !get && !post || r.Header.Get("X-Forwarded-For") == "" {
			wrong.Add(1)
		}
		if post {
			w.WriteHeader(http.StatusCreated)
		}
		io.WriteString(w, "begun, ")
		w.(http.Flusher).Flush() // an answer is over when its end has come
		time.Sleep(slow)
		io.WriteString(w, "ended")
	}))
	defer s.Close()
	o, err := loadOf(t, s, 4, target{Token: "one", Paths: []string{"/fhir/Goal/1"}}, target{Token: "two", Paths: []string{"/fhir/Goal"}, Body: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	if wrong.Load() > 0 || int64(o.All) != asked.Load() {
		t.Errorf("%d asked, %d of them wrong, %d counted", asked.Load(), wrong.Load(), o.All)
	}
	if o.Requests == 0 || o.Requests >= o.All || o.P50 < slow || o.P99 < o.P50 {
		t.Errorf("%+v", o)
	}
	// Four clients who wait 20 ms each time make at most 200 requests a second.
	if r := o.rate(); r > 200 {
		t.Errorf("%.0f/s", r)
	}
}

// A refused request is no figure.
func TestLoadRefused(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if _, err := loadOf(t, s, 1, target{Token: "x", Paths: []string{"/"}}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
}

func loadOf(t *testing.T, s *httptest.Server, clients int, targets ...target) (o outcome, err error) {
	t.Helper()
	b := &bench{dir: t.TempDir()}
	file, err := b.targets("targets", targets...)
	if err != nil {
		t.Fatal(err)
	}
	in, _ := json.Marshal(job{Address: strings.TrimPrefix(s.URL, "http://"), Clients: clients, Warm: 50 * time.Millisecond, Run: 200 * time.Millisecond, Targets: file})
	var out bytes.Buffer
	if err := runLoad(bytes.NewReader(in), &out); err != nil {
		return o, err
	}
	return o, json.Unmarshal(out.Bytes(), &o)
}

// Every baseline serves the bytes it was given, and keeps what it is sent.
func TestBaselines(t *testing.T) {
	for _, kind := range []string{"bare", "synced", "engine"} {
		dir := t.TempDir()
		var bodies bytes.Buffer
		for key, body := range map[string]string{"Goal/1": `{"a":1}`, "Goal/2": `{"b":2}`} {
			if err := writeBody(&bodies, key, []byte(body)); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(dir, "bodies")
		writeFile(t, file, bodies.Bytes())
		if err := fillBaseline(kind, filepath.Join(dir, "x", "db"), file); err != nil {
			t.Fatal(kind, err)
		}
		db, err := openRows(kind, filepath.Join(dir, "x", "db"))
		if err != nil {
			t.Fatal(kind, err)
		}
		s := httptest.NewServer(baseline(db, kind != "bare"))
		if a, err := http.Get(s.URL + "/fhir/Goal/2"); err != nil || text(a) != `{"b":2}` {
			t.Error(kind, err)
		}
		if a, err := http.Post(s.URL+"/fhir/Goal", "", strings.NewReader(`{"c":3}`)); err != nil || a.StatusCode != http.StatusCreated || text(a) != `{"c":3}` {
			t.Error(kind, err)
		}
		if err := db.put([]byte("Goal/9"), []byte(`{"d":4}`)); err != nil {
			t.Error(kind, err)
		}
		if a, err := http.Get(s.URL + "/fhir/Goal/9"); err != nil || text(a) != `{"d":4}` {
			t.Error(kind, "what was put is not there", err)
		}
		if a, err := http.Get(s.URL + "/fhir/Goal/3"); err != nil || a.StatusCode == http.StatusOK {
			t.Error(kind, "what was never kept is there", err)
		}
		s.Close()
		if err := db.close(); err != nil {
			t.Error(kind, err)
		}
	}
}

func text(a *http.Response) string {
	defer a.Body.Close()
	b, _ := io.ReadAll(a.Body)
	return string(b)
}

// The blocks of a document are replaced, and nothing else of it.
func TestReplace(t *testing.T) {
	doc := "a\n<!-- bench:x -->\nold\n<!-- /bench -->\nb\n<!-- bench:y -->\n<!-- /bench -->\nc\n"
	got, err := replace([]byte(doc), "y", "new\n")
	if want := "a\n<!-- bench:x -->\nold\n<!-- /bench -->\nb\n<!-- bench:y -->\nnew\n<!-- /bench -->\nc\n"; err != nil || string(got) != want {
		t.Errorf("%q %v", got, err)
	}
	again, err := replace(got, "y", "new\n")
	if err != nil || !bytes.Equal(again, got) {
		t.Errorf("%q %v", again, err)
	}
	if _, err := replace([]byte(doc), "z", ""); err == nil {
		t.Error("a block that is not there")
	}
}

// Ten times as much is as far on the axis everywhere, and the picture is XML.
func TestPlot(t *testing.T) {
	a := axis{decades([]float64{1, 1000}), 0, 300}
	for v, want := range map[float64]float64{1: 0, 10: 100, 100: 200, 1000: 300} {
		if got := a.at(v); got < want-1e-6 || got > want+1e-6 {
			t.Errorf("%g is at %g", v, got)
		}
	}
	p := plot{"A & B", "x", "y", []series{{"one", [][2]float64{{1, 2}, {10, 20}}}, {"two", [][2]float64{{1, 3}, {10, 21}}}}}
	d := xml.NewDecoder(bytes.NewReader(p.svg()))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if y := p.labels(axis{decades([]float64{2, 21}), 300, 0}); y[0]-y[1] < 16 {
		t.Errorf("names over one another: %v", y)
	}
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
