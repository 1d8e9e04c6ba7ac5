package browsertest

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record/keys"
)

// secrets are of one person on one device, gathered as they come to be.
type secrets struct {
	t    testing.TB
	w    *world
	list []needle
}

func (s *secrets) add(what string, b []byte) {
	s.t.Helper()
	if len(b) < 8 {
		s.t.Fatalf("%s is too short to look for: %q", what, b)
	}
	s.list = append(s.list, needle{what: what, bytes: bytes.Clone(b)})
}

func (s *secrets) text(what, text string) {
	s.t.Helper()
	s.add(what, []byte(text))
	s.list[len(s.list)-1].text = true
}

// recovery adds a recovery code in the ways of writing it, and the root key that it opens.
func (s *secrets) recovery(what, code string) {
	s.t.Helper()
	plain := strings.NewReplacer("-", "", " ", "").Replace(code)
	groups := regexp.MustCompile(`.{5}`).FindAllString(plain, -1)
	if len(groups) != 8 {
		s.t.Fatalf("%q is no recovery code", code)
	}
	for _, between := range []string{"-", " ", ""} {
		s.text(what+", two groups with "+quote(between), strings.Join(groups[2:4], between))
		s.text(what+", the end with "+quote(between), strings.Join(groups[6:], between))
	}
	bits, err := base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").DecodeString(plain)
	s.w.check(err)
	s.add(what+", decoded", bits[:20])
	r, err := crypto.ParseRecoveryCode(code)
	s.w.check(err)
	s.root("by "+what, r.Slot())
}

// root adds the root key as it is now, which a way in opens, and that way's own key.
func (s *secrets) root(what string, slot crypto.Credential) {
	s.t.Helper()
	ctx := context.Background()
	c, err := client.New(s.w.url, client.Options{})
	s.w.check(err)
	k := slot.CapsuleKey()
	capsule, err := c.Slot(ctx, k.ID)
	s.w.check(err)
	person, err := keys.OpenSlot(k, capsule)
	s.w.check(err)
	ring, err := c.Ring(ctx, person, k.ID, 0)
	s.w.check(err)
	root, err := crypto.NewBoxKey(k.KEK).Open(keys.RootContext(person, k.ID), ring.Wrap)
	s.w.check(err)
	s.add("the root key "+what, root)
	s.add("the key of the slot "+what, k.KEK.Bytes())
}

// device adds what this browser keeps, and what the passphrase makes of it.
func (s *secrets) device(what string, p *tab, passphrase string) {
	s.t.Helper()
	text := eval[string](p, `import("/static/keys.mjs").then(m => m.device()).then(d => d.deviceKey)`)
	bits, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text[1:])
	s.w.check(err)
	s.text(what+"'s key as text", text)
	s.add(what+"'s key", bits)
	d, err := crypto.ParseDeviceKey(text)
	s.w.check(err)
	s.root("by "+what, crypto.PassphraseSlot(d, crypto.SecretString(passphrase)))
}

// TestSends: a browser makes a record, keeps the sheet, makes a passkey; opens it with a
// touch, with the passphrase, and on a new device with the sheet; makes a new sheet; shares
// and stops; checks the history. Of all the bytes that it sends, to whatever host, none
// holds a secret.
func TestSends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := newWire(t, w)
	b := newBrowser(t, x.proxied()...)
	s := &secrets{t: t, w: w}
	s.text("the passphrase", theirs)
	s.text("a part of the passphrase", theirs[6:20])

	p := b.tab(t)
	p.authenticator()
	first := p.enrols(w)
	s.recovery("the first sheet", first)
	s.device("the device", p, theirs)
	p.clicks("Make a passkey")
	p.until("the record", `location.pathname === "/app/record"`)
	prf, err := hex.DecodeString(eval[string](p, `(async () => {
		const {touch} = await import("/static/passkey.mjs"), {device} = await import("/static/keys.mjs")
		return [...(await touch((await device()).passkeys)).prf].map(x => x.toString(16).padStart(2, "0")).join("")
	})()`))
	w.check(err)
	s.add("the passkey's PRF output", prf)
	touch, err := crypto.PasskeySlot(prf)
	w.check(err)
	s.root("by the passkey", touch)

	p.clicks("Lock")
	p.clicks("Use your passkey")
	p.until("the record by a touch", `location.pathname === "/app/record"`)
	p.clicks("Lock")
	p.fills("Your passphrase", theirs)
	p.clicks("Open")
	p.until("the record by the passphrase", `location.pathname === "/app/record"`)

	// A new sheet: the keys that follow are others.
	p.goes(w.url + "/app/settings/recovery")
	p.clicks("Make a new sheet")
	p.clicks("Use your passkey")
	p.sees("Type group")
	second := eval[string](p, `document.getElementById("code").textContent`)
	s.recovery("the second sheet", second)
	asked := regexp.MustCompile(`Type group (\d).*`).FindStringSubmatch(eval[string](p, `document.body.innerText`))
	p.fills(asked[0], strings.Fields(second)[asked[1][0]-'1'])
	p.clicks("I have kept it")
	p.sees("Your new sheet is in use")

	// Sharing, by what the pages use.
	token := eval[string](p, `(async () => {
		const {Keys} = await import("/static/keys.mjs"), k = await Keys.open()
		await k.unlock({passphrase: `+quote(theirs)+`})
		const given = {name: "Dr Morris", sections: ["allergies", "medicines"], scopes: "patient/*.rs", purpose: "TREAT", lasts: 3600, label: "surgery"}
		const one = await k.call("grant", given), other = await k.call("grant", given)
		await k.call("revoke", [one.id])
		await k.call("check")
		await k.session() // which can name whom it was given to
		await k.lock()
		return other.token
	})()`)
	s.text("the token that was given", token)
	p.goes(w.url + "/app/sharing")
	p.sees("Dr Morris")
	p.quiet()

	other := b.tab(t)
	other.goes(w.url + "/unlock")
	other.fills("The code on your recovery sheet", strings.ToLower(second))
	other.fills("A new passphrase for this device", theirs+" too")
	other.clicks("Open")
	other.until("the record by the sheet", `location.pathname === "/app/record"`)
	s.device("the new device", other, theirs+" too")
	other.quiet()

	kinds := map[string]bool{} // a root key that was there before is the same one
	s.list = slices.DeleteFunc(s.list, func(n needle) bool {
		again := kinds[string(n.bytes)]
		kinds[string(n.bytes)] = true
		return again
	})
	lines, size := x.sent()
	for _, sent := range lines {
		for _, what := range holds(sent, s.list) {
			t.Error("what the browser sends holds " + what)
		}
	}
	requests, workers := 0, 0
	for _, r := range w.sends() { // bodies without the chunks they may have come in
		if requests++; strings.HasPrefix(r.url, "/holder/v1/slot") {
			workers++
		}
		for _, what := range holds(append([]byte(r.method+" "+r.url+"\n"), r.body...), s.list) {
			t.Errorf("%s %s holds %s", r.method, r.url, what)
		}
	}
	for _, e := range x.elsewhere {
		if !makers.MatchString(e) {
			t.Error("the browser wanted another host: " + e)
		}
	}
	if requests < 100 || workers < 8 || size < 100_000 || len(s.list) < 25 {
		t.Errorf("%d requests, %d of workers, %d bytes, %d needles: too few for what was done", requests, workers, size, len(s.list))
	}
	t.Logf("%d needles in %d requests of %d bytes", len(s.list), requests, size)

	// Were one of them sent, in whatever way, it would be seen.
	for i, n := range s.list {
		planted := n.bytes
		if n.text && i%2 == 0 {
			planted = bytes.ToUpper(planted)
		}
		eval[bool](p, plant(planted, i))
		if now, _ := x.sent(); !slices.ContainsFunc(now, func(sent []byte) bool { return slices.Contains(holds(sent, s.list), n.what) }) {
			t.Errorf("%s was sent, and not seen", n.what)
		}
		x.forget()
	}
}

// makers are hosts that Chromium asks by itself, for whoever makes it, whatever page it shows.
var makers = regexp.MustCompile(` (clients2\.google\.com|redirector\.gvt1\.com|accounts\.google\.com|(update|content-autofill|optimizationguide-pa)\.googleapis\.com)(:443)?$`)

// plant is a script that sends a secret, each time in another way.
func plant(secret []byte, n int) string {
	list := `new Uint8Array([` + numbers(secret) + `])`
	return `(async () => {
		const secret = ` + list + `, text = s => new TextEncoder().encode(s)
		const base64 = ` + quote(base64.StdEncoding.EncodeToString(append([]byte(`{"a":"`), secret...))) + `
		const zip = async b => new Uint8Array(await new Response(new Blob([b]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer())
		const ways = [
			() => fetch("/help", {method: "POST", body: secret}),
			() => fetch("/help?q=" + ` + quote(base64.RawURLEncoding.EncodeToString(secret)) + `),
			() => fetch("/help", {headers: {"X-Hint": ` + quote(hex.EncodeToString(secret)) + `}}),
			() => fetch("/help/" + ` + quote(strings.ToUpper(hex.EncodeToString(secret))) + `),
			async () => fetch("/help", {method: "POST", body: await zip(text(JSON.stringify({is: base64})))}),
			() => fetch("/help", {method: "POST", body: JSON.stringify({is: [...secret]})}),
			() => fetch("/help", {method: "POST", body: new URLSearchParams({is: base64})}),
			() => fetch("/help", {method: "POST", keepalive: true, body: new Blob([base64])}),
		]
		await ways[` + strconv.Itoa(n%8) + `]()
		return true
	})()`
}

func numbers(b []byte) string {
	out := make([]string, len(b))
	for i, x := range b {
		out[i] = strconv.Itoa(int(x))
	}
	return strings.Join(out, ",")
}
