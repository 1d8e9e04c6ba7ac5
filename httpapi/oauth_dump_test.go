package httpapi_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi/oauth/clients"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/kv/badger"
	"carehold/record/rows"
	"carehold/record/store/storetest"
)

// stolen is whoever takes the store's folder, node.key and all, and the server's log, after
// each step of what happens over HTTP. It knows what must not be in them.
type stolen struct {
	*world
	thief   *storetest.Thief
	heard   int                          // of the log
	secrets map[string]crypto.Credential // presented, or to be
	needles map[string]string            // what of a request nobody who runs the server learns from its disk or log
}

// present is a secret that somebody has from now on, as a token says it.
func (x *stolen) present(name, token string) {
	x.t.Helper()
	c, err := crypto.ParseToken(token)
	x.check(err)
	x.secrets[name], x.needles[name] = c, token[5:]
}

// look is the theft, after a step.
func (x *stolen) look(step string) {
	x.t.Helper()
	dir := filepath.Join(x.t.TempDir(), "copy")
	x.check(os.CopyFS(dir, os.DirFS(x.dir)))
	x.check(filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == clients.File { // which has what the operator put there
			return err
		}
		b, err := os.ReadFile(path)
		for what, needle := range x.needles {
			if bytes.Contains(b, []byte(needle)) {
				x.t.Errorf("%s: %s lies open in %s", step, what, d.Name())
			}
		}
		return err
	}))
	x.thief.Step, x.thief.Rows = step, rowsIn(x.world, dir, x.thief.Node)
	for _, all := range x.thief.Rows {
		for key, row := range all {
			for what, needle := range x.needles {
				if strings.Contains(key, needle) || bytes.Contains(row, []byte(needle)) {
					x.t.Errorf("%s: %s lies open in a row %q", step, what, key[:1])
				}
			}
		}
	}
	log := x.log.String()
	x.thief.Hear(log[x.heard:])
	x.heard = len(log)
	x.thief.BreakIn()
	for what, needle := range x.needles {
		if strings.Contains(log, needle) {
			x.t.Errorf("%s: %s is in the log", step, what)
		}
	}
	for name, c := range x.secrets {
		for _, sealed := range x.thief.Capsules() {
			key := c.CapsuleKey()
			key.ID = sealed.ID
			if _, err := key.Open(sealed.Hour, sealed.Blob); err == nil && sealed.ID != c.CapsuleID() {
				x.t.Errorf("%s: %s opens another's capsule", step, name)
			}
		}
	}
}

// opens is the control: with the secret that is presented the thief has what is behind it.
func (x *stolen) opens(name string) {
	x.t.Helper()
	c := x.secrets[name]
	for _, sealed := range x.thief.Capsules() {
		if sealed.ID != c.CapsuleID() {
			continue
		}
		var err error
		if c.Kind() == crypto.Request {
			_, err = keys.OpenAnswer(c, sealed)
		} else {
			_, err = c.CapsuleKey().Open(sealed.Hour, sealed.Blob)
		}
		if err != nil {
			x.t.Errorf("%s: %s does not open its own capsule: %v", x.thief.Step, name, err)
		}
		return
	}
	x.t.Errorf("%s: there is no capsule of %s", x.thief.Step, name)
}

// rowsIn are all rows of a store that was copied while it was in use, as after a power cut.
func rowsIn(w *world, dir string, node crypto.Key) map[kv.Partition]map[string][]byte {
	w.t.Helper()
	engine, err := badger.Open(filepath.Join(dir, "db"), badger.Options{Key: node.Derive(crypto.LabelAnchor).Bytes(), Anchored: rows.Anchored, Apart: rows.Apart, Log: w.quiet(), Now: time.Now})
	w.check(err)
	defer engine.Close()
	all := map[kv.Partition]map[string][]byte{}
	_, err = engine.Changes(0, func(p kv.Partition, key, value []byte) error {
		if all[p] == nil {
			all[p] = map[string][]byte{}
		}
		all[p][string(key)] = bytes.Clone(value)
		return nil
	})
	w.check(err)
	if len(all) == 0 {
		w.t.Fatal("the copy is empty")
	}
	return all
}

// TestOAuthOnAStolenServer: with the folder of the store and the log of the server, taken
// after any step of a launch and of asking at an address, nothing opens without a secret
// that was presented; and neither holds a secret, a code, a state, a redirect's query, a
// name or a scope.
func TestOAuthOnAStolenServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, err := os.ReadFile(filepath.Join(w.dir, "node.key"))
	w.check(err)
	node, err := crypto.KeyFrom(b)
	w.check(err)
	x := &stolen{world: w, thief: &storetest.Thief{T: t, Node: node, Boxes: 40}, secrets: map[string]crypto.Credential{}, needles: map[string]string{
		"the state": "state-Quillfeather", "the redirect": "app.quill.example", "its query": "tenant=Feather", "the nonce": "nonce-Quillfeather",
		"the scope": "patient/Observation.rs", "its limit": "observation-category", "the verifier": verifier, "the challenge": challengeOf(verifier),
		"the record's name": "Okonkwo", "who asks": "Dr Quillfeather", "their organisation": "Featherstone", "why": "the knee of Monday", "what was said to it": "see you on Friday",
	}}
	const redirect = "https://app.quill.example/cb?tenant=Feather"
	w.register(clients.Client{Redirects: []string{redirect}})
	x.look("before")

	// A launch.
	br := w.browser()
	scope := "openid fhirUser offline_access patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
	br.authorize(askFor(url.Values{"state": {"state-Quillfeather"}, "redirect_uri": {redirect}, "nonce": {"nonce-Quillfeather"}, "scope": {scope}}))
	for _, value := range br.cookies {
		x.present("the request", value)
	}
	x.needles["the code to type"] = br.typed
	x.look("asked by an app")
	r, err := w.ada.Lookup(context.Background(), w.vars["ada"], br.typed)
	w.check(err)
	x.look("looked up")
	p := r.Proposal()
	p.Purpose, p.Lasts = "TREAT", 24*time.Hour
	_, err = w.ada.Approve(context.Background(), r, p, "")
	w.check(err)
	x.look("approved")
	x.opens("the request")
	_, answer := br.returned()
	x.present("the code", answer.Get("code"))
	x.look("fetched")
	x.opens("the code")
	form := forCode(answer.Get("code"))
	form.Set("redirect_uri", redirect)
	tokens := func(form url.Values, name string) (access, refresh string) {
		t.Helper()
		resp, m := w.post("/oauth/token", form, nil)
		if resp.StatusCode != 200 {
			t.Fatalf("%s: %d %v", name, resp.StatusCode, m)
		}
		access, refresh = m["access_token"].(string), m["refresh_token"].(string)
		x.present("the access token, "+name, access)
		x.present("the refresh token, "+name, refresh)
		x.look(name)
		x.opens("the access token, " + name)
		x.opens("the refresh token, " + name)
		return access, refresh
	}
	_, refresh := tokens(form, "exchanged")
	again := url.Values{"grant_type": {"refresh_token"}, "client_id": {sunrise}, "refresh_token": {refresh}}
	access, refresh := tokens(again, "refreshed")
	resp := w.send("GET", "/fhir/Observation?code:text=potassium", http.Header{"Authorization": {"Bearer " + access}}, "")
	resp.Body.Close()
	w.post("/oauth/introspect", url.Values{"client_id": {sunrise}, "token": {access}}, nil)
	x.look("used, and asked about")
	// What goes wrong is told to the log as well.
	for _, wrong := range []string{"/oauth/token?code=" + answer.Get("code"), "/fhir/Patient?access_token=" + access, "/oauth/authorize?client_id=nobody&state=state-Quillfeather&redirect_uri=" + redirect,
		"/oauth/wait?r=state-Quillfeather", "/ask/" + access} {
		w.send("GET", wrong, nil, "").Body.Close()
	}
	w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {sunrise}, "refresh_token": {refresh}, "scope": {"patient/Observation.rs"}}, nil)
	w.post("/oauth/token", form, nil) // a replay
	x.look("refused, in all ways")
	w.post("/oauth/revoke", url.Values{"client_id": {sunrise}, "token": {refresh}}, nil)
	x.look("given back")

	// Pushed by an app that binds what it gets, refused; and once more, given and stopped.
	app := w.prover()
	push := func() (pushed string, br *browser) {
		t.Helper()
		_, m := app.postProved("/oauth/par", askFor(url.Values{"state": {"state-Quillfeather"}, "redirect_uri": {redirect}, "scope": {scope}}), nil)
		uri, _ := m["request_uri"].(string)
		if uri == "" {
			t.Fatalf("pushed: %v", m)
		}
		x.needles["the request_uri"] = uri
		x.look("pushed")
		br = w.browser()
		br.authorize(url.Values{"client_id": {sunrise}, "request_uri": {uri}})
		x.needles["the code to type"] = br.typed
		for _, value := range br.cookies {
			x.present("the pushed request", value)
		}
		x.look("asked by an app that pushed")
		return uri, br
	}
	_, br = push()
	r, err = w.ada.Lookup(context.Background(), w.vars["ada"], br.typed)
	w.check(err)
	w.check(w.ada.Refuse(context.Background(), w.vars["ada"], r, "see you on Friday"))
	x.look("refused by the person")
	x.opens("the pushed request")
	if _, answer = br.returned(); answer.Get("error") != "access_denied" {
		t.Errorf("refused: %v", answer)
	}
	_, br = push()
	r, err = w.ada.Lookup(context.Background(), w.vars["ada"], br.typed)
	w.check(err)
	p = r.Proposal()
	p.Lasts = time.Hour
	g, err := w.ada.Approve(context.Background(), r, p, "")
	w.check(err)
	_, answer = br.returned()
	x.present("the code of who pushed", answer.Get("code"))
	x.look("fetched by who pushed")
	form = forCode(answer.Get("code"))
	form.Set("redirect_uri", redirect)
	_, m := app.postProved("/oauth/token", form, nil)
	if m["token_type"] != "DPoP" {
		t.Fatalf("bound: %v", m)
	}
	x.present("the bound token", m["access_token"].(string))
	x.look("bound")
	x.opens("the bound token")
	w.check(w.ada.Revoke(context.Background(), g.ID))
	x.look("stopped by the person")

	// Asking at an address.
	at := w.address(w.ada, time.Time{})
	x.present("the address", "chdw_"+strings.TrimPrefix(at, "/ask/"))
	x.look("an address")
	_, m = w.asking(at, "", `{"name":"Dr Quillfeather","organisation":"Featherstone","purpose":"TREAT","sections":["results"],"days":3,"words":"the knee of Monday"}`)
	x.present("the question", m["request"].(string))
	x.look("asked at an address")
	waiting, err := w.ada.Requests(context.Background(), w.vars["ada"])
	w.check(err)
	_, err = w.ada.Approve(context.Background(), waiting[0], waiting[0].Proposal(), "see you on Friday")
	w.check(err)
	x.look("approved at an address")
	x.opens("the question")
	_, m = w.asking("/ask/answer", m["request"].(string), "")
	x.present("its token", m["token"].(string))
	x.look("fetched at an address")
	x.opens("its token")

	// The log has what it should: what was asked for, by the name of the route.
	for _, route := range []string{"/oauth/authorize", "/oauth/token", "/oauth/wait", "/ask/{address}"} {
		if !strings.Contains(w.log.String(), route) {
			t.Errorf("the log has no %s", route)
		}
	}
	t.Logf("%d attacks, nothing opened", x.thief.Tries)
}
