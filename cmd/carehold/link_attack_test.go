package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fetch"
	"carehold/record/healthlink"
)

// TestLinksToThisMachine: a stranger's link is an address that this program asks. It must
// not be one that only this machine can reach: of a printer, a database, a development
// server. What the person says they try out is asked itself, and nothing beside it.
func TestLinksToThisMachine(t *testing.T) {
	x := newExporting(t)
	var asked, beside atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { beside.Add(1) }))
	defer other.Close()
	victim := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1); r.URL.Path {
		case "/away":
			http.Redirect(w, r, "/second", http.StatusFound)
		case "/second":
			beside.Add(1)
		case "/manifest":
			fmt.Fprintf(w, `{"files":[{"contentType":"application/fhir+json","location":%q}]}`, other.URL+"/file")
		}
	}))
	defer victim.Close()
	link := func(address string, single bool) string {
		l, err := healthlink.New(address, crypto.NewKey(), healthlink.Terms{Single: single})
		must(t, err)
		return l.Text()
	}
	port := victim.URL[strings.LastIndex(victim.URL, ":"):]
	for _, address := range []string{victim.URL + "/admin/reboot?confirm=yes", "http://localhost" + port + "/x", "https://127.0.0.1" + port + "/x", "http://127.1.2.3" + port + "/x"} {
		for _, single := range []bool{true, false} {
			said := x.command(exitFailed, "import", "--recipient", "Ada", link(address, single))
			if !strings.Contains(said, "--this-machine") || strings.Contains(said, "Asking") {
				t.Errorf("%s: %s", address, said)
			}
		}
	}
	if asked.Load() != 0 {
		t.Fatalf("it was asked %d times", asked.Load())
	}
	// What is said to be tried out is asked, and leads nowhere else: not by a redirect, not
	// by a file's location.
	for path, single := range map[string]bool{"/away": true, "/manifest": false} {
		before := asked.Load()
		x.command(exitFailed, "import", "--recipient", "Ada", "--this-machine", link(victim.URL+path, single))
		if asked.Load() != before+1 {
			t.Errorf("%s was asked %d times", path, asked.Load()-before)
		}
	}
	if beside.Load() != 0 {
		t.Error("and what is beside it")
	}
	// The record's own server is asked, also without.
	if said := x.command(exitNotFound, "import", "--recipient", "Ada", link(x.u.client.Base()+"/shl/nothing", true)); !strings.Contains(said, "Asking") {
		t.Error(said)
	}
}

// TestFetchKeepsToOneOrigin: what may ask one server on this machine asks that one alone,
// whatever another is called.
func TestFetchKeepsToOneOrigin(t *testing.T) {
	ok := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x") }))
	defer ok.Close()
	port := ok.URL[strings.LastIndex(ok.URL, ":"):]
	get := func(f *netFetch, address string) error {
		resp, err := f.Fetch(t.Context(), fetch.Request{Method: "GET", URL: address})
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	if err := get(newFetch(ok.URL+"/shl/x"), ok.URL+"/shl/file/y"); err != nil {
		t.Error(err)
	}
	for here, address := range map[string]string{
		ok.URL:                     "http://localhost" + port,
		"http://127.0.0.1:1":       ok.URL,
		"https://127.0.0.1" + port: ok.URL,
		"http://[::1]" + port:      ok.URL,
		"http://localhost" + port:  "https://example.org/",
	} {
		if err := get(newFetch(here), address); record.KindOf(err) != record.Unprocessed {
			t.Errorf("from %s to %s: %v", here, address, err)
		}
	}
	for address, want := range map[string]bool{"http://localhost:1/x": true, "https://LocalHost": true, "http://127.255.0.1": true, "http://[::1]:1": true, "https://[::ffff:127.0.0.1]/": true,
		"https://localhost.example": false, "https://127.0.0.1.example": false, "https://192.168.0.1": false, "https://example.org": false} {
		if onThisMachine(address) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
}
