package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// browser is one Chromium for a test; each tab of it has a context of its own.
type browser struct {
	t   testing.TB
	ctx context.Context
}

func newBrowser(t testing.TB, more ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)),
		// No host but this machine: what a page fetched elsewhere would be an error.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost"))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox)
	}
	opts = append(opts, more...)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &browser{t, ctx}
}

// tab is a page in a browser context that nobody else has.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	failures []string
}

func (b *browser) tab(t testing.TB) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx}
	p.check(chromedp.Do(ctx))
	p.check(chromedp.Listen(ctx, p.listen))
	call(p, log.Enable, cdp.Empty{})
	call(p, runtime.Enable, cdp.Empty{})
	call(p, page.Enable, page.EnableParams{})
	return p
}

// call sends a command of the protocol.
func call[P, R any](p *tab, cmd cdp.Command[P, R], params P) R {
	p.t.Helper()
	r, err := chromedp.Call(p.ctx, cmd, params)
	p.check(err)
	return r
}

func (p *tab) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// listen collects what no page of ours may do.
func (p *tab) listen(ev any) {
	var text string
	switch e := ev.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level != "error" && e.Entry.Source != "security" {
			return
		}
		text = fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
	case *runtime.EventExceptionThrown:
		b, _ := json.Marshal(e.ExceptionDetails)
		text = "uncaught: " + string(b)
	case *runtime.EventConsoleAPICalled:
		if e.Type != "error" && e.Type != "assert" {
			return
		}
		b, _ := json.Marshal(e.Args)
		text = "console: " + string(b)
	case *page.EventJavascriptDialogOpening:
		if e.Type == "beforeunload" {
			return
		}
		text = "dialog: " + e.Message
	default:
		return
	}
	p.mu.Lock()
	p.failures = append(p.failures, text)
	p.mu.Unlock()
}

// faults are what was collected since they were last asked for.
func (p *tab) faults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.failures
	p.failures = nil
	return f
}

// quiet fails the test if the page was not.
func (p *tab) quiet() {
	p.t.Helper()
	for _, f := range p.faults() {
		p.t.Error(f)
	}
}

func (p *tab) goes(url string) {
	p.t.Helper()
	p.check(chromedp.Do(p.ctx, chromedp.Navigate(url)))
}

// eval is what a script on the page answers; a promise is waited for.
func eval[T any](p *tab, js string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%v: %.200s", err, js)
	}
	return v
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// until waits for something to be so on the page.
func (p *tab) until(what, js string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](js, chromedp.WithPollingTimeout(40*time.Second)))
	for range 5 { // a page that goes on to another takes the question with it
		if err == nil || !strings.Contains(err.Error(), "navigated") && !strings.Contains(err.Error(), "context") || p.ctx.Err() != nil {
			break
		}
		_, err = chromedp.Run(p.ctx, chromedp.Poll[bool](js, chromedp.WithPollingTimeout(40*time.Second)))
	}
	if err != nil {
		text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		p.t.Fatalf("%s: %v\n%s\n%s", what, err, strings.Join(p.faults(), "\n"), text)
	}
}

func (p *tab) sees(text string) {
	p.t.Helper()
	p.until("waiting for "+text, `!!document.body && document.body.innerText.includes(`+quote(text)+`)`)
}

// visible is what can be pressed and read by its name: a button, a link, a summary.
const visible = `(sel, name) => [...document.querySelectorAll(sel)].find(e => e.checkVisibility() &&
	(e.getAttribute("aria-label") || e.innerText).replace(/\s+/g, " ").trim() === name)`

// clicks presses what has this name.
func (p *tab) clicks(name string) {
	p.t.Helper()
	find := `(` + visible + `)("a, button, summary, [role=button]", ` + quote(name) + `)`
	// Scripts have run by then: what is pressed before does nothing.
	p.until("no "+name+" to click", `document.readyState === "complete" && !!(`+find+`)`)
	eval[bool](p, find+`.click(), true`)
}

// fills types into the field with this label, as a keyboard does.
func (p *tab) fills(label, text string) {
	p.t.Helper()
	find := `(` + visible + `)("label", ` + quote(label) + `)`
	p.until("no field "+label, `!!(`+find+`)`)
	eval[bool](p, `(e => (e.focus(), e.select?.(), true))(`+find+`.control)`)
	p.check(chromedp.Do(p.ctx, chromedp.KeyEvent(text)))
}

// size is how large the window is, and theme whether it is dark.
func (p *tab) looks(width int64, theme string) {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 800, DeviceScaleFactor: 1})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
}

// signedIn gives the tab the session that a person opened, as unlocking would.
func (p *tab) signedIn(who *person) {
	p.t.Helper()
	on := true
	call(p, network.SetCookie, network.SetCookieParams{Name: "carehold", Value: who.token, URL: who.url, HTTPOnly: &on, SameSite: "Lax"})
}

// authenticator gives the tab a phone's: passkeys that are kept, and the PRF extension.
func (p *tab) authenticator() webauthn.AuthenticatorID {
	p.t.Helper()
	call(p, webauthn.Enable, webauthn.EnableParams{})
	return call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Ctap2version: "ctap2_1", Transport: "internal", HasResidentKey: true, HasUserVerification: true,
		HasPrf: true, AutomaticPresenceSimulation: true, IsUserVerified: true}}).AuthenticatorID
}
