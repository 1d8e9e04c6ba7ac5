package httpapi_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi"
	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/fetch"
	"carehold/record/grant"
	"carehold/record/holder"
)

// What docs/conformance.md says of OAuth and of SMART, where no other test says it over
// HTTP.

// TestScopesOverHTTP: a token's scope is what was granted, in the words it was asked in;
// each refresh says it again, and what the words leave out cannot be read (SMART App Launch
// 2.2, §3.0.2 and §2.0.13).
func TestScopesOverHTTP(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{})
	const lab = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
	narrow := "patient/Observation.rs?category=" + lab
	vitals := "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"
	for _, c := range []struct {
		asked, told        string
		potassium, allergy int
	}{
		{"patient/*.rs", "patient/*.rs", 200, 200},
		{"patient/*.read", "patient/*.read", 200, 200},
		{"user/Observation.r", "user/Observation.r", 200, 404},
		{"launch/patient patient/Observation.rs", "launch/patient patient/Observation.rs", 200, 404},
		{narrow, narrow, 200, 404},
		{vitals, vitals, 404, 404},
		{"patient/Observation.rs launch/encounter patient/Observation.dus __own", "patient/Observation.rs", 200, 404},
	} {
		tokens := w.launch(askFor(url.Values{"scope": {c.asked + " offline_access"}}), nil)
		told := func(m map[string]any) string {
			words := strings.Fields(m["scope"].(string))
			for i, word := range words {
				if word == "offline_access" {
					words = append(words[:i:i], words[i+1:]...)
					break
				}
			}
			return strings.Join(words, " ")
		}
		if got := told(tokens); got != c.told {
			t.Errorf("%s: told %q, want %q", c.asked, got, c.told)
		}
		resp, again := w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {sunrise}, "refresh_token": {tokens["refresh_token"].(string)}}, nil)
		if n, _ := again["expires_in"].(float64); resp.StatusCode != 200 || n <= 0 || n > 3600 || told(again) != c.told || again["token_type"] != "Bearer" {
			t.Errorf("%s: refreshed %d %v", c.asked, resp.StatusCode, again)
		}
		for path, want := range map[string]int{"Observation/potassium": c.potassium, "AllergyIntolerance/allergy": c.allergy} {
			r := w.send("GET", "/fhir/"+path, http.Header{"Authorization": {"Bearer " + again["access_token"].(string)}}, "")
			if r.Body.Close(); r.StatusCode != want {
				t.Errorf("%s: %s is %d, want %d", c.asked, path, r.StatusCode, want)
			}
		}
	}
}

// TestSensitiveOverHTTP: a client's token for a sensitive section is bound to a key, or
// there is none; and the code is as good as before once the client brings a proof.
func TestSensitiveOverHTTP(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{})
	b := w.browser()
	b.authorize(askFor(nil))
	w.approve(w.ada, w.vars["ada"], b.typed, func(p *holder.GrantRequest) {
		p.Sections, p.Beyond, p.Unbound = p.Sections.With(record.MentalHealth), true, true
	})
	_, answer := b.returned()
	resp, m := w.post("/oauth/token", forCode(answer.Get("code")), nil)
	if says, _ := m["error_description"].(string); resp.StatusCode != 400 || m["error"] != "invalid_grant" || !strings.Contains(says, "DPoP") {
		t.Errorf("without a proof: %d %v", resp.StatusCode, m)
	}
	resp, m = w.prover().postProved("/oauth/token", forCode(answer.Get("code")), nil)
	if resp.StatusCode != 200 || m["token_type"] != "DPoP" {
		t.Errorf("with one: %d %v", resp.StatusCode, m)
	}
}

// TestFAPI2OverHTTP: a client of the profile pushes what it asks, shows who it is with a
// key, to the issuer alone, and binds what it gets; its refresh token is not replaced (FAPI
// 2.0 Security Profile, §5.3.2).
func TestFAPI2OverHTTP(t *testing.T) {
	w := newWorld(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.check(err)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	w.check(err)
	w.register(clients.Client{Auth: clients.Key, JWKS: set, Profile: clients.FAPI2, DPoP: true, PAR: true})
	signed := func(form url.Values, aud any) url.Values {
		form = maps.Clone(form)
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", signJWT(t, jose.ES256, key, "JWT", map[string]any{"iss": sunrise, "sub": sunrise, "aud": aud, "jti": rand.Text(),
			"exp": w.now().Add(time.Minute).Unix(), "iat": w.now().Unix()}, (&jose.SignerOptions{}).WithHeader("kid", "k1")))
		return form
	}
	p := w.prover()
	// An assertion is good once, so the nonce comes first.
	resp, m := w.post("/oauth/par", signed(askFor(nil), publicURL), http.Header{"DPoP": {p.proof("POST", "/oauth/par", "")}})
	if p.nonce = resp.Header.Get("DPoP-Nonce"); resp.StatusCode != 400 || m["error"] != "use_dpop_nonce" {
		t.Fatalf("without a nonce: %d %v", resp.StatusCode, m)
	}
	for name, aud := range map[string]any{"token endpoint": publicURL + "/oauth/token", "PAR endpoint": publicURL + "/oauth/par", "array": []string{publicURL}, "another": "https://evil.example"} {
		if resp, m := p.postProved("/oauth/par", signed(askFor(nil), aud), nil); resp.StatusCode != 400 || m["error"] != "invalid_client" {
			t.Errorf("aud is the %s: %d %v", name, resp.StatusCode, m)
		}
	}
	if resp, m := p.postProved("/oauth/par", askFor(nil), nil); resp.StatusCode != 400 || m["error"] != "invalid_client" {
		t.Errorf("pushed by nobody: %d %v", resp.StatusCode, m)
	}
	b := w.browser()
	if resp := b.do("GET", "/oauth/authorize?"+askFor(nil).Encode(), ""); !strings.Contains(resp.Header.Get("Location"), "error=invalid_request") {
		t.Errorf("in front: %d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	resp, m = p.postProved("/oauth/par", signed(askFor(nil), publicURL), nil)
	uri, _ := m["request_uri"].(string)
	if n, _ := m["expires_in"].(float64); resp.StatusCode != 201 || n < 5 || n >= 600 {
		t.Fatalf("push: %d %v", resp.StatusCode, m)
	}
	b.authorize(url.Values{"client_id": {sunrise}, "request_uri": {uri}})
	w.approve(w.ada, w.vars["ada"], b.typed, clinical)
	_, answer := b.returned()
	if answer.Get("iss") != publicURL {
		t.Errorf("iss: %v", answer)
	}
	form := forCode(answer.Get("code"))
	if resp, m := w.post("/oauth/token", signed(form, publicURL), nil); resp.StatusCode != 400 || m["error"] != "invalid_dpop_proof" {
		t.Errorf("a bearer token: %d %v", resp.StatusCode, m)
	}
	resp, m = p.postProved("/oauth/token", signed(form, publicURL), nil)
	if resp.StatusCode != 200 || m["token_type"] != "DPoP" {
		t.Fatalf("token: %d %v", resp.StatusCode, m)
	}
	again := url.Values{"grant_type": {"refresh_token"}, "client_id": {sunrise}, "refresh_token": {m["refresh_token"].(string)}}
	for range 2 {
		if resp, m := p.postProved("/oauth/token", signed(again, publicURL), nil); resp.StatusCode != 200 || m["refresh_token"] != nil || m["access_token"] == nil {
			t.Errorf("refresh: %d %v", resp.StatusCode, m)
		}
	}
}

// TestProgramsPathsAreForPOST: RFC 6749 §3.2, RFC 7662 §2.1, RFC 7009 §2.1, RFC 9126 §2.3;
// and a body that is too large is 413.
func TestProgramsPathsAreForPOST(t *testing.T) {
	w := newServer(t, generous)
	for _, path := range []string{"/oauth/token", "/oauth/par", "/oauth/introspect", "/oauth/revoke"} {
		for _, method := range []string{"GET", "PUT", "DELETE", "PATCH"} {
			r := w.send(method, path, nil, "")
			if r.Body.Close(); r.StatusCode != 405 || r.Header.Get("Allow") == "" {
				t.Errorf("%s %s: %d %v", method, path, r.StatusCode, r.Header)
			}
		}
		r := w.send("POST", path, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "client_id=x&state="+strings.Repeat("x", 64<<10))
		if r.Body.Close(); r.StatusCode != 413 {
			t.Errorf("%s, too large: %d", path, r.StatusCode)
		}
	}
}

// elsewhere is what a page would fetch, or send a form, from or to another place.
var elsewhere = regexp.MustCompile(`(?:src|action)="?(?:https?:)?//|<link[^>]+href="(?:https?:)?//`)

// TestPagesOfOAuth: none can be framed, tells where it was, runs or loads anything of
// anybody else's, or is kept (RFC 9700 §4.2.4, §4.16).
func TestPagesOfOAuth(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{URI: "https://sunrise.example/about"})
	b := w.browser()
	b.authorize(askFor(nil))
	var cookie []string
	for name, value := range b.cookies {
		cookie = append(cookie, name+"="+value)
	}
	for _, c := range []struct {
		name, path string
		status     int
	}{
		{"waiting", strings.TrimPrefix(b.at, publicURL), 200},
		{"nothing waits", "/oauth/wait?r=0000000000000000", 410},
		{"a client that is not known", "/oauth/authorize?" + askFor(url.Values{"client_id": {"nobody"}}).Encode(), 400},
		{"where access is managed", "/manage", 200},
		{"asking at an address", "/ask/" + strings.Repeat("0", 49), 200},
		{"nobody asked", "/ask/wait?r=0000000000000000", 410},
	} {
		r := w.send("GET", c.path, http.Header{"Cookie": cookie}, "")
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		w.check(err)
		h := r.Header
		policy := h.Get("Content-Security-Policy")
		if r.StatusCode != c.status || !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
			h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", c.name, r.StatusCode, h)
		}
		if found := elsewhere.Find(body); found != nil {
			t.Errorf("%s: %s", c.name, found)
		}
		for _, a := range regexp.MustCompile(`<a [^>]*href="https?://[^>]*>`).FindAllString(string(body), -1) {
			if !strings.Contains(a, `rel="noreferrer noopener"`) {
				t.Errorf("%s: %s", c.name, a)
			}
		}
	}
}

// TestVerifierLength: RFC 7636 §4.1.
func TestVerifierLength(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{})
	for n, want := range map[int]string{0: "invalid_request", 42: "invalid_request", 43: "invalid_grant", 128: "invalid_grant", 129: "invalid_request"} {
		form := forCode("chdc_0000000000000000000000000000000000000000000000000")
		form.Set("code_verifier", strings.Repeat("a", n))
		if resp, m := w.post("/oauth/token", form, nil); resp.StatusCode != 400 || m["error"] != want {
			t.Errorf("%d characters: %d %v", n, resp.StatusCode, m)
		}
	}
}

// described is a network on which each address describes an app of its own.
type described struct{}

func (described) Fetch(_ context.Context, q fetch.Request) (*fetch.Response, error) {
	u, err := url.Parse(q.URL)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"client_id": q.URL, "client_name": "Your surgery", "redirect_uris": []string{"https://" + u.Host + "/cb"}})
	return &fetch.Response{Status: 200, Body: io.NopCloser(bytes.NewReader(body))}, err
}

// TestUnknownIsNotSentOn: a link to this server leads nowhere else by itself, when the app
// in it is one that anybody can describe: what is wrong with it is a page, and what is not
// is the page that says whose host it is (RFC 9700 §4.11.2).
func TestUnknownIsNotSentOn(t *testing.T) {
	w := newServer(t, generous)
	w.apps = clients.Open(filepath.Join(t.TempDir(), clients.File), clients.Options{Now: w.now, Fetch: described{}})
	var err error
	w.server, err = httpapi.New(w.store, httpapi.Config{PublicURL: publicURL, Version: "v0-test", Clients: w.apps, Logger: w.quiet(), Limits: generous})
	w.check(err)
	w.server.WithoutCore()
	w.http = httptest.NewServer(w.server)
	t.Cleanup(w.http.Close)
	for name, more := range map[string]url.Values{
		"nothing that can be given": {"scope": {"openid"}},
		"no challenge":              {"code_challenge": {""}},
		"another response type":     {"response_type": {"token"}},
		"without asking":            {"prompt": {"none"}},
		"another's audience":        {"aud": {"https://other.example/fhir"}},
	} {
		q := askFor(url.Values{"client_id": {"https://evil.example/app"}, "redirect_uri": {"https://evil.example/cb"}})
		maps.Copy(q, more)
		b := w.browser()
		resp := b.do("GET", "/oauth/authorize?"+q.Encode(), "")
		if to := resp.Header.Get("Location"); resp.StatusCode != 400 || to != "" || !strings.Contains(b.page, "cannot go on") {
			t.Errorf("%s: %d to %q", name, resp.StatusCode, to)
		}
	}
	b := w.browser()
	b.authorize(askFor(url.Values{"client_id": {"https://evil.example/app"}, "redirect_uri": {"https://evil.example/cb"}}))
	if !strings.Contains(b.page, "unverified") || !strings.Contains(b.page, "<bdi>evil.example</bdi>") {
		t.Error("the page does not say that nobody knows it")
	}
	// Once the person at the browser wants to, it is told.
	resp := b.do("POST", "/oauth/cancel", "r="+b.at[len("/oauth/wait?r="):])
	if to := resp.Header.Get("Location"); resp.StatusCode != 303 || !strings.HasPrefix(to, "https://evil.example/cb?error=access_denied") {
		t.Errorf("cancelled: %d %q", resp.StatusCode, to)
	}
	full := 0
	for range 45 {
		resp := w.send("GET", "/oauth/authorize?"+askFor(url.Values{"client_id": {"https://evil.example/app"}, "redirect_uri": {"https://evil.example/cb"}}).Encode(), nil, "")
		if resp.Body.Close(); resp.StatusCode == 503 && resp.Header.Get("Location") == "" {
			full++
		}
	}
	if full != 5 {
		t.Errorf("%d of 45 were too many, want 5", full)
	}
}

// TestBackendSpeaksOfNobody: a system gets no ID token, for nobody has answered just now,
// and is told no launch; what is left must be something that can be given.
func TestBackendSpeaksOfNobody(t *testing.T) {
	w := newWorld(t)
	k := w.keyed(clients.Client{ID: "elm", Name: "Elm Road", Backend: true})
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	issued, err := w.ada.IssueBackend(context.Background(), holder.GrantRequest{To: grant.Party{Name: "Elm Road Surgery"}, Sections: grant.Clinical, Scopes: scopes,
		Purpose: "TREAT", Lasts: 24 * time.Hour, Client: "elm"})
	w.check(err)
	ask := func(scope string) (int, map[string]any) {
		resp, m := w.post("/oauth/token", k.signed(url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}, issued.Token, nil), nil)
		return resp.StatusCode, m
	}
	if status, m := ask("openid fhirUser launch/patient offline_access nonsense system/*.rs"); status != 200 || m["scope"] != "system/*.rs" || m["id_token"] != nil || m["refresh_token"] != nil {
		t.Errorf("with more than resources: %d %v", status, m)
	}
	for _, scope := range []string{"openid fhirUser", "launch/patient", "nonsense", "system/*.rs \x00"} {
		if status, m := ask(scope); status != 400 || m["error"] != "invalid_scope" {
			t.Errorf("%q: %d %v", scope, status, m)
		}
	}
}

// TestCodesAreGuesses: a session tries twenty codes, and then one in six seconds; another
// person's tries are their own.
func TestCodesAreGuesses(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{})
	b := w.browser()
	b.authorize(askFor(nil))
	try := func(session, code string) int {
		r := w.send("POST", "/holder/v1/requests/lookup", http.Header{"Authorization": {"Bearer " + session}, "Content-Type": {"application/json"}}, `{"code":"`+code+`"}`)
		r.Body.Close()
		return r.StatusCode
	}
	tries, last := 0, 404
	for ; last == 404 && tries < 100; tries++ {
		last = try(w.vars["ada"], "0000-0000-0000")
	}
	if last != 429 || tries <= 20 { // one more for every six seconds that it took
		t.Errorf("try %d: %d", tries, last)
	}
	if got := try(w.session(w.enrol("Ben")), b.typed); got != 200 {
		t.Errorf("somebody else: %d", got)
	}
	w.wait(time.Minute)
	if got := try(w.vars["ada"], strings.ToLower(b.typed)); got != 200 {
		t.Errorf("after a while: %d", got)
	}
}

// TestMetadataNamesOAuth: the CapabilityStatement leads to where smart-configuration does.
func TestMetadataNamesOAuth(t *testing.T) {
	w := newServer(t, generous)
	get := func(path string, into any) {
		r := w.send("GET", path, nil, "")
		defer r.Body.Close()
		w.check(json.NewDecoder(r.Body).Decode(into))
	}
	var smart map[string]any
	get("/fhir/.well-known/smart-configuration", &smart)
	var metadata struct {
		Rest []struct {
			Security struct {
				Service []struct {
					Coding []struct{ System, Code string }
				}
				Extension []struct {
					URL       string
					Extension []struct{ URL, ValueURI string }
				}
			}
		}
	}
	get("/fhir/metadata", &metadata)
	security := metadata.Rest[0].Security
	if len(security.Service) != 1 || len(security.Service[0].Coding) != 1 || security.Service[0].Coding[0].Code != "SMART-on-FHIR" {
		t.Errorf("service: %v", security.Service)
	}
	names := map[string]string{"authorize": "authorization_endpoint", "token": "token_endpoint", "introspect": "introspection_endpoint", "revoke": "revocation_endpoint", "manage": "management_endpoint"}
	if len(security.Extension) != 1 || security.Extension[0].URL != "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris" || len(security.Extension[0].Extension) != len(names) {
		t.Fatalf("extension: %v", security.Extension)
	}
	for _, x := range security.Extension[0].Extension {
		if want := smart[names[x.URL]]; want == nil || want != x.ValueURI {
			t.Errorf("%s is %s, and in smart-configuration %v", x.URL, x.ValueURI, want)
		}
	}
}
