package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carehold/record/change"
	"carehold/record/sample"
)

// TestInterruptedImport: a Ctrl-C is heard between two batches, says how to go
// on, and going on brings the rest and nothing twice.
func TestInterruptedImport(t *testing.T) {
	a, _ := enrolled(t)
	u, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	source, err := readSource(bytes.NewReader(sample.Sources()[0].Bundle), "gp")
	if err != nil {
		t.Fatal(err)
	}
	im := &importer{unlocked: u}
	if err := im.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	report, err := im.source(interrupted, source, false)
	if err == nil || exitCode(interrupted, err) != exitInterrupted {
		t.Fatalf("error %v, code %d", err, exitCode(interrupted, err))
	}
	if report.New != batchEntries {
		t.Errorf("%d entries are in, want one batch", report.New)
	}
	if hint := hintOf(exitInterrupted, err); !strings.Contains(hint, "goes on") || !strings.Contains(hint, report.ID.String()) {
		t.Errorf("hint: %s", hint)
	}
	if err := im.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	rest, err := im.source(t.Context(), source, false)
	if err != nil {
		t.Fatal(err)
	}
	total := len(source.bundles[0].Entries)
	if rest.Same != batchEntries || rest.New != total-batchEntries || rest.Changed != 0 {
		t.Errorf("then %d new, %d changed, %d there already, of %d", rest.New, rest.Changed, rest.Same, total)
	}
}

func TestBatches(t *testing.T) {
	source, err := readSource(bytes.NewReader(sample.Sources()[0].Bundle), "gp")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := change.PlanImport(source.bundles[0], "gp", "p")
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for at := 0; at < len(plan.Changes); {
		n := batch(plan.Changes[at:])
		size := 0
		for _, c := range plan.Changes[at : at+n] {
			size += len(c.Resource.Bytes())
		}
		if n < 1 || n > batchEntries || n > 1 && size > batchBytes {
			t.Fatalf("a batch of %d entries and %d bytes", n, size)
		}
		at, all = at+n, all+n
	}
	if all != len(plan.Changes) {
		t.Errorf("%d of %d entries are in a batch", all, len(plan.Changes))
	}
}

// enrolled is a run of the program for a person whose record is on a server of
// its own.
func enrolled(t *testing.T) (*app, string) {
	t.Helper()
	dir := t.TempDir()
	d := &demo{app: quietApp(), ctx: t.Context(), dir: dir}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	d.url = "http://127.0.0.1:" + port
	must := func(out string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	must(d.quietly(d.sub(nil), "init", "--data", d.path("server")))
	must("", d.serveAgain())
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	})
	invite := must(d.quietly(d.sub(nil), "invite", "--data", d.path("server"), "--socket", d.path("carehold.sock")))
	must("", os.WriteFile(d.path("invite.txt"), []byte(invite), 0o600))
	must("", os.WriteFile(d.path("passphrase.txt"), []byte(demoPassphrase), 0o600))
	must(d.quietly(d.sub(nil), "enrol", "--server", d.url, "--invite-file", d.path("invite.txt"), "--recovery-out", d.path("recovery.txt"),
		"--state", d.path("device.json"), "--passphrase-file", d.path("passphrase.txt")))
	a := d.sub(&bytes.Buffer{})
	a.state, a.passphraseFile = filepath.Join(dir, "device.json"), d.path("passphrase.txt")
	return a, dir
}
