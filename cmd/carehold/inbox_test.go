package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"carehold/httpapi/message"
)

// post TOKENFILE PATH FILE STATUS: writes what is in a file, as a FHIR client would. The
// id that it has, or will have, is then in $ID, and the answer in the file posted.
func post(ts *testscript.TestScript, _ bool, args []string) {
	method := "POST"
	if strings.Contains(args[1], "/") {
		method = "PUT"
	}
	r, err := http.NewRequest(method, ts.Getenv("SERVER")+"/fhir/"+args[1], strings.NewReader(os.Expand(ts.ReadFile(args[2]), ts.Getenv)))
	ts.Check(err)
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[0])))
	r.Header.Set("Content-Type", "application/fhir+json")
	answer, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(answer.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("posted"), body.Bytes(), 0o600))
	if strconv.Itoa(answer.StatusCode) != args[3] {
		ts.Fatalf("%s %s: %s, want %s\n%s", method, args[1], answer.Status, args[3], body.String())
	}
	if _, id, found := strings.Cut(answer.Header.Get("Location"), "/fhir/"+args[1]+"/"); found {
		id, _, _ = strings.Cut(id, "/")
		ts.Setenv("ID", id)
	}
}

// damaging is a server in front of a person's, which changes a byte of the first thing
// that waits.
func damaging(t *testing.T, server string) *httptest.Server {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, ModifyResponse: func(r *http.Response) error {
		if r.Request.Method != "GET" || r.Request.URL.Path != "/holder/v1/inbox" {
			return nil
		}
		var m message.Inbox
		b, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(b, &m)
		}
		if err != nil {
			return err
		}
		if len(m.Items) > 0 {
			m.Items[0].Sealed[len(m.Items[0].Sealed)/2] ^= 1
		}
		b, err = json.Marshal(m)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		r.Header.Set("Content-Length", strconv.Itoa(len(b)))
		return err
	}}
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	return s
}

// TestInboxDamaged: what does not open is said, with what to do; it keeps nothing else
// back, and can be removed.
func TestInboxDamaged(t *testing.T) {
	_, dir := enrolled(t)
	flags := []string{"--state=" + filepath.Join(dir, "device.json"), "--passphrase-file=" + filepath.Join(dir, "passphrase.txt")}
	run := func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		a := quietApp()
		a.stdout, a.stderr = &out, &out
		if code := a.run(t.Context(), append(args, flags...)); code != want {
			t.Fatalf("carehold %s: %d, want %d\n%s", strings.Join(args, " "), code, want, out.String())
		}
		return out.String()
	}
	token := filepath.Join(dir, "lab.token")
	run(exitDone, "grant", "-y", "--to", "Lab", "--sections", "results", "--scopes", "patient/*.c", "--token-out", token)
	b, err := os.ReadFile(token)
	if err != nil {
		t.Fatal(err)
	}
	a := quietApp()
	a.state = filepath.Join(dir, "device.json")
	d, err := a.loadDevice()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		// What a stranger's text would have a terminal do is not done.
		r, err := http.NewRequest("POST", d.server+"/fhir/Observation", strings.NewReader(`{"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"so\u202edium"}}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(b)))
		r.Header.Set("Content-Type", "application/fhir+json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusCreated {
			t.Fatal(answer.Status)
		}
	}
	run(exitDone, "device", "server", damaging(t, d.server).URL)

	out := run(exitIntegrity, "inbox")
	for _, text := range []string{"sodium", "This is damaged:", "nobody can read", "1 item of your inbox cannot be opened", "carehold inbox dismiss"} {
		if !strings.Contains(out, text) {
			t.Errorf("it does not say %q:\n%s", text, out)
		}
	}
	if strings.Contains(out, "\u202e") {
		t.Error("it turns the terminal's text")
	}
	out = run(exitIntegrity, "inbox", "--json")
	damaged := regexp.MustCompile(`"item":"([0-9a-f]{32})","kind":"damaged"\}`).FindStringSubmatch(out)
	if damaged == nil {
		t.Fatalf("no item is damaged:\n%s", out)
	}
	run(exitIntegrity, "inbox", "show", damaged[1])
	run(exitIntegrity, "inbox", "accept", damaged[1])
	out = run(exitPartly, "inbox", "accept", "--all", "--yes")
	if !strings.Contains(out, "Taken in: sodium") || !strings.Contains(out, "1 of 2 things were left") {
		t.Errorf("the other is kept back:\n%s", out)
	}
	out = run(exitDone, "inbox", "dismiss", damaged[1], "--yes")
	if !strings.Contains(out, "Nothing in it can be read") || !strings.Contains(out, "Removed: what does not open") {
		t.Errorf("it does not say what is removed:\n%s", out)
	}
	if out = run(exitDone, "inbox"); !strings.Contains(out, "nothing in your inbox") {
		t.Errorf("it is still there:\n%s", out)
	}
}
