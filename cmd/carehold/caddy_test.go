package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/record/sample"
)

// TestCaddy runs docs/deploy/Caddyfile with the Caddy that CAREHOLD_CADDY names:
// with its own certificate authority, as at home, and on another port. Nothing else
// of it is changed.
func TestCaddy(t *testing.T) {
	caddy := os.Getenv("CAREHOLD_CADDY")
	if caddy == "" {
		t.Skip("CAREHOLD_CADDY does not name a Caddy")
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	public, work, dir := "https://localhost:"+port, t.TempDir(), newStore(t)
	r := serveWith(t, dir, nil, []string{ownBound + "=1"}, "--public-url", public, "--trusted-proxies", "127.0.0.1")
	r.until(t, nil, "/readyz", 200)

	recipe, err := os.ReadFile("../../docs/deploy/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	text := string(recipe)
	for old, changed := range map[string]string{
		"\nrecord.example.org {": "\n" + public + " {", "# tls internal": "tls internal", "reverse_proxy 127.0.0.1:8470": "reverse_proxy " + r.addr,
		"\tadmin off\n": "\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n",
	} {
		if strings.Count(text, old) != 1 {
			t.Fatalf("the recipe has %q %d times", old, strings.Count(text, old))
		}
		text = strings.Replace(text, old, changed, 1)
	}
	config := filepath.Join(work, "Caddyfile")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := exec.Command(caddy, "run", "--config", config, "--adapter", "caddyfile")
	proxy.Env = append(os.Environ(), "XDG_DATA_HOME="+work, "XDG_CONFIG_HOME="+work, "HOME="+work)
	var said strings.Builder
	proxy.Stderr = &said
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { proxy.Process.Kill(); proxy.Wait() }()

	root := filepath.Join(work, "caddy", "pki", "authorities", "local", "root.crt")
	pool := x509.NewCertPool()
	for range 200 {
		if pem, err := os.ReadFile(root); err == nil && pool.AppendCertsFromPEM(pem) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	get := func(path string, h http.Header) (*http.Response, string) {
		t.Helper()
		q, _ := http.NewRequest("GET", public+path, nil)
		for name, values := range h {
			q.Header[name] = values
		}
		resp, err := c.Do(q)
		if err != nil {
			return nil, err.Error()
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp, string(b)
	}
	var resp *http.Response
	var body string
	for range 200 {
		if resp, body = get("/readyz", nil); resp != nil && resp.StatusCode == 200 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if resp == nil || resp.StatusCode != 200 || resp.ProtoMajor != 2 {
		proxy.Process.Kill()
		proxy.Wait()
		t.Fatalf("through Caddy: %v %s\n%s", resp, body, said.String())
	}
	if resp, body := get("/fhir/metadata", http.Header{"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"http"}}); resp.StatusCode != 200 ||
		!strings.Contains(body, public+"/fhir") || strings.Contains(body, "evil") || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("metadata through Caddy: %s %s", resp.Status, body)
	}

	// The command line, from the invite to an import and back.
	file := func(name, text string) string {
		path := filepath.Join(work, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	invite, _, _ := program(t, nil, "invite", "--quiet", "--data", dir)
	pass, device := file("pass", "two words and a comma\n"), filepath.Join(work, "device.json")
	as := []string{"--state", device, "--passphrase-file", pass}
	if _, errs, code := program(t, nil, append([]string{"enrol", "--server", public, "--ca-file", root, "--invite-file", file("invite", invite),
		"--recovery-out", filepath.Join(work, "recovery"), "--quiet"}, as...)...); code != 0 {
		t.Fatalf("enrol through Caddy: %d %s", code, errs)
	}
	if _, errs, code := program(t, nil, append([]string{"import", "--yes", file("person.json", string(sample.Sources()[0].Bundle))}, as...)...); code != 0 {
		t.Errorf("import through Caddy: %d %s", code, errs)
	}
	if out, errs, code := program(t, nil, append([]string{"entries"}, as...)...); code != 0 || out == "" {
		t.Errorf("entries through Caddy: %d %s", code, errs)
	}
	// A hundred bad tokens of one client count as one client's, whatever it says in
	// front: Caddy writes X-Forwarded-For anew.
	limited := false
	for i := range 100 {
		resp, _ := get("/fhir/Patient", http.Header{"Authorization": {"Bearer nothing"}, "X-Forwarded-For": {"203.0.113." + string(rune('0'+i%10))}})
		limited = limited || resp != nil && resp.StatusCode == 429
	}
	if !limited {
		t.Error("a client that writes its own X-Forwarded-For is never told to wait")
	}
	if strings.Contains(r.said(), "203.0.113") || strings.Contains(said.String(), "/fhir/Patient") {
		t.Error("a log has an address or a path")
	}
}
