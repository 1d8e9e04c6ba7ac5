package browsertest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Without a connection a page says so in our words; nothing but that page is kept for it,
// and when the connection is back, so is the record.
func TestOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newBrowser(t).tab(t)
	p.enrols(w)
	p.clicks("Not now: go to my record")
	p.sees("There is nothing in your record yet")
	p.until("the service worker to be there", `navigator.serviceWorker.getRegistration().then(r => !!r?.active)`)

	online := *w.handler.Load()
	w.serves(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	eval[bool](p, `location.assign("/app/history"), true`)
	p.sees("You are not connected")
	p.until("its style", `document.styleSheets[0]?.cssRules.length > 20`)
	kept := eval[string](p, `caches.keys().then(async names => {
		const all = await Promise.all(names.map(async n => (await (await caches.open(n)).keys()).map(r => new URL(r.url).pathname)))
		return all.flat().sort().join(" ")
	})`)
	if got := strings.Fields(kept); !slices.Equal(got, []string{"/offline", "/static/app.css", "/static/icon.svg"}) {
		t.Errorf("kept for no connection: %v", got)
	}

	w.serves(online)
	p.clicks("Try again")
	p.sees("History")
}
