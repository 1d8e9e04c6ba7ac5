package browsertest

import (
	"context"
	"testing"
)

// A person deletes their record in the browser: only with the word and their keys, and
// then nothing of it is on the server, and nothing in the browser.
func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newBrowser(t).tab(t)
	recovery := p.onRecord(w)
	p.goes(w.url + "/app/settings/delete")
	p.fills("Type delete to say that you mean it", "remove")
	p.clicks("Delete my record")
	p.sees("Type delete, and no other word")
	eval[bool](p, `document.getElementById("word").value = "", true`)
	p.fills("Type delete to say that you mean it", "Delete")
	p.clicks("Delete my record")
	p.unlocksDialog(theirs)
	p.sees("Your record is deleted")
	p.quiet()
	if st, err := w.store.Status(context.Background()); err != nil || st.People != 0 {
		t.Errorf("%d people, %v", st.People, err)
	}
	p.goes(w.url + "/unlock")
	p.fills("The code on your recovery sheet", recovery)
	p.clicks("Open")
	p.until("a refusal", `!document.getElementById("failed").hidden`)
	if known := eval[bool](p, `document.body.innerText.includes("This device is known as")`); known {
		t.Error("the browser still knows the record")
	}
}
