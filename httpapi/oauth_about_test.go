package httpapi_test

import (
	"bytes"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi/oauth/clients"
	"carehold/record/holder"
)

// TestDiscovery: what is published is what there is, in JSON whatever is asked for, to
// pages of every site.
func TestDiscovery(t *testing.T) {
	w := newServer(t, generous)
	get := func(path string) (m map[string]any) {
		t.Helper()
		resp := w.send("GET", path, http.Header{"Accept": {"text/html"}, "Origin": {"https://anybody.example"}}, "")
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		w.check(err)
		if h := resp.Header; resp.StatusCode != 200 || h.Get("Content-Type") != "application/json" || h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v", path, resp.StatusCode, h)
		}
		w.check(json.Unmarshal(b, &m))
		return m
	}
	smart := get("/fhir/.well-known/smart-configuration")
	has := func(m map[string]any, name string, want ...string) {
		t.Helper()
		list, _ := m[name].([]any)
		for _, x := range want {
			if !slices.Contains(list, any(x)) {
				t.Errorf("%s has no %s: %v", name, x, list)
			}
		}
	}
	// SMART App Launch 2.2 §2.1.1.
	has(smart, "capabilities", "launch-standalone", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric", "sso-openid-connect",
		"context-standalone-patient", "permission-patient", "permission-user", "permission-offline", "permission-online", "permission-v1", "permission-v2", "authorize-post")
	has(smart, "grant_types_supported", "authorization_code", "client_credentials")
	has(smart, "token_endpoint_auth_signing_alg_values_supported", "RS384", "ES384")
	has(smart, "scopes_supported", "openid", "fhirUser", "launch/patient", "offline_access", "online_access")
	if smart["management_endpoint"] != publicURL+"/manage" {
		t.Errorf("to manage it: %v", smart["management_endpoint"])
	}
	methods, _ := json.Marshal(smart["code_challenge_methods_supported"])
	if string(methods) != `["S256"]` {
		t.Errorf("challenges: %s", methods)
	}
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		m := get(path)
		if m["issuer"] != publicURL || m["authorization_response_iss_parameter_supported"] != true || m["client_id_metadata_document_supported"] != false ||
			m["request_uri_parameter_supported"] != false {
			t.Errorf("%s: %v", path, m)
		}
		has(m, "id_token_signing_alg_values_supported", "RS256")
		has(m, "subject_types_supported", "public")
		has(m, "dpop_signing_alg_values_supported", "ES256", "PS256", "EdDSA", "Ed25519")
		has(m, "token_endpoint_auth_signing_alg_values_supported", "EdDSA", "Ed25519")
		has(m, "grant_types_supported", "refresh_token")
		for name, v := range smart {
			if strings.HasSuffix(name, "_endpoint") && name != "management_endpoint" && m[name] != v {
				t.Errorf("%s: %s is %v, and in SMART's %v", path, name, m[name], v)
			}
		}
	}
	// Each address is there.
	for name, v := range smart {
		if at, ok := v.(string); ok && (strings.HasSuffix(name, "_endpoint") || name == "jwks_uri") {
			path, ours := strings.CutPrefix(at, publicURL)
			resp := w.send("GET", path, nil, "")
			if resp.Body.Close(); !ours || resp.StatusCode == 404 {
				t.Errorf("%s: %s is %d", name, at, resp.StatusCode)
			}
		}
	}
	if m := get("/.well-known/oauth-protected-resource/fhir"); m["resource"] != publicURL+"/fhir" {
		t.Errorf("the resource: %v", m)
	}
	if keys := get("/oauth/jwks")["keys"].([]any); len(keys) != 1 || keys[0].(map[string]any)["kty"] != "RSA" || keys[0].(map[string]any)["d"] != nil {
		t.Errorf("keys: %v", keys)
	}
}

// TestIDToken: RS256, by the key that is published, for the client that asked.
func TestIDToken(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{})
	tokens := w.launch(askFor(nil), clinical)
	resp := w.send("GET", "/oauth/jwks", nil, "")
	defer resp.Body.Close()
	var set jose.JSONWebKeySet
	w.check(json.NewDecoder(resp.Body).Decode(&set))
	signed, err := jose.ParseSignedCompact(tokens["id_token"].(string), []jose.SignatureAlgorithm{jose.RS256})
	w.check(err)
	found := set.Key(signed.Signatures[0].Header.KeyID)
	if len(found) != 1 {
		t.Fatalf("the key %q is not published", signed.Signatures[0].Header.KeyID)
	}
	if k, ok := found[0].Key.(*rsa.PublicKey); !ok || k.N.BitLen() < 2048 {
		t.Error("it is no RSA key of 2048 bits")
	}
	body, err := signed.Verify(found[0])
	w.check(err)
	var m map[string]any
	w.check(json.Unmarshal(body, &m))
	for name, want := range map[string]any{"iss": publicURL, "aud": sunrise, "nonce": "n-0S6_WzA2Mj", "fhirUser": publicURL + "/fhir/Patient/" + tokens["patient"].(string)} {
		if m[name] != want {
			t.Errorf("%s is %v, want %v", name, m[name], want)
		}
	}
	sub, _ := m["sub"].(string)
	// The person said yes for this one, whatever max_age is: OpenID Connect Core §3.1.2.1.
	if said, iat := m["auth_time"].(float64), m["iat"].(float64); said > iat || said < iat-60 {
		t.Errorf("auth_time is %v, at %v", said, iat)
	}
	if sub == "" || len(sub) >= 256 || strings.Contains(sub, tokens["patient"].(string)) || m["exp"].(float64) <= float64(time.Now().Unix()) {
		t.Errorf("sub or exp: %v", m)
	}
	// Of a refresh there is nothing new to tell of that.
	_, next := w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {sunrise}, "refresh_token": {tokens["refresh_token"].(string)}}, nil)
	signed, err = jose.ParseSignedCompact(next["id_token"].(string), []jose.SignatureAlgorithm{jose.RS256})
	w.check(err)
	if body, err = signed.Verify(found[0]); err != nil || bytes.Contains(body, []byte("auth_time")) || !bytes.Contains(body, []byte(`"sub":"`+sub+`"`)) {
		t.Errorf("refreshed: %s, %v", body, err)
	}
	// Without openid there is none, and no name.
	tokens = w.launch(askFor(map[string][]string{"scope": {"patient/*.rs"}, "nonce": {""}}), clinical)
	if tokens["id_token"] != nil || tokens["refresh_token"] != nil {
		t.Errorf("not asked for: %v", tokens)
	}
}

// Who may only add is not told whose record it is: there is no ID token that would name
// nobody, the same nobody for all people, and the scope does not say that there is.
func TestIDTokenOfNobody(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{})
	tokens := w.launch(askFor(url.Values{"scope": {"openid fhirUser offline_access patient/Observation.c"}}), func(p *holder.GrantRequest) { p.Purpose = "TREAT" })
	if tokens["id_token"] != nil || tokens["scope"] != "offline_access patient/Observation.c" || tokens["patient"] != nil {
		t.Errorf("%v", tokens)
	}
	_, next := w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {sunrise}, "refresh_token": {tokens["refresh_token"].(string)}}, nil)
	if next["access_token"] == nil || next["id_token"] != nil || next["scope"] != "offline_access patient/Observation.c" {
		t.Errorf("refreshed: %v", next)
	}
}

// TestOrigins: pages of registered clients ask from a browser, where programs ask; others
// do not, and nobody from the pages of authorizing.
func TestOrigins(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{Origins: []string{"https://app.sunrise.example"}})
	type answer struct {
		status int
		allow  string
	}
	ask := func(method, path, origin string, h http.Header) answer {
		t.Helper()
		if h == nil {
			h = http.Header{}
		}
		h.Set("Origin", origin)
		h.Set("Sec-Fetch-Site", "cross-site")
		body := ""
		if method == "POST" {
			h.Set("Content-Type", "application/x-www-form-urlencoded")
			body = "client_id=x"
		}
		resp := w.send(method, path, h, body)
		resp.Body.Close()
		if resp.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s: cookies are let along", method, path)
		}
		return answer{resp.StatusCode, resp.Header.Get("Access-Control-Allow-Origin")}
	}
	const ours, evil = "https://app.sunrise.example", "https://evil.example"
	pre := func(method string) http.Header {
		return http.Header{"Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {"authorization, dpop"}}
	}
	bearer := func() http.Header { return http.Header{"Authorization": {"Bearer " + w.vars["gp"]}} }
	for _, c := range []struct {
		name   string
		got    answer
		status int
		allow  string
	}{
		{"token, preflight", ask("OPTIONS", "/oauth/token", ours, pre("POST")), 204, ours},
		{"token", ask("POST", "/oauth/token", ours, nil), 400, ours},
		{"par", ask("POST", "/oauth/par", ours, nil), 400, ours},
		{"revoke", ask("POST", "/oauth/revoke", ours, nil), 400, ours},
		{"FHIR, preflight", ask("OPTIONS", "/fhir/Observation/potassium", ours, pre("GET")), 204, ours},
		{"FHIR", ask("GET", "/fhir/Observation/potassium", ours, bearer()), 200, ours},
		{"FHIR, writing", ask("DELETE", "/fhir/Observation/potassium", ours, bearer()), 403, ours},
		{"FHIR, refused", ask("GET", "/fhir/Observation/potassium", ours, nil), 401, ours},
		{"another's preflight", ask("OPTIONS", "/oauth/token", evil, pre("POST")), 405, ""},
		{"another's", ask("GET", "/fhir/Observation/potassium", evil, bearer()), 200, ""},
		{"another's, writing", ask("DELETE", "/fhir/Observation/potassium", evil, bearer()), 403, ""},
		{"nobody's", ask("GET", "/fhir/Observation/potassium", "null", bearer()), 200, ""},
		{"a longer name", ask("GET", "/fhir/Observation/potassium", ours+".evil.example", bearer()), 200, ""},
		{"the holder's door", ask("GET", "/holder/v1/log", ours, bearer()), 401, ""},
		{"authorize", ask("GET", "/oauth/authorize", ours, nil), 400, ""},
		{"authorize, preflight", ask("OPTIONS", "/oauth/authorize", ours, pre("POST")), 405, ""},
		{"the page that waits", ask("GET", "/oauth/wait", ours, nil), 410, ""},
	} {
		if c.got.status != c.status || c.got.allow != c.allow {
			t.Errorf("%s: %d %q, want %d %q", c.name, c.got.status, c.got.allow, c.status, c.allow)
		}
	}
}
