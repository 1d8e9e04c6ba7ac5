package browsertest

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe.min.js
var axe string

// audit holds the page that the tab shows to the rules; name is for who reads the faults.
func audit(t testing.TB, p *tab, name string) {
	t.Helper()
	for _, fault := range audited(p) {
		t.Errorf("%s: %s", name, fault)
	}
}

// audited are the faults of a page.
func audited(p *tab) (faults []string) {
	p.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{375, 1100} {
			p.looks(width, theme)
			if eval[string](p, "typeof axe") != "object" {
				eval[bool](p, axe+"\n;true")
			}
			for _, v := range eval[[]string](p, `axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]})
				.then(r => r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.target + " " + n.failureSummary.slice(0, 200)).join(" | ")))`) {
				faults = append(faults, fmt.Sprintf("%s %d: axe %s", theme, width, v))
			}
		}
	}
	for _, theme := range []string{"light", "dark"} {
		p.looks(1100, theme)
		for _, f := range walked(p) {
			faults = append(faults, theme+": "+f)
		}
	}
	p.looks(375, "light")
	faults = append(faults, wide(p, "375 px")...)
	p.looks(320, "light")
	faults = append(faults, wide(p, "320 px")...)
	// Text twice as large is what a window of 1280 px has at 200 %: 640 px, and no less text.
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 640, Height: 512, DeviceScaleFactor: 2})
	faults = append(faults, wide(p, "200 %")...)
	// And text alone, as browsers can make it.
	p.looks(1100, "light")
	eval[bool](p, `document.documentElement.style.setProperty("font-size", "200%"), true`)
	faults = append(faults, wide(p, "200 % text")...)
	faults = append(faults, eval[[]string](p, `[...document.querySelectorAll("main *")].filter(e => e.checkVisibility() && getComputedStyle(e).overflow !== "visible" &&
		!e.matches(".skip, .gone, .unseen, input, select, textarea, svg *") && (getComputedStyle(e).overflowY === "hidden" || getComputedStyle(e).overflowY === "clip") &&
		e.clientHeight > 1 && e.scrollHeight > e.clientHeight + 2).map(e => "200 % text: " + e.tagName + "." + e.className + " cuts its text off")`)...)
	eval[bool](p, `document.documentElement.style.removeProperty("font-size"), true`)
	// A message that its page did not bring along is shown as its name.
	faults = append(faults, eval[[]string](p, `(document.body.innerText.match(/\[[a-z]+(\.[a-z]+)+\]/g) ?? []).map(m => "no words for " + m)`)...)
	return append(faults, p.faults()...)
}

// wide tells what makes a page scroll sideways.
func wide(p *tab, at string) []string {
	p.t.Helper()
	return eval[[]string](p, `(() => { const d = document.documentElement
		if (d.scrollWidth <= innerWidth) return []
		const out = [...document.body.querySelectorAll("*")].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1).slice(0, 4)
		return [`+quote(at)+` + ": scrolls sideways to " + d.scrollWidth + " in " + innerWidth + ": " + out.map(e => e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 40)).join(" | ")] })()`)
}

// walked goes through the page with the Tab key: every control in the order in which it
// stands in the page, and each so that one sees where one is. Of radio buttons of one
// name one is reached, which is how they work.
func walked(p *tab) (faults []string) {
	p.t.Helper()
	wanted := eval[[]string](p, `(() => {
		document.activeElement?.blur?.(); getSelection().removeAllRanges()
		const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, iframe, [tabindex]")].filter(e =>
			e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.tabIndex >= 0 && e.type !== "hidden" && !e.closest("[inert]"))
		const groups = new Set()
		const kept = all.filter(e => {
			if (e.type !== "radio") return true
			const group = [...document.getElementsByName(e.name)].filter(o => o.form === e.form), on = group.find(o => o.checked)
			if (on) return on === e
			if (groups.has(e.name)) return false
			return groups.add(e.name), true
		})
		globalThis.walk = kept
		// Where the walk begins: before everything.
		document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex")
		return kept.map(e => e.tagName + " " + (e.getAttribute("aria-label") || e.innerText || e.name || e.id || "").trim().slice(0, 40))
	})()`)
	for i, name := range wanted {
		before := eval[bool](p, fmt.Sprintf(`(globalThis.look = e => { const s = getComputedStyle(e), b = e.parentElement && getComputedStyle(e.parentElement)
			return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.backgroundColor, s.borderColor, s.textDecorationLine].join() },
			globalThis.was = look(walk[%d]), true)`, i))
		_ = before
		p.check(chromedp.Do(p.ctx, chromedp.KeyEvent("\t")))
		got := eval[string](p, fmt.Sprintf(`(() => { const e = document.activeElement
			if (e !== walk[%d]) return "the focus is on " + e.tagName + " " + (e.innerText || e.id || "").slice(0, 40)
			const r = e.getBoundingClientRect(), s = getComputedStyle(e)
			if (r.width < 1 || r.height < 1) return "it has no size"
			if (r.bottom < 0 || r.top > innerHeight || r.right < 0 || r.left > innerWidth) return "it is outside of the window"
			if (look(e) === was) return "nothing shows that the focus is there"
			return "" })()`, i))
		if got != "" {
			faults = append(faults, fmt.Sprintf("Tab %d of %d, to %s: %s", i+1, len(wanted), strings.Join(strings.Fields(name), " "), got))
			if strings.HasPrefix(got, "the focus is on") {
				return faults // and all the rest is shifted
			}
		}
	}
	return faults
}
