package holder

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/crypto"
)

// TestReceiptSecondReader: the second implementation, in JavaScript and after
// docs/format.md, makes each receipt again from what it holds, and compares.
func TestReceiptSecondReader(t *testing.T) {
	const folder = "../backup/testdata/reader"
	node, err := exec.LookPath("node")
	if _, missing := os.Stat(filepath.Join(folder, "node_modules")); err != nil || missing != nil {
		if os.Getenv("CAREHOLD_NO_SKIP") == "1" {
			t.Fatal("the second reader needs Node.js, and npm ci in record/backup/testdata/reader")
		}
		t.Skip("the second reader needs Node.js, and npm ci in record/backup/testdata/reader")
	}
	if _, err := os.ReadFile(filepath.Join(folder, "receipt.mjs")); err != nil { // so that no answer is cached when it changes
		t.Fatal(err)
	}
	type answer struct {
		Grant, Name, State, Since, Why string
		Size                           uint64
		Certified, Named               bool
		Refused                        struct{ Section, Why string }
	}
	ask := func(b []byte) (a answer) {
		t.Helper()
		in, err := json.Marshal(map[string]string{"receipt": string(b)})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(node, filepath.Join(folder, "reader.mjs"), "receipt")
		cmd.Stdin = bytes.NewReader(in)
		out, _ := cmd.Output() // an exit code of 1 is an answer too
		if err := json.Unmarshal(out, &a); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return a
	}
	h, id := paper(t)
	g := h.now.ring.find(id)
	check := func(want answer) []byte {
		t.Helper()
		b, err := h.Receipt(id)
		if err != nil {
			t.Fatal(err)
		}
		want.Grant, want.Name, want.Size = id.String(), "Dr Amara Okafor", 7
		if got := ask(b); got != want {
			t.Errorf("the second reader has %+v, want %+v, of\n%s", got, want, b)
		}
		return b
	}
	live := check(answer{State: "live", Certified: true, Named: true})
	at := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	g.paused, h.now.live[id] = at, LiveGrant{Grant: id, Suspended: true}
	check(answer{State: "suspended", Since: "2026-11-22T01:02:03Z", Certified: true, Named: true})
	g.paused, g.ended, g.why = time.Time{}, at, Revoked
	check(answer{State: "ended", Since: "2026-11-22T01:02:03Z", Why: "1", Certified: true, Named: true})
	old := h.now.ring.newest()
	old.identity, old.grants = crypto.Key{}, crypto.Key{}
	h.now.ring.gens = append(h.now.ring.gens, newGeneration())
	check(answer{State: "ended", Since: "2026-11-22T01:02:03Z", Why: "1"})

	for was, is := range map[string]string{"state: live": "state: ended", "It was live": "It was alive", "name: Dr Amara": "name: Dr Amira", "scopes: patient/*.rs": "scopes: patient/*.cruds"} {
		if altered := strings.Replace(string(live), was, is, 1); altered != string(live) && ask([]byte(altered)).Refused.Why == "" {
			t.Errorf("%q is taken", is)
		}
	}
}
