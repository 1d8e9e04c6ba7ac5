package fetch_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/fetch"
)

// web is a network made by hand: an answer to each address, and what was asked.
type web struct {
	answers map[string]fetch.Response
	bodies  map[string]io.Reader
	asked   []fetch.Request
	fails   error
}

func (w *web) Fetch(_ context.Context, r fetch.Request) (*fetch.Response, error) {
	w.asked = append(w.asked, r)
	if w.fails != nil {
		return nil, w.fails
	}
	resp, ok := w.answers[r.URL]
	if !ok {
		resp.Status = 404
	}
	body := w.bodies[r.URL]
	if body == nil {
		body = strings.NewReader("body of " + r.URL)
	}
	resp.Body = io.NopCloser(body)
	return &resp, nil
}

func TestCheck(t *testing.T) {
	for _, good := range []string{
		"https://a.example/x", "https://a.example:8443/x?y=1", "https://[2001:db8::1]/", "HTTPS://A.example",
		"http://localhost:8080/shl/x", "http://127.0.0.1/x", "http://[::1]:8080/x",
	} {
		if err := fetch.Check(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "x", "/x", "//a.example/x", "http://a.example/x", "http://10.0.0.1/x", "http://localhost.evil.example/", "http://127.0.0.1.evil.example/",
		"ftp://a.example/", "file:///etc/passwd", "javascript:alert(1)", "data:text/plain,x", "https:", "https:///x", "https:a.example",
		"https://user@a.example/", "https://user:pass@a.example/", "https://a.example/\n", "https://a.example/ x", " https://a.example/", "https://a.example/\x7f",
		"https://%zz/", "https://a.example/" + strings.Repeat("x", 5000),
	} {
		if err := fetch.Check(bad); !errors.Is(err, record.Invalid) {
			t.Errorf("%.60q: %v", bad, err)
		}
	}
}

// TestRedirects: to https only, a few times, and never with what was posted.
func TestRedirects(t *testing.T) {
	to := func(status int, where string) fetch.Response {
		return fetch.Response{Status: status, Location: where}
	}
	ok := fetch.Response{Status: 200, CacheControl: "max-age=60", Age: "9"}
	w := &web{answers: map[string]fetch.Response{
		"https://a.example/1": to(302, "https://b.example/2"), "https://b.example/2": to(308, "/3"), "https://b.example/3": ok,
		"https://a.example/down": to(301, "http://a.example/x"), "https://a.example/file": to(302, "file:///etc/passwd"),
		"https://a.example/local": to(302, "http://127.0.0.1:631/"), "https://a.example/js": to(302, "javascript:x"),
		"https://a.example/user": to(302, "https://u:p@a.example/"), "https://a.example/loop": to(307, "https://a.example/loop"),
		"https://a.example/nowhere": {Status: 302}, "https://a.example/bad": to(302, "https://%zz"),
		"http://localhost/1": to(302, "/2"), "http://localhost/2": ok, "http://localhost/other": to(302, "http://127.0.0.1/2"),
		"https://a.example/304": {Status: 304}, "https://a.example/300": to(300, "https://b.example/3"),
	}}
	for _, c := range []struct {
		from   string
		status int // 0: an error
	}{
		{"https://a.example/1", 200}, {"http://localhost/1", 200}, {"https://a.example/304", 304}, {"https://a.example/300", 300}, {"https://a.example/none", 404},
		{"https://a.example/down", 0}, {"https://a.example/file", 0}, {"https://a.example/local", 0}, {"https://a.example/js", 0},
		{"https://a.example/user", 0}, {"https://a.example/loop", 0}, {"https://a.example/nowhere", 0}, {"https://a.example/bad", 0},
		{"http://localhost/other", 0}, {"http://a.example/", 0},
	} {
		w.asked = nil
		a, err := fetch.Get(t.Context(), w, c.from, "", 100)
		if a.Status != c.status || (err == nil) != (c.status != 0) {
			t.Errorf("%s: %d %v", c.from, a.Status, err)
		}
		if a.Status == 200 && (a.CacheControl != ok.CacheControl || a.Age != ok.Age) {
			t.Errorf("%s: to be kept %q, aged %q", c.from, a.CacheControl, a.Age)
		}
		for _, r := range w.asked {
			if fetch.Check(r.URL) != nil || len(w.asked) > 4 {
				t.Errorf("%s: asked %s, one of %d", c.from, r.URL, len(w.asked))
			}
		}
	}
	w.asked = nil
	for _, from := range []string{"https://a.example/1", "https://a.example/loop"} {
		if _, err := fetch.Post(t.Context(), w, from, []byte("secret"), 100); !errors.Is(err, record.Unavailable) {
			t.Errorf("POST %s: %v", from, err)
		}
	}
	if len(w.asked) != 2 {
		t.Errorf("what was posted went to %d addresses", len(w.asked))
	}
}

// TestLimit: a body is read to the limit, whatever its length is said to be.
func TestLimit(t *testing.T) {
	const x = "https://a.example/x"
	for _, c := range []struct{ size, limit int }{{10, 10}, {0, 0}, {11, 10}, {1 << 30, 1 << 20}} {
		w := &web{answers: map[string]fetch.Response{x: {Status: 200}}, bodies: map[string]io.Reader{x: io.LimitReader(endless{}, int64(c.size))}}
		a, err := fetch.Get(t.Context(), w, x, "", c.limit)
		if fits := c.size <= c.limit; (err == nil) != fits || fits && len(a.Body) != c.size || !fits && !errors.Is(err, record.TooLarge) {
			t.Errorf("%d of %d: %d %v", c.size, c.limit, len(a.Body), err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestNothingOfTheAddress: an error holds no address: it is as good as the link.
func TestNothingOfTheAddress(t *testing.T) {
	w := &web{fails: errors.New(`Get "https://a.example/secret": no such host`)}
	_, err := fetch.Get(t.Context(), w, "https://a.example/secret", "", 1)
	if !errors.Is(err, record.Unavailable) || strings.Contains(err.Error(), "secret") || strings.Contains(record.SafeText(err), "secret") {
		t.Error(err)
	}
	// Whoever fetches may say it better.
	w.fails = record.Safef(record.Forbidden, "this address is not public")
	if _, err = fetch.Get(t.Context(), w, "https://a.example/secret", "", 1); !errors.Is(err, record.Forbidden) {
		t.Error(err)
	}
	broken := &web{answers: map[string]fetch.Response{"https://a.example/secret": {Status: 200}}, bodies: map[string]io.Reader{"https://a.example/secret": io.MultiReader(strings.NewReader("x"), fails{})}}
	if a, err := fetch.Get(t.Context(), broken, "https://a.example/secret", "", 10); !errors.Is(err, record.Unavailable) || len(a.Body) != 0 {
		t.Error(a, err)
	}
}

type fails struct{}

func (fails) Read([]byte) (int, error) { return 0, errors.New("reset by secret") }
