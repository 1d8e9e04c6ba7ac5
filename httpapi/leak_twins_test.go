package httpapi_test

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"carehold/httpapi"
	"carehold/httpapi/client"
	"carehold/record/store"
)

// twin is a record that can be copied as it is: with its keys, its grants and its
// tokens, so that whatever is made of a key is the same in both, and with a clock that
// stands still until it is told. What two twins are not asked alike, and answer
// differently, is then a difference of what is in them.
type twin struct {
	*world
	dir     string
	serving atomic.Pointer[httpapi.Server]
	opens   []made       // its links
	at      atomic.Int64 // the clock, in milliseconds
}

func newTwin(t *testing.T) *twin {
	w := &twin{dir: filepath.Join(t.TempDir(), "store")}
	w.at.Store(time.Now().Add(time.Minute).UnixMilli())
	if err := store.Init(w.dir); err != nil {
		t.Fatal(err)
	}
	w.begin(t, map[string]string{"base": publicURL})
	w.ada = w.enrol("Ada")
	w.vars["ada"] = w.session(w.ada)
	var err error
	w.vars["patient"], err = w.client.With(w.vars["ada"]).Patient(t.Context())
	w.check(err)
	return w
}

// begin puts a server before the store.
func (w *twin) begin(t *testing.T, vars map[string]string) {
	w.world = &world{t: t, log: &syncBuffer{}, vars: vars}
	w.http = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serving.Load().ServeHTTP(rw, r) }))
	t.Cleanup(w.http.Close)
	t.Cleanup(func() { w.store.Close() })
	w.open()
	var err error
	w.client, err = client.New(w.http.URL, client.Options{})
	w.check(err)
}

func (w *twin) open() {
	s, err := store.Open(w.dir, store.Options{Now: w.clock, Log: w.quiet(), FHIRBase: publicURL + "/fhir"})
	w.check(err)
	w.store = s
	w.server, err = httpapi.New(s, httpapi.Config{PublicURL: publicURL, Version: "v0-test", Logger: slog.New(slog.NewJSONHandler(w.log, nil)), Limits: generous})
	w.check(err)
	w.server.WithoutCore()
	w.serving.Store(w.server)
}

func (w *twin) clock() time.Time { return time.UnixMilli(w.at.Load()).UTC() }

// copied makes another of the record as it is now.
func (w *twin) copied(t *testing.T) *twin {
	w.check(w.store.Close())
	other := &twin{dir: filepath.Join(t.TempDir(), "store")}
	other.at.Store(w.at.Load())
	w.check(os.CopyFS(other.dir, os.DirFS(w.dir)))
	w.check(filepath.WalkDir(other.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	}))
	w.open()
	vars := map[string]string{}
	for name, value := range w.vars {
		vars[name] = value
	}
	other.begin(t, vars)
	other.opens = w.opens
	return other
}

var (
	placed   = regexp.MustCompile(`(?m)^Location: \S*/(Binary/\$upload|[A-Z][A-Za-z]*)/([A-Za-z0-9-]+)`)
	followed = regexp.MustCompile(`"relation":"next","url":"` + regexp.QuoteMeta(publicURL) + `([^"]*)"`)
)

// asks sends it, and follows what it leads to, up to so many pages.
func (w *twin) asks(token string, q question) string {
	target, lines, _ := strings.Cut(w.expand(q.target), "\n")
	h := http.Header{}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	switch {
	case q.body == "":
	case q.method == "PATCH":
		h.Set("Content-Type", "application/json-patch+json")
	case strings.HasSuffix(target, "_search"):
		h.Set("Content-Type", "application/x-www-form-urlencoded")
	case token == "":
		h.Set("Content-Type", "application/json")
	default:
		h.Set("Content-Type", "application/fhir+json")
	}
	for line := range strings.SplitSeq(lines, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			h.Set(name, value)
		}
	}
	all := ""
	for page := 0; target != "" && page < 4; page++ {
		resp := w.send(q.method, target, h, w.expand(q.body))
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		w.check(err)
		text := whole(resp.StatusCode, resp.Header, b)
		if m := placed.FindStringSubmatch(text); m != nil {
			w.vars["new "+m[1]] = m[2]
		}
		all += text
		target = ""
		if m := followed.FindSubmatch(b); m != nil && q.method == "GET" && strings.Contains(q.target, "_count=") {
			target = string(m[1])
		}
	}
	return all
}

// differing is what may differ between two twins. Each of it is drawn at random when
// it is made, or names a place in the log, which is others' too.
//
//	an id of 26 letters    of what is written under the asker's grant after the copy
//	pv-… of it             the same, through its entry
//	log-x…                 the asker's own name for a log entry of theirs
//	a UUID                 of a Bundle that was made for this answer
//	an upload's id         of their own
//	_page=, /shl/file/     sealed: of one length
//
// Everything else is the same to the byte: also the times, of which there is one clock.
var differing = regexp.MustCompile(`log-x[0-9a-f]{16}|pv-[a-z2-7]{26}|\b[a-z2-7]{26}\b|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\$upload/[0-9a-f]{32}|_page=[A-Za-z0-9_-]+|/shl/file/[A-Za-z0-9_-]+`)

// pairs are the ids of one twin, and which of the other's each stands for: always the
// same one, and no two the same.
type pairs struct{ to, from map[string]string }

func newPairs() *pairs { return &pairs{map[string]string{}, map[string]string{}} }

// same says where two texts differ; "" where they say the same.
func (p *pairs) same(a, b string) string {
	if a == b {
		return ""
	}
	to, from := map[string]string{}, map[string]string{}
	at, bt := 0, 0
	as, bs := differing.FindAllStringIndex(a, -1), differing.FindAllStringIndex(b, -1)
	for i := range min(len(as), len(bs)) {
		if a[at:as[i][0]] != b[bt:bs[i][0]] {
			return apart(a[at:], b[bt:])
		}
		x, y := a[as[i][0]:as[i][1]], b[bs[i][0]:bs[i][1]]
		at, bt = as[i][1], bs[i][1]
		switch sealed := strings.HasPrefix(x, "_page=") || strings.HasPrefix(x, "/shl/file/"); {
		case len(x) != len(y) || sealed && x[:6] != y[:6]:
			return fmt.Sprintf("…%s, and %s", x, y)
		case sealed:
			continue
		}
		for _, known := range []map[string]string{to, p.to} { // in this text, and in those before
			if was, there := known[x]; there && was != y {
				return fmt.Sprintf("…%s, which was %s, is %s", x, was, y)
			}
		}
		for _, known := range []map[string]string{from, p.from} {
			if was, there := known[y]; there && was != x {
				return fmt.Sprintf("…%s, which was %s, is %s", y, was, x)
			}
		}
		to[x], from[y] = y, x
	}
	if a[at:] != b[bt:] {
		return apart(a[at:], b[bt:])
	}
	maps.Copy(p.to, to)
	maps.Copy(p.from, from)
	return ""
}

func apart(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	n = max(0, n-120)
	return fmt.Sprintf("…%.700s\nand\n…%.700s", a[n:], b[n:])
}

// TestPairs: what the twins' comparison lets differ, and what not.
func TestPairs(t *testing.T) {
	const x, y, z = "abcdefghijklmnopqrstuvwxyz", "bbcdefghijklmnopqrstuvwxyz", "cbcdefghijklmnopqrstuvwxyz"
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"an entry", "an entry", true},
		{"an entry", "no entry", false},
		{"id " + x, "id " + y, true},
		{"id " + x, "id ", false},
		{"id " + x + x, "id " + y + y, false}, // 52 letters are no id
		{x + " " + x, y + " " + y, true},
		{x + " " + x, y + " " + z, false},
		{x + " " + y, z + " " + z, false},
		{x, "pv-" + x, false},
		{"log-x0123456789abcdef", "log-xfedcba9876543210", true},
		{"log-7", "log-8", false},
		{"pv-" + x + "-1", "pv-" + y + "-1", true},
		{"pv-" + x + "-1", "pv-" + y + "-2", false},
		{"_page=aaaa", "_page=bbbb", true},
		{"_page=aaaa", "_page=bbbbb", false},
		{"_page=aaaa end", "_page=bbbb, end", false},
		{"2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z", false},
	} {
		if got := newPairs().same(c.a, c.b); (got == "") != c.same {
			t.Errorf("%s and %s: %s", c.a, c.b, got)
		}
	}
	p := newPairs()
	if p.same(x, y) != "" || p.same("then "+x, "then "+z) == "" {
		t.Error("an id may stand for another one at another time")
	}
}
