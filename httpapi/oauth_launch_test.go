package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
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
	r := w.send("GET", "/fhir/Patient/"+tokens["patient"].(string), http.Header{"Authorization": {"Bearer " + tokens["access_token"].(string)}}, "")
	if r.Body.Close(); r.StatusCode != 200 {
		t.Errorf("read: %d", r.StatusCode)
	}
	resp, again := w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {sunrise}, "refresh_token": {tokens["refresh_token"].(string)}}, nil)
	if resp.StatusCode != 200 {
		t.Errorf("refresh: %d %v", resp.StatusCode, again)
	}
}

// TestOneCode: of many looks at the page at the same time one is sent back with a code; of
// many who bring that code at the same time one at most gets tokens, and as it was brought
// more than once the grant ends.
func TestOneCode(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{})
	b := w.browser()
	b.authorize(askFor(nil))
	w.approve(w.ada, w.vars["ada"], b.typed, clinical)
	cookie := ""
	for name, value := range b.cookies {
		cookie = name + "=" + value
	}
	const many = 20
	var wait sync.WaitGroup
	codes := make(chan string, many)
	for range many {
		wait.Go(func() {
			resp := w.send("GET", strings.TrimPrefix(b.at, publicURL), http.Header{"Cookie": {cookie}}, "")
			resp.Body.Close()
			if u, err := url.Parse(resp.Header.Get("Location")); err == nil && u.Query().Get("code") != "" {
				codes <- u.Query().Get("code")
			}
		})
	}
	wait.Wait()
	if len(codes) != 1 {
		t.Fatalf("%d codes", len(codes))
	}
	code := <-codes
	tokens := make(chan string, many)
	for range many {
		wait.Go(func() {
			resp, m := w.post("/oauth/token", forCode(code), nil)
			switch {
			case resp.StatusCode == 200:
				tokens <- m["access_token"].(string)
			case resp.StatusCode != 400 || m["error"] != "invalid_grant":
				t.Errorf("%d %v", resp.StatusCode, m)
			}
		})
	}
	wait.Wait()
	if len(tokens) > 1 {
		t.Errorf("%d have tokens", len(tokens))
	}
	close(tokens)
	for token := range tokens {
		r := w.send("GET", "/fhir/Observation/potassium", http.Header{"Authorization": {"Bearer " + token}}, "")
		if r.Body.Close(); r.StatusCode != 401 {
			t.Errorf("the token still opens: %d", r.StatusCode)
		}
	}
}
