package browsertest

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/chromedp"

	"carehold/httpapi/client"
	"carehold/record/entry"
)

// slowed lets the browser's pages run for a quarter of the time, their workers with them: a
// processor that is four times as slow. The browser's own throttling does not reach workers,
// and in one is what unlocking takes; so the processes are stopped for 30 of each 40
// milliseconds. Linux only.
func (b *browser) slowed() (back func()) {
	b.t.Helper()
	if runtime.GOOS != "linux" {
		b.t.Fatal("processes are slowed on Linux alone")
	}
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			var pids []*os.Process
			list, err := chromedp.CallBrowser(b.ctx, systeminfo.GetProcessInfo, cdp.Empty{})
			if err != nil {
				return
			}
			for _, x := range list.ProcessInfo {
				if x.Type == "renderer" {
					if p, err := os.FindProcess(int(x.ID)); err == nil {
						pids = append(pids, p)
					}
				}
			}
			for range 5 { // and then look whether there is another page
				each(pids, false)
				<-time.After(30 * time.Millisecond)
				each(pids, true)
				select {
				case <-time.After(10 * time.Millisecond):
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}

// works is how long the page takes for what is always as much, in milliseconds.
func (p *tab) works() float64 {
	p.t.Helper()
	return eval[float64](p, `(() => { const began = performance.now(); let x = 1; for (let i = 0; i < 4e8; i++) x = Math.imul(x, 48271) + i | 0; return performance.now() - began + (x === 7 ? 1 : 0) })()`)
}

// BenchmarkUnlock is from the press of the button to the record page, in a browser whose
// processor is as it is, and four times as slow.
func BenchmarkUnlock(b *testing.B) {
	for _, slow := range []bool{false, true} {
		for _, how := range []string{"passkey", "passphrase"} {
			b.Run(fmt.Sprintf("%s/slowed=%v", how, slow), func(b *testing.B) {
				w, browser := newWorld(b), newBrowser(b)
				p := browser.tab(b)
				p.authenticator()
				p.enrols(w)
				p.clicks("Make a passkey")
				p.until("the record", `location.pathname === "/app/record"`)
				if slow {
					before := p.works()
					defer browser.slowed()()
					defer func() { b.ReportMetric(p.works()/before, "times-slower") }()
				}
				var took []float64
				for b.Loop() {
					b.StopTimer()
					p.goes(w.url + "/unlock")
					p.until("the page", `document.readyState === "complete" && !document.getElementById("with-passphrase").hidden`)
					if how == "passphrase" {
						p.fills("Your passphrase", theirs)
					}
					b.StartTimer()
					began := time.Now()
					if how == "passphrase" {
						p.clicks("Open")
					} else {
						p.clicks("Use your passkey")
					}
					p.until("the record", `location.pathname === "/app/record" && document.readyState === "complete"`)
					took = append(took, time.Since(began).Seconds())
				}
				slices.Sort(took)
				b.ReportMetric(took[len(took)/2], "s(median)")
				b.ReportMetric(took[len(took)-1], "s(most)")
			})
		}
	}
}

// BenchmarkLongList is a page of a list of ten thousand entries, looked at before: from the
// request until its last byte, and until the browser shows it.
func BenchmarkLongList(b *testing.B) {
	w, browser := newWorld(b), newBrowser(b)
	who := w.marion()
	c, err := client.New(w.url, client.Options{})
	w.check(err)
	patient, err := c.With(who.token).Patient(b.Context())
	w.check(err)
	for from := 0; from < 10_000; from += 1000 {
		var body strings.Builder
		body.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
		for i := from; i < from+1000; i++ {
			if i > from {
				body.WriteByte(',')
			}
			fmt.Fprintf(&body, `{"resource":{"resourceType":"Observation","id":"o%d","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"%d-3"}],"text":"Value %d"},"subject":{"reference":"Patient/%s"},"effectiveDateTime":"20%02d-%02d-%02d","valueQuantity":{"value":4.%d,"unit":"mmol/L"}},"request":{"method":"PUT","url":"Observation/o%d"}}`,
				i, 1000+i%50, i%50, patient, i%26, i%12+1, i%28+1, i%10, i)
		}
		body.WriteString(`]}`)
		_, err := c.With(who.token).Transaction(b.Context(), []byte(body.String()), entry.Origin{})
		w.check(err)
	}
	p := browser.tab(b)
	p.signedIn(who)
	p.goes(w.url + "/app/list/all")
	var answered, shown []float64
	for b.Loop() {
		p.goes(w.url + "/app/list/all")
		p.until("all of it", `document.readyState === "complete" && performance.getEntriesByType("navigation")[0].loadEventEnd > 0`)
		x := eval[[]float64](p, `(n => [n.responseEnd - n.requestStart, n.loadEventEnd - n.requestStart])(performance.getEntriesByType("navigation")[0])`)
		answered, shown = append(answered, x[0]), append(shown, x[1])
	}
	slices.Sort(answered)
	slices.Sort(shown)
	b.ReportMetric(answered[len(answered)/2], "ms(answered)")
	b.ReportMetric(shown[len(shown)/2], "ms(shown)")
}
