package httpapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi/oauth/clients"
	"carehold/record/grant"
	"carehold/record/holder"
)

// keyed is a client that proves itself by a key.
type keyed struct {
	*world
	key *ecdsa.PrivateKey
	rsa *rsa.PrivateKey // of some
	alg jose.SignatureAlgorithm
	c   clients.Client
}

func (w *world) keyed(c clients.Client) *keyed {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	w.check(err)
	c.Auth = clients.Key
	c.JWKS, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k1", Algorithm: "ES384", Use: "sig"}}})
	w.check(err)
	return &keyed{world: w, key: key, alg: jose.ES384, c: w.register(c)}
}

// assertion is a client assertion for the token endpoint, with what more changes.
func (k *keyed) assertion(id string, more map[string]any) string {
	claims := map[string]any{"iss": id, "sub": id, "aud": publicURL + "/oauth/token", "jti": rand.Text(), "exp": k.now().Add(time.Minute).Unix(), "iat": k.now().Unix()}
	maps.Copy(claims, more)
	return signJWT(k.t, k.alg, k.key, "JWT", claims, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
}

func (k *keyed) signed(form url.Values, id string, more map[string]any) url.Values {
	out := maps.Clone(form)
	out.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	out.Set("client_assertion", k.assertion(id, more))
	return out
}

func basicAuth(id, secret string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))}}
}

// TestClientsShowThemselves: exactly the way that is registered, and one of them.
func TestClientsShowThemselves(t *testing.T) {
	w := newServer(t, generous)
	secret, hash := clients.NewSecret()
	w.register(clients.Client{})
	w.register(clients.Client{ID: "elm", Name: "Elm", Auth: clients.Secret, SecretHash: hash, Redirects: []string{"https://elm.example/cb"}})
	k := w.keyed(clients.Client{ID: "oak", Name: "Oak", Redirects: []string{"https://oak.example/cb"}})
	other := w.keyed(clients.Client{ID: "ash", Name: "Ash", Redirects: []string{"https://ash.example/cb"}})
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"chdr_0000000000000000000000000000000000000000000000000"}}
	with := func(more ...string) url.Values {
		q := maps.Clone(form)
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return q
	}
	// Who has shown who it is learns that the token opens nothing.
	used := k.signed(form, "oak", nil)
	for _, c := range []struct {
		name   string
		form   url.Values
		h      http.Header
		status int
		error  string
	}{
		{"public", with("client_id", sunrise), nil, 400, "invalid_grant"},
		{"basic", form, basicAuth("elm", secret), 400, "invalid_grant"},
		{"basic and its name", with("client_id", "elm"), basicAuth("elm", secret), 400, "invalid_grant"},
		{"post", with("client_id", "elm", "client_secret", secret), nil, 400, "invalid_grant"},
		{"a key", used, nil, 400, "invalid_grant"},

		{"nobody, of whom a token would say who it is", form, nil, 400, "invalid_grant"}, // TestRefreshUnnamed
		{"nobody", with("grant_type", "client_credentials"), nil, 400, "invalid_client"},
		{"nobody, with an empty secret", with("grant_type", "authorization_code", "client_secret", ""), nil, 400, "invalid_client"},
		{"an unknown one", with("client_id", "nobody"), nil, 400, "invalid_client"},
		{"public with a secret", with("client_id", sunrise, "client_secret", secret), nil, 400, "invalid_client"},
		{"a secret one without", with("client_id", "elm"), nil, 400, "invalid_client"},
		{"another secret", with("client_id", "elm", "client_secret", secret+"x"), nil, 400, "invalid_client"},
		{"another secret, basic", form, basicAuth("elm", "x"), 401, "invalid_client"},
		{"its secret's hash", with("client_id", "elm", "client_secret", hash), nil, 400, "invalid_client"},
		{"two ways", with("client_id", "elm", "client_secret", secret), basicAuth("elm", secret), 400, "invalid_request"},
		{"another's name", with("client_id", sunrise), basicAuth("elm", secret), 400, "invalid_request"},
		{"a key's without", with("client_id", "oak"), nil, 400, "invalid_client"},
		{"an assertion twice", used, nil, 400, "invalid_client"},
		{"another's key", other.signed(form, "oak", nil), nil, 400, "invalid_client"},
		{"for another server", k.signed(form, "oak", map[string]any{"aud": "https://evil.example/token"}), nil, 400, "invalid_client"},
		{"of long ago", k.signed(form, "oak", map[string]any{"exp": w.now().Add(-time.Minute).Unix()}), nil, 400, "invalid_client"},
		{"an assertion of another kind", with("client_assertion", used.Get("client_assertion"), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), nil, 400, "invalid_client"},
		{"a token of ours", with("client_id", sunrise), http.Header{"Authorization": {"Bearer chda_0000000000000000000000000000000000000000000000000"}}, 401, "invalid_client"},
		{"no grant type", url.Values{"client_id": {sunrise}}, nil, 400, "invalid_request"},
		{"another grant type", with("client_id", sunrise, "grant_type", "password"), nil, 400, "unsupported_grant_type"},
		{"something twice", url.Values{"grant_type": {"refresh_token", "refresh_token"}, "client_id": {sunrise}}, nil, 400, "invalid_request"},
		{"a token of another kind", with("client_id", sunrise, "refresh_token", "chda_0000000000000000000000000000000000000000000000000"), nil, 400, "invalid_grant"},
		{"without a person", with("client_id", sunrise, "grant_type", "client_credentials"), nil, 400, "unauthorized_client"},
	} {
		resp, m := w.post("/oauth/token", c.form, c.h)
		if resp.StatusCode != c.status || m["error"] != c.error || resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Pragma") != "no-cache" ||
			(c.status == 401) != (resp.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s: %d %v %v", c.name, resp.StatusCode, m, resp.Header)
		}
		if text, _ := json.Marshal(m); strings.Contains(string(text), secret) || strings.Contains(string(text), "chdr_0") {
			t.Errorf("%s: it repeats a secret: %s", c.name, text)
		}
	}
	// In the URL, or as JSON, nothing is taken.
	if resp, m := w.post("/oauth/token?client_id="+sunrise, form, nil); resp.StatusCode != 400 || m["error"] != "invalid_request" {
		t.Errorf("in the URL: %d %v", resp.StatusCode, m)
	}
	resp := w.send("POST", "/oauth/token", http.Header{"Content-Type": {"application/json"}}, `{"grant_type":"refresh_token"}`)
	var m map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil || resp.StatusCode != 415 || m["error"] != "invalid_request" {
		t.Errorf("as JSON: %d %v %v", resp.StatusCode, m, err)
	}
	if strings.Contains(w.log.String(), secret) || strings.Contains(w.log.String(), "chdr_0") {
		t.Error("a secret is in the log")
	}
}

// TestSecretsAreGuesses: who tries too many is told to wait.
func TestSecretsAreGuesses(t *testing.T) {
	limits := generous
	limits.Guesses, limits.Tries = 0.001, 10
	w := newServer(t, limits)
	_, hash := clients.NewSecret()
	w.register(clients.Client{ID: "elm", Name: "Elm", Auth: clients.Secret, SecretHash: hash, Redirects: []string{"https://elm.example/cb"}})
	w.register(clients.Client{})
	for _, form := range []url.Values{{"grant_type": {"refresh_token"}, "client_id": {"elm"}, "client_secret": {"x"}},
		{"grant_type": {"authorization_code"}, "client_id": {sunrise}, "code": {"x"}, "redirect_uri": {callback}, "code_verifier": {verifier}}} {
		last := 0
		for range 20 {
			resp, m := w.post("/oauth/token", form, nil)
			if last = resp.StatusCode; last == 429 && (m["error"] != "temporarily_unavailable" || resp.Header.Get("Retry-After") == "") {
				t.Errorf("%v %v", m, resp.Header)
			}
		}
		if last != 429 {
			t.Errorf("%v: %d", form, last)
		}
	}
}

// TestBackend: an organisation's system, whose client_id has the grant behind it (SMART
// Backend Services).
func TestBackend(t *testing.T) {
	w := newWorld(t)
	k := w.keyed(clients.Client{ID: "elm", Name: "Elm Road", Backend: true})
	other := w.keyed(clients.Client{ID: "oak", Name: "Oak Road", Backend: true})
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	issued, err := w.ada.IssueBackend(context.Background(), holder.GrantRequest{To: grant.Party{Name: "Elm Road Surgery"}, Sections: grant.Clinical, Scopes: scopes,
		Purpose: "TREAT", Lasts: 24 * time.Hour, Client: "elm"})
	w.check(err)
	id := issued.Token
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"system/*.rs"}}
	resp, m := w.post("/oauth/token", k.signed(form, id, nil), nil)
	if resp.StatusCode != 200 || m["token_type"] != "Bearer" || m["expires_in"].(float64) > 300 || m["refresh_token"] != nil || m["id_token"] != nil {
		t.Fatalf("token: %d %v", resp.StatusCode, m)
	}
	r := w.send("GET", "/fhir/Observation/potassium", http.Header{"Authorization": {"Bearer " + m["access_token"].(string)}}, "")
	if r.Body.Close(); r.StatusCode != 200 {
		t.Errorf("read: %d", r.StatusCode)
	}
	cut := strings.LastIndexByte(id, '.')
	for name, c := range map[string]struct {
		form   url.Values
		status int
		error  string
	}{
		"another system's":           {other.signed(form, "oak"+id[cut:], nil), 400, "invalid_grant"},
		"another system's key":       {other.signed(form, id, nil), 400, "invalid_client"},
		"without the second half":    {k.signed(form, "elm", nil), 400, "unauthorized_client"},
		"with a half that is wrong":  {k.signed(form, "elm."+strings.Repeat("0", 49), nil), 400, "invalid_client"},
		"with no scope":              {k.signed(url.Values{"grant_type": {"client_credentials"}}, id, nil), 400, "invalid_scope"},
		"with more than was granted": {k.signed(url.Values{"grant_type": {"client_credentials"}, "scope": {"system/*.d"}}, id, nil), 400, "invalid_scope"},
		"as a refresh token": {k.signed(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"chdr_" + id[cut+1:]}}, "elm", nil),
			400, "invalid_grant"},
	} {
		if resp, m := w.post("/oauth/token", c.form, nil); resp.StatusCode != c.status || m["error"] != c.error {
			t.Errorf("%s: %d %v", name, resp.StatusCode, m)
		}
	}
	w.check(w.ada.Revoke(context.Background(), issued.Grant.ID))
	if resp, m := w.post("/oauth/token", k.signed(form, id, nil), nil); resp.StatusCode != 400 || m["error"] != "invalid_grant" {
		t.Errorf("after it was stopped: %d %v", resp.StatusCode, m)
	}
}

// TestIntrospection: a client is told of its own tokens; of all else two words.
func TestIntrospection(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{})
	w.register(clients.Client{ID: "elm", Name: "Elm", Redirects: []string{"https://elm.example/cb"}})
	tokens := w.launch(askFor(nil), clinical)
	access, refresh := tokens["access_token"].(string), tokens["refresh_token"].(string)
	ask := func(client, token string) map[string]any {
		resp, m := w.post("/oauth/introspect", url.Values{"client_id": {client}, "token": {token}, "token_type_hint": {"refresh_token"}}, nil)
		if resp.StatusCode != 200 {
			t.Errorf("%d %v", resp.StatusCode, m)
		}
		return m
	}
	m := ask(sunrise, access)
	for name, want := range map[string]any{"active": true, "client_id": sunrise, "scope": tokens["scope"], "patient": tokens["patient"], "token_type": "Bearer", "iss": publicURL, "aud": publicURL + "/fhir",
		"fhirUser": publicURL + "/fhir/Patient/" + tokens["patient"].(string)} {
		if m[name] != want {
			t.Errorf("%s is %v, want %v", name, m[name], want)
		}
	}
	if m["exp"].(float64) <= float64(w.now().Unix()) || m["sub"] == "" {
		t.Errorf("exp or sub: %v", m)
	}
	if m := ask(sunrise, refresh); m["active"] != true {
		t.Errorf("the refresh token: %v", m)
	}
	// SMART: a token of the client's own is a way to show who asks.
	own := http.Header{"Authorization": {"Bearer " + access}}
	if resp, m := w.post("/oauth/introspect", url.Values{"token": {refresh}}, own); resp.StatusCode != 200 || m["active"] != true {
		t.Errorf("by a token of its own: %d %v", resp.StatusCode, m)
	}
	for name, token := range map[string]string{"a grantee's": w.vars["gp"], "a session": w.vars["ada"], "a refresh token": refresh} {
		if resp, m := w.post("/oauth/introspect", url.Values{"token": {access}}, http.Header{"Authorization": {"Bearer " + token}}); resp.StatusCode != 401 || len(m) != 2 {
			t.Errorf("by %s: %d %v", name, resp.StatusCode, m)
		}
	}
	inactive := func(name, client, token string) {
		if m := ask(client, token); len(m) != 1 || m["active"] != false {
			t.Errorf("%s: %v", name, m)
		}
	}
	inactive("another client", "elm", access)
	inactive("another client, refresh", "elm", refresh)
	inactive("a grantee's own", sunrise, w.vars["gp"])
	inactive("a session", sunrise, w.vars["ada"])
	inactive("nonsense", sunrise, "nonsense")

	revoke := func(client, token string) {
		resp, m := w.post("/oauth/revoke", url.Values{"client_id": {client}, "token": {token}, "token_type_hint": {"nonsense"}}, nil)
		if resp.StatusCode != 200 || m != nil {
			t.Errorf("revoke: %d %v", resp.StatusCode, m)
		}
	}
	revoke("elm", refresh)
	revoke(sunrise, "nonsense")
	revoke(sunrise, w.vars["gp"])
	if m := ask(sunrise, access); m["active"] != true {
		t.Errorf("another client has stopped it: %v", m)
	}
	revoke(sunrise, access)
	inactive("given back", sunrise, access)
	if m := ask(sunrise, refresh); m["active"] != true {
		t.Errorf("the refresh token went with the access token: %v", m)
	}
	revoke(sunrise, refresh)
	inactive("refresh given back", sunrise, refresh)
	revoke(sunrise, refresh)
	r := w.send("GET", "/fhir/Observation/potassium", http.Header{"Authorization": {"Bearer " + w.vars["gp"]}}, "")
	if r.Body.Close(); r.StatusCode != 200 {
		t.Errorf("another's grant: %d", r.StatusCode)
	}
}
