package browsertest

import (
	"context"
	"testing"
)

// The keys of one record do nothing on the pages of another, though one browser may have
// both: a parent's passkey or sheet where a child's record is open. Nor is what was
// written for one record sent into the other.
func TestKeysOfAnotherRecord(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	parents := b.tab(t).onRecord(w)
	p := b.tab(t)
	p.onRecord(w)
	eval[bool](p, `new Promise(done => { const r = indexedDB.deleteDatabase("carehold"); r.onsuccess = r.onerror = r.onblocked = () => done(true) })`)
	offers := func() {
		t.Helper()
		p.until("the dialog", `!!document.querySelector("dialog[open]")`)
		p.fills("The code on your recovery sheet", parents)
		eval[bool](p, `[...document.querySelectorAll("dialog form")].at(-1).requestSubmit(), true`)
		p.sees("That opens another record than the one on this page")
		p.clicks("Cancel")
	}

	p.goes(w.url + "/app/settings/delete")
	p.fills("Type delete to say that you mean it", "delete")
	p.clicks("Delete my record")
	offers()
	if st, err := w.store.Status(context.Background()); err != nil || st.People != 2 {
		t.Fatalf("%d records are left, %v", st.People, err)
	}

	p.goes(w.url + "/app/add/note")
	p.fills("A title for it", "About my school")
	eval[bool](p, `fetch("/app/lock", {method: "POST", body: new URLSearchParams({form: document.body.dataset.form})}).then(() => true)`)
	eval[bool](p, `document.querySelector("main form").requestSubmit(), true`)
	p.sees("What you typed is not lost")
	p.clicks("Open and send")
	offers()
	p.refused()
}
