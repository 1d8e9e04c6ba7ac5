package httpapi_test

import (
	"net/url"
	"testing"

	"carehold/httpapi/oauth/clients"
)

// A public app need not say who it is when it refreshes (SMART App Launch 2.2: the request
// has grant_type, refresh_token and scope). Whoever has to show who they are cannot come so,
// and learns no more of a token that is good than of one that is none.
func TestRefreshUnnamed(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{})
	tokens := w.launch(askFor(nil), nil)
	bare := func(token string) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	}
	resp, next := w.post("/oauth/token", bare(tokens["refresh_token"].(string)), nil)
	if resp.StatusCode != 200 || next["refresh_token"] == tokens["refresh_token"] {
		t.Fatalf("%d %v", resp.StatusCode, next)
	}
	live := next["refresh_token"].(string)

	same := func(what, token string) {
		t.Helper()
		resp, m := w.post("/oauth/token", bare(token), nil)
		if resp.StatusCode != 400 || m["error"] != "invalid_grant" || m["error_description"] != "the code or token opens nothing for this client: it may have run out, been used, been stopped, or be another's" {
			t.Errorf("%s: %d %v", what, resp.StatusCode, m)
		}
	}
	same("none", "nonsense")
	same("unknown", "chdr_0000000000000000000000000000000000000000000000000")
	same("an access token", next["access_token"].(string))
	for _, path := range []string{"/oauth/introspect", "/oauth/revoke"} { // there it is for those who say who they are
		if resp, m := w.post(path, url.Values{"token": {live}}, nil); resp.StatusCode != 400 || m["error"] != "invalid_client" {
			t.Errorf("%s: %d %v", path, resp.StatusCode, m)
		}
	}

	// The same app, registered with a secret from now on, and not at all.
	if _, err := w.apps.Remove(sunrise); err != nil {
		t.Fatal(err)
	}
	same("of an app that was removed", live)
	_, hash := clients.NewSecret()
	w.register(clients.Client{Auth: clients.Secret, SecretHash: hash})
	same("of an app with a secret", live)
}
