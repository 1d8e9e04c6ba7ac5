package httpapi_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// TestAuthorizationMatrix asks every route of the table, with every method and
// with every sort of credential, and compares what is answered with rules that
// were written by hand: testdata/matrix.txt.
func TestAuthorizationMatrix(t *testing.T) {
	m := newMatrix(t)
	rules := readRules(t)
	var paths []string
	for _, r := range m.server.Routes() {
		if !slices.Contains(paths, r.Path) {
			paths = append(paths, r.Path)
		}
	}
	paths = append(paths, "/nowhere", "/fhir/a/b/c/d", "/holder/v2/node")
	asked, wrong := 0, 0
	each := func(p, method string, ask func(cred string) (int, string)) {
		refused := map[string]string{} // the first answer to a token that opens nothing, by its bytes
		for _, cred := range m.kinds() {
			want := rules.find(t, p, method, cred)
			status, answer := ask(cred)
			asked++
			if status != want {
				wrong++
				t.Errorf("%s %s with %s: %d, want %d\n%s", method, p, cred, status, want, answer)
			}
			if status == 401 && cred != "none" && cred != "basic" && cred != "proved" && !strings.HasPrefix(cred, "app") { // which is told of its own scheme
				refused[answer] = cred
			}
			if held := status == 401 && method == "POST" && strings.HasPrefix(p, "/app/"); held { // gives back what was sent, the address too
				answer = strings.Replace(answer, `action="`+strings.NewReplacer("{type}", "Observation", "{id}", "potassium").Replace(p)+`"`, "", 1)
			}
			if status >= 400 && strings.Contains(answer, "potassium") {
				t.Errorf("%s %s with %s: the refusal tells what it refuses", method, p, cred)
			}
		}
		if len(refused) > 1 {
			t.Errorf("%s %s: refused tokens get %d different answers: %v", method, p, len(refused), refused)
		}
	}
	for _, p := range paths {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			each(p, method, func(cred string) (int, string) {
				target, typ, body := m.sample(p, method)
				return m.ask(p, method, cred, target, typ, body, http.Header{})
			})
		}
	}
	for _, d := range m.makeDoors() {
		for _, method := range d.methods {
			each(d.name, method, func(cred string) (int, string) {
				body := d.body
				if method != "POST" && method != "PATCH" {
					body = ""
				}
				return m.ask(d.name, method, cred, m.expand(d.target), d.typ, body, d.header.Clone())
			})
		}
	}
	for i, r := range rules {
		if r.used == 0 {
			t.Errorf("matrix.txt: rule %d is about nothing: %s", i+1, r.text)
		}
	}
	t.Logf("%d combinations of %d paths, 7 methods and %d credentials: %d wrong", asked, len(paths), len(m.kinds()), wrong)
	if asked < 4000 {
		t.Errorf("only %d combinations were asked", asked)
	}
}

// matrix is a world with every sort of credential in it.
type matrix struct {
	*world
	tokens map[string]string
	order  []string
	ben    *holder.Holder
	key    *prover // of the client whose token is bound
}

func newMatrix(t *testing.T) *matrix {
	m := &matrix{world: newWorld(t), tokens: map[string]string{}}
	ctx := context.Background()
	clinical := grant.Clinical.List()
	m.put(m.vars["ada"], `{"resourceType":"Observation","id":"target","identifier":[{"value":"target"}],"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/{patient}"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}]}`,
		`{"resourceType":"Observation","id":"victim","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/{patient}"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}]}`)
	m.put(m.vars["ada"], strings.Replace(scanned, "NAME", "scan", 1), strings.Replace(scanned, "NAME", "victim", 1))
	add := func(name, token string) {
		m.tokens[name] = token
		m.order = append(m.order, name)
	}
	add("none", "")
	add("basic", "")
	add("malformed", "chda_short")
	for _, k := range crypto.TokenKinds {
		add("unknown-"+string(k), crypto.NewCredential(crypto.Kind(k)).Token())
	}
	invite, err := m.store.Invite(ctx, keys.Invite{Until: m.now().Add(48 * time.Hour)})
	m.check(err)
	add("invite", invite.Token())
	m.linkTo("manifest", "summary")
	add("link", m.vars["manifest.token"])

	refresh := m.bound()
	add("expired", m.grant(m.ada, "expired", time.Hour, "patient/*.cruds", clinical...))
	m.wait(2 * time.Hour)
	add("revoked", m.grant(m.ada, "revoked", 24*time.Hour, "patient/*.cruds", clinical...))
	id, err := record.ParseGrantID(m.vars["revoked.id"])
	m.check(err)
	m.check(m.ada.Revoke(ctx, id))
	m.vars["ada"] = m.session(m.ada) // the clock has moved on: a new session
	m.clients(refresh)
	add("struck", m.grant(m.ada, "struck", 24*time.Hour, "patient/*.cruds", clinical...))
	id, err = record.ParseGrantID(m.vars["struck.id"])
	m.check(err)
	m.check(m.ada.Strike(ctx, m.vars["ada"], id))
	add("signed-out", m.session(m.ada))
	_, err = m.client.SignOut(ctx, m.tokens["signed-out"])
	m.check(err)

	m.ben = m.enrol("Ben")
	add("session", m.vars["ada"])
	add("writer", m.vars["writer"])
	add("gp", m.vars["gp"])
	add("social", m.vars["social"])
	add("ben", m.session(m.ben))
	issued, err := m.ben.Grant(ctx, benGrant())
	m.check(err)
	add("ben-gp", issued.Token)
	for _, name := range []string{"query", "twice", "cookie", "app"} {
		add(name, m.vars["ada"])
	}
	add("app-ben", m.tokens["ben"])
	add("app-dead", m.tokens["signed-out"])
	return m
}

func benGrant() holder.GrantRequest {
	scopes, _ := grant.ParseScopes("patient/*.cruds")
	return holder.GrantRequest{To: grant.Party{Name: "gp"}, Sections: grant.Clinical, Scopes: scopes, Purpose: "TREAT", Lasts: 24 * time.Hour}
}

func (m *matrix) kinds() []string { return m.order }

// scanned is filed where the Observation is.
const scanned = `{"resourceType":"Binary","id":"NAME","contentType":"text/plain","securityContext":{"reference":"Observation/potassium"},"data":"cG90YXNzaXVt"}`

const observation = `{"resourceType":"Observation","id":"potassium","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"potassium"},"subject":{"reference":"Patient/{patient}"},"valueQuantity":{"value":4.10,"unit":"mmol/L"}}`

// sample is a request to a path that whoever may make it can make again and
// again: the state it finds is the state it leaves.
func (m *matrix) sample(p, method string) (target, typ, body string) {
	target = strings.NewReplacer("{type}", "Observation", "{id}", "potassium", "{version}", "1",
		"{compartment}", "Patient", "{operation}", "$validate", "{all}", "*", "{import}", "0123456789abcdef0123456789abcdef",
		"/shl/{link}", m.vars["manifest"], "{ticket}", strings.Repeat("A", 200), "{capsule}", "0123456789abcdef0123456789abcdef", "{grant}", m.vars["struck.id"], "{file}", "1", "{item}", "f123456789abcdef0123456789abcdef",
		"{uploads}", "$upload", "{upload}", "0123456789abcdef0123456789abcdef",
		"{asset}", "app.css", "{card}", "results", "{kind}", "weight", "{address}", strings.Repeat("0", 49), "{exports}", "$export", "{job}", "AAAA", "{output}", "Observation-000-fff.ndjson").Replace(p)
	if strings.HasPrefix(p, "/holder/v1/entries/") {
		target = strings.NewReplacer("Observation", "Goal", "potassium", "walk").Replace(target)
	}
	if strings.HasPrefix(p, "/fhir/Binary/{id}") {
		target = strings.Replace(target, "potassium", "scan", 1)
	}
	typ = "application/json"
	switch method + " " + p {
	case "DELETE /fhir/Binary/{id}":
		target = "/fhir/Binary/victim"
	case "POST /fhir/Binary":
		typ, body = "text/plain", "a letter"
	case "PUT /fhir/Binary/{id}":
		body = strings.Replace(scanned, "NAME", "scan", 1)
	case "PUT /fhir/Binary":
		target += "?_id=scan"
		body = strings.Replace(scanned, `"id":"NAME",`, "", 1)
	case "DELETE /fhir/Binary":
		target += "?_id=gone"
	case "PATCH /fhir/Binary", "PATCH /fhir/Binary/{id}":
		if p == "/fhir/Binary" {
			target += "?_id=scan"
		}
		typ, body = "application/json-patch+json", `[{"op":"test","path":"/contentType","value":"text/plain"}]`
	case "PATCH /fhir/Binary/{uploads}/{upload}":
		typ, body = "application/offset+octet-stream", "more"
	case "DELETE /fhir/{type}/{id}":
		target = "/fhir/Observation/victim"
	case "POST /fhir/{type}", "PUT /fhir/{type}/{id}", "POST /fhir/{type}/{operation}", "POST /fhir/{type}/{id}/{operation}", "POST /fhir/{operation}":
		body = observation
	case "PUT /fhir/{type}":
		target += "?identifier=target"
		body = strings.Replace(observation, `"id":"potassium"`, `"identifier":[{"value":"target"}]`, 1)
	case "DELETE /fhir/{type}":
		target += "?identifier=gone"
	case "PATCH /fhir/{type}", "PATCH /fhir/{type}/{id}":
		if p == "/fhir/{type}" {
			target += "?identifier=target"
		}
		typ, body = "application/json-patch+json", `[{"op":"test","path":"/status","value":"final"}]`
	case "POST /fhir/_search", "POST /fhir/{type}/_search", "POST /fhir/{compartment}/{id}/{type}/_search", "POST /fhir/{compartment}/{id}/_search":
		typ, body = "application/x-www-form-urlencoded", "_count=1"
	case "POST /fhir", "POST /fhir/":
		body = `{"resourceType":"Bundle","type":"batch"}`
	case "POST /app/lock":
		typ, body = "application/x-www-form-urlencoded", "of=nothing"
	case "POST /app/sharing/stop":
		typ, body = "application/x-www-form-urlencoded", "grant="+m.vars["struck.id"]
	case "POST /app/share/preview":
		typ, body = "application/x-www-form-urlencoded", "section=plan"
	case "POST /language":
		typ, body = "application/x-www-form-urlencoded", "to=en"
	case "POST /holder/v1/slot":
		body = `{"id":"00000000000000000000000000000000"}`
	case "POST /holder/v1/ring":
		body = `{"person":"00000000000000000000000000000000","slot":"00000000000000000000000000000000"}`
	case "POST /holder/v1/ring/log":
		body = `{"person":"00000000000000000000000000000000","slot":"00000000000000000000000000000000","from":0}`
	case "POST /holder/v1/record":
		typ, body = "application/octet-stream", "no copy"
	case "POST /holder/v1/statements":
		typ, body = "application/octet-stream", "no statement"
	case "POST /holder/v1/sessions":
		body = `{"person":"00000000000000000000000000000000","grant":"00000000000000000000000000000000","key":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="}`
	case "POST /holder/v1/strikes":
		body = `{"grant":"` + m.vars["struck.id"] + `"}`
	case "POST /holder/v1/requests/{capsule}/answer":
		body = `{"hour":1,"blob":"AAAA"}`
	case "POST /holder/v1/inbox/{item}":
		body = `{"looked":true}`
	case "POST /holder/v1/entries/{type}/{id}/note":
		body = `{"text":"I was never asked"}`
	case "POST /holder/v1/entries/{type}/{id}/section":
		body = `{"section":"plan"}`
	case "PUT /holder/v1/links/{capsule}/files/{file}":
		typ, body = "application/octet-stream", "a.b..c.d"
	case "POST /shl/{link}":
		body = `{"recipient":"Ward 7"}`
	case "POST /oauth/authorize", "POST /oauth/cancel", "POST /oauth/par", "POST /oauth/token", "POST /oauth/introspect", "POST /oauth/revoke":
		typ, body = "application/x-www-form-urlencoded", "client_id=nobody&grant_type=refresh_token&token=x&refresh_token=x"
	case "POST /ask/{address}":
		typ, body = "application/x-www-form-urlencoded", "name=Dr+Okafor&days=7&section-plan=1"
	case "POST /holder/v1/requests/lookup":
		body = `{"code":"0000-0000-0000"}`
	case "POST /holder/v1/preview":
		body = `{"sections":["plan"],"scopes":"patient/*.rs"}`
	case "POST /holder/v1/summary":
		body = `{"sections":["plan"],"to":"Ward 7"}`
	case "GET /holder/v1/log/proof", "HEAD /holder/v1/log/proof":
		target += "?size=1&root=" + strings.Repeat("0", 64)
	}
	return target, typ, m.expand(body)
}

// ask makes one request and returns its status and, but for the request id, all
// of its answer.
func (m *matrix) ask(p, method, cred, target, typ, body string, h http.Header) (int, string) {
	if h == nil {
		h = http.Header{}
	}
	if body != "" {
		h.Set("Content-Type", typ)
	}
	if strings.Contains(p, "{uploads}") { // tus
		h.Set("Tus-Resumable", "1.0.0")
		h.Set("Upload-Length", "4")
		h.Set("Upload-Offset", "0")
	}
	if p == "/fhir/Binary/{id}" && method == "PUT" {
		h.Set("If-Match", "*") // and so it is not made in Ben's record
	}
	token := m.tokens[cred]
	if method == "DELETE" && p == "/holder/v1/sessions" && cred == "session" {
		token = m.session(m.ada) // it ends the session that asks
	}
	if method == "DELETE" && p == "/holder/v1/sessions" && cred == "ben" {
		token = m.session(m.ben)
	}
	switch cred {
	case "none":
	case "basic":
		h.Set("Authorization", "Basic Z3A6Z3A=")
	case "query":
		sep := "?"
		if strings.Contains(target, "?") {
			sep = "&"
		}
		target += sep + "token=" + token
	case "twice":
		h["Authorization"] = []string{"Bearer " + token, "Bearer " + token}
	case "cookie":
		h.Set("Cookie", "__Host-carehold="+token)
		h.Set("Authorization", "Bearer "+token)
	case "app", "app-ben", "app-dead": // the cookie, and the word of the session's forms
		if p == "/app/lock" && cred != "app-dead" { // it ends the session
			token = m.session(map[string]*holder.Holder{"app": m.ada, "app-ben": m.ben}[cred])
		}
		h.Set("Cookie", "__Host-carehold="+token)
		if strings.HasPrefix(p, "/app/") {
			h.Set("X-Carehold-Form", web.FormWord(token))
		}
	case "proved":
		at, _, _ := strings.Cut(target, "?")
		h.Set("Authorization", "DPoP "+token)
		h["DPoP"] = []string{m.key.proof(method, at, token)}
	default:
		h.Set("Authorization", "Bearer "+token)
	}
	resp := m.send(method, target, h, body)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	m.check(err)
	return resp.StatusCode, whole(resp.StatusCode, resp.Header, answer)
}

// rule is one line of matrix.txt.
type rule struct {
	text                 string
	path, methods, creds []string
	status, used         int
}

type rules []*rule

// readRules reads matrix.txt; its first comment says what a line is.
func readRules(t *testing.T) (all rules) {
	text, err := os.ReadFile("testdata/matrix.txt")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if len(f) == 0 || f[0][0] == '#' {
			continue
		}
		if f[0] == "let" {
			words[f[1]] = f[3]
			continue
		}
		if len(f) != 4 {
			t.Fatalf("matrix.txt: a rule has four words: %s", line)
		}
		status, err := strconv.Atoi(f[3])
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range words {
			f[2] = strings.ReplaceAll(f[2], "$"+name, value)
		}
		all = append(all, &rule{text: strings.TrimSpace(string(line)), path: strings.Split(f[0], ","),
			methods: strings.Split(f[1], ","), creds: strings.Split(f[2], ","), status: status})
	}
	return all
}

func (all rules) find(t *testing.T, p, method, cred string) int {
	for _, r := range all {
		if among(r.path, p) && among(r.methods, method) && among(r.creds, cred) {
			r.used++
			return r.status
		}
	}
	t.Fatalf("matrix.txt says nothing of %s %s with %s", method, p, cred)
	return 0
}

// among matches whole words, and a star at the end of one as anything.
func among(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if head, ok := strings.CutSuffix(p, "*"); ok {
			return strings.HasPrefix(s, head)
		}
		return p == s
	})
}
