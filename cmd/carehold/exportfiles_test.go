package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/record/export"
)

func namesIn(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// targets are one of each sort that is written file by file.
func targets(t *testing.T, dir string) []*exportTarget {
	t.Helper()
	pass, err := export.PassphraseRecipient("not much of one")
	must(t, err)
	var all []*exportTarget
	for _, name := range []string{"out", "out.zip", "out.zip.age"} {
		x := &exportTarget{}
		must(t, x.choose(filepath.Join(dir, name)))
		if x.kind == sealedExport {
			x.recipients = []export.Recipient{pass}
		}
		all = append(all, x)
	}
	return all
}

// TestHalfAnExport: what fails on the way leaves nothing behind, whatever it was.
func TestHalfAnExport(t *testing.T) {
	dir := t.TempDir()
	for _, x := range targets(t, dir) {
		broken := errors.New("broken")
		err := x.write(time.Now(), func(f *exportFiles) error {
			p, err := f.Create("Patient.ndjson")
			must(t, err)
			must(t, p.Line([]byte("{}")))
			if strings.Contains(namesIn(t, dir), "out") {
				t.Errorf("%s has its name before it is whole", x.path)
			}
			return broken
		})
		if !errors.Is(err, broken) || namesIn(t, dir) != "" {
			t.Errorf("%s: %v, left: %s", x.path, err, namesIn(t, dir))
		}
	}
}

// TestExportWritesOverNothing: not even what came while it was written.
func TestExportWritesOverNothing(t *testing.T) {
	for _, x := range targets(t, t.TempDir()) {
		err := x.write(time.Now(), func(f *exportFiles) error {
			must(t, os.WriteFile(x.path, []byte("mine"), 0o600))
			_, err := f.Finish(export.Manifest{})
			return err
		})
		b, _ := os.ReadFile(x.path)
		if err == nil || string(b) != "mine" {
			t.Errorf("%s: %v, %q", x.path, err, b)
		}
		if names := namesIn(t, filepath.Dir(x.path)); strings.Contains(names, "carehold") {
			t.Errorf("left: %s", names)
		}
	}
}

// TestExportInterrupted: a Ctrl-C at any moment leaves a whole export or none.
func TestExportInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	a := handmade(t)
	dir := t.TempDir()
	whole := 0
	for i := range 12 {
		name := []string{"out", "out.zip", "out.ndjson"}[i%3]
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*i)*10*time.Millisecond)
		b := *a.app
		b.stderr = new(strings.Builder)
		code := b.run(ctx, []string{"export", filepath.Join(dir, name), "--state", a.state, "--passphrase-file", a.passphraseFile})
		cancel()
		left := namesIn(t, dir)
		if code == exitDone {
			whole++
			must(t, os.RemoveAll(filepath.Join(dir, name)))
		} else if left != "" {
			t.Errorf("ended with %d, and left %s", code, left)
		}
	}
	if whole == 12 {
		t.Error("nothing was interrupted")
	}
}

// TestExportLines: in the plain files of resources a large Binary is whole too.
func TestExportLines(t *testing.T) {
	a := handmade(t)
	a.command(exitDone, "export", a.path("all.ndjson"))
	a.command(exitDone, "export", a.path("all.json"))
	lines, err := os.ReadFile(a.path("all.ndjson"))
	must(t, err)
	bundle, err := os.ReadFile(a.path("all.json"))
	must(t, err)
	seen := 0
	for line := range strings.Lines(string(lines)) {
		var r struct{ ResourceType, ID, Data string }
		must(t, json.Unmarshal([]byte(line), &r))
		if r.ResourceType != "Binary" || r.ID != "large" {
			continue
		}
		seen++
		b, err := base64.StdEncoding.DecodeString(r.Data)
		if err != nil || len(b) != 3<<20 || !strings.Contains(string(bundle), r.Data) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	}
	if seen != 1 {
		t.Errorf("it is there %d times", seen)
	}
}

// TestExportNames: how a name ends says what it becomes.
func TestExportNames(t *testing.T) {
	for name, want := range map[string]exportKind{"record": folderExport, "record/": folderExport, "my.record/": folderExport, "x.zip": zipExport, "X.ZIP": zipExport,
		"x.zip.age": sealedExport, "x.json": bundleExport, "x.ndjson": linesExport, "a.b/record": folderExport} {
		x := &exportTarget{}
		if err := x.choose(name); err != nil || x.kind != want {
			t.Errorf("%s: %v, %v", name, x.kind, err)
		}
	}
	for _, x := range []*exportTarget{{path: "x.zp"}, {path: "x.age"}, {path: "my.record"}, {path: ""}, {path: "/"}, {path: "x.zip", keys: []string{"age1"}}, {path: "x", passphraseFile: "p"}, {path: "x.zip.age", keys: []string{"age1"}, passphraseFile: "p"}} {
		if err := x.choose(x.path); exitCode(t.Context(), err) != exitUsage {
			t.Errorf("%+v: %v", x, err)
		}
	}
}
