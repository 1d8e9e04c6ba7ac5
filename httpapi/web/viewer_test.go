package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func viewerPage(t *testing.T, serve func(*Pages) func(http.ResponseWriter, *http.Request) error, lang string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", "/v", nil)
	r.Header.Set("Accept-Language", lang)
	w := httptest.NewRecorder()
	if err := serve(New(Config{PublicURL: "https://record.example"}))(w, r); err != nil {
		t.Fatal(err)
	}
	return w
}

// The viewer's page is the same for everybody, may use the camera only where it scans, and
// has no policy that it does not need.
func TestViewerPages(t *testing.T) {
	open := viewerPage(t, func(p *Pages) func(http.ResponseWriter, *http.Request) error { return p.Viewer }, "en")
	scan := viewerPage(t, func(p *Pages) func(http.ResponseWriter, *http.Request) error { return p.Scan }, "en")
	for name, w := range map[string]*httptest.ResponseRecorder{"open": open, "scan": scan} {
		h := w.Header()
		if csp := h.Get("Content-Security-Policy"); strings.Contains(csp, "wasm") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "connect-src 'self';") {
			t.Errorf("%s: %s", name, csp)
		}
		if h.Get("Cache-Control") != "no-store" || !strings.Contains(w.Body.String(), "<noscript>") {
			t.Errorf("%s: %v", name, h)
		}
	}
	if got := open.Header().Get("Permissions-Policy"); got != "" {
		t.Errorf("the page that opens links has its own policy for the camera: %s", got)
	}
	if got := scan.Header().Get("Permissions-Policy"); !strings.HasPrefix(got, "camera=(self)") {
		t.Errorf("the page that scans: %s", got)
	}
	for _, id := range []string{"open-form", "link", "who-form", "name", "organisation", "passcode-form", "passcode", "tries", "step-failed", "failed-heading", "again", "step-summary", "working"} {
		if strings.Count(open.Body.String(), ` id="`+id+`"`) != 1 {
			t.Errorf("the page has no one %s, which its script looks for", id)
		}
	}
	welsh := viewerPage(t, func(p *Pages) func(http.ResponseWriter, *http.Request) error { return p.Viewer }, "cy").Body.String()
	if !strings.Contains(welsh, "Eich enw") || !strings.Contains(welsh, `data-key="viewer.js.section.allergies">Alergeddau`) {
		t.Error("in Welsh it does not say what there is of it")
	}
}

var (
	said  = regexp.MustCompile(`\b([tn])\('([a-z0-9.\-]+)'`)
	begun = regexp.MustCompile("\\b([tn])\\(`([a-z0-9.]+)\\.\\$\\{")
)

// Every message that the viewer's scripts say is there.
func TestViewerWords(t *testing.T) {
	en := readCatalogue().by["en"]
	n := 0
	files, err := fs.Glob(uiFiles, "ui/viewer*.mjs")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := uiFiles.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllStringSubmatch(string(b), -1) {
			key := "viewer.js." + m[2]
			if m[1] == "n" {
				key += ".other"
			}
			if n++; en[key] == "" {
				t.Errorf("%s says %s, which is in no messages/en/*.json", path.Base(f), key)
			}
		}
		for _, m := range begun.FindAllStringSubmatch(string(b), -1) {
			found := false
			for key := range en {
				found = found || strings.HasPrefix(key, "viewer.js."+m[2]+".")
			}
			if n++; !found {
				t.Errorf("%s says something of viewer.js.%s.*, and there is nothing", path.Base(f), m[2])
			}
		}
		if bad := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function|srcdoc|DOMParser|\.style\b|localStorage`).FindString(string(b)); bad != "" {
			t.Errorf("%s uses %s", path.Base(f), bad)
		}
		if lines := strings.Count(string(b), "\n"); lines > 250 {
			t.Errorf("%s has %d lines", path.Base(f), lines)
		}
	}
	// Each reason to fail has a heading, a why and what to do next; each section a name.
	codes := regexp.MustCompile(`new Failure\('([a-z]+)'`)
	for _, f := range append(files, "ui/shl.mjs") {
		b, _ := uiFiles.ReadFile(f)
		for _, m := range codes.FindAllStringSubmatch(string(b), -1) {
			for _, part := range []string{"", ".why", ".next"} {
				if n++; en["viewer.js.failed."+m[1]+part] == "" {
					t.Errorf("of the failure %s, %q is not said", m[1], part)
				}
			}
		}
	}
	b, _ := uiFiles.ReadFile("ui/viewer-doc.mjs")
	for _, m := range regexp.MustCompile(`\{ id: '([a-z]+)'`).FindAllStringSubmatch(string(b), -1) {
		if n++; en["viewer.js.section."+m[1]] == "" {
			t.Errorf("the section %s has no name", m[1])
		}
	}
	if n < 150 {
		t.Errorf("only %d messages were looked for", n)
	}
}
