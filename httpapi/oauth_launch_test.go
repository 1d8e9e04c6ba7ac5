package httpapi_test

import (
	"net/http"
	"net/url"
	"testing"

	"carehold/httpapi/oauth/clients"
)

// TestLaunch is a standalone launch from the first page to a read.
func TestLaunch(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{Organisation: "Sunrise Health Ltd"})
	b := w.browser()
	b.authorize(askFor(nil))
	w.approve(w.ada, w.vars["ada"], b.typed, nil)
	to, answer := b.returned()
	if to.Scheme+"://"+to.Host+to.Path != callback || answer.Get("state") != someState || answer.Get("iss") != publicURL || answer.Get("code") == "" {
		t.Fatalf("back to %s", to)
	}
	if len(b.cookies) != 0 {
		t.Errorf("the cookie is still there: %v", b.cookies)
	}
	resp, tokens := w.post("/oauth/token", forCode(answer.Get("code")), nil)
	if resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Pragma") != "no-cache" {
		t.Fatalf("token: %d %v %v", resp.StatusCode, resp.Header, tokens)
	}
	t.Log(tokens)
	r := w.send("GET", "/fhir/Patient/"+tokens["patient"].(string), http.Header{"Authorization": {"Bearer " + tokens["access_token"].(string)}}, "")
	if r.Body.Close(); r.StatusCode != 200 {
		t.Errorf("read: %d", r.StatusCode)
	}
	resp, again := w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {sunrise}, "refresh_token": {tokens["refresh_token"].(string)}}, nil)
	if resp.StatusCode != 200 {
		t.Errorf("refresh: %d %v", resp.StatusCode, again)
	}
}
