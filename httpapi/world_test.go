package httpapi_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/client"
	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/fetch"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
	"carehold/record/store"
)

const publicURL = "https://record.example.org"

// world is a real store behind a real server, and people with records in it.
type world struct {
	t      testing.TB
	dir    string // of the store
	store  *store.Store
	apps   *clients.Registry
	server *httpapi.Server
	http   *httptest.Server
	client *client.Client
	log    *syncBuffer

	mu  sync.Mutex
	add time.Duration // on the clock

	vars map[string]string // for conversations: tokens, ids
	ada  *holder.Holder
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// generous limits: these tests come from one address.
var generous = httpapi.Limits{Rate: 1e6, Burst: 1e6, Guesses: 1e6, Tries: 1e6}

// newServer is one with nobody on it. What net there is beside it, it asks for apps that
// nobody registered, and for keys.
func newServer(t testing.TB, limits httpapi.Limits, net ...fetch.Fetch) *world {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	w := &world{t: t, dir: dir, vars: map[string]string{"base": publicURL}, log: &syncBuffer{}}
	var beside fetch.Fetch
	if len(net) > 0 {
		beside = net[0]
	}
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, store.Options{Now: w.now, Log: w.quiet(), FHIRBase: publicURL + "/fhir"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w.store = s
	w.apps = clients.Open(filepath.Join(dir, clients.File), clients.Options{Now: w.now, Fetch: beside})
	w.server, err = httpapi.New(s, httpapi.Config{PublicURL: publicURL, Version: "v0-test", Clients: w.apps, Fetch: beside,
		Logger: slog.New(slog.NewJSONHandler(w.log, nil)), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	w.server.WithoutCore()
	w.http = httptest.NewServer(w.server)
	t.Cleanup(w.http.Close)
	if w.client, err = client.New(w.http.URL, client.Options{}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.add)
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add += d
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// enrol makes a person with a record, over HTTP.
func (w *world) enrol(name string) *holder.Holder {
	w.t.Helper()
	invite, err := w.store.Invite(context.Background(), keys.Invite{Until: w.now().Add(time.Hour)})
	w.check(err)
	return w.enrolWith(name, invite.Token())
}

func (w *world) enrolWith(name, invite string) *holder.Holder {
	w.t.Helper()
	h, _, err := holder.Enrol(context.Background(), w.client, holder.Enrolment{Invite: invite,
		Passphrase: crypto.SecretString("correct horse battery staple"), Label: "laptop", Name: name})
	w.check(err)
	w.t.Cleanup(h.Close)
	return h
}

func (w *world) session(h *holder.Holder) string {
	w.t.Helper()
	token, _, err := h.SignIn(context.Background())
	w.check(err)
	return token
}

// grant makes a grant and returns its token; its id is kept under name + ".id".
func (w *world) grant(h *holder.Holder, name string, lasts time.Duration, scopes string, sections ...record.Section) string {
	w.t.Helper()
	parsed, err := grant.ParseScopes(scopes)
	w.check(err)
	issued, err := h.Grant(context.Background(), holder.GrantRequest{To: grant.Party{Name: name, Role: "GP"},
		Sections: record.SectionsOf(sections...), Scopes: parsed, Purpose: "TREAT", Lasts: lasts, Label: name})
	w.check(err)
	w.vars[name] = issued.Token
	w.vars[name+".id"] = issued.Grant.ID.String()
	return issued.Token
}

// put imports resources into the record of a session, in the person's own way.
func (w *world) put(token string, resources ...string) {
	w.t.Helper()
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i, text := range resources {
		text = w.expand(text)
		r, err := fhir.Parse([]byte(text), fhir.Limits{})
		w.check(err)
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"resource":` + text + `,"request":{"method":"PUT","url":"` + r.Type() + "/" + r.ID() + `"}}`)
	}
	b.WriteString(`]}`)
	_, err := w.client.With(token).Transaction(context.Background(), []byte(b.String()), entry.Origin{})
	w.check(err)
}

func (w *world) expand(text string) string {
	for name, value := range w.vars {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// newWorld has two people. Ada has a record and has granted parts of it; Ben has
// one of his own.
func newWorld(t testing.TB, net ...fetch.Fetch) *world {
	w := newServer(t, generous, net...)
	w.ada = w.enrol("Ada")
	w.vars["ada"] = w.session(w.ada)
	var err error
	w.vars["patient"], err = w.client.With(w.vars["ada"]).Patient(context.Background())
	w.check(err)
	w.put(w.vars["ada"],
		`{"resourceType":"Patient","id":"{patient}","name":[{"family":"Okonkwo","given":["Ada"]}],"birthDate":"1951-03-02"}`,
		`{"resourceType":"AllergyIntolerance","id":"allergy","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"patient":{"reference":"Patient/{patient}"},"code":{"text":"penicillin"}}`,
		`{"resourceType":"Observation","id":"potassium","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"potassium"},"subject":{"reference":"Patient/{patient}"},"valueQuantity":{"value":4.10,"unit":"mmol/L"}}`,
		`{"resourceType":"Goal","id":"walk","lifecycleStatus":"active","description":{"text":"walk to the shop"},"subject":{"reference":"Patient/{patient}"}}`,
	)
	clinical := grant.Clinical.List()
	w.grant(w.ada, "gp", 24*time.Hour, "patient/*.rs", clinical...)
	w.grant(w.ada, "writer", 24*time.Hour, "patient/*.cruds", clinical...)
	w.grant(w.ada, "reader", 24*time.Hour, "patient/*.r", clinical...)
	w.grant(w.ada, "social", 24*time.Hour, "patient/*.cruds", record.AboutMe, record.Support, record.Plan)
	return w
}

// send sends one request as it is.
func (w *world) send(method, path string, h http.Header, body string) *http.Response {
	w.t.Helper()
	r, err := http.NewRequest(method, w.http.URL+path, strings.NewReader(body))
	w.check(err)
	if body == "" {
		r.Body, r.ContentLength = nil, 0
	}
	for name, values := range h {
		r.Header[name] = values
	}
	tr := w.http.Client().Transport
	resp, err := tr.RoundTrip(r)
	w.check(err)
	return resp
}

// newRequest is httptest's, meant for the server of these tests.
func newRequest(method, target string, body io.Reader) *http.Request {
	r := httptest.NewRequest(method, target, body)
	r.Host = "record.example.org"
	return r
}
