package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"carehold/httpapi/oauth/clients"
)

// TestAuthorizeRefuses: what is wrong with who asks, or with where to go back to, is told
// to the person on a page, and nobody is sent anywhere; all else is told to the client, at
// exactly its address, with its state and with who says so (RFC 9207).
func TestAuthorizeRefuses(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{Redirects: []string{callback, "https://app.sunrise.example/cb?tenant=7", "http://127.0.0.1/cb", "com.sunrise.app:/cb"}})
	w.register(clients.Client{ID: "elm", Name: "Elm Road", Redirects: []string{"https://elm.example/cb"}})
	const page = "page"
	cases := []struct {
		name  string
		more  url.Values
		error string // of the redirect, or page
	}{
		{"no client", url.Values{"client_id": {""}}, page},
		{"an unknown client", url.Values{"client_id": {"nobody"}}, page},
		{"two clients", url.Values{"client_id": {sunrise, "elm"}}, page},
		{"the same client twice", url.Values{"client_id": {sunrise, sunrise}}, page},
		{"no redirect", url.Values{"redirect_uri": {""}}, page},
		{"two redirects", url.Values{"redirect_uri": {callback, callback}}, page},
		{"another client's redirect", url.Values{"redirect_uri": {"https://elm.example/cb"}}, page},
		{"an open redirect", url.Values{"redirect_uri": {"https://evil.example/callback"}}, page},
		{"a longer path", url.Values{"redirect_uri": {callback + "/more"}}, page},
		{"a path out of it", url.Values{"redirect_uri": {callback + "/../evil"}}, page},
		{"another case", url.Values{"redirect_uri": {"https://APP.sunrise.example/callback"}}, page},
		{"a user in front", url.Values{"redirect_uri": {"https://app.sunrise.example@evil.example/callback"}}, page},
		{"a query behind", url.Values{"redirect_uri": {callback + "?x=1"}}, page},
		{"a fragment behind", url.Values{"redirect_uri": {callback + "#x"}}, page},
		{"a line break", url.Values{"redirect_uri": {callback + "\r\nSet-Cookie: x=1"}}, page},
		{"http of the site", url.Values{"redirect_uri": {"http://app.sunrise.example/callback"}}, page},
		{"loopback by name", url.Values{"redirect_uri": {"http://localhost:8000/cb"}}, page},
		{"a script", url.Values{"redirect_uri": {"javascript:alert(1)"}}, page},
		{"a request of somewhere else", url.Values{"request_uri": {"https://evil.example/request.jwt"}}, page},
		{"a request that nobody pushed", url.Values{"request_uri": {"urn:ietf:params:oauth:request_uri:AAAAAAAAAAAAAAAAAAAAAA"}}, page},

		{"a request object", url.Values{"request": {"eyJhbGciOiJub25lIn0.e30."}}, "request_not_supported"},
		{"two states", url.Values{"state": {"a", "b"}}, "invalid_request"},
		{"two scopes", url.Values{"scope": {"patient/*.rs", "patient/*.rs"}}, "invalid_request"},
		{"something of its own twice", url.Values{"x": {"1", "2"}}, "invalid_request"},
		{"no response type", url.Values{"response_type": {""}}, "invalid_request"},
		{"a token straight away", url.Values{"response_type": {"token"}}, "unsupported_response_type"},
		{"an ID token straight away", url.Values{"response_type": {"code id_token"}}, "unsupported_response_type"},
		{"a fragment", url.Values{"response_mode": {"fragment"}}, "invalid_request"},
		{"a form", url.Values{"response_mode": {"form_post"}}, "invalid_request"},
		{"no state", url.Values{"state": {""}}, "invalid_request"},
		{"an endless state", url.Values{"state": {strings.Repeat("x", 1025)}}, "invalid_request"},
		{"a state with a line break", url.Values{"state": {"a\nb"}}, "invalid_request"},
		{"an EHR's launch", url.Values{"launch": {"xyz"}}, "invalid_request"},
		{"no audience", url.Values{"aud": {""}}, "invalid_request"},
		{"another server's audience", url.Values{"aud": {"https://evil.example/fhir"}}, "invalid_request"},
		{"the server, and not its FHIR", url.Values{"aud": {publicURL}}, "invalid_request"},
		{"another resource", url.Values{"resource": {"https://evil.example/fhir"}}, "invalid_target"},
		{"no challenge", url.Values{"code_challenge": {""}}, "invalid_request"},
		{"a plain challenge", url.Values{"code_challenge": {verifier}, "code_challenge_method": {"plain"}}, "invalid_request"},
		{"no method, which is plain", url.Values{"code_challenge_method": {""}}, "invalid_request"},
		{"a short challenge", url.Values{"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c"}}, "invalid_request"},
		{"a padded challenge", url.Values{"code_challenge": {challengeOf(verifier) + "="}}, "invalid_request"},
		{"no scope", url.Values{"scope": {""}}, "invalid_scope"},
		{"nothing that can be given", url.Values{"scope": {"openid fhirUser launch/patient read write"}}, "invalid_scope"},
		{"scopes that are none", url.Values{"scope": {"patient/*.rs \x00"}}, "invalid_scope"},
		{"endless scopes", url.Values{"scope": {"patient/Observation.rs?code=" + strings.Repeat("x", 2100)}}, "invalid_scope"},
		{"without asking", url.Values{"prompt": {"none"}}, "login_required"},
		{"with and without asking", url.Values{"prompt": {"none consent"}}, "invalid_request"},
		{"an endless nonce", url.Values{"nonce": {strings.Repeat("x", 513)}}, "invalid_request"},
		{"a thumbprint that is none", url.Values{"dpop_jkt": {"abc"}}, "invalid_request"},
		{"details", url.Values{"authorization_details": {`[{"type":"x"}]`}}, "invalid_authorization_details"},
	}
	for _, c := range cases {
		for _, method := range []string{"GET", "POST"} {
			b := w.browser()
			path, form := "/oauth/authorize?"+askFor(c.more).Encode(), ""
			if method == "POST" {
				path, form = "/oauth/authorize", askFor(c.more).Encode()
			}
			resp := b.do(method, path, form)
			to := resp.Header.Get("Location")
			if len(b.cookies) > 0 {
				t.Errorf("%s: there is a cookie", c.name)
			}
			if c.error == page {
				if resp.StatusCode != 400 || to != "" || resp.Header.Get("Refresh") != "" || !strings.Contains(b.page, "cannot go on") {
					t.Errorf("%s by %s: %d to %q", c.name, method, resp.StatusCode, to)
				}
				continue
			}
			u, err := url.Parse(to)
			w.check(err)
			q := u.Query()
			if resp.StatusCode != 303 || !strings.HasPrefix(to, callback+"?") || q.Get("error") != c.error || q.Get("iss") != publicURL || q.Get("error_description") == "" {
				t.Errorf("%s by %s: %d to %q, want %s", c.name, method, resp.StatusCode, to, c.error)
			}
			want := askFor(c.more)["state"]
			if len(want) != 1 || len(want[0]) > 1024 || strings.Contains(want[0], "\n") {
				want = []string{""}
			}
			if q.Get("state") != want[0] {
				t.Errorf("%s: state %q, want %q", c.name, q.Get("state"), want[0])
			}
			if resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: it is for scripts", c.name)
			}
		}
	}
}

// TestAuthorizeTakes: what is unusual, and all right.
func TestAuthorizeTakes(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{Redirects: []string{callback, "https://app.sunrise.example/cb?tenant=7", "http://127.0.0.1/cb", "com.sunrise.app:/cb"}})
	for name, more := range map[string]url.Values{
		"a query of its own":             {"redirect_uri": {"https://app.sunrise.example/cb?tenant=7"}},
		"a port that the system gave":    {"redirect_uri": {"http://127.0.0.1:53211/cb"}},
		"a scheme of its own":            {"redirect_uri": {"com.sunrise.app:/cb"}},
		"the resource for the audience":  {"aud": {""}, "resource": {publicURL + "/fhir"}},
		"a slash behind the audience":    {"aud": {publicURL + "/fhir/"}},
		"SMART v1":                       {"scope": {"patient/*.read"}},
		"more than there is":             {"scope": {"patient/*.rs launch/encounter nonsense"}},
		"what is not known, and ignored": {"ui_locales": {"cy"}, "max_age": {"3600"}, "display": {"touch"}},
		"an empty parameter":             {"request": {""}},
	} {
		b := w.browser()
		b.authorize(askFor(more))
		resp := b.do("POST", "/oauth/cancel", "r="+b.at[len("/oauth/wait?r="):])
		to := resp.Header.Get("Location")
		u, err := url.Parse(to)
		w.check(err)
		want := callback
		if r := more["redirect_uri"]; r != nil {
			want = r[0]
		}
		if resp.StatusCode != 303 || !strings.HasPrefix(to, want) || u.Query().Get("error") != "access_denied" || u.Query().Get("state") != someState || u.Query().Get("iss") != publicURL {
			t.Errorf("%s: cancelled to %d %q", name, resp.StatusCode, to)
		}
		if strings.Contains(want, "tenant=7") && (u.Query().Get("tenant") != "7" || strings.Count(to, "?") != 1) {
			t.Errorf("%s: %q", name, to)
		}
	}
}

// TestWaiting: the page waits for its own request, in its own browser, for as long as it
// says.
func TestWaiting(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{})
	one, two := w.browser(), w.browser()
	one.authorize(askFor(nil))
	first := *one
	// Another tab of the same browser waits beside it.
	one.authorize(askFor(url.Values{"state": {"another-state-of-another-tab"}}))
	if len(one.cookies) != 2 || first.at == one.at || first.typed == one.typed {
		t.Fatalf("two tabs are one: %v", one.cookies)
	}
	// Who has the address of the page has not its cookie.
	if resp := two.do("GET", first.at, ""); resp.StatusCode != 410 || strings.Contains(two.page, first.typed) {
		t.Errorf("another browser sees the page: %d", resp.StatusCode)
	}
	// A program that looks, as those that preview links do, ends nothing.
	w.approve(w.ada, w.vars["ada"], first.typed, clinical)
	for _, method := range []string{"HEAD", "POST"} {
		if resp := one.do(method, first.at, ""); resp.StatusCode != 405 {
			t.Errorf("%s: %d", method, resp.StatusCode)
		}
	}
	if resp := one.do("GET", strings.Replace(first.at, "wait?", "wait/status?", 1), ""); resp.StatusCode != 200 || one.page != `{"waiting":false}` {
		t.Errorf("status: %d %s", resp.StatusCode, one.page)
	}
	first.cookies = one.cookies
	if _, answer := first.returned(); answer.Get("code") == "" || answer.Get("state") != someState {
		t.Errorf("the first tab: %v", answer)
	}
	if resp := first.do("GET", first.at, ""); resp.StatusCode != 410 {
		t.Errorf("a second time: %d", resp.StatusCode)
	}
	if resp := one.do("GET", one.at, ""); resp.StatusCode != 200 {
		t.Errorf("the other tab was ended: %d", resp.StatusCode)
	}
	w.refuseRequest(w.ada, w.vars["ada"], one.typed, "not you")
	if _, answer := one.returned(); answer.Get("error") != "access_denied" || answer.Get("code") != "" || answer.Get("state") != "another-state-of-another-tab" || strings.Contains(answer.Encode(), "not+you") {
		t.Errorf("refused: %v", answer)
	}
	// Nobody answers.
	two.authorize(askFor(nil))
	w.wait(15*time.Minute + time.Second)
	if _, answer := two.returned(); answer.Get("error") != "access_denied" {
		t.Errorf("nobody answered: %v", answer)
	}
}

// TestWaitingPages: what a client says of itself cannot act, or look like what this server
// says, and a page does no more than it must.
func TestWaitingPages(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{Name: `<script>alert("x")</script>`, Organisation: `"><img src=x onerror=alert(1)>`})
	b := w.browser()
	b.authorize(askFor(url.Values{"scope": {"patient/*.rs patient/Observation.rs?category=<b>x</b>"}, "state": {`"><script>`}}))
	for _, no := range []string{"<script>alert", "<img", "<b>x", `"><script>`, "style=", "onclick", someState} {
		if strings.Contains(b.page, no) {
			t.Errorf("the page has %s", no)
		}
	}
	resp := b.do("GET", b.at, "")
	h := resp.Header
	policy := h.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' https://app.sunrise.example"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy has no %s: %s", part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || h.Get("Cache-Control") != "no-store" || h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers: %v", h)
	}
	cookie := w.send("GET", "/oauth/authorize?"+askFor(nil).Encode(), nil, "").Header.Get("Set-Cookie")
	for _, part := range []string{"__Host-carehold-request-", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie has no %s: %s", part, cookie)
		}
	}
	// Another site's page may send somebody here by a form, and not press the button.
	cross := http.Header{"Sec-Fetch-Site": {"cross-site"}, "Content-Type": {"application/x-www-form-urlencoded"}}
	if resp := w.send("POST", "/oauth/authorize", cross, askFor(nil).Encode()); resp.StatusCode != 303 {
		t.Errorf("a form of another site: %d", resp.StatusCode)
	}
	if resp := w.send("POST", "/oauth/cancel", cross, "r=0000000000000000"); resp.StatusCode != 403 {
		t.Errorf("another site cancels: %d", resp.StatusCode)
	}
}

// TestWaitingBound: one address has so many requests waiting, and others theirs.
func TestWaitingBound(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{})
	full := 0
	for range 60 {
		resp := w.send("GET", "/oauth/authorize?"+askFor(nil).Encode(), nil, "")
		resp.Body.Close()
		if to := resp.Header.Get("Location"); strings.Contains(to, "error=temporarily_unavailable") {
			full++
		}
	}
	if full != 20 {
		t.Errorf("%d of 60 were too many, want 20", full)
	}
	w.wait(18 * time.Minute)
	b := w.browser()
	b.authorize(askFor(nil))
}
