package clients_test

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"carehold/httpapi/oauth/clients"
)

// FuzzRedirect: what is asked leads only to what was registered, and net/url, which
// others read it with, agrees about where that is.
func FuzzRedirect(f *testing.F) {
	for _, known := range []string{"https://good.example/cb", "http://127.0.0.1:4567/cb", "com.example.app:/cb"} {
		for _, asked := range []string{known, known + "/", known + "#", known + "?x=1", strings.Replace(known, "://", "://evil@", 1), strings.Replace(known, "/cb", "/../cb", 1), "https://good.example@evil", "https://good.example.evil", `https://good.example\.evil/cb`, "http://127.0.0.1:1/cb", "javascript:alert(1)"} {
			f.Add(known, asked)
		}
	}
	f.Fuzz(func(t *testing.T, known, asked string) {
		c := app(known)
		registered := c.Check() == nil
		to, ok := c.Redirect(asked)
		if !ok && to != "" || ok && to != asked || ok && !registered {
			t.Fatalf("%q of %q: %q %v", asked, known, to, ok)
		}
		if _, itself := c.Redirect(known); itself != registered {
			t.Fatalf("%q is registered: %v, and leads to itself: %v", known, registered, itself)
		}
		if !ok {
			return
		}
		k, err := url.Parse(known)
		if err != nil {
			t.Fatalf("%q was registered: %v", known, err)
		}
		a, err := url.Parse(asked)
		if err != nil || a.Scheme != k.Scheme || a.Hostname() != k.Hostname() || a.Path != k.Path || a.RawQuery != k.RawQuery || a.User != nil || a.Fragment != "" {
			t.Fatalf("%q of %q: %v", asked, known, err)
		}
		switch device := k.Scheme == "http" && (k.Hostname() == "127.0.0.1" || k.Hostname() == "::1"); {
		case asked != known && !device:
			t.Fatalf("%q of %q", asked, known)
		case k.Scheme == "http" && !device, !slices.Contains([]string{"http", "https"}, k.Scheme) && !strings.Contains(k.Scheme, "."):
			t.Fatalf("%q was registered", known)
		}
		// What a browser would clean is not there.
		if strings.ContainsFunc(asked, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' || r == '#' }) || a.Hostname() != strings.ToLower(a.Hostname()) {
			t.Fatalf("%q", asked)
		}
	})
}

// FuzzRegistry: nothing panics, and what is read is written and read again the same.
func FuzzRegistry(f *testing.F) {
	const one = `{"id":"one","name":"One","redirects":["https://one.example/cb"],"auth":"public","profile":"smart","added":"2026-01-02T03:04:05Z"}`
	f.Add(`{"version":1,"clients":[` + one + `]}`)
	f.Add(`{"version":1,"clients":[` + strings.Replace(one, `"public"`, `"key","jwks":`+string(set(ecKey)), 1) + `]}`)
	f.Add(`{"version":1,"clients":[` + one + `,` + one + `]}`)
	f.Add(`{"version":1,"version":1}`)
	f.Add("{")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, clients.File)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := clients.Open(path, clients.Options{})
		list, err := r.List()
		if err != nil {
			if list != nil {
				t.Fatal("refused, and there is a list")
			}
			return
		}
		for _, c := range list {
			if err := c.Check(); err != nil || !c.Verified {
				t.Fatal(c, err)
			}
			if again, err := r.Get(t.Context(), c.ID); err != nil || again.ID != c.ID {
				t.Fatal(again, err)
			}
		}
		if err := r.Add(named("a-new-one")); err != nil {
			return // full, or there already
		}
		if _, err := r.Remove("a-new-one"); err != nil {
			t.Fatal(err)
		}
		after, err := clients.Open(path, clients.Options{}).List()
		if err != nil || len(after) != len(list) {
			t.Fatal(len(after), len(list), err)
		}
		for i, c := range after {
			if c.ID != list[i].ID || c.Name != list[i].Name || !slices.Equal(c.Redirects, list[i].Redirects) || c.SecretHash != list[i].SecretHash || !c.Added.Equal(list[i].Added) {
				t.Fatal(c, list[i])
			}
		}
	})
}

// FuzzDocument: nothing panics, and what is taken from a stranger is what the operator
// could have registered, is not verified, and leads to the host that people are shown.
func FuzzDocument(f *testing.F) {
	f.Add(here, string(described()))
	f.Add(here, string(described(`"redirect_uris":["example.app:/cb","http://[::1]/cb"]`, `"client_name":"Sunrise"`)))
	f.Add(here, string(described(`"token_endpoint_auth_method":"private_key_jwt"`, `"jwks":`+string(set(ecKey, rsaKey, edKey)))))
	f.Add(here, string(described(`"token_endpoint_auth_method":"private_key_jwt"`, `"jwks_uri":"https://app.example/k"`, `"dpop_bound_access_tokens":true`)))
	f.Add("https://evil.example/c", documentOf("https://evil.example/c"))
	f.Fuzz(func(t *testing.T, id, text string) {
		c, err := clients.ParseDocument(id, []byte(text))
		if err != nil {
			return
		}
		u, err := url.Parse(id)
		if err != nil || u.Scheme != "https" || u.Hostname() != c.Host() || u.User != nil || u.Fragment != "" || u.Path == "" || !strings.Contains(text, "client_id") {
			t.Fatalf("%q: %v", id, err)
		}
		if c.ID != id || c.Verified || c.Backend || c.SecretHash != "" || c.Profile != clients.SMART || !strings.HasPrefix(c.Title(), u.Hostname()) {
			t.Fatal(c)
		}
		if named := c; len(c.Name) <= 100 {
			if err := named.Check(); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range append([]string{c.JWKSURI, c.URI}, c.Redirects...) {
			to, err := url.Parse(r)
			if err != nil || to.Scheme == "https" && to.Hostname() != u.Hostname() || to.Scheme == "javascript" || to.Scheme == "data" {
				t.Fatalf("%q leads to %q: %v", id, r, err)
			}
		}
	})
}
