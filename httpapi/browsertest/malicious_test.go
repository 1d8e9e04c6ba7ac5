package browsertest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/record/grant"
	"carehold/record/holder"
)

// bend changes the answers at a path, as whoever has the server can.
type bend struct {
	path string
	with func(answer map[string]any)
	say  []byte // instead of asking the real one
	last []byte // what the real one said
}

func (b *bend) serve(rw http.ResponseWriter, r *http.Request, body []byte, next http.Handler) {
	rw.Header().Set("Content-Type", "application/json")
	if b.say != nil {
		rw.Write(b.say)
		return
	}
	r.Header.Del("Accept-Encoding")
	got := httptest.NewRecorder()
	next.ServeHTTP(got, r)
	maps.Copy(rw.Header(), got.Header())
	rw.Header().Del("Content-Length")
	b.last = bytes.Clone(got.Body.Bytes())
	var m map[string]any
	if got.Code != http.StatusOK || json.Unmarshal(b.last, &m) != nil {
		rw.WriteHeader(got.Code)
		rw.Write(b.last)
		return
	}
	if b.with != nil {
		b.with(m)
	}
	json.NewEncoder(rw).Encode(m)
}

// bends changes answers until it is called again; with "" none.
func (w *world) bends(path string, with func(map[string]any)) *bend {
	b := &bend{path: path, with: with}
	w.bent.Store(b)
	return b
}

// opensWith tries to open the record on the page for that, by a passphrase or, with "", by a
// touch, and returns what the page says where it does not open.
func (p *tab) opensWith(w *world, passphrase string) string {
	p.t.Helper()
	p.goes(w.url + "/unlock")
	if passphrase == "" {
		p.clicks("Use your passkey")
	} else {
		p.fills("Your passphrase", passphrase)
		p.clicks("Open")
	}
	p.until("what becomes of it", `location.pathname === "/app/record" || (e => !!e && !e.hidden && e.textContent !== "")(document.getElementById("failed"))`)
	return eval[string](p, `location.pathname === "/app/record" ? "" : document.getElementById("failed").textContent`)
}

// opens is opensWith a touch, and the test is over where it does not.
func (p *tab) opens(w *world) {
	p.t.Helper()
	if said := p.opensWith(w, ""); said != "" {
		p.t.Fatal(said)
	}
}

// lied is how a page says that the server lies.
const lied = "Stop. What the server shows is not what this device has seen before"

// known is a browser with a passkey for a record, and what its server could use against it.
type known struct {
	*tab
	recovery          string
	receipt, old      *bend  // of the first statement, and a keyring that is older now
	theirs, theirSlot *bend  // of somebody else at the same server
	copied            string // the server's store as it was when the keyring was the old one
}

func newKnown(t *testing.T, w *world, b *browser) known {
	k := known{tab: b.tab(t)}
	k.receipt = w.bends("/holder/v1/statements", nil)
	k.authenticator()
	k.recovery = k.enrols(w)
	w.bends("", nil)
	k.clicks("Make a passkey")
	k.until("the record", `location.pathname === "/app/record"`)

	c, err := client.New(w.url, client.Options{})
	w.check(err)
	h, kit, err := holder.Enrol(t.Context(), c, holder.Enrolment{Invite: w.invite(), Passphrase: crypto.SecretString(passphrase), Label: "laptop", Name: "Mallory"})
	w.check(err)
	h.Close()
	for _, x := range []struct {
		path string
		to   **bend
	}{{"/holder/v1/slot", &k.theirSlot}, {"/holder/v1/ring", &k.theirs}} {
		*x.to = w.bends(x.path, nil)
		h, err := holder.Unlock(t.Context(), c, kit.Recovery.Slot(), holder.Memory{})
		w.check(err)
		h.Close()
	}
	k.old = w.bends("/holder/v1/ring", nil)
	k.opens(w)
	w.bends("", nil)
	k.goes(w.url + "/unlock")
	k.sees("This device is known as this browser") // they gave it no name
	k.copied = filepath.Join(t.TempDir(), "store")
	w.copies(k.copied)

	// What the person does then, a server may like to undo.
	k.goes(w.url + "/unlock")
	eval[bool](k.tab, `(async () => {
		const {Keys} = await import("/static/keys.mjs"), k = await Keys.open()
		await k.unlock({passkey: true})
		await k.call("grant", {name: "Dr Morris", sections: ["allergies"], scopes: "patient/*.rs", purpose: "TREAT", lasts: 3600, label: "x"})
		await k.lock()
		return true
	})()`)
	k.opens(w)
	k.quiet()
	return k
}

// copies keeps the store as it is now, to put it back.
func (w *world) copies(to string) { w.copiesOf(w.dir, to) }

func (w *world) copiesOf(from, to string) {
	w.t.Helper()
	w.check(os.CopyFS(to, os.DirFS(from)))
	w.check(filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chmod(path, 0o600)
		}
		return err
	}))
}

func parsed(t testing.TB, b *bend) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal(b.last, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// flip turns a bit of what stands in base64.
func flip(m map[string]any, name string) {
	x, _ := base64.StdEncoding.DecodeString(m[name].(string))
	x[len(x)-1] ^= 1
	m[name] = base64.StdEncoding.EncodeToString(x)
}

// TestMaliciousServer: whatever whoever has the server makes of its answers, a browser that
// knows the record refuses it each time, in plain words, and gets no session.
func TestMaliciousServer(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	k := newKnown(t, w, b)
	for _, part := range []struct {
		name string
		run  func(*testing.T, *world, known)
	}{{"answers", answersBent}, {"history", historyForged}, {"put back", putBack}, {"cost", costNamed}, {"kept back", statementsKeptBack}, {"forgotten", forgotten}} {
		t.Run(part.name, func(t *testing.T) {
			k.tab.t = t
			part.run(t, w, k)
			k.quiet()
		})
	}
}

// answersBent: each answer on the way to opening a record is another.
func answersBent(t *testing.T, w *world, k known) {
	evil := newWorld(t)
	c, err := client.New(evil.url, client.Options{})
	w.check(err)
	node, err := c.Node(t.Context())
	w.check(err)
	old, their, slotOfTheirs := parsed(t, k.old), parsed(t, k.theirs), parsed(t, k.theirSlot)
	ring, slot, at := "/holder/v1/ring", "/holder/v1/slot", "/holder/v1/node"
	// instead answers with another answer, but for what is kept of the real one.
	instead := func(of map[string]any, but ...string) func(map[string]any) {
		return func(m map[string]any) {
			real := maps.Clone(m)
			clear(m)
			maps.Copy(m, of)
			for _, name := range but {
				m[name] = real[name]
			}
		}
	}
	more := func(name string) func(map[string]any) {
		return func(m map[string]any) { m[name] = m[name].(float64) + 1 }
	}
	forged := strings.Repeat("0b", 32)
	attacks := []struct {
		name, path string
		with       func(map[string]any)
	}{
		{"an older keyring", ring, instead(old)},
		{"an older keyring that says it is the newest", ring, instead(old, "seq", "hash")},
		{"an older keyring with the newest checkpoint", ring, instead(old, "checkpoint", "proof")},
		{"a keyring with a bit turned", ring, func(m map[string]any) { flip(m, "blob") }},
		{"somebody else's keyring", ring, instead(their)},
		{"somebody else's root key", ring, func(m map[string]any) { m["wrap"], m["blob"] = their["wrap"], their["blob"] }},
		{"a statement that nobody signed", ring, func(m map[string]any) { more("seq")(m); m["hash"] = forged }},
		{"another statement in place of the last", ring, func(m map[string]any) { m["hash"] = forged }},
		{"a statement that is told once more", ring, more("seq")},
		{"an epoch that never began", ring, more("epoch")},
		{"an older checkpoint", ring, func(m map[string]any) { m["checkpoint"] = old["checkpoint"] }},
		{"somebody else's checkpoint", ring, func(m map[string]any) { m["checkpoint"] = their["checkpoint"] }},
		{"a checkpoint with a bit turned", ring, func(m map[string]any) { flip(m, "checkpoint") }},
		{"no checkpoint", ring, func(m map[string]any) { m["checkpoint"] = "" }},
		{"another public key of the server's", at, func(m map[string]any) { m["verifier"] = node.Verifier }},
		{"another server's name", at, func(m map[string]any) { m["store"] = evil.store.ID().String() }},
		{"a record that was restored, it says", ring, func(m map[string]any) { m["from"], m["note"] = evil.store.ID().String(), m["checkpoint"] }},
		{"a slot with a bit turned", slot, func(m map[string]any) { flip(m, "blob") }},
		{"a slot that ends", slot, more("hour")},
		{"somebody else's slot", slot, instead(slotOfTheirs)},
	}
	for _, attack := range attacks {
		bent := w.bends(attack.path, attack.with)
		if said := k.opensWith(w, ""); !strings.HasPrefix(said, lied) {
			t.Errorf("%s: the page says %q", attack.name, said)
		}
		if bent.last == nil {
			t.Errorf("%s: it was not asked for", attack.name)
		}
	}
	w.bends("", nil)
	k.opens(w) // what is shown truly opens: nothing of all that was taken in
	t.Logf("%d attacks on a browser by its server", len(attacks))
}

// costNamed: what a passphrase costs to try is written on the device. A server
// that names another cost is asked for the same slot, and a device key of another cost is
// none.
func costNamed(t *testing.T, w *world, k known) {
	before := len(w.sends())
	asked := func() (ids []string) {
		for _, r := range w.sends()[before:] {
			if r.url == "/holder/v1/slot" {
				ids = append(ids, string(r.body))
			}
		}
		return ids
	}
	cheap := map[string]any{"name": "argon2id", "version": "0", "t": 1, "m": 8, "p": 1}
	for _, path := range []string{"/holder/v1/node", "/holder/v1/slot"} {
		w.bends(path, func(m map[string]any) { m["kdf"], m["cost"], m["version"] = cheap, cheap, "0" })
		k.opensWith(w, theirs)
	}
	w.bends("", nil)
	if ids := asked(); len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("the slots that are asked for: %q", asked())
	}
	for _, version := range []string{"0", "2", "9"} {
		eval[bool](k.tab, `import("/static/devicestore.mjs").then(s => s.change(d => ({...d, deviceKey: "`+version+`" + d.deviceKey.slice(1)}))).then(() => true)`)
		if said := k.opensWith(w, theirs); !strings.Contains(said, "not a device key") || len(asked()) != 2 {
			t.Errorf("a device key of cost %s: the page says %q; asked %d times", version, said, len(asked()))
		}
	}
}

// statementsKeptBack: a server that answers a change with an older one's receipt has
// not taken it, and the page says so; a receipt that it made up is found out when the
// record is opened next.
func statementsKeptBack(t *testing.T, w *world, k known) {
	sheet := func() string {
		k.goes(w.url + "/app/settings/recovery")
		k.clicks("Make a new sheet")
		k.clicks("Use your passkey")
		k.until("what becomes of it", `!document.getElementById("failed").hidden || !document.getElementById("step-sheet").hidden`)
		return eval[string](k.tab, `document.getElementById("failed").hidden ? "" : document.getElementById("failed").textContent`)
	}
	before := w.bends("/holder/v1/statements", nil)
	before.say = k.receipt.last
	if said := sheet(); !strings.HasPrefix(said, lied) {
		t.Errorf("with an older statement's receipt: the page says %q", said)
	}
	receipt := parsed(t, k.receipt)
	receipt["seq"] = parsed(t, k.old)["seq"].(float64) + 2 // one is Dr Morris's
	made, err := json.Marshal(receipt)
	w.check(err)
	before.say = made
	if said := sheet(); said != "" {
		t.Fatalf("with a receipt that was made up: %q", said)
	}
	w.bends("", nil)
	eval[bool](k.tab, `document.getElementById("group").value = document.getElementById("code").textContent.split(" ")[document.getElementById("which").textContent.match(/\d/)[0] - 1],
		document.querySelector("#confirm button").click(), true`) // as it asks before one leaves
	if said := k.opensWith(w, ""); !strings.HasPrefix(said, lied) {
		t.Errorf("after a receipt that was made up: the page says %q", said)
	}
}

// putBack: a server that is put back to what it was is refused; and where it goes on
// from there, until it has come further than the browser has seen, still.
func putBack(t *testing.T, w *world, k known) {
	back := filepath.Join(t.TempDir(), "store")
	w.copiesOf(k.copied, back)
	w.serves(w.server(w.opens(back)))
	if said := k.opensWith(w, ""); !strings.HasPrefix(said, lied) {
		t.Errorf("put back: the page says %q", said)
	}
	code, err := crypto.ParseRecoveryCode(k.recovery)
	w.check(err)
	c, err := client.New(w.url, client.Options{})
	w.check(err)
	var h *holder.Holder
	for range 12 { // each is a line of its log
		h, err = holder.Unlock(t.Context(), c, code.Slot(), holder.Memory{})
		w.check(err)
		defer h.Close()
	}
	if said := k.opensWith(w, ""); !strings.HasPrefix(said, lied) {
		t.Errorf("put back, and then longer: the page says %q", said)
	}
	for range 2 { // as many statements as there were, and others
		_, err = h.Grant(t.Context(), holder.GrantRequest{To: grant.Party{Name: "Mallory"}, Sections: grant.Clinical,
			Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read}}, Purpose: "TREAT", Lasts: time.Hour})
		w.check(err)
		if said := k.opensWith(w, ""); !strings.HasPrefix(said, lied) {
			t.Errorf("put back, and other statements: the page says %q", said)
		}
	}
	// Without a change of the person's in between the keyring is the same, and the log alone
	// tells.
	w.serves(w.server(w.store))
	k.opens(w)
	again := filepath.Join(t.TempDir(), "store")
	w.copies(again)
	for range 4 {
		k.opens(w)
	}
	w.serves(w.server(w.opens(again)))
	if said := k.opensWith(w, ""); !strings.HasPrefix(said, lied) {
		t.Errorf("a log that is shorter: the page says %q", said)
	}
	for range 30 {
		h, err := holder.Unlock(t.Context(), c, code.Slot(), holder.Memory{})
		w.check(err)
		h.Close()
	}
	if said := k.opensWith(w, ""); !strings.HasPrefix(said, lied) {
		t.Errorf("a log that is longer, and another: the page says %q", said)
	}
	w.serves(w.server(w.store))
	k.opens(w)
}

// historyForged: lines of the history that were changed, left out or shown twice are
// found when the person has it checked, and the page says so loudly.
func historyForged(t *testing.T, w *world, k known) {
	check := func() string {
		k.goes(w.url + "/app/history")
		k.clicks("Check")
		k.clicks("Use your passkey")
		k.until("what becomes of it", `!document.getElementById("check-failed").hidden || document.getElementById("checked").innerText.includes("All is well")`)
		return eval[string](k.tab, `document.getElementById("check-failed").textContent`)
	}
	if said := check(); said != "" {
		t.Fatal(said)
	}
	leaves := func(with func([]any) []any) func(map[string]any) {
		return func(m map[string]any) {
			if l := m["leaves"].([]any); len(l) > 2 { // what came since is looked at by itself
				m["leaves"] = with(l)
			}
		}
	}
	for name, with := range map[string]func(map[string]any){
		"a line is another":       leaves(func(l []any) []any { l[0] = l[len(l)-1]; return l }),
		"a statement is replayed": leaves(func(l []any) []any { return append(l, l[0]) }),
		"a line is left out":      leaves(func(l []any) []any { return append(l[:1:1], l[2:]...) }),
		"another checkpoint":      func(m map[string]any) { m["checkpoint"] = parsed(t, k.theirs)["checkpoint"] },
		"nobody signed it":        func(m map[string]any) { m["checkpoint"] = "" },
	} {
		bent := w.bends("/holder/v1/log", with)
		if said := check(); !strings.HasPrefix(said, "The check FAILED.") || bent.last == nil {
			t.Errorf("%s: the page says %q", name, said)
		}
	}
	w.bends("", nil)
	if said := check(); said != "" {
		t.Errorf("then shown truly: %q", said)
	}
}

// forgotten: whoever was told that a server that was put back is all there is lets the browser
// forget what it has seen, and opens the record with the sheet (docs/lost.md).
func forgotten(t *testing.T, w *world, k known) {
	w.serves(w.server(w.opens(k.copied)))
	if said := k.opensWith(w, ""); !strings.HasPrefix(said, lied) {
		t.Errorf("put back: the page says %q", said)
	}
	eval[bool](k.tab, `window.confirm = () => true, true`)
	k.clicks("Forget this device")
	k.fills("The code on your recovery sheet", k.recovery)
	k.fills("What you call this device", "tablet")
	k.fills("A new passphrase for this device", phones)
	k.clicks("Open")
	k.until("the record", `location.pathname === "/app/record"`)
}
