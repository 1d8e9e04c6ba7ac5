package browsertest

import (
	"path/filepath"
	"strings"
	"testing"

	logged "carehold/record/audit"
	"carehold/record/holder/holdertest"
)

// A record that was put back from a backup waits, and goes on in the browser when its
// person says so: at once where nothing is missing, and else only when they have said
// that it may be lost. Not now leaves it as it was.
func TestCarryOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newBrowser(t).tab(t)
	p.onRecord(w)
	older := filepath.Join(t.TempDir(), "older")
	w.copies(older)
	p.goes(w.url + "/app/settings/recovery") // a change that the older copy has not
	p.clicks("Make a new sheet")
	p.unlocksDialog(theirs)
	p.until("the new sheet", `!document.getElementById("step-sheet").hidden`)
	eval[bool](p, `document.getElementById("group").value = document.getElementById("code").textContent.split(" ")[document.getElementById("which").textContent.match(/\d/)[0] - 1],
		document.querySelector("#confirm button").click(), true`) // as it asks before one leaves
	w.check(w.store.Close())
	newer := filepath.Join(t.TempDir(), "newer")
	w.copies(newer)

	opens := func() {
		p.t.Helper()
		p.goes(w.url + "/unlock")
		p.fills("Your passphrase", theirs)
		p.clicks("Open")
		p.sees("Your record waits for you")
	}
	restores := func(from string) {
		to := filepath.Join(t.TempDir(), "restored")
		holdertest.Restored(t, from, to, logged.Restored)
		w.serves(w.server(w.opens(to)))
	}

	restores(older)
	eval[bool](p, `fetch("/app/lock", {method: "POST"}).then(() => true)`)
	opens()
	p.sees("Something is missing")
	if text := eval[string](p, `document.getElementById("waits-lost").textContent`); !strings.Contains(text, "Missing changes of yours: 1.") {
		t.Errorf("what is missing: %s", text)
	}
	p.clicks("Go on with my record here")
	p.sees("Tick the box above")
	if !eval[bool](p, `document.activeElement.id === "agree"`) {
		t.Error("the box that is missing has not the focus")
	}
	audit(t, p, "a record that waits")
	p.clicks("Not now")
	p.sees("waits for you. Go to Open my record")

	restores(newer)
	opens()
	p.sees("Nothing is missing of what this browser knows")
	p.sees("The recovery sheet, since")
	p.clicks("Go on with my record here")
	p.until("the record", `location.pathname === "/app/record"`)

	restores(older) // and once more, with the person's word
	opens()
	eval[bool](p, `document.getElementById("agree").click(), true`)
	p.clicks("Go on with my record here")
	p.until("the record", `location.pathname === "/app/record"`)
}
