package main

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi"
	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/entry"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
	"carehold/record/store"
)

// home is a server of the test's own, and an invite for it.
type home struct {
	*store.Store
	url, dir string
}

func newHome(t *testing.T) *home {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	s, err := store.Open(dir, store.Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	web := httptest.NewUnstartedServer(nil)
	h := &home{s, "http://" + web.Listener.Addr().String(), dir}
	limits := httpapi.Limits{Tries: 10_000} // all of this test comes from one address, in one go
	server, err := httpapi.New(s, httpapi.Config{PublicURL: h.url, Version: "test", Logger: quiet, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	web.Config.Handler = server
	web.Start()
	t.Cleanup(web.Close)
	return h
}

func (h *home) invite(t *testing.T) string {
	t.Helper()
	c, err := h.Invite(t.Context(), keys.Invite{Quota: 1 << 30, Until: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return c.Token()
}

// road leads to the servers, and kills whoever travels on it at the n-th request: on
// the way there, or on the way back.
type road struct {
	mu     sync.Mutex
	n, at  int
	on     string // or at the first to this path,
	skip   int    // but so many
	after  bool
	target *exec.Cmd
	paths  []string
}

func (r *road) to(t *testing.T, h *home) string {
	t.Helper()
	u, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(u); p.Out.Host = u.Host }, FlushInterval: -1}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		r.n++
		on := r.on == q.Method+" "+q.URL.Path
		if on && r.skip > 0 {
			on = false
			r.skip--
		}
		here := r.target != nil && (r.n == r.at || on)
		r.paths = append(r.paths, q.Method+" "+q.URL.Path)
		kill, after := r.target, r.after
		r.mu.Unlock()
		if here && !after {
			kill.Process.Kill()
			panic(http.ErrAbortHandler)
		}
		if here {
			rec := httptest.NewRecorder()
			proxy.ServeHTTP(rec, q)
			kill.Process.Kill()
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, q)
	}))
	web.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	t.Cleanup(web.Close)
	return web.URL
}

// traveller is a person with a record and a device file.
type traveller struct {
	state, pass string
	kit         *holder.Kit
	person      *holder.Holder
}

func newTraveller(t *testing.T, at *home, through string) *traveller {
	t.Helper()
	dir := t.TempDir()
	tr := &traveller{state: filepath.Join(dir, "device.json"), pass: filepath.Join(dir, "pass")}
	if err := os.WriteFile(tr.pass, []byte("two words and a comma\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(at.url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h, kit, err := holder.Enrol(t.Context(), c, holder.Enrolment{Invite: at.invite(t), Passphrase: crypto.SecretString("two words and a comma"), Label: "laptop"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	tr.kit, tr.person = kit, h
	token, _, err := h.SignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	patient, err := c.With(token).Patient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bundle := `{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":{"resourceType":"Patient","id":"` + patient + `","name":[{"text":"x"}]},"request":{"method":"PUT","url":"Patient/` + patient + `"}},
		{"resource":{"resourceType":"Binary","contentType":"image/png","data":"` + strings.Repeat("AAAA", 200_000) + `"},"request":{"method":"POST","url":"Binary"}},
		{"resource":{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"walk"},"subject":{"reference":"Patient/` + patient + `"}},"request":{"method":"POST","url":"Goal"}}]}`
	if _, err := c.With(token).Transaction(t.Context(), []byte(bundle), entry.Origin{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Check(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	d := &device{path: tr.state, server: through, label: "laptop", key: kit.DeviceKey, memory: h.Memory()}
	if err := d.save(); err != nil {
		t.Fatal(err)
	}
	return tr
}

func (tr *traveller) run(t *testing.T, r *road, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	c := exec.Command("carehold", append(args, "--state", tr.state, "--passphrase-file", tr.pass)...)
	c.Env = append(os.Environ(), "TZ=UTC", "HOME="+filepath.Dir(tr.state))
	c.Stdout, c.Stderr = &out, &errs
	r.mu.Lock()
	r.n, r.target, r.paths = 0, c, nil
	r.mu.Unlock()
	if err := c.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	r.mu.Lock()
	r.target = nil
	r.mu.Unlock()
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// arrived demands that the record goes on at the new server, whole, and is closed at
// the old one, and that nothing is left of the move.
func (tr *traveller) arrived(t *testing.T, r *road, from, to *home, address string) {
	t.Helper()
	if out, errs, code := tr.run(t, r, "check", "--all", "--json"); code != 0 || !strings.Contains(out, `"holds":true,"entries":3,"versions":3`) {
		t.Errorf("at the new server: %d %s %s", code, out, errs)
	}
	b, err := os.ReadFile(tr.state)
	if err != nil || !strings.Contains(string(b), `"server": "`+address+`"`) {
		t.Errorf("the device file names another server: %s %v", b, err)
	}
	if left, _ := filepath.Glob(tr.state + ".moving*"); len(left) > 1 || len(left) == 1 && !strings.HasSuffix(left[0], ".lock") {
		t.Errorf("left of the move: %v", left)
	}
	old, _ := client.New(from.url, client.Options{})
	h, err := holder.Unlock(t.Context(), old, tr.kit.Recovery.Slot(), holder.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if url, _ := h.Moved(); url != address {
		t.Errorf("at the old server it has moved to %q, not %q", url, address)
	}
	new, _ := client.New(to.url, client.Options{})
	other, err := holder.Unlock(t.Context(), new, tr.kit.Recovery.Slot(), h.Memory())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if other.Waiting() != nil || other.Carried() == nil {
		t.Errorf("another device: %+v, %+v", other.Waiting(), other.Carried())
	}
}

// spent is an invite that somebody has used.
func spent(t *testing.T, h *home) string {
	t.Helper()
	c, err := client.New(h.url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	invite := h.invite(t)
	p, _, err := holder.Enrol(t.Context(), c, holder.Enrolment{Invite: invite, Passphrase: crypto.SecretString("two words and a comma"), Label: "x"})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	return invite
}

// TestMoveRecord moves a record, and kills the program at requests on the way, before
// they arrive and before they are answered: saying it again ends the move, and the
// record is in one place. A few of them, or all with CAREHOLD_MOVE.
func TestMoveRecord(t *testing.T) {
	from, to := newHome(t), newHome(t)
	r := &road{}
	here, there := r.to(t, from), r.to(t, to)
	move := func(tr *traveller, invite string) (string, string, int) {
		file := filepath.Join(filepath.Dir(tr.state), "invite")
		if err := os.WriteFile(file, []byte(invite+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return tr.run(t, r, "move-record", "--to", there, "--invite-file", file, "--yes")
	}
	tr := newTraveller(t, from, here)
	out, errs, code := move(tr, to.invite(t))
	steps := r.paths
	if code != 0 || !strings.Contains(out, "Your record is on "+there+" now") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	t.Logf("%d requests: %v", len(steps), steps)
	tr.arrived(t, r, from, to, there)
	if _, errs, code := tr.run(t, r, "move-record", "--to", there, "--yes"); code != exitUsage {
		t.Errorf("moved again: %d %s", code, errs)
	}
	// Not the same server by another name.
	if _, errs, code := newTraveller(t, from, here).run(t, r, "move-record", "--to", from.url, "--yes"); code != exitFailed || !strings.Contains(errs, "carehold device server") {
		t.Errorf("to itself: %d %s", code, errs)
	}

	// An invite that is used, or none of this server's, is found before anything is closed.
	another := newTraveller(t, from, here)
	for name, invite := range map[string]string{"used": spent(t, to), "another server's": from.invite(t)} {
		if _, errs, code := move(another, invite); code != exitLocked || !strings.Contains(errs, "does not take this invite") || strings.Contains(errs, "Closed") {
			t.Errorf("an invite that is %s: %d %s", name, code, errs)
		}
		if _, errs, code := another.run(t, r, "entries"); code != 0 || strings.Contains(errs, "closed") {
			t.Errorf("after an invite that is %s: %d %s", name, code, errs)
		}
	}
	// Looked at while it is closed and copied: the copy is made anew, and the move ends.
	invite := to.invite(t)
	r.on, r.after = "POST /holder/v1/record", false
	r.skip = 1 // the invite is tried there first
	if _, errs, code := move(another, invite); code != -1 {
		t.Fatalf("it was not stopped: %d %s", code, errs)
	}
	r.on, r.skip = "", 0
	if _, errs, code := another.run(t, r, "check"); code != 0 || !strings.Contains(errs, "that is not done yet") || strings.Contains(errs, "device server") {
		t.Errorf("looked at meanwhile: %d %s", code, errs)
	}
	if _, errs, code := move(another, spent(t, to)); code != exitLocked || !strings.Contains(errs, "the move is not done") || !strings.Contains(errs, "--cancel") {
		t.Errorf("gone on with, with a used invite: %d %s", code, errs)
	}
	if out, errs, code := move(another, invite); code != 0 {
		t.Errorf("gone on with: %d %s %s", code, out, errs)
	}
	another.arrived(t, r, from, to, there)

	every := max(1, len(steps)/3)
	if os.Getenv("CAREHOLD_MOVE") != "" {
		every = 1
	}
	for at := 2; at <= len(steps); at += every {
		for _, after := range []bool{false, true} {
			if every > 1 && after != (at%2 == 0) {
				continue
			}
			tr := newTraveller(t, from, here)
			invite := to.invite(t)
			r.at, r.after = at, after
			_, errs, code := move(tr, invite)
			r.at = 0
			if code != -1 {
				t.Fatalf("killed at %s: it ended with %d %s", steps[at-1], code, errs)
			}
			if out, errs, code := move(tr, invite); code != 0 {
				t.Errorf("killed at request %d (%s, after %v): said again, it ended with %d %s %s", at, steps[at-1], after, code, out, errs)
				continue
			}
			tr.arrived(t, r, from, to, there)
		}
	}
}

// TestMoveBack moves a record to another server and back: what was closed at the
// first is in the way until its operator takes it away.
func TestMoveBack(t *testing.T) {
	from, to := newHome(t), newHome(t)
	r := &road{}
	here, there := r.to(t, from), r.to(t, to)
	tr := newTraveller(t, from, here)
	file := filepath.Join(filepath.Dir(tr.state), "invite")
	move := func(address string, at *home) (string, string, int) {
		if err := os.WriteFile(file, []byte(at.invite(t)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, errs, code := tr.run(t, r, "move-record", "--to", address, "--invite-file", file, "--yes")
		if code != 0 && strings.Contains(errs, "cannot be reached") { // the road lost an answer, which a busy machine's does: said again, it goes on
			return tr.run(t, r, "move-record", "--to", address, "--invite-file", file, "--yes")
		}
		return out, errs, code
	}
	if out, errs, code := move(there, to); code != 0 {
		t.Fatalf("there: %d %s %s", code, out, errs)
	}
	_, errs, code := move(here, from)
	if code != exitFailed || !strings.Contains(errs, "what is closed there is in the way") {
		t.Fatalf("back, while it is closed there: %d %s", code, errs)
	}
	op := &operator{store: from.Store, data: from.dir}
	list, err := op.resting(t.Context())
	if err != nil || len(list) != 1 || list[0].State != "closed" || list[0].To != there || !strings.Contains(errs, "carehold forget "+list[0].Name) {
		t.Fatalf("%+v, %v; %s", list, err, errs)
	}
	if _, err := op.forget(t.Context(), forgetRequest{list[0].Name}); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := move(here, from); code != 0 {
		t.Fatalf("back: %d %s %s", code, out, errs)
	}
	tr.arrived(t, r, to, from, here)
	// The device is where its record is, and remembers what it sees there.
	first := regexp.MustCompile(`the first (\d+) are those`)
	seen := ""
	for range 3 {
		out, errs, code := tr.run(t, r, "check")
		at := first.FindStringSubmatch(out)
		if code != 0 || strings.Contains(errs, "goes along") || at == nil || at[1] == seen {
			t.Fatalf("at home again: %d %s %s", code, out, errs)
		}
		seen = at[1]
	}
	op = &operator{store: to.Store, data: to.dir}
	if list, err = op.resting(t.Context()); err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if _, err := op.forget(t.Context(), forgetRequest{list[0].Name}); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := move(there, to); code != 0 {
		t.Fatalf("there once more: %d %s %s", code, out, errs)
	}
	tr.arrived(t, r, from, to, there)
}

// TestMoveCancelled takes a move back that was stopped on the way, as long as nobody
// has gone on with the record elsewhere.
func TestMoveCancelled(t *testing.T) {
	from, to := newHome(t), newHome(t)
	r := &road{}
	here, there := r.to(t, from), r.to(t, to)
	tr := newTraveller(t, from, here)
	if out, _, code := tr.run(t, r, "move-record", "--cancel"); code != 0 || !strings.Contains(out, "nothing to take back") {
		t.Errorf("nothing was begun: %d %s", code, out)
	}
	file := filepath.Join(filepath.Dir(tr.state), "invite")
	invite := to.invite(t)
	if err := os.WriteFile(file, []byte(invite), 0o600); err != nil {
		t.Fatal(err)
	}
	// Nobody has said yes.
	if _, errs, code := tr.run(t, r, "move-record", "--to", there, "--invite-file", file); code == 0 || strings.Contains(errs, "Closed") {
		t.Errorf("unasked: %d %s", code, errs)
	}
	if _, errs, code := tr.run(t, r, "entries"); code != 0 || strings.Contains(errs, "closed") {
		t.Errorf("unasked, and it is closed: %d %s", code, errs)
	}
	stop := func(path string) { // after the server has done it
		t.Helper()
		r.on, r.after = path, true
		if c, err := client.New(to.url, client.Options{}); err == nil && path == "POST /holder/v1/record" {
			h, err := holder.Unlock(t.Context(), c, tr.kit.Recovery.Slot(), holder.Memory{})
			if err != nil {
				r.skip = 1 // the invite is tried first
			} else {
				h.Close()
			}
		}
		_, errs, code := tr.run(t, r, "move-record", "--to", there, "--invite-file", file, "--yes")
		r.on, r.skip = "", 0
		if code != -1 {
			t.Fatalf("it was not stopped at %s: %d %s", path, code, errs)
		}
	}
	for _, path := range []string{"GET /holder/v1/record", "POST /holder/v1/record"} {
		stop(path)
		if _, errs, code := tr.run(t, r, "import", "--yes", "/dev/null"); code == 0 {
			t.Errorf("the record is closed, and takes an import: %s", errs)
		}
		if _, errs, code := tr.run(t, r, "grant", "--to", "X", "--ready", "gp-visit", "--yes"); code != exitFailed || !strings.Contains(errs, "hint: the move is not done") {
			t.Errorf("a grant in the middle of a move: %d %s", code, errs)
		}
		if out, errs, code := tr.run(t, r, "move-record", "--cancel", "--yes"); code != 0 || !strings.Contains(out, "open again") || strings.Contains(errs, "invite") != strings.HasPrefix(path, "POST") {
			t.Fatalf("after %s: %d %s %s", path, code, out, errs)
		}
		if out, errs, code := tr.run(t, r, "grant", "--to", "Judith", "--ready", "gp-visit", "--yes", "--quiet", "--token-out", filepath.Join(t.TempDir(), "token")); code != 0 {
			t.Errorf("open again, a grant: %d %s %s", code, out, errs)
		}
		if out, _, code := tr.run(t, r, "check"); code != 0 {
			t.Errorf("%d %s", code, out)
		}
	}
	// Stopped, opened again by another device, and changed by it: what was copied before
	// is not what goes on.
	stop("POST /holder/v1/record")
	old, err := client.New(from.url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	phone, err := holder.Unlock(t.Context(), old, tr.kit.Recovery.Slot(), holder.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	if err := phone.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := phone.Grant(t.Context(), holder.GrantRequest{To: grant.Party{Name: "Sam"}, Sections: record.AllSections,
		Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read}}, Purpose: "TREAT"}); err != nil {
		t.Fatal(err)
	}
	// The newer copy takes the place of the one that waits there.
	if out, errs, code := tr.run(t, r, "move-record", "--to", there, "--invite-file", file, "--yes"); code != 0 {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	tr.arrived(t, r, from, to, there)
	if out, _, _ := tr.run(t, r, "grants", "--all"); !strings.Contains(out, "Sam") {
		t.Errorf("what the other device did is not there: %s", out)
	}

	// Another device, at the old server, does not open again what goes on elsewhere.
	c, err := client.New(from.url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := holder.Unlock(t.Context(), c, tr.kit.Recovery.Slot(), holder.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	d := &device{path: filepath.Join(t.TempDir(), "device.json"), server: here, label: "tablet", memory: h.Memory(), key: tr.kit.DeviceKey}
	if err := d.save(); err != nil {
		t.Fatal(err)
	}
	tablet := &traveller{state: d.path, pass: tr.pass, kit: tr.kit}
	if _, errs, code := tablet.run(t, r, "move-record", "--cancel", "--yes"); code != exitFailed || !strings.Contains(errs, "goes on at "+there+" already") {
		t.Errorf("%d %s", code, errs)
	}
	if _, errs, code := tablet.run(t, r, "entries"); code != 0 || !strings.Contains(errs, "carehold device server "+there) {
		t.Errorf("at the old server: %d %s", code, errs)
	}
	if _, errs, code := tablet.run(t, r, "grant", "--to", "X", "--ready", "gp-visit", "--yes"); code != exitFailed || !strings.Contains(errs, "has moved to "+there) || !strings.Contains(errs, "hint: when the move is done") {
		t.Errorf("a grant at the old server: %d %s", code, errs)
	}
	if out, errs, code := tablet.run(t, r, "device", "server", there); code != 0 {
		t.Errorf("following: %d %s %s", code, out, errs)
	}
	if out, errs, code := tablet.run(t, r, "check"); code != 0 {
		t.Errorf("%d %s %s", code, out, errs)
	}
}

// TestMoveGivenAnew: a move is stopped when the record was given already, and another
// device opens it again where it was and changes it: what goes on is what is there then.
func TestMoveGivenAnew(t *testing.T) {
	const change = "POST /holder/v1/statements"
	from, to := newHome(t), newHome(t)
	r := &road{}
	here, there := r.to(t, from), r.to(t, to)
	tr := newTraveller(t, from, here)
	file := filepath.Join(filepath.Dir(tr.state), "invite")
	if err := os.WriteFile(file, []byte(to.invite(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	move := func() (string, int) {
		_, errs, code := tr.run(t, r, "move-record", "--to", there, "--invite-file", file, "--yes")
		r.on, r.skip = "", 0
		return errs, code
	}
	r.on, r.after = change, true // closed, and nobody heard of it
	if errs, code := move(); code != -1 {
		t.Fatalf("it was not stopped: %d %s", code, errs)
	}
	if _, errs, code := tr.run(t, r, "entries"); code != 0 || !strings.Contains(errs, "that is not done yet") {
		t.Errorf("closed, and the device does not know of a move: %d %s", code, errs)
	}
	r.on, r.after = change, false
	if errs, code := move(); code != -1 {
		t.Fatalf("it was not stopped: %d %s", code, errs)
	}
	b, err := os.ReadFile(tr.state + ".moving")
	if err != nil || !strings.Contains(string(b), `"given": true`) {
		t.Fatalf("it was not given: %s %v", b, err)
	}
	old, err := client.New(from.url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	phone, err := holder.Unlock(t.Context(), old, tr.kit.Recovery.Slot(), holder.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	if err := phone.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := phone.Grant(t.Context(), holder.GrantRequest{To: grant.Party{Name: "Sam"}, Sections: record.AllSections,
		Scopes: []grant.Scope{{Type: "*", Verbs: grant.Read}}, Purpose: "TREAT"}); err != nil {
		t.Fatal(err)
	}
	if errs, code := move(); code != 0 {
		t.Fatalf("%d %s", code, errs)
	}
	tr.arrived(t, r, from, to, there)
	if out, _, _ := tr.run(t, r, "grants", "--all"); !strings.Contains(out, "Sam") {
		t.Errorf("what the other device did is not there: %s", out)
	}
}
