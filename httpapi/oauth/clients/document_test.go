package clients_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"carehold/httpapi/oauth/clients"
	"carehold/record"
)

const here = "https://app.example/oauth/client.json"

// described is a document at here, with members changed or added: `"name":value` each.
func described(members ...string) []byte {
	all := []string{`"client_id":"` + here + `"`, `"redirect_uris":["https://app.example/cb"]`}
	for _, m := range members {
		name, _, _ := strings.Cut(m, ":")
		all = slices.DeleteFunc(all, func(have string) bool { return strings.HasPrefix(have, name+":") })
		all = append(all, m)
	}
	return []byte("{" + strings.Join(all, ",") + "}")
}

// TestURL: which URLs may be a client_id (draft §3), and ours are stricter.
func TestURL(t *testing.T) {
	for _, good := range []string{here, "https://app.example/", "https://app.example:8443/c", "https://a.b.app.example/x/y/z", "https://app.example/a..b/.c", "https://xn--bcher-kva.example/c", "https://app.example/~me/c", "https://app.example//c", "https://app.example/" + strings.Repeat("x", 280)} {
		if err := clients.CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "app-1", "https://", "https://app.example", "http://app.example/c", "HTTPS://app.example/c", "ftp://app.example/c", "https:app.example/c",
		"https://app.example/c#", "https://app.example/c#x", "https://u@app.example/c", "https://u:p@app.example/c", "https://app.example/c?", "https://app.example/c?x=1",
		"https://app.example/../c", "https://app.example/./c", "https://app.example/a/..", "https://app.example/%2e%2e/c", "https://app.example/%2E/c", "https://app.example/a%2fc", "https://app.example/a%5cc",
		"https://APP.example/c", "https://app.example./c", "https://app.example:/c", "https://app.example:0443/c", "https://app.example/c\n", `https://app.example\c`, "https://app.example/ c",
		// Into somebody's network
		"https://127.0.0.1/c", "https://[::1]/c", "https://192.168.1.1/c", "https://169.254.169.254/latest/meta-data", "https://203.0.113.9/c", "https://2130706433/c", "https://0x7f.1/c", "https://localhost/c", "https://a.localhost/c", "https://nas/c", "https://nas.local/c", "https://nas.lan/c", "https://x.internal/c", "https://x.home.arpa/c", "https://x.onion/c",
		"https://app.example/" + strings.Repeat("x", 281),
	} {
		if err := clients.CheckURL(bad); !errors.Is(err, record.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestDocument(t *testing.T) {
	c, err := clients.ParseDocument(here, described())
	if err != nil || c.ID != here || c.Auth != clients.Public || c.Profile != clients.SMART || c.Verified || c.Backend || c.DPoP || c.PAR || c.Name != "app.example" || !slices.Equal(c.Origins, []string{"https://app.example"}) {
		t.Fatal(c, err)
	}
	c, err = clients.ParseDocument(here, described(`"client_name":"Sunrise"`, `"client_uri":"https://app.example/about"`, `"logo_uri":"https://evil.example/x.png"`, `"scope":"patient/*.rs"`, `"anything":{"at":["all"]}`,
		`"token_endpoint_auth_method":"private_key_jwt"`, `"jwks":`+string(set(ecKey)), `"grant_types":["authorization_code","refresh_token","client_credentials"]`, `"response_types":["code"]`,
		`"redirect_uris":["https://app.example/cb","http://127.0.0.1/cb"]`, `"dpop_bound_access_tokens":true`, `"require_pushed_authorization_requests":true`))
	if err != nil || c.Name != "Sunrise" || c.URI != "https://app.example/about" || c.Auth != clients.Key || string(c.JWKS) != string(set(ecKey)) || !c.DPoP || !c.PAR || c.Backend || c.Verified || len(c.Redirects) != 2 {
		t.Fatal(c, err)
	}
	if c.Title() != "app.example, which calls itself “Sunrise”" {
		t.Error(c.Title())
	}
	for _, good := range [][]string{
		{`"token_endpoint_auth_method":"none"`}, {`"token_endpoint_auth_method":"private_key_jwt"`, `"jwks_uri":"https://app.example/jwks.json"`},
		{`"redirect_uris":["example.app:/cb","example.app.ios:/cb"]`}, {`"redirect_uris":["http://[::1]/cb"]`}, {`"redirect_uris":["https://app.example:443/cb"]`},
		{`"client_uri":"https://nhs.uk/"`},
	} {
		c, err := clients.ParseDocument(here, described(good...))
		if err != nil || c.URI != "" {
			t.Errorf("%s: %v %v", good, c, err)
		}
	}
}

// TestDocumentRefused: every rule, broken alone.
func TestDocumentRefused(t *testing.T) {
	for _, c := range []struct {
		what  string
		body  []byte
		wrong string
	}{
		{"nothing", nil, "JSON object"}, {"null", []byte("null"), "JSON object"}, {"a list", []byte("[]"), "JSON object"}, {"a page", []byte("<!doctype html>"), "JSON object"},
		{"more after it", append(described(), "{}"...), "JSON object"}, {"a name twice", []byte(`{"client_id":"` + here + `","client_id":"` + here + `","redirect_uris":["https://app.example/cb"]}`), "JSON object"},
		{"not UTF-8", described(`"x":"` + "\xff" + `"`), "JSON object"}, {"too large", described(`"x":"` + strings.Repeat("x", 16<<10) + `"`), "larger than"},
		{"no client_id", []byte(`{"redirect_uris":["https://app.example/cb"]}`), "not the URL"}, {"another client_id", described(`"client_id":"https://app.example/oauth/client"`), "not the URL"},
		{"client_id in other letters", described(`"client_id":"https://app.example/oauth/Client.json"`), "not the URL"}, {"client_id with a port", described(`"client_id":"https://app.example:443/oauth/client.json"`), "not the URL"},
		{"a name in other letters", []byte(`{"Client_ID":"` + here + `","redirect_uris":["https://app.example/cb"]}`), "not the URL"}, {"client_id of another kind", described(`"client_id":7`), "client_id is not"},
		{"client_id null", described(`"client_id":null`), "client_id is not"}, {"redirects null", described(`"redirect_uris":null`), "redirect_uris is not"}, {"one redirect", described(`"redirect_uris":"https://app.example/cb"`), "redirect_uris is not"},
		{"no redirects", described(`"redirect_uris":[]`), "must be a redirect"}, {"redirects of numbers", described(`"redirect_uris":[1]`), "redirect_uris is not"},
		{"a redirect elsewhere", described(`"redirect_uris":["https://evil.example/cb"]`), "not at the host"}, {"a redirect below", described(`"redirect_uris":["https://a.app.example/cb"]`), "not at the host"}, {"a redirect above", described(`"redirect_uris":["https://example/cb"]`), "not at the host"},
		{"a redirect on another port", described(`"redirect_uris":["https://app.example:8443/cb"]`), "not at the host"}, {"one of two", described(`"redirect_uris":["https://app.example/cb","https://evil.example/cb"]`), "not at the host"},
		{"a user in a redirect", described(`"redirect_uris":["https://app.example@evil.example/cb"]`), "no user name"}, {"localhost", described(`"redirect_uris":["http://localhost/cb"]`), "127.0.0.1"}, {"http", described(`"redirect_uris":["http://app.example/cb"]`), "must be https"},
		{"a fragment", described(`"redirect_uris":["https://app.example/cb#x"]`), "no fragment"}, {"a script", described(`"redirect_uris":["javascript:alert(1)"]`), "must be https"},
		{"another's scheme", described(`"redirect_uris":["uk.nhs.app:/cb"]`), "not at the host"}, {"a scheme that begins so", described(`"redirect_uris":["example.apps:/cb"]`), "not at the host"}, {"a scheme not turned", described(`"redirect_uris":["app.example:/cb"]`), "not at the host"},
		{"a scheme and keys", described(`"redirect_uris":["example.app:/cb"]`, `"token_endpoint_auth_method":"private_key_jwt"`, `"jwks":`+string(set(ecKey))), "must be public"},
		{"a redirect twice", described(`"redirect_uris":["https://app.example/cb","https://app.example/cb"]`), "twice"},
		{"a secret", described(`"client_secret":"x"`), "client_secret"}, {"a null secret", described(`"client_secret":null`), "client_secret"}, {"when a secret ends", described(`"client_secret_expires_at":0`), "client_secret_expires_at"},
		{"client_secret_basic", described(`"token_endpoint_auth_method":"client_secret_basic"`), "neither none"}, {"client_secret_post", described(`"token_endpoint_auth_method":"client_secret_post"`), "neither none"}, {"client_secret_jwt", described(`"token_endpoint_auth_method":"client_secret_jwt"`), "neither none"}, {"mTLS", described(`"token_endpoint_auth_method":"tls_client_auth"`), "neither none"}, {"None", described(`"token_endpoint_auth_method":"None"`), "neither none"}, {"a method of another kind", described(`"token_endpoint_auth_method":["none"]`), "token_endpoint_auth_method is not"},
		{"keys for nothing", described(`"jwks":` + string(set(ecKey))), "private_key_jwt"}, {"no keys", described(`"token_endpoint_auth_method":"private_key_jwt"`), "its keys, or"}, {"keys twice", described(`"token_endpoint_auth_method":"private_key_jwt"`, `"jwks":`+string(set(ecKey)), `"jwks_uri":"https://app.example/k"`), "not both"},
		{"a private key", described(`"token_endpoint_auth_method":"private_key_jwt"`, `"jwks":`+string(set(ecPrivate))), "private"}, {"keys that are none", described(`"token_endpoint_auth_method":"private_key_jwt"`, `"jwks":7`), "JWK Set"},
		{"keys elsewhere", described(`"token_endpoint_auth_method":"private_key_jwt"`, `"jwks_uri":"https://evil.example/k"`), "jwks_uri is not at"}, {"keys in the network", described(`"token_endpoint_auth_method":"private_key_jwt"`, `"jwks_uri":"https://192.168.1.1/k"`), "jwks_uri is not at"}, {"keys over http", described(`"token_endpoint_auth_method":"private_key_jwt"`, `"jwks_uri":"http://app.example/k"`), "jwks_uri is not at"},
		{"no person", described(`"grant_types":["client_credentials"]`), "authorization_code"}, {"no code", described(`"response_types":["token"]`), "without code"}, {"no grant types", described(`"grant_types":[]`), "authorization_code"},
		{"DPoP of another kind", described(`"dpop_bound_access_tokens":"true"`), "dpop_bound_access_tokens is not"}, {"PAR of another kind", described(`"require_pushed_authorization_requests":1`), "require_pushed"},
		{"a turned name", described(`"client_name":"a` + "\u202e" + `b"`), "the name"}, {"a long name", described(`"client_name":"` + strings.Repeat("x", 101) + `"`), "the name"}, {"a name of two lines", described(`"client_name":"a\nb"`), "the name"},
	} {
		got, err := clients.ParseDocument(here, c.body)
		if !errors.Is(err, record.Unprocessed) || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, not %q", c.what, err, c.wrong)
		}
		if got.ID != "" || got.Redirects != nil {
			t.Errorf("%s: refused, and there is a client: %v", c.what, got)
		}
		if strings.Contains(record.SafeText(err), "evil") {
			t.Errorf("%s: a log would quote it", c.what)
		}
	}
}
