package assertion_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"carehold/httpapi/oauth/assertion"
	"carehold/record"
	"carehold/record/fetch"
)

const jwksURL = "https://app.example/jwks"

// net is a network made by hand: what stands at each address, and what was asked.
type net struct {
	mu      sync.Mutex
	answers map[string]fetch.Response
	bodies  map[string]func(context.Context) io.Reader
	fails   error
	asked   []string
	open    int // being asked now
	most    int
}

func (n *net) Fetch(ctx context.Context, r fetch.Request) (*fetch.Response, error) {
	n.mu.Lock()
	n.asked = append(n.asked, r.URL)
	n.open++
	n.most = max(n.most, n.open)
	resp, body, err := n.answers[r.URL], n.bodies[r.URL], n.fails
	n.mu.Unlock()
	closed := func() { n.mu.Lock(); n.open--; n.mu.Unlock() }
	if err != nil {
		closed()
		return nil, err
	}
	if strings.Contains(r.URL, "127.0.0.1") { // as whoever dials does
		closed()
		return nil, record.Safef(record.Unprocessed, "the address is not a public one")
	}
	if resp.Status == 0 {
		resp.Status = 404
	}
	var read io.Reader = strings.NewReader("")
	if body != nil {
		read = body(ctx)
	}
	resp.Body = closer{read, closed}
	return &resp, nil
}

type closer struct {
	io.Reader
	closed func()
}

func (c closer) Close() error { c.closed(); return nil }

// serve puts a key set at the address.
func (n *net) serve(control, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answers = map[string]fetch.Response{jwksURL: {Status: 200, CacheControl: control}}
	n.bodies = map[string]func(context.Context) io.Reader{jwksURL: func(context.Context) io.Reader { return strings.NewReader(text) }}
}

func (n *net) count() int { n.mu.Lock(); defer n.mu.Unlock(); return len(n.asked) }

// slow gives nothing until its time is over, as a connection does.
type slow struct{ ctx context.Context }

func (s slow) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }

// late gives its text after three seconds.
type late struct {
	once sync.Once
	text io.Reader
}

func (l *late) Read(b []byte) (int, error) {
	l.once.Do(func() { time.Sleep(3 * time.Second) })
	return l.text.Read(b)
}

// app is a client with its keys at an address.
type app struct {
	t       *testing.T
	checker *assertion.Checker
	client  assertion.Client
	n       int
}

func newApp(t *testing.T, n *net) *app {
	return &app{t: t, checker: assertion.New(assertion.NewKeys(n), 0), client: assertion.Client{ID: "app", Profile: assertion.SMART, JWKSURI: jwksURL}}
}

// in checks a new assertion by a signer, now.
func (a *app) in(s signer) error {
	a.n++
	now := time.Now()
	text := s.sign(a.t, s.header(), obj{"iss": "app", "sub": "app", "aud": here.Token, "exp": now.Unix() + 60, "jti": strconv.Itoa(a.n)})
	return a.checker.Check(a.t.Context(), text, a.client, here, now)
}

// How long a set is kept, by what its server says.
func TestKept(t *testing.T) {
	for control, want := range map[string]time.Duration{
		"":                          5 * time.Minute,
		"public":                    5 * time.Minute,
		"max-age=60":                time.Minute,
		"public, Max-Age=60":        time.Minute,
		`max-age="60"`:              time.Minute,
		"max-age=600, max-age=60":   time.Minute,
		"max-age=3600":              time.Hour,
		"max-age=99999":             time.Hour,
		"max-age=99999999999999999": time.Hour,
		"max-age=0":                 10 * time.Second,
		"max-age=9":                 10 * time.Second,
		"max-age=-1":                10 * time.Second,
		"max-age=x":                 10 * time.Second,
		"max-age":                   10 * time.Second,
		"max-age=600, no-store":     10 * time.Second,
		"no-cache":                  10 * time.Second,
		"s-maxage=60":               5 * time.Minute,
		"age 30|max-age=60":         30 * time.Second,
		"age 30|max-age=20":         10 * time.Second,
		"age x|max-age=60":          10 * time.Second,
		"age 600|max-age=86400":     time.Hour,
		"age 30|":                   5 * time.Minute,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSigner(t, jose.EdDSA, "1")
			n := &net{}
			age := ""
			text := control
			if a, rest, ok := strings.Cut(control, "|"); ok {
				age, text = strings.TrimPrefix(a, "age "), rest
			}
			n.serve(text, jwks(s.pub))
			n.answers[jwksURL] = fetch.Response{Status: 200, CacheControl: text, Age: age}
			a := newApp(t, n)
			for _, step := range []struct {
				wait time.Duration
				asks int
			}{{0, 1}, {want - time.Second, 1}, {time.Second, 2}} {
				time.Sleep(step.wait)
				if err := a.in(s); err != nil || n.count() != step.asks {
					t.Errorf("%q, after %v more: asked %d times, %v", control, step.wait, n.count(), err)
				}
			}
		})
	}
}

// A client that changes its keys is believed at once, and no more than every 10 s, and
// its old set counts meanwhile.
func TestNewKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, fresh := newSigner(t, jose.EdDSA, "1"), newSigner(t, jose.EdDSA, "2")
		n := &net{}
		n.serve("max-age=3600", jwks(old.pub))
		a := newApp(t, n)
		step := func(what string, s signer, ok bool, asks int) {
			t.Helper()
			if err := a.in(s); (err == nil) != ok || !ok && !errors.Is(err, assertion.InvalidClient) || n.count() != asks {
				t.Errorf("%s: %v, asked %d times", what, err, n.count())
			}
		}
		step("the old key", old, true, 1)
		for range 50 {
			step("a key that is not there yet", fresh, false, 1)
		}
		time.Sleep(10 * time.Second)
		step("still not", fresh, false, 2)
		n.serve("max-age=3600", jwks(old.pub, fresh.pub))
		time.Sleep(10 * time.Second)
		step("the old key, as before", old, true, 2)
		step("now", fresh, true, 3)
		// The server is away: what counts, counts on, until it is over.
		n.mu.Lock()
		n.fails = errors.New("no route to app.example")
		n.mu.Unlock()
		time.Sleep(time.Minute)
		unknown := newSigner(t, jose.EdDSA, "3")
		step("an unknown key, nobody to ask", unknown, false, 4)
		step("the old key, nobody to ask", old, true, 4)
		time.Sleep(time.Hour)
		step("over", old, false, 5)
		step("over, asked just now", old, false, 5)
		n.mu.Lock()
		n.fails = nil
		n.mu.Unlock()
		step("back, but asked just now", old, false, 5)
		time.Sleep(10 * time.Second)
		step("back", old, true, 6)
	})
}

// What comes from an address that a stranger registered.
func TestHostile(t *testing.T) {
	s := newSigner(t, jose.EdDSA, "1")
	many := `{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":"x"},`, 10_000), ",") + `]}`
	few := `{"keys":[` + strings.Repeat(`{},`, 10_000) + mustJSON(s.pub) + `]}` // under 64 KiB
	to := func(where string) fetch.Response { return fetch.Response{Status: 302, Location: where} }
	giant := func(context.Context) io.Reader { return endless{} }
	text := func(s string) func(context.Context) io.Reader {
		return func(context.Context) io.Reader { return strings.NewReader(s) }
	}
	for name, c := range map[string]struct {
		uri    string
		answer fetch.Response
		body   func(context.Context) io.Reader
		asks   int
	}{
		"not there":              {jwksURL, fetch.Response{Status: 404}, text(jwks(s.pub)), 1},
		"no content":             {jwksURL, fetch.Response{Status: 204}, nil, 1},
		"to http":                {jwksURL, to("http://app.example/jwks"), nil, 1},
		"to a file":              {jwksURL, to("file:///etc/passwd"), nil, 1},
		"to loopback by http":    {jwksURL, to("http://127.0.0.1/jwks"), nil, 1},
		"to loopback":            {jwksURL, to("https://127.0.0.1/jwks"), nil, 2},
		"round and round":        {jwksURL, to(jwksURL), nil, 4},
		"giant":                  {jwksURL, fetch.Response{Status: 200}, giant, 1},
		"10,000 keys":            {jwksURL, fetch.Response{Status: 200}, text(many), 1},
		"10,000 empty ones":      {jwksURL, fetch.Response{Status: 200}, text(few), 1},
		"not JSON":               {jwksURL, fetch.Response{Status: 200}, text("<html>"), 1},
		"nested without end":     {jwksURL, fetch.Response{Status: 200}, text(`{"keys":` + strings.Repeat("[", 60_000)), 1},
		"private":                {jwksURL, fetch.Response{Status: 200}, text(jwks(with(s.pub, "d", "AAAA"))), 1},
		"http":                   {"http://app.example/jwks", fetch.Response{}, nil, 0},
		"http to this machine":   {"http://localhost/jwks", fetch.Response{}, nil, 0},
		"a file":                 {"file:///etc/passwd", fetch.Response{}, nil, 0},
		"a user":                 {"https://u:p@app.example/jwks", fetch.Response{}, nil, 0},
		"loopback":               {"https://127.0.0.1/jwks", fetch.Response{}, nil, 1},
		"what is no address":     {"https:", fetch.Response{}, nil, 0},
		"in the registered form": {"HTTPS://", fetch.Response{}, nil, 0},
	} {
		n := &net{answers: map[string]fetch.Response{jwksURL: c.answer}, bodies: map[string]func(context.Context) io.Reader{jwksURL: c.body}}
		a := newApp(t, n)
		a.client.JWKSURI = c.uri
		for range 3 {
			err := a.in(s)
			if !errors.Is(err, assertion.InvalidClient) || strings.Contains(record.SafeText(err), "example") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(n.asked) != c.asks {
			t.Errorf("%s: asked %q", name, n.asked)
		}
		for _, asked := range n.asked {
			if !strings.HasPrefix(asked, "https://") {
				t.Errorf("%s: asked %q", name, asked)
			}
		}
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// A server that never ends its answer is left after five seconds, by all who wait for
// it, and asked once for all of them. Eight wait, for each holds a place of the server's;
// whoever else comes is told at once to come again.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSigner(t, jose.EdDSA, "1")
		n := &net{}
		n.serve("", "")
		n.bodies[jwksURL] = func(ctx context.Context) io.Reader { return slow{ctx} }
		keys := assertion.NewKeys(n)
		begin := time.Now()
		var wg sync.WaitGroup
		var waited, sent atomic.Int32
		for range 100 {
			wg.Go(func() {
				a := &app{t: t, checker: assertion.New(keys, 0), client: assertion.Client{ID: "app", Profile: assertion.SMART, JWKSURI: jwksURL}}
				switch err := a.in(s); {
				case errors.Is(err, assertion.InvalidClient) && time.Since(begin) == 5*time.Second:
					waited.Add(1)
				case errors.Is(err, assertion.Busy) && time.Since(begin) == 0:
					sent.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if waited.Load() != 8 || sent.Load() != 92 {
			t.Errorf("%d waited, %d were sent away", waited.Load(), sent.Load())
		}
		if took := time.Since(begin); took != 5*time.Second || n.count() != 1 {
			t.Errorf("%v, asked %d times", took, n.count())
		}
		// Whoever goes away does not take the answer with them.
		time.Sleep(10 * time.Second)
		n.serve("", "")
		n.bodies[jwksURL] = func(context.Context) io.Reader { return &late{text: strings.NewReader(jwks(s.pub))} }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		client := assertion.Client{ID: "app", Profile: assertion.SMART, JWKSURI: jwksURL}
		check := func(ctx context.Context, jti string) error {
			text := s.sign(t, s.header(), obj{"iss": "app", "sub": "app", "aud": here.Token, "exp": time.Now().Unix() + 60, "jti": jti})
			return assertion.New(keys, 0).Check(ctx, text, client, here, time.Now())
		}
		wg.Go(func() {
			if err := check(ctx, "one"); !errors.Is(err, assertion.Busy) {
				t.Errorf("gone after a second: %v", err)
			}
		})
		synctest.Wait()
		if err := check(t.Context(), "two"); err != nil || n.count() != 2 {
			t.Errorf("asked %d times: %v", n.count(), err)
		}
		wg.Wait()
	})
}

// Of several slow servers sixteen requests wait, and a set that is there is had meanwhile.
func TestSlowTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSigner(t, jose.EdDSA, "1")
		n := &net{}
		n.serve("", jwks(s.pub))
		keys := assertion.NewKeys(n)
		check := func(address string) error {
			a := &app{t: t, checker: assertion.New(keys, 0), client: assertion.Client{ID: "app", Profile: assertion.SMART, JWKSURI: address}}
			return a.in(s)
		}
		if err := check(jwksURL); err != nil {
			t.Fatal(err)
		}
		n.mu.Lock()
		for i := range 4 {
			n.answers[jwksURL+strconv.Itoa(i)] = fetch.Response{Status: 200}
			n.bodies[jwksURL+strconv.Itoa(i)] = func(ctx context.Context) io.Reader { return slow{ctx} }
		}
		n.mu.Unlock()
		begin := time.Now()
		var wg sync.WaitGroup
		var waited atomic.Int32
		for i := range 40 {
			wg.Go(func() {
				if err := check(jwksURL + strconv.Itoa(i%4)); !errors.Is(err, assertion.Busy) {
					waited.Add(1)
				}
			})
		}
		synctest.Wait()
		if err := check(jwksURL); err != nil || time.Since(begin) != 0 {
			t.Errorf("keys that are there: %v", err)
		}
		wg.Wait()
		if waited.Load() != 16 {
			t.Errorf("%d waited", waited.Load())
		}
		time.Sleep(time.Minute)
		if err := check(jwksURL + "0"); errors.Is(err, assertion.Busy) {
			t.Errorf("there is no room afterwards: %v", err)
		}
	})
}

// However many addresses: eight are asked at a time, the rest not for longer than five
// seconds, and no more than 256 are remembered.
func TestManyAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSigner(t, jose.EdDSA, "1")
		n := &net{answers: map[string]fetch.Response{}, bodies: map[string]func(context.Context) io.Reader{}}
		a := newApp(t, n)
		var text []string
		for i := range 300 {
			address := jwksURL + strings.Repeat("x", i)
			n.answers[address] = fetch.Response{Status: 200}
			n.bodies[address] = func(ctx context.Context) io.Reader { return slow{ctx} }
			text = append(text, s.sign(t, s.header(), obj{"iss": "app", "sub": "app", "aud": here.Token, "exp": time.Now().Unix() + 60, "jti": strings.Repeat("y", i%200+1)}))
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		kinds := map[assertion.Kind]int{}
		for i := range 300 {
			wg.Go(func() {
				client := a.client
				client.JWKSURI += strings.Repeat("x", i)
				err := a.checker.Check(t.Context(), text[i], client, here, time.Now())
				e, ok := errors.AsType[*assertion.Error](err)
				if !ok {
					t.Error(err)
					return
				}
				mu.Lock()
				kinds[e.Kind]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if n.most != 8 || n.open != 0 || n.count() != kinds[assertion.InvalidClient] || kinds[assertion.InvalidClient]+kinds[assertion.Busy] != 300 || kinds[assertion.Busy] < 300-256 {
			t.Errorf("%d at a time, %d asked, %v", n.most, n.count(), kinds)
		}
		// Those that may be asked again make room.
		time.Sleep(10 * time.Second)
		n.serve("", jwks(s.pub))
		if err := a.in(s); err != nil {
			t.Error(err)
		}
		for i := range 300 {
			a.client.JWKSURI = "https://other.example/" + strings.Repeat("x", i)
			if i == 255 {
				if err := a.in(s); !errors.Is(err, assertion.Busy) {
					t.Errorf("the 257th within ten seconds: %v", err)
				}
				time.Sleep(10 * time.Second)
			} else if err := a.in(s); !errors.Is(err, assertion.InvalidClient) {
				t.Errorf("the %dth: %v", i, err)
			}
		}
	})
}

// jku may say where the keys are, if it is where they were registered to be.
func TestJKU(t *testing.T) {
	s := newSigner(t, jose.EdDSA, "1")
	n := &net{}
	n.serve("", jwks(s.pub))
	a := newApp(t, n)
	for jku, good := range map[string]bool{jwksURL: true, jwksURL + "/": false, "https://APP.example/jwks": false, "https://evil.example/jwks": false, "": false} {
		text := s.sign(t, with(s.header(), "jku", jku), with(claims(here.Token), "jti", "x"+jku))
		err := a.checker.Check(t.Context(), text, a.client, here, start)
		if (err == nil) != good {
			t.Errorf("%q: %v", jku, err)
		}
	}
	for _, asked := range n.asked {
		if asked != jwksURL {
			t.Errorf("asked %q", asked)
		}
	}
}
