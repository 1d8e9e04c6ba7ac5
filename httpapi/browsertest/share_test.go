package browsertest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"carehold/crypto"
)

// knows makes a tab one of a person's devices, as a passphrase that they set up there does.
func (p *tab) knows(who *person) {
	p.t.Helper()
	d, err := who.holder.AddPassphraseSlot(context.Background(), crypto.SecretString(passphrase), "phone")
	p.check(err)
	kept, err := json.Marshal(map[string]any{"label": "phone", "deviceKey": d.Text(), "memory": nil, "passkeys": []string{}})
	p.check(err)
	p.goes(who.url + "/help")
	eval[bool](p, `import("/static/devicestore.mjs").then(m => m.keep(`+string(kept)+`)).then(() => true)`)
	p.goes(who.url + "/unlock")
	p.fills("Your passphrase", passphrase)
	p.clicks("Open")
	p.until("the record", `location.pathname === "/app/record"`)
}

// reloads loads the page again, as the person would.
func (p *tab) reloads() error { return chromedp.Do(p.ctx, chromedp.Reload()) }

// refused fails the test if the page was not quiet but for what the server refused, which
// a browser says by itself.
func (p *tab) refused() {
	p.t.Helper()
	for _, f := range p.faults() {
		if !expected.MatchString(f) {
			p.t.Error(f)
		}
	}
}

// shows that it is them, where a page asks for it.
func (p *tab) shows() {
	p.t.Helper()
	p.fills("Your passphrase on this device", passphrase)
	p.clicks("Open")
}

const shown = `document.querySelector("#share > section:not([hidden])")?.id`

// TestShare: a person shares a summary in the wizard, which loses nothing when the page is
// loaded again; a ward opens the link with its passcode in a browser of its own; the history
// says so; a pause, an end of it, and Stop are obeyed at once. A session that ends on the way
// loses nothing. No request before the ward's
// has the passcode, and none at all the key of the link.
func TestShare(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	marion := w.marion()
	p := b.tab(t)
	p.knows(marion)

	p.clicks("Sharing")
	p.clicks("Share a part of my record")
	p.until("the first step", shown+` === "what"`)
	eval[bool](p, `document.getElementById("preset-own").click(), true`)
	eval[bool](p, `document.getElementById("section-documents").click(), true`)
	p.clicks("Continue")
	p.until("the second step", shown+` === "who"`)
	eval[bool](p, `document.getElementById("section-mental-health").click(), true`)
	p.clicks("Continue")
	p.sees("Sensitive parts need a link to everything")
	eval[bool](p, `document.getElementById("section-mental-health").click(), true`)
	p.clicks("Continue") // and says what is missing
	p.sees("Write the name of who it is for")
	p.fills("Their name", "Ward 7")
	p.clicks("Continue")
	p.until("the third step", shown+` === "until"`)
	p.check(p.reloads())
	p.until("the third step again", shown+` === "until"`)
	eval[bool](p, `history.back(), true`)
	p.until("the second step again", shown+` === "who" && document.getElementById("name").value === "Ward 7"`)
	p.clicks("Continue")
	p.fills("The passcode for this link", "violet 29")
	p.quiet()
	call(p, network.ClearBrowserCookies, cdp.Empty{}) // the session is over: they show that it is them, and go on
	p.clicks("Continue")
	p.shows()
	p.until("what is counted", `document.querySelectorAll("#check-list details").length > 3 && !document.getElementById("check-go").hidden`)
	if got := eval[string](p, `document.getElementById("check").innerText`); !strings.Contains(got, "Ward 7") || !strings.Contains(got, "violet 29") || strings.Contains(got, "Letters and documents:") {
		t.Errorf("to check:\n%s", got)
	}
	eval[bool](p, `[...document.querySelectorAll("#check-list summary")].find(s => s.textContent.startsWith("Allergies:")).click(), true`)
	p.until("the exact list", `[...document.querySelectorAll(".exact a")].some(a => /penicillin/i.test(a.textContent))`)
	p.refused() // what was asked without a session
	audit(t, p, "/app/share, to check")
	p.clicks("Make the link")
	p.shows()
	p.sees("Your link is ready")
	link := eval[string](p, `document.getElementById("link").value`)
	if left := eval[string](p, `JSON.stringify(Object.keys(sessionStorage))`); left != `["carehold-person"]` || eval[string](p, `location.href`) != w.url+"/app/share" {
		t.Errorf("the tab keeps %s", left)
	}
	audit(t, p, "/app/share, done")
	p.quiet()
	for _, r := range w.sends() {
		if bytes.Contains(r.body, []byte("violet")) || strings.Contains(r.url+string(r.body), "Ward+7") || strings.Contains(r.url+string(r.body), "Ward 7") || strings.Contains(r.url, "allerg") {
			t.Errorf("%s %s tells what it should not", r.method, r.url)
		}
	}

	ward := b.tab(t)
	opens := func() {
		t.Helper()
		ward.fills("Your name", "Sister Evans")
		ward.clicks("Open")
		ward.fills("Passcode", "violet 29")
		ward.clicks("Open the record")
	}
	ward.goes(link)
	opens()
	ward.until("the summary", `document.getElementById("viewer").dataset.state === "summary"`)
	if got := eval[string](ward, `document.body.innerText`); !strings.Contains(got, "Penicillin") && !strings.Contains(got, "penicillin") {
		t.Errorf("the ward sees:\n%s", got)
	}
	ward.refused() // what was asked without the passcode
	audit(t, ward, "the viewer's summary")
	key := keyOf(t, link)
	for _, r := range w.sends() {
		if strings.Contains(r.url, key) || bytes.Contains(r.body, []byte(key)) || strings.Contains(r.header.Get("Referer"), key) {
			t.Errorf("%s %s has the key of the link", r.method, r.url)
		}
	}

	p.clicks("History")
	p.sees("Sister Evans")
	p.clicks("Sharing")
	p.sees("6 days left")
	gone := func() {
		t.Helper()
		ward.check(ward.reloads())
		ward.fills("Your name", "Sister Evans")
		ward.clicks("Open")
		ward.until("a refusal", `document.getElementById("viewer").dataset.code === "gone"`)
		ward.refused()
	}
	p.clicks("Pause Ward 7")
	p.shows()
	p.sees("Paused by you")
	gone()
	audit(t, ward, "the viewer, of a link that is paused")
	p.clicks("Start again Ward 7")
	p.shows()
	p.sees("It goes on")

	p.clicks("Change Ward 7")
	p.until("what can be changed", `document.getElementById("change")?.hidden === false`)
	eval[bool](p, `document.getElementById("lasts-86400").click(), true`)
	p.clicks("Change it")
	p.shows()
	p.sees("It is changed")
	p.sees("23 hours left")
	ward.check(ward.reloads())
	opens()
	ward.until("the summary again", `document.getElementById("viewer").dataset.state === "summary"`)

	p.clicks("Receipt Ward 7")
	p.shows()
	p.sees("Carehold receipt 1")
	p.clicks("Stop sharing Ward 7")
	p.sees("It is stopped")
	gone()

	// A draft stays in the tab while the session does, and goes when they lock it.
	p.goes(w.url + "/app/share")
	p.until("a draft", `!!sessionStorage.getItem("carehold.share")`)
	p.clicks("History")
	p.until("the history", `location.pathname === "/app/history" && document.readyState === "complete"`)
	p.clicks("Lock")
	p.until("nothing kept", `location.pathname === "/unlock" && sessionStorage.length === 0`)
	p.quiet()
}

// keyOf is the key that a link holds.
func keyOf(t *testing.T, link string) string {
	t.Helper()
	_, payload, _ := strings.Cut(link, "#shlink:/")
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	var shl struct {
		Key   string
		Exp   int64
		Flag  string
		Label string
	}
	if err := json.Unmarshal(b, &shl); err != nil || len(shl.Key) != 43 || !strings.Contains(shl.Flag, "P") || time.Until(time.Unix(shl.Exp, 0)) > 7*24*time.Hour {
		t.Fatalf("%v: %s", err, b)
	}
	return shl.Key
}
