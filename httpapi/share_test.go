package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"carehold/httpapi"
	"carehold/record"
)

// hold opens connections that begin to send a body, and never go on.
func hold(t *testing.T, addr, token, path string, length, n int) {
	t.Helper()
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: record.example.org\r\nAuthorization: Bearer %s\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n{", path, token, length)
	}
}

// ask sends one request and returns its status.
func ask(t *testing.T, method, addr, token, path, body string) int {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/fhir+json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

const noBundle = `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Goal/none"}}]}`

// Whoever was granted a part of one record must not keep everybody else from
// theirs, by sending slowly.
func TestNobodyTakesAllPlaces(t *testing.T) {
	t.Parallel()
	limits := generous
	limits.Concurrent = 16
	for name, c := range map[string]struct {
		path   string
		length int
		n      int
		method string
		ask    string
		body   string
	}{
		"small bodies": {"/fhir/Observation", 100, 16, "GET", "/fhir/Goal", ""},
		"bundles":      {"/fhir", 200 << 20, 4, "POST", "/fhir", noBundle},
		// A bundle that says it is large, from somebody else.
		"large bundles": {"/fhir", 200 << 20, 4, "POST", "/fhir", strings.Repeat(" ", 2<<20) + noBundle},
		"large entries": {"/fhir/Observation", 10 << 20, 16, "GET", "/fhir/Goal", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newServer(t, limits)
			ada, ben := w.enrol("Ada"), w.enrol("Ben")
			narrow := w.grant(ada, "narrow", time.Hour, "patient/Observation.c", record.Measures)
			bens := w.session(ben)
			addr, _ := serve(t, w)
			hold(t, addr, narrow, c.path, c.length, c.n)
			time.Sleep(100 * time.Millisecond)
			if got := ask(t, c.method, addr, bens, c.ask, c.body); got != 200 {
				t.Errorf("somebody else was answered %d", got)
			}
		})
	}
}

// Reading slowly what is the same for everybody takes no place.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	limits := generous
	limits.Concurrent = 2
	w := newServer(t, limits)
	large := strings.Repeat("x", 16<<20)
	var table []httpapi.Route
	for _, r := range w.server.Routes() {
		if r.Path == "/core.wasm" {
			r.Open = func(rw http.ResponseWriter, _ *http.Request) error { _, err := io.WriteString(rw, large); return err }
		}
		table = append(table, r)
	}
	w.server.SetRoutes(table)
	addr, _ := serve(t, w)
	for range 4 {
		c, err := net.Dial("tcp", addr)
		w.check(err)
		t.Cleanup(func() { c.Close() })
		io.WriteString(c, "GET /core.wasm HTTP/1.1\r\nHost: record.example.org\r\n\r\n")
		if line, _ := bufio.NewReaderSize(c, 16).ReadString(' '); line != "HTTP/1.1 " {
			t.Fatalf("%q", line)
		}
	}
	c, err := net.Dial("tcp", addr)
	w.check(err)
	defer c.Close()
	io.WriteString(c, "POST /holder/v1/slot HTTP/1.1\r\nHost: record.example.org\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
	c.SetDeadline(time.Now().Add(patience))
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	w.check(err)
	if resp.StatusCode == 503 {
		t.Error("slow readers of a file took all places")
	}
}
