package oracle

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
	"carehold/record/store"
)

// server is the real one, on a real store, on a port of this machine.
type server struct {
	t     testing.TB
	url   string
	store *store.Store
}

func newServer(t testing.TB) *server {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	s, err := store.Open(dir, store.Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	h := httptest.NewUnstartedServer(nil)
	url := "http://" + h.Listener.Addr().String()
	// These tests come from one address, and ask for all there is.
	limits := httpapi.Limits{Rate: 1e6, Burst: 1e6, Guesses: 1e6, Tries: 1e6}
	if h.Config.Handler, err = httpapi.New(s, httpapi.Config{PublicURL: url, Version: "v0-oracle", Logger: quiet, Limits: limits}); err != nil {
		t.Fatal(err)
	}
	h.Start()
	t.Cleanup(h.Close)
	return &server{t, url, s}
}

// person has a record on the server. Everything they, or whoever they let in, are
// answered is given to the oracle.
type person struct {
	*server
	holder  *holder.Holder
	token   string
	patient string

	mu      sync.Mutex
	answers map[string]int // what the oracle has seen, by what it is
	refused int
	faults  map[string]int // by text without ids
}

func (s *server) enrol(name string) *person {
	s.t.Helper()
	ctx := context.Background()
	invite, err := s.store.Invite(ctx, keys.Invite{Until: time.Now().Add(time.Hour)})
	s.check(err)
	c, err := client.New(s.url, client.Options{})
	s.check(err)
	h, _, err := holder.Enrol(ctx, c, holder.Enrolment{Invite: invite.Token(),
		Passphrase: crypto.SecretString("correct horse battery staple"), Label: "laptop", Name: name})
	s.check(err)
	s.t.Cleanup(h.Close)
	p := &person{server: s, holder: h, answers: make(map[string]int), faults: make(map[string]int)}
	p.token, _, err = h.SignIn(ctx)
	s.check(err)
	p.patient, err = c.With(p.token).Patient(ctx)
	s.check(err)
	return p
}

func (s *server) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// session is the person's own door to the record.
func (p *person) session() *client.Session {
	c, err := client.New(p.url, client.Options{})
	p.check(err)
	return c.With(p.token)
}

// bring imports a source as a person's device does, and tells what was left out.
func (p *person) bring(name string, raw []byte) (*change.Import, error) {
	b, err := change.ParseBundle(raw, change.Limits{})
	if err != nil {
		return nil, err
	}
	im, err := change.PlanImport(b, name, p.patient)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	body.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i, c := range im.Changes {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"resource":%s,"request":{"method":"PUT","url":"%s"}}`, c.Resource.With(fhir.Meta{ID: c.Ref.ID}), c.Ref)
	}
	body.WriteString(`]}`)
	answer, err := p.session().Transaction(context.Background(), body.Bytes(), entry.Origin{Import: record.ImportID(crypto.RandomID()), Source: name})
	if err == nil {
		p.taken("the answer to an import", answer)
	}
	return im, err
}

// grant lets somebody in.
func (p *person) grant(name, scopes string, sections record.SectionSet) string {
	p.t.Helper()
	parsed, err := grant.ParseScopes(scopes)
	p.check(err)
	issued, err := p.holder.Grant(context.Background(), holder.GrantRequest{To: grant.Party{Name: name}, Sections: sections,
		Scopes: parsed, Purpose: "TREAT", Lasts: time.Hour, Label: name})
	p.check(err)
	return issued.Token
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// request is one to send. Its path follows /fhir.
type request struct {
	method, path, body string
	header             []string // name, value, …
}

// ask sends a request, and gives what is answered to the oracle.
func (p *person) ask(token string, q request) answer {
	p.t.Helper()
	url := q.path
	if !strings.HasPrefix(url, p.url) {
		url = p.url + "/fhir" + q.path
	}
	r, err := http.NewRequest(q.method, url, strings.NewReader(q.body))
	if err != nil {
		p.t.Error(err)
		return answer{}
	}
	r.Header.Set("Accept", "application/fhir+json") // or a Binary comes as its content
	if q.body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(q.header); i += 2 {
		r.Header.Set(q.header[i], q.header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.t.Error(err)
		return answer{}
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		p.t.Error(err)
	}
	what := q.method + " " + strings.TrimPrefix(url, p.url)
	if len(a.body) > 0 {
		if got, _, err := mime.ParseMediaType(a.header.Get("Content-Type")); err != nil || got != "application/fhir+json" {
			p.fault("%s: Content-Type %q", what, a.header.Get("Content-Type"))
		}
		p.taken(what, a.body)
	}
	return a
}

// taken gives what was answered to the oracle.
func (p *person) taken(what string, b []byte) {
	p.t.Helper()
	err := refusal(b)
	kind, more := kindOf(b)
	if err == nil {
		err = more
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[kind]++
	if err == nil {
		return
	}
	if p.refused++; p.refused <= 20 {
		p.t.Errorf("%s: the oracle refuses it: %v\n%.600s", what, err, b)
	}
}

// fault reports what is wrong with an answer; of thousands of the same the first
// three are enough.
func (p *person) fault(format string, args ...any) {
	p.t.Helper()
	text := fmt.Sprintf(format, args...)
	p.mu.Lock()
	defer p.mu.Unlock()
	name := ids.ReplaceAllString(text, "…")
	if p.faults[name]++; p.faults[name] <= 3 {
		p.t.Error(text)
	} else {
		p.t.Fail()
	}
}

var ids = regexp.MustCompile(`[A-Z][A-Za-z]+/[a-z2-7]{26}|[0-9a-f]{16,}`)
