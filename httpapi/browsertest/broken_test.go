package browsertest

import (
	_ "embed"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

//go:embed testdata/broken.html
var broken []byte

// TestAuditFails: on a page that has every fault the audit finds every one.
func TestAuditFails(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/bad", func(w http.ResponseWriter, r *http.Request) { w.Write(broken) })
	mux.HandleFunc("/policy", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'none'")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(`<!DOCTYPE html><html lang="en"><title>x</title><script>1</script>`))
	})
	mux.HandleFunc("/unseen", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(`<!DOCTYPE html><html lang="en"><title>x</title><style>a:focus{outline:none}</style><main><h1>x</h1><a href="/a">a</a></main>`))
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	url := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	b := newBrowser(t)

	p := b.tab(t)
	p.goes(url + "/bad")
	found := strings.Join(audited(p), "\n")
	for _, want := range []string{"color-contrast", "image-alt", "html-has-lang", "label:", "document-title", "320 px: scrolls sideways",
		"the focus is on", "cuts its text off", "it said so"} {
		if !strings.Contains(found, want) {
			t.Errorf("the audit does not say %q:\n%s", want, found)
		}
	}
	p.goes(url + "/policy")
	if f := strings.Join(p.faults(), "\n"); !strings.Contains(f, "Content Security Policy") {
		t.Errorf("what the policy stopped is not told: %q", f)
	}
	p.goes(url + "/unseen")
	if f := strings.Join(walked(p), "\n"); !strings.Contains(f, "nothing shows that the focus is there") {
		t.Errorf("a focus that is not seen is not told: %q", f)
	}
}
