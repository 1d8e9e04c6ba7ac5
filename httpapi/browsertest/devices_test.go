package browsertest

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

const phones = "four geese over a frozen lake"

// unlocksDialog types the passphrase into the dialog that asks for a touch.
func (p *tab) unlocksDialog(passphrase string) {
	p.t.Helper()
	p.fills("Your passphrase on this device", passphrase)
	eval[bool](p, `document.querySelector("dialog form").requestSubmit(), true`)
	p.until("the dialog to go", `!document.querySelector("dialog")`)
}

// onRecord enrols, and goes on to the record without a passkey.
func (p *tab) onRecord(w *world) (recovery string) {
	p.t.Helper()
	recovery = p.enrols(w)
	p.clicks("Not now: go to my record")
	p.until("the record", `location.pathname === "/app/record"`)
	return recovery
}

// TestSecondDevice: a second device is let in by the code on the first one's screen and
// the passphrase that was chosen for it; by neither of them alone. Removed, it is out.
func TestSecondDevice(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	first := b.tab(t)
	first.onRecord(w)
	first.goes(w.url + "/app/settings/devices")
	first.fills("What you call the other device", "my phone")
	first.fills("A passphrase for the other device", phones)
	first.fills("The same passphrase again", phones)
	first.clicks("Show the code")
	first.unlocksDialog(theirs)
	first.until("the code", `!!document.querySelector("#other-qr svg path") && !document.getElementById("other-code").hidden`)
	link := eval[string](first, `document.getElementById("other-link").value`)
	key := regexp.MustCompile(`#device=([0-9A-Za-z-]+)&as=my\+phone&seen=`).FindStringSubmatch(link)
	if key == nil || len(link) > 900 {
		t.Fatalf("%d characters, without all that belongs to it", len(link))
	}
	audit(t, first, "the code for another device")
	first.quiet()

	// Half a code, and a code that is somebody's who knows no passphrase.
	p := b.tab(t)
	p.goes(w.url + "/unlock#device=1A")
	p.sees("This code is not complete")
	p.goes("about:blank")
	p.goes(link)
	p.sees("Go on only if you made this code yourself")
	if at := eval[string](p, `location.href`); at != w.url+"/unlock" {
		t.Errorf("the code stays in the address: %s", at)
	}
	audit(t, p, "a code that was scanned")
	p.fills("The passphrase for this device", theirs) // the other one's
	p.clicks("Open")
	p.sees("That does not open your record")
	if kept := eval[int](p, `indexedDB.databases().then(l => Promise.all(l.map(d => new Promise(ok => { const r = indexedDB.open(d.name); r.onsuccess = () => { const q = r.result.transaction("device").objectStore("device").count(); q.onsuccess = () => ok(q.result) } })))).then(n => n.reduce((a, b) => a + b, 0))`); kept != 0 {
		t.Errorf("%d devices are kept, and none was let in", kept)
	}
	p.faults() // the server said 404, and the console tells
	eval[bool](p, `location.reload(), true`)
	p.sees("Go on only if you made this code yourself")
	p.fills("The passphrase for this device", phones)
	p.clicks("Open")
	p.until("the record on the phone", `location.pathname === "/app/record"`)
	p.clicks("Lock")
	p.sees("This device is known as my phone")
	p.fills("Your passphrase", phones)
	p.clicks("Open")
	p.until("the record on the phone again", `location.pathname === "/app/record"`)
	// Another code changes nothing for a browser that is known.
	p.goes(link)
	p.sees("This browser opens a record already")
	p.quiet()

	for _, s := range w.sends() {
		if strings.Contains(s.url, key[1]) || strings.Contains(string(s.body), key[1]) || strings.Contains(s.header.Get("Referer"), key[1]) {
			t.Errorf("%s %s tells the server of the device key", s.method, s.url)
		}
	}

	first.clicks("Hide the code")
	first.until("no code", `!document.querySelector("#other-qr svg") && !document.getElementById("other-link").value`)
	first.clicks("Remove: my phone")
	first.sees("Remove my phone?")
	first.clicks("Yes")
	first.unlocksDialog(theirs)
	first.until("my phone to go", `!document.getElementById("ways").innerText.includes("my phone")`)
	// A new passphrase takes the place of the one that they came in by.
	first.fills("A passphrase for this browser", phones)
	first.fills("The passphrase again", phones)
	first.clicks("Add the passphrase")
	first.unlocksDialog(theirs)
	first.until("one passphrase", `document.getElementById("working").textContent === "" && document.getElementById("ways").innerText.split("Passphrase").length === 2`)
	first.clicks("Lock")
	first.fills("Your passphrase", phones)
	first.clicks("Open")
	first.until("the record by the new passphrase", `location.pathname === "/app/record"`)
	first.quiet()
	p.goes(w.url + "/unlock")
	p.fills("Your passphrase", phones)
	p.clicks("Open")
	p.sees("this way in may have been removed")
}

// TestNewSheet: a new recovery sheet is made and confirmed; it opens the record on a new
// device, and the old one does not. All sharing is stopped at once; a device is shut out.
func TestNewSheet(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	p := b.tab(t)
	old := p.onRecord(w)
	p.goes(w.url + "/app/settings/recovery")
	p.clicks("Make a new sheet")
	p.unlocksDialog(theirs)
	p.sees("Type group")
	sheet := eval[string](p, `document.getElementById("code").textContent`)
	audit(t, p, "the new sheet")
	groups := strings.Fields(sheet)
	n := regexp.MustCompile(`Type group (\d)`).FindStringSubmatch(eval[string](p, `document.body.innerText`))[1]
	label := "Type group " + n + " of the sheet, to show that you have it"
	p.fills(label, "XXXXX")
	p.clicks("I have kept it")
	p.sees("This is not group " + n)
	p.fills(label, groups[n[0]-'1'])
	p.clicks("I have kept it")
	p.sees("Your new sheet is in use")
	if eval[string](p, `document.getElementById("code").textContent`) != "" {
		t.Error("the code stays on the page")
	}
	p.quiet()

	other := b.tab(t)
	other.goes(w.url + "/unlock")
	other.fills("The code on your recovery sheet", old)
	other.clicks("Open")
	other.sees("That opens no record here")
	other.faults()
	other.fills("The code on your recovery sheet", sheet)
	other.fills("What you call this device", "tablet")
	other.fills("A new passphrase for this device", phones)
	other.clicks("Open")
	other.until("the record by the new sheet", `location.pathname === "/app/record"`)
	other.clicks("Lock")
	other.sees("This device is known as tablet")
	other.fills("Your passphrase", phones)
	other.clicks("Open")
	other.until("the record by the new device's passphrase", `location.pathname === "/app/record"`)
	other.quiet()

	// Everybody is stopped from the page for deleting.
	h := w.opened(sheet)
	scopes, err := grant.ParseScopes("patient/*.rs")
	w.check(err)
	_, err = h.Grant(context.Background(), holder.GrantRequest{To: grant.Party{Name: "Dr Amara Okafor"}, Sections: record.SectionsOf(record.Plan), Scopes: scopes, Purpose: "TREAT"})
	w.check(err)
	p.goes(w.url + "/app/settings/delete")
	for _, n := range []string{"1", "0"} {
		p.clicks("Stop all sharing")
		p.unlocksDialog(theirs)
		p.sees("Stopped: " + n + ".")
	}
	w.check(h.Refresh(context.Background()))
	if g := h.Grants(); len(g) != 1 || g[0].State != holder.Ended {
		t.Errorf("%+v", g)
	}
	p.quiet()

	// A tablet that was stolen is shut out: its passphrase opens nothing, nor does a session of it.
	p.goes(w.url + "/app/settings/devices")
	p.clicks("Show them")
	p.unlocksDialog(theirs)
	p.clicks("Shut out: tablet")
	p.sees("Shut out tablet?")
	p.clicks("Yes")
	p.unlocksDialog(theirs)
	p.until("the tablet to go", `!document.getElementById("ways").innerText.includes("tablet")`)
	p.quiet()
	other.goes(w.url + "/app/record")
	other.until("the tablet's session to be over", `location.pathname === "/unlock"`)
	other.fills("Your passphrase", phones)
	other.clicks("Open")
	other.sees("this way in may have been removed")
}

// opened is the record on a device of its own, by the sheet.
func (w *world) opened(recovery string) *holder.Holder {
	w.t.Helper()
	c, err := client.New(w.url, client.Options{})
	w.check(err)
	slot, err := recoveryOf(recovery)
	w.check(err)
	h, err := holder.Unlock(context.Background(), c, slot, holder.Memory{})
	w.check(err)
	w.t.Cleanup(h.Close)
	return h
}

func recoveryOf(text string) (crypto.Credential, error) {
	r, err := crypto.ParseRecoveryCode(text)
	if err != nil {
		return crypto.Credential{}, err
	}
	return r.Slot(), nil
}
