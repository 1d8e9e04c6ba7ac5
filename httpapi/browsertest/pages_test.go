package browsertest

import (
	"regexp"
	"strings"
	"testing"
)

// screens are the pages that anybody can open, and those of a person's session, each at
// its path. {…} stands for what the first entry of a list leads to.
var open = []string{"/", "/help", "/start", "/unlock", "/v", "/v/scan", "/offline", "/manage", "/nothing-here", "/ask/" + strings.Repeat("0", 49),
	"/oauth/authorize", "/oauth/authorize?client_id=nobody&response_type=code"}
var own = []string{"/app/record", "/app/care", "/app/history", "/app/sharing", "/app/add", "/app/add/medicine", "/app/add/pressure", "/app/imports",
	"/app/requests", "/app/inbox", "/app/consent", "/app/settings/details", "/app/settings", "/app/settings/devices", "/app/settings/recovery", "/app/settings/export", "/app/settings/delete", "/app/share", "/app/nothing-here"}

// TestPages holds every page to the rules, in the four looks.
func TestPages(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	anybody := b.tab(t)
	for _, path := range open {
		t.Run(path, func(t *testing.T) { screen(t, anybody, w.url, path) })
	}
	marion := w.marion()
	p := b.tab(t)
	p.signedIn(marion)
	for _, path := range own {
		t.Run(path, func(t *testing.T) { screen(t, p, w.url, path) })
	}
	// What the record leads to: each list once, and one entry of each kind of line.
	p.t = t
	p.goes(w.url + "/app/record")
	for _, path := range leads(p) {
		t.Run(path, func(t *testing.T) { screen(t, p, w.url, path) })
	}
	// And what can be done with an entry: look closer, write on it, move it, remove it.
	p.t = t
	p.goes(w.url + "/app/list/results")
	p.until("a result", `!!document.querySelector("main a[href*='/app/entry/Observation/']")`)
	eval[bool](p, `document.querySelector("main a[href*='/app/entry/Observation/']").click(), true`)
	p.sees("What you can do")
	for _, path := range leads(p) {
		t.Run(path, func(t *testing.T) { screen(t, p, w.url, path) })
	}
}

var ids = regexp.MustCompile(`/[0-9a-z]{26}|\?.*`)

// leads are the addresses in the record that a page links, one of each form.
func leads(p *tab) (paths []string) {
	seen := map[string]bool{}
	for _, path := range own {
		seen[path] = true
	}
	for _, path := range eval[[]string](p, `[...document.querySelectorAll("main a[href^='/app/']")].map(a => a.getAttribute("href"))`) {
		if form := ids.ReplaceAllString(path, "/*"); !seen[form] {
			seen[form] = true
			paths = append(paths, path)
		}
	}
	return paths
}

// expected is what a browser says by itself of an answer that is not 200.
var expected = regexp.MustCompile(`^network: Failed to load resource: the server responded with a status of 4\d\d`)

func screen(t *testing.T, p *tab, url, path string) {
	p.t = t
	p.goes(url + path)
	for _, f := range p.faults() {
		if !expected.MatchString(f) {
			t.Error(f)
		}
	}
	audit(t, p, path)
}
