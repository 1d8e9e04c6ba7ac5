package browsertest

import "testing"

// TestWeight: the record page, as a browser fetches it for the first time, with all that it
// needs to be shown, has less than 100 kB; the core is not among it.
func TestWeight(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	p := b.tab(t)
	p.signedIn(w.marion())
	p.goes(w.url + "/app/record")
	p.until("all of it", `document.readyState === "complete"`)
	type part struct {
		Name  string
		Bytes int
	}
	total := 0
	parts := eval[[]part](p, `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map(e => ({Name: new URL(e.name).pathname, Bytes: e.transferSize}))`)
	for _, x := range parts {
		if total += x.Bytes; x.Bytes == 0 || x.Name == "/core.wasm" {
			t.Errorf("%s: %d bytes", x.Name, x.Bytes)
		}
	}
	if total > 100_000 || len(parts) < 3 {
		t.Errorf("the record page has %d bytes in %d parts: %v", total, len(parts), parts)
	}
	t.Logf("the record page has %d bytes before the core, in %d parts", total, len(parts))
}
