package browsertest

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"carehold/httpapi/client"
	"carehold/record/sample"
)

// drops lets go of a file over an element, as a hand with a mouse would.
func (p *tab) drops(on, name string, content []byte) {
	p.t.Helper()
	eval[bool](p, `(async () => {
		const bytes = await (await fetch("/help")).text() && Uint8Array.from(atob(`+quote(base64.StdEncoding.EncodeToString(content))+`), c => c.charCodeAt(0))
		const data = new DataTransfer()
		data.items.add(new File([bytes], `+quote(name)+`, {type: "application/json"}))
		const at = document.querySelector(`+quote(on)+`)
		for (const type of ["dragenter", "dragover", "drop"]) at.dispatchEvent(new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}))
		return true
	})()`)
}

// at waits for the page of a path.
func (p *tab) at(path string) {
	p.t.Helper()
	p.until("the page "+path, `document.readyState === "complete" && location.pathname.startsWith(`+quote(path)+`)`)
}

// ends ends the session of the tab on the server, as time does.
func (p *tab) ends(w *world) {
	p.t.Helper()
	cookies := call(p, network.GetCookies, network.GetCookiesParams{URLs: []string{w.url}}).Cookies
	c, err := client.New(w.url, client.Options{})
	p.check(err)
	for _, x := range cookies {
		if strings.HasSuffix(x.Name, "carehold") {
			_, err := c.SignOut(p.ctx, x.Value)
			p.check(err)
			return
		}
	}
	p.t.Fatal("there is no session")
}

// downloads is the file that fn has the browser save.
func (p *tab) downloads(fn func()) []byte {
	p.t.Helper()
	dir, done := p.t.TempDir(), make(chan struct{}, 1)
	p.check(chromedp.ListenBrowser(p.ctx, func(ev any) {
		if e, is := ev.(*cdpbrowser.EventDownloadProgress); is && e.State == cdpbrowser.DownloadProgressStateCompleted {
			done <- struct{}{}
		}
	}))
	on := true
	_, err := chromedp.CallBrowser(p.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: dir,
		BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID, EventsEnabled: &on})
	p.check(err)
	fn()
	select {
	case <-done:
	case <-p.ctx.Done():
		p.t.Fatal("nothing was saved")
	}
	list, err := filepath.Glob(filepath.Join(dir, "*"))
	p.check(err)
	if len(list) != 1 {
		p.t.Fatalf("saved: %v", list)
	}
	b, err := os.ReadFile(list[0])
	p.check(err)
	return b
}

// TestJourney: somebody with an empty record drops a file of their surgery's, looks at
// what is in it and keeps it, finds their allergy, sees how a value went, writes a note
// that outlives the end of their session, and takes everything out. Reload and back are
// safe on the way.
func TestJourney(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	p := b.tab(t)
	p.enrols(w)
	p.goes(w.url + "/app/record")

	p.clicks("Add")
	p.at("/app/add")
	gp := sample.Sources()[0]
	p.drops("#files", "surgery.json", gp.Bundle)
	p.at("/app/import/")
	p.sees("surgery.json")
	p.check(p.reloads()) // what was sent is there still
	p.sees("surgery.json")
	eval[bool](p, `document.querySelectorAll("input[name^=me-]").forEach(e => e.click()), true`)
	p.clicks("Keep")
	p.until("the report", `!!document.querySelector("a.btn[href='/app/record']")`)
	p.check(p.reloads()) // brings in nothing twice
	entries := func() int {
		p.goes(w.url + "/app/list/all")
		n := 0
		fmt.Sscanf(strings.ReplaceAll(eval[string](p, `document.querySelector("main").innerText.match(/[\d,]+ entr/)?.[0] ?? "0"`), ",", ""), "%d", &n)
		return n
	}
	kept := entries()
	if kept < 50 {
		t.Errorf("%d entries were kept: %s", kept, eval[string](p, `document.querySelector("main").innerText.slice(0, 300)`))
	}

	p.goes(w.url + "/app/record")
	p.sees("Penicillin") // on the first page, before everything else
	eval[bool](p, `document.querySelector("main a[href='/app/list/allergies']").click(), true`)
	p.at("/app/list/allergies")
	eval[bool](p, `[...document.querySelectorAll("main a[href*='/AllergyIntolerance/']")].find(a => /penicillin/i.test(a.textContent)).click(), true`)
	p.at("/app/entry/AllergyIntolerance/")
	p.sees("Where this came from")
	eval[bool](p, `history.back(), true`)
	p.at("/app/list/allergies")

	p.goes(w.url + "/app/list/results")
	trend := eval[string](p, `document.querySelector("main a[href$='/trend']")?.getAttribute("href") ?? ""`)
	for _, path := range eval[[]string](p, `[...document.querySelectorAll("main a[href^='/app/entry/Observation/']")].map(a => a.getAttribute("href"))`) {
		if trend != "" {
			break
		}
		p.goes(w.url + path)
		trend = eval[string](p, `document.querySelector("main a[href$='/trend']")?.getAttribute("href") ?? ""`)
	}
	p.goes(w.url + trend)
	if n := eval[int](p, `document.querySelectorAll("main table tbody tr").length`); n < 3 {
		t.Errorf("the trend %s has %d values", trend, n)
	}
	p.quiet()

	// A note, in the middle of which the session ends.
	note := "Rwy'n hoffi te — \"cryf\" & <melys>, 100 %\nand a second line"
	p.goes(w.url + "/app/add/note")
	p.fills("A title for it", "Tea")
	eval[bool](p, `document.getElementById("text").value = `+quote(note)+`, true`)
	p.ends(w)
	p.clicks("Go on")
	p.sees("What you typed is not lost")
	p.sees("and a second line")
	p.clicks("Open and send")
	p.fills("Your passphrase on this device", theirs)
	p.clicks("Open")
	p.sees("Check what you wrote")
	p.ends(w) // and once more, at the last step
	p.clicks("Keep")
	p.sees("What you typed is not lost")
	p.clicks("Open and send")
	p.fills("Your passphrase on this device", theirs)
	p.clicks("Open")
	p.at("/app/entry/")
	p.sees("Tea")
	p.check(p.reloads())
	p.clicks("See the original, word for word")
	p.sees(`Rwy'n hoffi te — \"cryf\" & <melys>, 100 %\`) // and the line's end, as JSON has it
	if n := entries(); n != kept+1 {
		t.Errorf("after one note there are %d entries, before it %d", n, kept)
	}
	// Back to where it was sent, and sent again: it is the same note.
	eval[bool](p, `history.go(-2), true`)
	p.until("a page from before", `document.readyState === "complete" && !location.pathname.startsWith("/app/list")`)
	eval[bool](p, `([...document.querySelectorAll("main button.btn")].find(b => b.textContent === "Keep")?.click(), true)`)
	p.until("what is there now", `document.readyState === "complete"`)
	if n := entries(); n != kept+1 {
		t.Errorf("after going back and sending it again there are %d entries, with one note %d", n, kept+1)
	}
	for _, f := range p.faults() {
		if !expected.MatchString(f) { // that the session was over
			t.Error(f)
		}
	}

	// Everything out, into a file.
	out := p.downloads(func() {
		p.goes(w.url + "/app/settings/export")
		p.clicks("Download everything")
	})
	if lines := strings.Count(string(out), "\n"); lines < kept || !strings.Contains(string(out), "cryf") || !strings.Contains(strings.ToLower(string(out)), "penicillin") {
		t.Errorf("%d lines of %d entries were taken out", lines, kept+1)
	}
	p.quiet()
}
