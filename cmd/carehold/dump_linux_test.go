package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/httpapi/client"
	"carehold/httpapi/message"
	"carehold/record/entry"
	"carehold/record/holder"
	"carehold/record/keys"
)

// TestForcedDump reads the whole memory of a running server, as root could, and
// looks for what must never be there: passphrases, device keys, recovery codes
// and root keys, of anybody; and the data of a person nobody has read since the
// server started. What was served before stays in Go's heap for a while
// (docs/threat-model.md says so), so the server is started anew in between.
func TestForcedDump(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("reading another process's memory needs root: a process that is not dumpable cannot be read by its own user")
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "carehold")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	data := filepath.Join(dir, "data")
	run(t, bin, "init", "--data", data)
	var invites []string
	for range 2 {
		invites = append(invites, strings.TrimSpace(run(t, bin, "invite", "--quiet", "--data", data)))
	}
	server, stop := startServer(t, bin, data)

	active := newDumped(t, server, invites[0], "active")
	idle := newDumped(t, server, invites[1], "idle")
	stop()
	server, stop = startServer(t, bin, data)
	defer stop()

	var sent bodies
	c, err := client.New(server, client.Options{Transport: &sent})
	if err != nil {
		t.Fatal(err)
	}
	h, err := holder.Unlock(t.Context(), c, active.slot, active.memory)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	token, _, err := h.SignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := c.With(token).Entries(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.With(token).Search(t.Context(), "Condition", func(client.Found) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}

	memory := readMemory(t, serverPID(t, server))
	t.Logf("%d MiB of memory read; what was served is in it %d times", len(memory)>>20, bytes.Count(memory, []byte(active.needle)))
	if !bytes.Contains(memory, []byte(server)) {
		t.Fatal("the server's own address is not in what was read: this test would find nothing")
	}
	for _, d := range []*dumped{active, idle} {
		for what, secret := range d.secrets {
			for form, b := range forms(secret) {
				if bytes.Contains(memory, b) {
					t.Errorf("the %s of the %s person is in the server's memory (%s)", what, d.name, form)
				}
			}
		}
	}
	if n := bytes.Count(memory, []byte(idle.needle)); n > 0 {
		t.Errorf("data of a person nobody has read since the start is in memory %d times", n)
	}
	destroyed, left := handled(t, &sent, token)
	for what, secret := range destroyed {
		if n := bytes.Count(memory, secret); n > 0 {
			t.Errorf("the server has %s %d times, and was to destroy it with the request", what, n)
		}
	}
	for what, secret := range left {
		t.Logf("%s is in memory %d times", what, bytes.Count(memory, secret))
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", serverPID(t, server)))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(strings.TrimPrefix(line, "Max core file size")); strings.HasPrefix(line, "Max core file size") && (f[0] != "0" || f[1] != "0") {
			t.Errorf("core dumps are on: %s", line)
		}
	}
}

// dumped is a person of this test, with what must not be found.
type dumped struct {
	name    string
	needle  string
	slot    crypto.Credential
	memory  holder.Memory
	secrets map[string][]byte
}

func newDumped(t *testing.T, server, invite, name string) *dumped {
	t.Helper()
	d := &dumped{name: name, needle: "needle-" + name + "-" + hex.EncodeToString(crypto.NewKey().Bytes()[:8])}
	passphrase := "correct horse " + hex.EncodeToString(crypto.NewKey().Bytes()[:8])
	c := dumpClient(t, server)
	h, kit, err := holder.Enrol(t.Context(), c, holder.Enrolment{Invite: invite, Passphrase: crypto.SecretString(passphrase), Label: "laptop"})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	d.slot = crypto.PassphraseSlot(kit.DeviceKey, crypto.SecretString(passphrase))
	d.memory = h.Memory()
	d.secrets = map[string][]byte{
		"passphrase":    []byte(passphrase),
		"device key":    []byte(kit.DeviceKey.Text()),
		"recovery code": []byte(kit.Recovery.Text()),
		"root key":      rootKey(t, c, d),
	}
	token, _, err := h.SignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bundle := fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Condition",
"id":"c1","code":{"text":"%s"},"subject":{"display":"me"}},"request":{"method":"PUT","url":"Condition/c1"}}]}`, d.needle)
	if _, err := c.With(token).Transaction(t.Context(), []byte(bundle), entry.Origin{}); err != nil {
		t.Fatal(err)
	}
	return d
}

// rootKey opens R the way docs/format.md says a device does.
func rootKey(t *testing.T, c *client.Client, d *dumped) []byte {
	t.Helper()
	k := d.slot.CapsuleKey()
	st, err := c.Ring(t.Context(), d.memory.Person, k.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	root, err := crypto.NewBoxKey(k.KEK).Open(keys.RootContext(d.memory.Person, k.ID), st.Wrap)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// handled are secrets that the server had to have for what it served: those it
// destroys, and those that were in buffers or were dropped as they are, which are
// only counted.
func handled(t *testing.T, sent *bodies, token string) (destroyed, left map[string][]byte) {
	t.Helper()
	c, err := crypto.ParseToken(token)
	if err != nil {
		t.Fatal(err)
	}
	var m message.SessionRequest
	for _, b := range *sent {
		if json.Unmarshal(b, &m) == nil && len(m.Key) == crypto.KeySize {
			break
		}
	}
	key, err := crypto.KeyFrom(m.Key)
	if err != nil {
		t.Fatal("no request to sign in was seen: ", err)
	}
	return map[string][]byte{
			"the key of the grant's row":     key.Derive(crypto.LabelWrap).Bytes(),
			"the key of the token's capsule": c.CapsuleKey().KEK.Bytes(),
		}, map[string][]byte{
			"the text of the token":            []byte(token),
			"the key of the grant, decoded,":   key.Bytes(),
			"the key of the grant, in base64,": []byte(base64.RawStdEncoding.EncodeToString(key.Bytes())),
		}
}

// bodies keeps what is sent.
type bodies [][]byte

func (b *bodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		all, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		*b = append(*b, all)
		r.Body = io.NopCloser(bytes.NewReader(all))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func forms(secret []byte) map[string][]byte {
	return map[string][]byte{
		"as it is": secret,
		"hex":      []byte(hex.EncodeToString(secret)),
		"base64":   []byte(base64.RawStdEncoding.EncodeToString(secret)),
	}
}

func dumpClient(t *testing.T, server string) *client.Client {
	t.Helper()
	c, err := client.New(server, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func run(t *testing.T, bin string, args ...string) string {
	t.Helper()
	cmd := exec.Command(bin, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("carehold %s: %v\n%s", args[0], err, &errs)
	}
	return string(out)
}

var dumpServers = map[string]int{}

func serverPID(t *testing.T, server string) int {
	t.Helper()
	return dumpServers[server]
}

// startServer runs carehold serve on a free port until stop is called.
func startServer(t *testing.T, bin, data string) (server string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	cmd := exec.Command(bin, "serve", "--data", data, "--listen", address, "--socket", filepath.Join(t.TempDir(), "s"))
	cmd.Env = append(os.Environ(), "GODEBUG=")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, bufio.NewReader(stderr))
	server = "http://" + address
	dumpServers[server] = cmd.Process.Pid
	done := false
	stop = func() {
		if !done {
			done = true
			cmd.Process.Signal(os.Interrupt)
			cmd.Wait()
		}
	}
	t.Cleanup(stop)
	c := dumpClient(t, server)
	for range 100 {
		if _, err := c.Node(context.Background()); err == nil {
			return server, stop
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the server did not start")
	return "", nil
}

// readMemory reads every readable mapping that is not a file: heap, stacks, and
// what the process mapped for itself.
func readMemory(t *testing.T, pid int) []byte {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	var all []byte
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil || rights[0] != 'r' {
			continue
		}
		if f := strings.Fields(line); len(f) > 5 && strings.HasPrefix(f[5], "/") {
			continue // a file: the store's are ciphertext, and searched by TestNeedles
		}
		b := make([]byte, to-from)
		n, _ := mem.ReadAt(b, int64(from)) // holes in a mapping read short
		all = append(all, b[:n]...)
	}
	return all
}
