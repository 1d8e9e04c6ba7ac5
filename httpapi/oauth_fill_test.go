package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"carehold/httpapi"
	"carehold/httpapi/oauth/clients"
)

// again puts another server before the same store, behind a proxy that says who comes.
func (w *world) again(c httpapi.Config) {
	w.t.Helper()
	var err error
	c.PublicURL, c.Version, c.Logger = publicURL, "v0-test", w.quiet()
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if c.Clients == nil {
		c.Clients = w.apps
	}
	w.server, err = httpapi.New(w.store, c)
	w.check(err)
	w.server.WithoutCore()
	w.http = httptest.NewServer(w.server)
	w.t.Cleanup(w.http.Close)
}

// homeLine is one of the 256 networks of a line at home.
func homeLine(i int) http.Header {
	return http.Header{"X-Forwarded-For": {fmt.Sprintf("2001:db8:0:%x::1", i)}, "Content-Type": {"application/x-www-form-urlencoded"}}
}

func fromAnother() http.Header {
	return http.Header{"X-Forwarded-For": {"203.0.113.9"}, "Content-Type": {"application/x-www-form-urlencoded"}}
}

// TestLineAtHomeFillsNothing: with all the networks it has, it begins and pushes so many
// requests, and everybody else can.
func TestLineAtHomeFillsNothing(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{})
	w.again(httpapi.Config{Limits: generous})
	ask := askFor(nil).Encode()
	begun := func(h http.Header) bool {
		h.Del("Content-Type")
		resp := w.send("GET", "/oauth/authorize?"+ask, h, "")
		resp.Body.Close()
		return strings.HasPrefix(resp.Header.Get("Location"), "/oauth/wait")
	}
	pushed := func(h http.Header) bool {
		resp := w.send("POST", "/oauth/par", h, ask)
		resp.Body.Close()
		return resp.StatusCode == http.StatusCreated
	}
	for name, c := range map[string]struct {
		one  func(http.Header) bool
		room int
	}{"begins": {begun, 160}, "pushes": {pushed, 400}} {
		took := 0
		for i := range 256 {
			for range 4 {
				if c.one(homeLine(i)) {
					took++
				}
			}
		}
		if took != c.room {
			t.Errorf("%s: a line at home has room for %d, not %d", name, took, c.room)
		}
		if !c.one(fromAnother()) {
			t.Errorf("%s: nobody else can", name)
		}
	}
}

// TestKnownClientsHaveRoom: when strangers, by the name of a public client, have pushed as
// much as fits, a client with a key still pushes, and the person still gets to its request.
func TestKnownClientsHaveRoom(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{})
	k := w.keyed(clients.Client{ID: "clinic", Redirects: []string{callback}})
	w.again(httpapi.Config{Limits: generous})
	full := 0
	for i := range 12 { // a dozen addresses
		for range 200 {
			h := http.Header{"X-Forwarded-For": {fmt.Sprintf("198.51.100.%d", i)}, "Content-Type": {"application/x-www-form-urlencoded"}}
			resp := w.send("POST", "/oauth/par", h, askFor(nil).Encode())
			resp.Body.Close()
			if resp.StatusCode != http.StatusCreated {
				full++
			}
		}
	}
	if full != 400 {
		t.Fatalf("%d did not fit", full)
	}
	resp, m := w.post("/oauth/par", k.signed(askFor(url.Values{"client_id": {"clinic"}}), "clinic", nil), fromAnother())
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("the clinic: %d %v", resp.StatusCode, m)
	}
	resp = w.send("GET", "/oauth/authorize?"+url.Values{"client_id": {"clinic"}, "request_uri": {m["request_uri"].(string)}}.Encode(), http.Header{"X-Forwarded-For": {"203.0.113.9"}}, "")
	resp.Body.Close()
	if to := resp.Header.Get("Location"); !strings.HasPrefix(to, "/oauth/wait") {
		t.Errorf("its person: %d %s", resp.StatusCode, to)
	}
}

// TestProofOfNoTokenTakesNothing: a proof whose token does not open is not used up by
// coming; one whose token opens is, and of a hundred at the same time one goes on.
func TestProofOfNoTokenTakesNothing(t *testing.T) {
	w := newWorld(t)
	w.register(clients.Client{DPoP: true})
	p := w.prover()
	b := w.browser()
	b.authorize(askFor(url.Values{"dpop_jkt": {p.jkt()}}))
	w.approve(w.ada, w.vars["ada"], b.typed, clinical)
	_, answer := b.returned()
	resp, tokens := p.postProved("/oauth/token", forCode(answer.Get("code")), nil)
	if resp.StatusCode != 200 {
		t.Fatalf("token: %d %v", resp.StatusCode, tokens)
	}
	access, path := tokens["access_token"].(string), "/fhir/Observation/potassium"
	get := func(token, proof string) (int, string) {
		resp := w.send("GET", path, http.Header{"Authorization": {"DPoP " + token}, "DPoP": {proof}}, "")
		resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("WWW-Authenticate")
	}
	stranger := w.prover()
	stranger.nonce = p.nonce
	for range 3 { // each time for the token: nothing was remembered of the proof
		proof := stranger.proof("GET", path, access)
		for range 2 {
			if status, says := get(access, proof); status != 401 || !strings.Contains(says, `error="invalid_token"`) {
				t.Fatalf("a stranger's: %d %s", status, says)
			}
		}
	}
	proof := p.proof("GET", path, access)
	var won, lost atomic.Int32
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			switch status, says := get(access, proof); {
			case status == 200:
				won.Add(1)
			case status == 401 && strings.Contains(says, `error="invalid_dpop_proof"`):
				lost.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || lost.Load() != 99 {
		t.Errorf("%d won, %d lost", won.Load(), lost.Load())
	}
}

// TestAskBodies: what is kept of a request is small, and so is what may come as one.
func TestAskBodies(t *testing.T) {
	w := newServer(t, generous)
	w.register(clients.Client{})
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for _, path := range []string{"/oauth/par", "/oauth/authorize"} {
		for size, refused := range map[int]bool{12 << 10: false, 17 << 10: true} {
			resp := w.send("POST", path, h, askFor(url.Values{"x": {strings.Repeat("A", size)}}).Encode())
			resp.Body.Close()
			if (resp.StatusCode == http.StatusRequestEntityTooLarge) != refused {
				t.Errorf("%s, %d bytes: %d", path, size, resp.StatusCode)
			}
		}
	}
}
