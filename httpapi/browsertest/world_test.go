package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/holder"
	"carehold/record/keys"
	"carehold/record/sample"
	"carehold/record/store"
)

const passphrase = "correct horse battery staple"

// TestMain builds the core if it is not there: without it no page could unlock.
func TestMain(m *testing.M) {
	if built, _ := filepath.Glob("../web/core/core.wasm.*"); len(built) == 0 {
		fmt.Fprintln(os.Stderr, "there is no core in httpapi/web/core: run make core, and then the tests again") // it is embedded as they are built
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// sent is a request as it arrived.
type sent struct {
	method, url string
	header      http.Header
	body        []byte
}

// world is a server and what browsers sent to it.
type world struct {
	t     testing.TB
	url   string
	dir   string // of the store
	store *store.Store

	handler atomic.Pointer[http.Handler] // what answers now
	bent    atomic.Pointer[bend]         // and how its answers are changed

	mu   sync.Mutex
	seen []sent
}

func newWorld(t testing.TB) *world {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	w := &world{t: t}
	w.check(store.Init(dir))
	w.dir = dir
	s := w.opens(dir)
	h := httptest.NewUnstartedServer(nil)
	// A browser takes http://localhost for safe: keys and passkeys work there.
	_, port, _ := strings.Cut(h.Listener.Addr().String(), ":")
	w.url, w.store = "http://localhost:"+port, s
	w.serves(w.server(s))
	h.Config.Handler = w.record()
	h.Start()
	t.Cleanup(h.Close)
	return w
}

// opens opens a store.
func (w *world) opens(dir string) *store.Store {
	w.t.Helper()
	s, err := store.Open(dir, store.Options{Log: slog.New(slog.DiscardHandler)})
	w.check(err)
	w.t.Cleanup(func() { s.Close() })
	return s
}

// server serves a store at the address of the world.
func (w *world) server(s *store.Store) http.Handler {
	limits := httpapi.Limits{Rate: 1e6, Burst: 1e6, Guesses: 1e6, Tries: 1e6}
	server, err := httpapi.New(s, httpapi.Config{PublicURL: w.url, Version: "v0-browser", Logger: slog.New(slog.DiscardHandler), Limits: limits})
	w.check(err)
	return server
}

func (w *world) serves(h http.Handler) { w.handler.Store(&h) }

// record keeps every request with its body.
func (w *world) record() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.mu.Lock()
		w.seen = append(w.seen, sent{r.Method, r.URL.String(), r.Header.Clone(), body})
		w.mu.Unlock()
		next := *w.handler.Load()
		if b := w.bent.Load(); b != nil && r.URL.Path == b.path {
			b.serve(rw, r, body, next)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// sends are the requests so far.
func (w *world) sends() []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sent(nil), w.seen...)
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) invite() string {
	w.t.Helper()
	c, err := w.store.Invite(context.Background(), keys.Invite{Until: time.Now().Add(time.Hour)})
	w.check(err)
	return c.Token()
}

// person is somebody with a record, and a session that their browser may have.
type person struct {
	*world
	holder *holder.Holder
	token  string
}

// marion has the sample in her record, brought in by her own device.
func (w *world) marion() *person {
	w.t.Helper()
	return w.somebody(func(bundle []byte) []byte { return bundle })
}

// somebody is marion with the sample as it was changed on its way.
func (w *world) somebody(changed func(bundle []byte) []byte) *person {
	w.t.Helper()
	ctx := context.Background()
	c, err := client.New(w.url, client.Options{})
	w.check(err)
	h, _, err := holder.Enrol(ctx, c, holder.Enrolment{Invite: w.invite(),
		Passphrase: crypto.SecretString(passphrase), Label: "laptop", Name: "Marion"})
	w.check(err)
	w.t.Cleanup(h.Close)
	p := &person{world: w, holder: h}
	p.token, _, err = h.SignInToRead(ctx)
	w.check(err)
	s := c.With(p.token)
	patient, err := s.Patient(ctx)
	w.check(err)
	for _, source := range sample.Sources() {
		bundles, err := change.ReadSource(bytes.NewReader(changed(source.Bundle)), change.Limits{})
		w.check(err)
		im, err := change.PlanImport(bundles[0], source.Name, patient)
		w.check(err)
		var body bytes.Buffer
		body.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
		for i, c := range im.Changes {
			if i > 0 {
				body.WriteByte(',')
			}
			fmt.Fprintf(&body, `{"resource":%s,"request":{"method":"PUT","url":"%s"}}`, c.Resource.With(fhir.Meta{ID: c.Ref.ID}), c.Ref)
		}
		body.WriteString(`]}`)
		_, err = s.Transaction(ctx, body.Bytes(), entry.Origin{Import: record.ImportID(crypto.RandomID()), Source: source.Title})
		w.check(err)
	}
	return p
}

// chromium is where the browser is.
func chromium(t testing.TB) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no chromium: apt-get install chromium")
	return ""
}
