package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/export"
)

// TestExportImportInterrupted: a Ctrl-C is heard between two pieces; the same command
// again goes on, and in the end the record is the same, older versions and all.
func TestExportImportInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	a, b := handmade(t), newExporting(t)
	a.command(exitDone, "export", a.path("out"))
	for stop := range 12 {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := b.openExport(a.path("out"), exportKeys{})
		if err != nil {
			t.Fatal(err)
		}
		before := *b.u.app
		b.u.app.yes, b.u.app.quiet = true, false
		b.u.app.stderr = &cancelling{left: stop%3 + 1, cancel: cancel}
		x, err := b.u.planExport(ctx, r, exportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		x.most = 300
		err = x.run(ctx)
		*b.u.app = before
		r.Close()
		if err == nil {
			if stop < 3 {
				t.Fatal("it was not interrupted")
			}
			break
		}
		if code := exitCode(ctx, err); code != exitInterrupted {
			t.Fatalf("%d: %v", code, err)
		}
	}
	b.command(exitDone, "import", a.path("out"))
	sameRecord(t, a, b)
	toldOf(t, a, b)
}

// cancelling hears how many transactions were sent.
type cancelling struct {
	left   int
	cancel func()
}

func (c *cancelling) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("sending")) {
		if c.left--; c.left == 0 {
			c.cancel()
		}
	}
	return len(p), nil
}

// TestExportUndone: an export that was imported can be taken back as a whole.
func TestExportUndone(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	a, b := handmade(t), newExporting(t)
	a.command(exitDone, "export", a.path("out.zip"))
	b.command(exitDone, "import", a.path("out.zip"))
	list, err := b.u.session.Imports(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	b.command(exitDone, "imports", "undo", list[0].ID.String())
	entries, err := b.u.session.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.Deleted {
			t.Errorf("%s/%s is left", e.Type, e.ID)
		}
	}
	b.command(exitDone, "import", a.path("out.zip"))
	if got, want := len(b.versions()), len(a.versions()); got < want {
		t.Errorf("%d versions, want at least %d", got, want)
	}
	// Who wrote what came back with it: of the newest versions, that is, for only these did.
	told := map[string]bool{}
	for _, text := range b.notes() {
		var p struct{ Target []struct{ Reference string } }
		must(t, json.Unmarshal([]byte(text), &p))
		for _, x := range p.Target {
			ref, _, _ := strings.Cut(x.Reference, "/_history/")
			told[ref] = true
		}
	}
	if entries, err = b.u.session.Entries(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if ref := e.Type + "/" + e.ID; !e.Deleted && e.Type != "Provenance" && !told[ref] {
			t.Errorf("nothing is told of %s", ref)
		}
	}
}

// TestExportIntoAnother: what a record has keeps its own history, and its own edits.
func TestExportIntoAnother(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	a, b := handmade(t), newExporting(t)
	a.command(exitDone, "export", a.path("out"))
	b.command(exitDone, "import", a.path("out"))
	b.put("Condition/hidden", `{"resourceType":"Condition","id":"hidden","subject":{"reference":"Patient/`+b.patient()+`"},"code":{"text":"corrected"}}`)
	a.put("Condition/several", `{"resourceType":"Condition","id":"several","subject":{"reference":"Patient/`+a.patient()+`"},"code":{"text":"newer"}}`)
	a.command(exitDone, "export", a.path("later"))
	if said := b.command(exitDone, "import", "-n", a.path("later")); !strings.Contains(said, "Nothing was written") {
		t.Error(said)
	}
	b.command(exitDone, "import", a.path("later"))
	was, is := a.versions(), b.versions()
	for name, want := range map[string]string{"Condition/several/_history/5": was["Condition/several/_history/5"], "Condition/hidden/_history/2": "corrected"} {
		if !strings.Contains(is[name], want) || want == "" {
			t.Errorf("%s: %s", name, is[name])
		}
	}
	if v := is["Condition/several/_history/6"] + is["Condition/hidden/_history/3"]; v != "" {
		t.Errorf("written once more: %s", v)
	}
	// Into the record it is of, an older export brings nothing back.
	if said := a.command(exitDone, "import", a.path("out")); !strings.Contains(said, "nothing was added") {
		t.Error(said)
	}
	equalMaps(t, "after an older export", was, a.versions())
	// What it would write over is asked about.
	c := newExporting(t)
	c.put("Condition/several", `{"resourceType":"Condition","id":"several","subject":{"reference":"Patient/`+c.patient()+`"},"code":{"text":"mine"}}`)
	for _, whose := range []string{"somebody", c.patient()} {
		var said bytes.Buffer
		asked := *c.app
		asked.stderr, asked.stdin = &said, nil
		if code := asked.run(t.Context(), []string{"import", "--state", c.state, "--passphrase-file", c.passphraseFile, withoutPatient(t, a.path("out"), whose)}); code != exitLocked || len(c.versions()) != 1 {
			t.Errorf("%d: %s", code, said.String())
		}
	}
	// What is about somebody else stays out, with all its versions; the rest goes in.
	d := newExporting(t)
	if said := d.command(exitPartly, "import", withoutPatient(t, a.path("out"), d.patient())); !strings.Contains(said, "another person") || len(d.versions()) > 0 {
		t.Errorf("%s\n%v", said, d.versions())
	}
	if s := b.sections()["Condition/hidden"]; !strings.HasPrefix(s, "private") {
		t.Errorf("filed in %s", s)
	}
}

// TestExportOfSomebodyElse: an export is about one person, as its record is.
func TestExportOfSomebodyElse(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	for i, x := range []*exporting{a, b} {
		x.put("Patient/"+x.patient(), `{"resourceType":"Patient","id":"`+x.patient()+`","name":[{"text":"`+[]string{"Ann Lee", "Tom Fox"}[i]+`"}],"birthDate":"195`+[]string{"0", "1"}[i]+`-01-01"}`)
	}
	a.command(exitDone, "export", a.path("out"))
	if said := b.command(exitFailed, "import", a.path("out")); !strings.Contains(said, "a record is about one person") {
		t.Error(said)
	}
}

// TestHostileExports: what is no export, or not the one that was written, is refused
// before the record is opened, with what is wrong and where.
func TestHostileExports(t *testing.T) {
	x := handmadeExport(t)
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		says   string
		code   int
	}{
		"changed":           {func(t *testing.T, dir string) { rewrite(t, dir, "Condition.ndjson", "Asthma", "Absent") }, "Condition.ndjson", exitIntegrity},
		"cut":               {func(t *testing.T, dir string) { must(t, os.Truncate(filepath.Join(dir, "sections.json"), 30)) }, "sections.json", exitIntegrity},
		"missing":           {func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "index.html"))) }, "index.html", exitIntegrity},
		"a link":            {func(t *testing.T, dir string) { link(t, dir, "index.html") }, "leads elsewhere", exitIntegrity},
		"a linked folder":   {func(t *testing.T, dir string) { link(t, dir, "documents") }, "leads elsewhere", exitIntegrity},
		"a linked manifest": {func(t *testing.T, dir string) { link(t, dir, "manifest.json") }, "leads elsewhere", exitIntegrity},
		"another format": {func(t *testing.T, dir string) {
			rewrite(t, dir, "manifest.json", `"carehold_export": 1`, `"carehold_export": 2`)
		}, "format 2", exitFailed},
		"up and away": {func(t *testing.T, dir string) {
			rewrite(t, dir, "manifest.json", `"name": "index.html"`, `"name": "../index.html"`)
		}, "leads elsewhere", exitIntegrity},
		"a file twice": {func(t *testing.T, dir string) {
			rewrite(t, dir, "manifest.json", `"name": "index.html"`, `"name": "Sections.json"`)
		}, "twice", exitIntegrity},
		"no manifest's": {func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "manifest.json"), []byte("{}"), 0o600))
		}, "not that of an export", exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "out")
			must(t, os.CopyFS(dir, os.DirFS(x)))
			c.change(t, dir)
			a := quietApp()
			var said bytes.Buffer
			a.stderr = &said
			// There is no device file: nothing but the export can be looked at.
			if code := a.run(t.Context(), []string{"import", "--state", filepath.Join(dir, "nowhere"), dir}); code != c.code || !strings.Contains(said.String(), c.says) {
				t.Errorf("%d: %s", code, said.String())
			}
		})
	}
	t.Run("zip", func(t *testing.T) {
		b := zipOf(t, x)
		for _, n := range []int{len(b) - 1, len(b) / 2, 200} {
			path := filepath.Join(t.TempDir(), "cut.zip")
			must(t, os.WriteFile(path, b[:n], 0o600))
			if !isExport(path) {
				t.Fatalf("%d bytes of it are not known as an export", n)
			}
			if _, err := quietApp().openExport(path, exportKeys{}); record.KindOf(err) != record.Integrity {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
	})
}

// withoutPatient is an export that does not say whose it is.
func withoutPatient(t *testing.T, dir, whose string) string {
	t.Helper()
	old, err := quietApp().openExport(dir, exportKeys{})
	must(t, err)
	defer old.Close()
	to := &exportTarget{path: filepath.Join(t.TempDir(), "out")}
	must(t, to.write(written, func(w *exportFiles) error {
		p, err := w.Create("Condition.ndjson")
		must(t, err)
		must(t, old.Newest("Condition", func(v export.Version) error { return p.Line(v.Resource.Bytes()) }))
		must(t, p.Close())
		p, err = w.Create("history/Condition.ndjson")
		must(t, err)
		must(t, old.Lines("history/Condition.ndjson", p.Line))
		must(t, p.Close())
		l, err := w.List("sections.json", "entries")
		must(t, err)
		must(t, old.Sections(func(f export.Filed) error {
			if strings.HasPrefix(f.Entry, "Condition/") {
				return l.Add(f)
			}
			return nil
		}))
		must(t, l.Close())
		_, err = w.Finish(export.Manifest{Server: "https://evil.example", Patient: whose, Time: written})
		return err
	}))
	return to.path
}

var written = time.Date(2026, 3, 2, 10, 11, 12, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func rewrite(t *testing.T, dir, name, old, now string) {
	t.Helper()
	path := filepath.Join(dir, name)
	b, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Contains(b, []byte(old)) {
		t.Fatalf("%s has no %s", name, old)
	}
	must(t, os.WriteFile(path, bytes.Replace(b, []byte(old), []byte(now), 1), 0o600))
}

// link moves a file away, and leaves a link to it.
func link(t *testing.T, dir, name string) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "elsewhere")
	must(t, os.Rename(filepath.Join(dir, name), to))
	if err := os.Symlink(to, filepath.Join(dir, name)); errors.Is(err, fs.ErrPermission) {
		t.Skip("no links here")
	} else {
		must(t, err)
	}
}

// handmadeExport is an export in a folder.
func handmadeExport(t *testing.T) string {
	t.Helper()
	a := newExporting(t)
	a.put("Condition/x", `{"resourceType":"Condition","id":"x","subject":{"reference":"Patient/`+a.patient()+`"},"code":{"text":"Asthma"}}`)
	a.send(a.u.token, "PUT", "Binary/x", "application/pdf", []byte("%PDF-1.4"))
	a.command(exitDone, "export", a.path("out"))
	return a.path("out")
}

// zipOf packs a folder as anybody would.
func zipOf(t *testing.T, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	must(t, w.AddFS(os.DirFS(dir)))
	must(t, w.Close())
	return b.Bytes()
}
