package clients_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"carehold/httpapi/oauth/clients"
	"carehold/record"
	"carehold/record/fetch"
)

// web is a network made by hand: it answers each address with a document about it,
// unless told otherwise, and counts.
type web struct {
	mu      sync.Mutex
	asked   []string
	now     int // under way
	most    int
	answer  func(url string) (fetch.Response, string)
	blocked chan struct{} // an answer comes when it is closed; nil: at once
	hangs   bool          // none comes at all
}

func (w *web) Fetch(ctx context.Context, q fetch.Request) (*fetch.Response, error) {
	w.mu.Lock()
	w.asked = append(w.asked, q.Method+" "+q.URL+" "+q.Accept)
	w.now++
	w.most = max(w.most, w.now)
	w.mu.Unlock()
	defer func() { w.mu.Lock(); w.now--; w.mu.Unlock() }()
	if w.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if w.blocked != nil {
		select {
		case <-w.blocked:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	r, body := fetch.Response{Status: 200}, documentOf(q.URL)
	if w.answer != nil {
		r, body = w.answer(q.URL)
	}
	r.Body = io.NopCloser(strings.NewReader(body))
	return &r, nil
}

func (w *web) count() int { w.mu.Lock(); defer w.mu.Unlock(); return len(w.asked) }

func documentOf(url string) string {
	host := strings.Split(url, "/")[2]
	return fmt.Sprintf(`{"client_id":%q,"client_name":"Sunrise","redirect_uris":["https://%s/cb"]}`, url, host)
}

func registryWith(t *testing.T, f fetch.Fetch) *clients.Registry {
	return clients.Open(filepath.Join(t.TempDir(), clients.File), clients.Options{Fetch: f})
}

// at is an address of the nth host.
func at(n int) string { return fmt.Sprintf("https://app%d.example/c", n) }

func TestUnknown(t *testing.T) {
	w := &web{}
	r := registryWith(t, w)
	c, err := r.Get(t.Context(), here)
	if err != nil || c.ID != here || c.Verified || c.Title() != "app.example, which calls itself “Sunrise”" || c.Added.IsZero() || !r.TakesUnknown() {
		t.Fatal(c, err)
	}
	if len(w.asked) != 1 || w.asked[0] != "GET "+here+" application/json" {
		t.Error(w.asked)
	}
	if to, ok := c.Redirect("https://app.example/cb"); !ok || to != "https://app.example/cb" {
		t.Error(to, ok)
	}
	// Nobody changes what others are given.
	c.Redirects[0] = "https://evil.example/cb"
	if c, _ = r.Get(t.Context(), here); c.Redirects[0] != "https://app.example/cb" || w.count() != 1 {
		t.Error(c.Redirects, w.asked)
	}
	// What is no URL, or none that may be asked, is not asked.
	for id, kind := range map[string]record.Kind{"": record.NotFound, "app-1": record.NotFound, "http://app.example/c": record.NotFound, "https://192.168.1.1/c": record.Invalid, "HTTPS://app.example/c": record.Invalid, "https://app.example/c#x": record.Invalid, "file:///etc/passwd": record.NotFound} {
		if _, err := r.Get(t.Context(), id); !errors.Is(err, kind) || w.count() != 1 {
			t.Errorf("%s: %v", id, err)
		}
	}
	// Where they are not taken, nothing is asked at all.
	closed := registryWith(t, nil)
	if _, err := closed.Get(t.Context(), here); !errors.Is(err, record.NotFound) || closed.TakesUnknown() {
		t.Error(err)
	}
	// One that the operator registered is theirs, and is not asked either.
	own := app("https://elsewhere.example/cb")
	own.ID = "https://app.example/registered"
	if err := r.Add(own); err != nil {
		t.Fatal(err)
	}
	if c, err = r.Get(t.Context(), own.ID); err != nil || !c.Verified || c.Title() != "Sunrise" || w.count() != 1 {
		t.Error(c, err)
	}
}

// TestUnknownAnswers: anything but 200 from that very address is none, and is tried
// again when half a minute has gone by.
func TestUnknownAnswers(t *testing.T) {
	for _, c := range []struct {
		what   string
		answer fetch.Response
		body   string
		kind   record.Kind
	}{
		{"404", fetch.Response{Status: 404}, documentOf(here), record.Unprocessed},
		{"500", fetch.Response{Status: 500}, documentOf(here), record.Unprocessed},
		{"201", fetch.Response{Status: 201}, documentOf(here), record.Unprocessed},
		{"304", fetch.Response{Status: 304}, documentOf(here), record.Unprocessed},
		{"moved", fetch.Response{Status: 301, Location: "https://app.example/other"}, documentOf(here), record.Unprocessed},
		{"moved into the network", fetch.Response{Status: 302, Location: "http://192.168.1.1/"}, documentOf(here), record.Unprocessed},
		{"moved to itself", fetch.Response{Status: 307, Location: here}, documentOf(here), record.Unprocessed},
		{"another's", fetch.Response{Status: 200}, documentOf("https://app.example/other"), record.Unprocessed},
		{"endless", fetch.Response{Status: 200}, strings.Repeat(" ", 1<<20) + documentOf(here), record.TooLarge},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &web{answer: func(string) (fetch.Response, string) { return c.answer, c.body }}
			r := registryWith(t, w)
			for range 3 {
				if got, err := r.Get(t.Context(), here); !errors.Is(err, c.kind) || got.ID != "" {
					t.Errorf("%s: %v %v", c.what, got, err)
				}
			}
			if w.count() != 1 {
				t.Errorf("%s: asked %d times", c.what, w.count())
			}
			time.Sleep(30 * time.Second)
			w.answer = nil
			if _, err := r.Get(t.Context(), here); err != nil || w.count() != 2 {
				t.Errorf("%s: %v, asked %d times", c.what, err, w.count())
			}
		})
	}
}

// TestUnknownKept: a document is believed for ten minutes, and then what is there now.
func TestUnknownKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &web{}
		r := registryWith(t, w)
		for _, step := range []struct {
			wait  time.Duration
			asked int
		}{{0, 1}, {10*time.Minute - 1, 1}, {1, 2}, {time.Minute, 2}} {
			time.Sleep(step.wait)
			if _, err := r.Get(t.Context(), here); err != nil || w.count() != step.asked {
				t.Fatal(step, err, w.count())
			}
		}
		time.Sleep(10 * time.Minute)
		w.answer = func(string) (fetch.Response, string) { return fetch.Response{Status: 410}, "" }
		for range 2 { // it is gone, and is not remembered for what it was
			if _, err := r.Get(t.Context(), here); !errors.Is(err, record.Unprocessed) {
				t.Fatal(err)
			}
		}
		// Nor when it cannot be asked for again.
		time.Sleep(time.Minute)
		for n := range 6 {
			r.Get(t.Context(), fmt.Sprintf("https://app.example/other%d", n))
		}
		if c, err := r.Get(t.Context(), here); !errors.Is(err, record.TooMany) {
			t.Error(c, err)
		}
	})
}

// TestUnknownOnce: who comes while a document is on its way waits for that one; the first
// who asked may go away, and the others have it all the same.
func TestUnknownOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &web{blocked: make(chan struct{})}
		r := registryWith(t, w)
		first, leave := context.WithCancel(t.Context())
		errs := make(chan error, 8)
		go func() { _, err := r.Get(first, here); errs <- err }()
		synctest.Wait()
		for range 7 {
			go func() { _, err := r.Get(t.Context(), here); errs <- err }()
		}
		leave()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		synctest.Wait()
		close(w.blocked)
		for range 7 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if w.count() != 1 {
			t.Errorf("asked %d times", w.count())
		}
	})
}

// TestUnknownCrowd: eight wait for a slow answer, and sixteen for all: each holds a place
// of the server's. Whoever else comes is told at once to come again.
func TestUnknownCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &web{hangs: true}
		r := registryWith(t, w)
		began := time.Now()
		come := func(hosts int) (waited, sent int) {
			var all sync.WaitGroup
			var mu sync.Mutex
			for n := range 128 {
				all.Go(func() {
					begun := time.Now()
					_, err := r.Get(context.Background(), at(n%hosts))
					mu.Lock()
					defer mu.Unlock()
					switch took := time.Since(begun); {
					case took > 0:
						waited++
					case record.KindOf(err) == record.Unavailable:
						sent++
					}
				})
			}
			all.Wait()
			return waited, sent
		}
		if waited, sent := come(1); waited != 8 || sent != 120 {
			t.Errorf("for one: %d waited, %d were sent away", waited, sent)
		}
		time.Sleep(time.Minute) // what failed may be asked again
		if waited, sent := come(3); waited != 16 || sent != 112 {
			t.Errorf("for three: %d waited, %d were sent away", waited, sent)
		}
		time.Sleep(time.Minute)
		w.hangs = false
		if _, err := r.Get(t.Context(), at(0)); err != nil {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

// TestUnknownDeadline: a server that never answers is left after five seconds, and takes
// one of four places until then.
func TestUnknownDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &web{hangs: true}
		r := registryWith(t, w)
		began := time.Now()
		var all sync.WaitGroup
		var mu sync.Mutex
		kinds := map[record.Kind]int{}
		for n := range 20 {
			all.Go(func() {
				_, err := r.Get(context.Background(), at(n))
				mu.Lock()
				defer mu.Unlock()
				kinds[record.KindOf(err)]++
			})
		}
		all.Wait()
		if took := time.Since(began); took != 5*time.Second || kinds[record.Unavailable] != 4 || kinds[record.TooMany] != 16 || w.most != 4 || w.count() != 4 {
			t.Error(took, kinds, w.most, w.count())
		}
		// The places are free again.
		w.hangs = false
		if _, err := r.Get(t.Context(), at(100)); err != nil {
			t.Error(err)
		}
	})
}

// TestUnknownFlood: whoever names many URLs makes this server ask thirty a minute, and
// one host six times; apps that were looked up before go on meanwhile.
func TestUnknownFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &web{}
		r := registryWith(t, w)
		if _, err := r.Get(t.Context(), here); err != nil {
			t.Fatal(err)
		}
		time.Sleep(9 * time.Minute)
		for n := range 100 { // one host, by many paths and ports
			_, err := r.Get(t.Context(), fmt.Sprintf("https://victim.example:%d/c%d", 1+n%3, n))
			if want := n < 6; (err == nil) != want || !want && !errors.Is(err, record.TooMany) {
				t.Fatal(n, err)
			}
		}
		for n := range 1000 { // many hosts
			r.Get(t.Context(), at(n))
		}
		if asked := w.count() - 1; asked != 30 {
			t.Errorf("asked %d times at once", asked)
		}
		for n := range 60 {
			time.Sleep(time.Second)
			r.Get(t.Context(), at(2000+n))
		}
		if asked := w.count() - 1; asked != 60 {
			t.Errorf("asked %d times in a minute", asked)
		}
		for n := range 5 * 60 { // past the ten minutes of the first
			time.Sleep(time.Second)
			r.Get(t.Context(), at(5000+n))
			r.Get(t.Context(), at(6000+n))
		}
		before := w.count()
		if c, err := r.Get(t.Context(), here); err != nil || c.ID != here || w.count() != before {
			t.Error("an app that was known is locked out:", err)
		}
	})
}

// TestUnknownSpeaksOfNobody: an error that may be logged has no address in it.
func TestUnknownSpeaksOfNobody(t *testing.T) {
	for _, id := range []string{here, "https://app.example/c#secret", "https://secret.local/c", "app-secret"} {
		r := registryWith(t, broken{})
		_, err := r.Get(t.Context(), id)
		if safe := record.SafeText(err); err == nil || strings.Contains(safe, "example") || strings.Contains(safe, "secret") {
			t.Errorf("%s: %q", id, record.SafeText(err))
		}
	}
}

type broken struct{}

func (broken) Fetch(context.Context, fetch.Request) (*fetch.Response, error) {
	return nil, errors.New("dial app.example: refused")
}
