package httpapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"carehold/httpapi/oauth/clients"
)

// TestBound: a token that is bound to a key opens with a proof of it, and with nothing
// else, at every step (RFC 9449).
func TestBound(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{DPoP: true})
	p, thief := w.prover(), w.prover()
	b := w.browser()
	b.authorize(askFor(url.Values{"dpop_jkt": {p.jkt()}}))
	w.approve(w.ada, w.vars["ada"], b.typed, clinical)
	_, answer := b.returned()
	form := forCode(answer.Get("code"))

	if resp, m := w.post("/oauth/token", form, nil); resp.StatusCode != 400 || m["error"] != "invalid_dpop_proof" {
		t.Errorf("a code without a proof: %d %v", resp.StatusCode, m)
	}
	if resp, m := thief.postProved("/oauth/token", form, nil); resp.StatusCode != 400 || m["error"] != "invalid_grant" {
		t.Errorf("a code with another key: %d %v", resp.StatusCode, m)
	}
	resp, tokens := p.postProved("/oauth/token", form, nil)
	if resp.StatusCode != 200 || tokens["token_type"] != "DPoP" || resp.Header.Get("DPoP-Nonce") == "" {
		t.Fatalf("token: %d %v", resp.StatusCode, tokens)
	}
	access, refresh := tokens["access_token"].(string), tokens["refresh_token"].(string)

	// The first proof at the FHIR door has no nonce yet.
	path := "/fhir/Observation/potassium"
	fresh := w.prover()
	fresh.key = p.key
	get := func(h http.Header) *http.Response {
		resp := w.send("GET", path+"?_format=json", h, "")
		resp.Body.Close()
		return resp
	}
	resp = get(http.Header{"Authorization": {"DPoP " + access}, "DPoP": {fresh.proof("GET", path, access)}})
	if c := resp.Header.Get("WWW-Authenticate"); resp.StatusCode != 401 || !strings.Contains(c, `DPoP realm="carehold", error="use_dpop_nonce", algs="`) {
		t.Fatalf("without a nonce: %d %s", resp.StatusCode, c)
	}
	fresh.nonce = resp.Header.Get("DPoP-Nonce")
	thief.nonce = fresh.nonce
	good := fresh.proof("GET", path, access)
	for _, c := range []struct {
		name   string
		h      http.Header
		status int
		error  string
	}{
		{"as Bearer", http.Header{"Authorization": {"Bearer " + access}}, 401, `Bearer realm="carehold", error="invalid_token"`},
		{"as Bearer, with a proof", http.Header{"Authorization": {"Bearer " + access}, "DPoP": {fresh.proof("GET", path, access)}}, 401, `error="invalid_token"`},
		{"without a proof", http.Header{"Authorization": {"DPoP " + access}}, 401, `error="invalid_dpop_proof"`},
		{"with two proofs", http.Header{"Authorization": {"DPoP " + access}, "DPoP": {fresh.proof("GET", path, access), fresh.proof("GET", path, access)}}, 401, `error="invalid_dpop_proof"`},
		{"with a thief's", http.Header{"Authorization": {"DPoP " + access}, "DPoP": {thief.proof("GET", path, access)}}, 401, `DPoP realm="carehold", error="invalid_token"`},
		{"for another method", http.Header{"Authorization": {"DPoP " + access}, "DPoP": {fresh.proof("DELETE", path, access)}}, 401, `error="invalid_dpop_proof"`},
		{"for another path", http.Header{"Authorization": {"DPoP " + access}, "DPoP": {fresh.proof("GET", "/fhir/Observation/other", access)}}, 401, `error="invalid_dpop_proof"`},
		{"for another token", http.Header{"Authorization": {"DPoP " + access}, "DPoP": {fresh.proof("GET", path, refresh)}}, 401, `error="invalid_dpop_proof"`},
		{"for none", http.Header{"Authorization": {"DPoP " + access}, "DPoP": {fresh.proof("GET", path, "")}}, 401, `error="invalid_dpop_proof"`},
		{"an ordinary token", http.Header{"Authorization": {"DPoP " + w.vars["gp"]}, "DPoP": {fresh.proof("GET", path, w.vars["gp"])}}, 401, `error="invalid_token"`},
		{"a session", http.Header{"Authorization": {"DPoP " + w.vars["ada"]}, "DPoP": {fresh.proof("GET", path, w.vars["ada"])}}, 401, `error="invalid_token"`},
		{"right", http.Header{"Authorization": {"dpop " + access}, "DPoP": {good}}, 200, ""},
		{"the same proof again", http.Header{"Authorization": {"DPoP " + access}, "DPoP": {good}}, 401, `error="invalid_dpop_proof"`},
		{"right again", http.Header{"Authorization": {"DPoP " + access}, "DPoP": {fresh.proof("GET", path, access)}}, 200, ""},
	} {
		resp := get(c.h)
		if got := resp.Header.Get("WWW-Authenticate"); resp.StatusCode != c.status || !strings.Contains(got, c.error) || c.error == "" && got != "" {
			t.Errorf("%s: %d %s", c.name, resp.StatusCode, got)
		}
	}

	again := url.Values{"grant_type": {"refresh_token"}, "client_id": {sunrise}, "refresh_token": {refresh}}
	if resp, m := thief.postProved("/oauth/token", again, nil); resp.StatusCode != 400 || m["error"] != "invalid_grant" {
		t.Errorf("a refresh token with another key: %d %v", resp.StatusCode, m)
	}
	resp, m := p.postProved("/oauth/token", again, nil)
	if resp.StatusCode != 200 || m["token_type"] != "DPoP" {
		t.Errorf("refresh: %d %v", resp.StatusCode, m)
	}
	_, m = w.post("/oauth/introspect", url.Values{"client_id": {sunrise}, "token": {access}}, nil)
	if cnf, _ := m["cnf"].(map[string]any); m["active"] != true || m["token_type"] != "DPoP" || cnf["jkt"] != p.jkt() {
		t.Errorf("introspection: %v", m)
	}
}

// TestPushed: a request that was pushed is its client's, for a while, and until it is
// answered (RFC 9126).
func TestPushed(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{PAR: true})
	w.register(clients.Client{ID: "elm", Name: "Elm Road", Redirects: []string{"https://elm.example/cb"}})
	p := w.prover()
	push := func(more url.Values) (int, string, map[string]any) {
		resp, m := w.post("/oauth/par", askFor(more), nil)
		uri, _ := m["request_uri"].(string)
		return resp.StatusCode, uri, m
	}
	for name, more := range map[string]url.Values{
		"a request_uri":        {"request_uri": {"urn:ietf:params:oauth:request_uri:AAAAAAAAAAAAAAAAAAAAAA"}},
		"another's redirect":   {"redirect_uri": {"https://elm.example/cb"}},
		"something twice":      {"state": {"a", "b"}},
		"no challenge":         {"code_challenge": {""}},
		"another server's aud": {"aud": {"https://evil.example/fhir"}},
	} {
		if status, _, m := push(more); status != 400 || m["error"] != "invalid_request" {
			t.Errorf("%s: %d %v", name, status, m)
		}
	}
	// The client must push: what comes in front is refused, to its own address.
	b := w.browser()
	resp := b.do("GET", "/oauth/authorize?"+askFor(nil).Encode(), "")
	if to := resp.Header.Get("Location"); !strings.HasPrefix(to, callback) || !strings.Contains(to, "error=invalid_request") || !strings.Contains(to, "state="+someState) {
		t.Errorf("in front: %d %s", resp.StatusCode, to)
	}
	// A key in the proof and another in dpop_jkt do not agree.
	if resp, m := p.postProved("/oauth/par", askFor(url.Values{"dpop_jkt": {w.prover().jkt()}}), nil); resp.StatusCode != 400 || m["error"] != "invalid_dpop_proof" {
		t.Errorf("two keys: %d %v", resp.StatusCode, m)
	}
	resp, m := p.postProved("/oauth/par", askFor(nil), nil)
	uri, _ := m["request_uri"].(string)
	if resp.StatusCode != 201 || m["expires_in"] != 90.0 || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("push: %d %v", resp.StatusCode, m)
	}
	// Another client, and none, cannot use it.
	for _, client := range []string{"elm", "nobody", ""} {
		if resp := b.do("GET", "/oauth/authorize?"+url.Values{"client_id": {client}, "request_uri": {uri}}.Encode(), ""); resp.StatusCode != 400 || resp.Header.Get("Location") != "" {
			t.Errorf("%q uses another's: %d", client, resp.StatusCode)
		}
	}
	// What is beside it is not looked at; and a browser may come twice until it is answered.
	q := url.Values{"client_id": {sunrise}, "request_uri": {uri}, "scope": {"patient/*.cruds"}, "redirect_uri": {"https://evil.example/"}, "state": {"evil"}}
	b.authorize(q)
	b.authorize(q)
	g := w.approve(w.ada, w.vars["ada"], b.typed, clinical)
	if g.Bound == [32]byte{} {
		t.Error("the key of the proof is not in the grant")
	}
	_, answer := b.returned()
	if answer.Get("state") != someState {
		t.Errorf("answer: %v", answer)
	}
	if resp := b.do("GET", "/oauth/authorize?"+q.Encode(), ""); resp.StatusCode != 400 {
		t.Errorf("after it was answered: %d", resp.StatusCode)
	}
	if resp, m := w.post("/oauth/token", forCode(answer.Get("code")), nil); resp.StatusCode != 400 || m["error"] != "invalid_grant" {
		t.Errorf("the code without the key: %d %v", resp.StatusCode, m)
	}
	if resp, m := p.postProved("/oauth/token", forCode(answer.Get("code")), nil); resp.StatusCode != 200 || m["scope"] == "" {
		t.Errorf("the code with the key: %d %v", resp.StatusCode, m)
	}
	_, late, _ := push(nil)
	w.wait(91e9)
	if resp := b.do("GET", "/oauth/authorize?"+url.Values{"client_id": {sunrise}, "request_uri": {late}}.Encode(), ""); resp.StatusCode != 400 {
		t.Errorf("after 90 seconds: %d", resp.StatusCode)
	}
}

// TestChallenges: what a 401 of the FHIR interface asks for is of the request alone, each
// field as RFC 6750 §3, RFC 9449 §7.1 and RFC 9728 §5.1 have it. At other doors there is no DPoP.
func TestChallenges(t *testing.T) {
	w := newWorld(t)
	const (
		algs    = `algs="ES256 Ed25519 EdDSA PS256 ES384"`
		invalid = `Bearer realm="carehold", error="invalid_token"`
	)
	none := []string{`Bearer realm="carehold", resource_metadata="` + publicURL + `/.well-known/oauth-protected-resource/fhir"`, `DPoP realm="carehold", ` + algs}
	for _, c := range []struct {
		path, auth string
		want       []string
	}{
		{"/fhir/Patient", "", none},
		{"/fhir/Patient", "Basic Z3A6Z3A=", none},
		{"/fhir/Patient", "Bearer chda_0000000000000000000000000000000000000000000000000", []string{invalid, `DPoP realm="carehold", error="invalid_token", ` + algs}},
		{"/fhir/Patient", "Bearer", []string{invalid, `DPoP realm="carehold", error="invalid_token", ` + algs}},
		{"/fhir/Patient", "DPoP chda_0000000000000000000000000000000000000000000000000", []string{`DPoP realm="carehold", error="invalid_token", ` + algs}},
		{"/holder/v1/log", "", []string{`Bearer realm="carehold"`}},
		{"/holder/v1/log", "Bearer x", []string{invalid}},
	} {
		h := http.Header{}
		if c.auth != "" {
			h.Set("Authorization", c.auth)
		}
		resp := w.send("GET", c.path, h, "")
		resp.Body.Close()
		if got := resp.Header.Values("WWW-Authenticate"); resp.StatusCode != 401 || !slices.Equal(got, c.want) {
			t.Errorf("%s %q: %d %q", c.path, c.auth, resp.StatusCode, got)
		}
	}
}
