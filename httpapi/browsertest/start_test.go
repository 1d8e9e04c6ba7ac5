package browsertest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
)

const theirs = "seven teapots under nine bridges"

// enrols makes a record as somebody does who was given an invite, to the passkey that
// they are offered, and tells what is on the sheet.
func (p *tab) enrols(w *world) (recovery string) {
	p.t.Helper()
	p.goes(w.url + "/start#" + w.invite())
	p.fills("Your name", "Rhiannon")
	p.fills("Choose a passphrase", theirs)
	p.fills("The passphrase again", theirs)
	p.clicks("Make my record")
	p.sees("Type group number")
	recovery = eval[string](p, `document.getElementById("code").textContent`)
	n := regexp.MustCompile(`Type group number (\d)`).FindStringSubmatch(eval[string](p, `document.body.innerText`))[1]
	groups := strings.Fields(recovery)
	p.fills("Type group number "+n+" of the code", groups[n[0]-'1'])
	p.clicks("I have kept it")
	p.sees("Make a passkey")
	return recovery
}

// TestFirstRun: somebody makes a record, keeps the sheet, makes a passkey; locks; opens it
// with a touch, with the passphrase, and on a new device with the sheet. What the
// browsers sent has none of the secrets in it.
func TestFirstRun(t *testing.T) {
	w, b := newWorld(t), newBrowser(t)
	p := b.tab(t)
	p.authenticator()
	recovery := p.enrols(w)
	p.clicks("Make a passkey")
	p.until("the record", `location.pathname === "/app/record"`)
	// The device key is wherever the browser keeps it; every byte string of it is a needle.
	kept := eval[[]string](p, `(async () => {
		const db = await new Promise((ok, no) => { const r = indexedDB.open("carehold"); r.onsuccess = () => ok(r.result); r.onerror = no })
		const found = []
		const hex = b => [...b].map(x => x.toString(16).padStart(2, "0")).join("")
		const look = (v, name) => {
			if (v instanceof ArrayBuffer) v = new Uint8Array(v)
			if (v instanceof Uint8Array) { if (/deviceKey(\.|$)/.test(name)) found.push(hex(v)) }
			else if (typeof v === "string") { if (/deviceKey(\.|$)/.test(name)) found.push("text:" + v) }
			else if (v && typeof v === "object") for (const k in v) look(v[k], name + "." + k)
		}
		for (const s of db.objectStoreNames) await new Promise(ok => {
			const r = db.transaction(s).objectStore(s).openCursor()
			r.onsuccess = () => { const c = r.result; if (!c) return ok(); look(c.value, s + "." + String(c.key)); c.continue() }
		})
		db.close()
		return found
	})()`)
	if len(kept) == 0 {
		t.Error("no device key is found in the browser: the needles below prove less")
	}
	p.clicks("Lock")
	p.clicks("Use your passkey")
	p.until("the record by a touch", `location.pathname === "/app/record"`)
	p.clicks("Lock")
	p.fills("Your passphrase", theirs)
	p.clicks("Open")
	p.until("the record by the passphrase", `location.pathname === "/app/record"`)
	p.quiet()

	other := b.tab(t)
	other.goes(w.url + "/unlock")
	other.fills("The code on your recovery sheet", recovery)
	other.fills("A new passphrase for this device", theirs+" too")
	other.clicks("Open")
	other.until("the record by the sheet", `location.pathname === "/app/record"`)
	other.quiet()

	needles := map[string][]byte{"the passphrase": []byte(theirs), "the recovery code": []byte(recovery),
		"the recovery code without spaces": []byte(strings.ReplaceAll(recovery, " ", "")),
		"a group of the recovery code":     []byte(strings.Join(strings.Fields(recovery)[:2], "-"))}
	for _, k := range kept {
		if text, is := strings.CutPrefix(k, "text:"); is {
			needles["the device key as text"] = []byte(text)
			continue
		}
		raw, _ := hex.DecodeString(k)
		needles["the device key"] = raw
		needles["the device key in hex"] = []byte(k)
		needles["the device key in base64url"] = []byte(base64.RawURLEncoding.EncodeToString(raw))
		needles["the device key in base64"] = []byte(base64.RawStdEncoding.EncodeToString(raw))
	}
	posts, size := 0, 0
	for _, s := range w.sends() {
		var all bytes.Buffer
		all.WriteString(s.url + "\n")
		s.header.Write(&all)
		all.Write(s.body)
		size += all.Len()
		if s.method == "POST" {
			posts++
		}
		for what, needle := range needles {
			if len(needle) >= 8 && bytes.Contains(bytes.ToLower(all.Bytes()), bytes.ToLower(needle)) {
				t.Errorf("%s %s sends %s", s.method, s.url, what)
			}
		}
	}
	if posts < 5 || size < 10_000 {
		t.Errorf("only %d posts and %d bytes were seen: too few for what was done", posts, size)
	}
	t.Logf("%d needles in %d requests of %d bytes", len(needles), len(w.sends()), size)
}
