package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carehold/httpapi/client"
)

// forged is a copy of an export with other content, and a manifest that fits. edit
// returns "" for a file that stays.
func forged(t *testing.T, dir string, edit func(name, text string) string, manifest func(map[string]any)) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	must(t, os.CopyFS(out, os.DirFS(dir)))
	path := filepath.Join(out, "manifest.json")
	b, err := os.ReadFile(path)
	must(t, err)
	var m map[string]any
	must(t, json.Unmarshal(b, &m))
	if manifest != nil {
		manifest(m)
	}
	for _, f := range m["files"].([]any) {
		file := f.(map[string]any)
		name := file["name"].(string)
		content, err := os.ReadFile(filepath.Join(out, name))
		must(t, err)
		if edit != nil {
			if now := edit(name, string(content)); now != "" {
				content = []byte(now)
				must(t, os.WriteFile(filepath.Join(out, name), content, 0o600))
			}
		}
		sum := sha256.Sum256(content)
		file["size"], file["sha256"] = len(content), hex.EncodeToString(sum[:])
	}
	b, err = json.MarshalIndent(m, "", " ")
	must(t, err)
	must(t, os.WriteFile(path, b, 0o600))
	return out
}

// is sets a member of a manifest.
func is(name, value string) func(map[string]any) { return func(m map[string]any) { m[name] = value } }

// timeOf is when an export says that it was made.
func timeOf(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	must(t, err)
	var m struct{ Time string }
	must(t, json.Unmarshal(b, &m))
	return m.Time
}

// TestForgedWhose: an export is not asked less of because its manifest names somebody
// else, or the very person.
func TestForgedWhose(t *testing.T) {
	b, m := newExporting(t), newExporting(t)
	b.ada()
	m.put("Patient/"+m.patient(), `{"resourceType":"Patient","id":"`+m.patient()+`","name":[{"text":"Mallory Evil"}],"birthDate":"2001-01-01"}`)
	m.put("Condition/evil", `{"resourceType":"Condition","id":"evil","subject":{"reference":"Patient/`+m.patient()+`"},"code":{"text":"Opioid dependence"}}`)
	m.command(exitDone, "export", m.path("out"))
	named := func(_, text string) string { return strings.ReplaceAll(text, m.patient(), b.patient()) }
	unnamed := func(name, text string) string { // of a Patient nothing is left
		var kept strings.Builder
		for line := range strings.Lines(text) {
			if !strings.Contains(line, `"resourceType":"Patient"`) && !strings.Contains(line, `"entry":"Patient/`) {
				kept.WriteString(line)
			}
		}
		if name == "sections.json" { // its last entry has no comma
			return strings.Replace(named(name, kept.String()), "},\n]", "}\n]", 1)
		}
		if kept.Len() == 0 {
			return "\n"
		}
		return named(name, kept.String())
	}
	before, was := b.versions(), m.path("out")
	for name, c := range map[string]struct {
		export string
		yes    bool
		code   int
		says   string
	}{
		"nobody":             {forged(t, was, named, is("patient", "nobody")), false, exitIntegrity, "is not whom manifest.json says"},
		"nobody, with --yes": {forged(t, was, named, is("patient", "nobody")), true, exitIntegrity, "is not whom manifest.json says"},
		"of oneself":         {forged(t, was, named, is("patient", b.patient())), true, exitFailed, "a record is about one person"},
		"among what is old":  {amongOld(t, forged(t, was, named, is("patient", b.patient()))), true, exitIntegrity, "does not have the Patient"},
		"without a Patient":  {without(t, forged(t, was, unnamed, is("patient", b.patient())), "Patient.ndjson"), false, exitLocked, "Is it yours?"},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"import", c.export}
			if c.yes {
				args = append(args, "--yes")
			}
			code, said := b.alone(args...)
			if code != c.code || !strings.Contains(said, c.says) {
				t.Errorf("%d: %s", code, said)
			}
			equalMaps(t, "versions", before, b.versions())
		})
	}
	// Nor by a record in which nobody is as yet.
	e := newExporting(t)
	toEmpty := func(_, text string) string { return strings.ReplaceAll(text, m.patient(), e.patient()) }
	for _, whose := range []string{"nobody", e.patient()} {
		code, said := e.alone("import", forged(t, was, toEmpty, is("patient", whose)))
		if whose != "nobody" && (code != exitLocked || !strings.Contains(said, "Is that you?")) || whose == "nobody" && code != exitIntegrity || len(e.versions()) > 0 {
			t.Errorf("%d: %s", code, said)
		}
	}
}

// files are the manifest's, as edit has them: "" is gone.
func files(edit func(name string) string) func(map[string]any) {
	return func(m map[string]any) {
		var kept []any
		for _, f := range m["files"].([]any) {
			file := f.(map[string]any)
			if name := edit(file["name"].(string)); name != "" {
				file["name"] = name
				kept = append(kept, file)
			}
		}
		m["files"] = kept
	}
}

// without is an export without one of its files.
func without(t *testing.T, dir, gone string) string {
	t.Helper()
	return forged(t, dir, nil, files(func(name string) string {
		if name == gone {
			return ""
		}
		return name
	}))
}

// amongOld is an export with its Patient where only older versions are looked for.
func amongOld(t *testing.T, dir string) string {
	t.Helper()
	line, err := os.ReadFile(filepath.Join(dir, "Patient.ndjson"))
	must(t, err)
	var p struct {
		ID   string
		Meta struct{ VersionID, LastUpdated string }
	}
	must(t, json.Unmarshal(line, &p))
	must(t, os.MkdirAll(filepath.Join(dir, "history"), 0o700))
	old := `{"resource":` + strings.TrimSpace(string(line)) + `,"request":{"method":"PUT","url":"Patient/` + p.ID + `"},"response":{"status":"201","etag":"W/\"` + p.Meta.VersionID + `\"","lastModified":"` + p.Meta.LastUpdated + `"}}`
	must(t, os.WriteFile(filepath.Join(dir, "history", "Patient.ndjson"), []byte(old+"\n"), 0o600))
	return forged(t, dir, nil, files(func(name string) string {
		if name == "Patient.ndjson" {
			return "history/Patient.ndjson"
		}
		return name
	}))
}

// TestOwnExportIsUnasked: into the record that it is of, an export goes without a
// question, for nothing of it is written.
func TestOwnExportIsUnasked(t *testing.T) {
	a := newExporting(t)
	me := `"subject":{"reference":"Patient/` + a.patient() + `"}`
	a.put("Condition/x", `{"resourceType":"Condition","id":"x",`+me+`,"code":{"text":"Asthma"}}`)
	a.command(exitDone, "export", a.path("nobody"))
	a.put("Patient/"+a.patient(), `{"resourceType":"Patient","id":"`+a.patient()+`"}`) // surely nobody
	a.command(exitDone, "export", a.path("out"))
	before := a.versions()
	for _, path := range []string{"nobody", "out"} {
		if code, said := a.alone("import", a.path(path)); code != exitDone || !strings.Contains(said, "nothing was added") {
			t.Errorf("%d: %s", code, said)
		}
	}
	equalMaps(t, "versions", before, a.versions())
}

// forgedDeletion is a record that has an export, and an export of the same name which
// has one version more: that two entries were deleted.
func forgedDeletion(t *testing.T) (b *exporting, first, evil string) {
	t.Helper()
	a := newExporting(t)
	b = newExporting(t)
	a.ada()
	a.command(exitDone, "export", a.path("out"))
	b.command(exitDone, "import", a.path("out"))
	a.send(a.u.token, "DELETE", "Condition/asthma", "", nil)
	a.send(a.u.token, "DELETE", "Condition/mind", "", nil)
	a.command(exitDone, "export", a.path("later"))
	return b, a.path("out"), forged(t, a.path("later"), nil, is("time", timeOf(t, a.path("out"))))
}

// TestForgedDeletion: an export deletes nothing that is there where nobody was asked, and
// says what it would. --yes is no answer.
func TestForgedDeletion(t *testing.T) {
	b, _, evil := forgedDeletion(t)
	before := b.versions()
	for _, args := range [][]string{{"-n"}, {}, {"--yes"}, {"--yes", "--json"}} {
		code, said := b.alone(append([]string{"import", evil}, args...)...)
		if code != exitDone || !strings.Contains(said, "Condition/asthma") || !strings.Contains(said, "Condition/mind") || !strings.Contains(said, "delete") {
			t.Errorf("%v: %d: %s", args, code, said)
		}
		equalMaps(t, "versions", before, b.versions())
	}
}

// TestForgedDeletionGoesOn: an import that ended before its time goes on without deleting
// what nobody had said yes to, and without a word of who wrote what was there before.
// Whoever makes an export can have it end so.
func TestForgedDeletionGoesOn(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	a.ada()
	a.command(exitDone, "export", a.path("out"))
	b.command(exitDone, "import", a.path("out"))
	a.send(a.u.token, "DELETE", "Condition/asthma", "", nil)
	a.send(a.u.token, "DELETE", "Condition/mind", "", nil)
	me := `"subject":{"reference":"Patient/` + a.patient() + `"}`
	for _, id := range []string{"one", "two"} {
		a.put("Condition/"+id, `{"resourceType":"Condition","id":"`+id+`",`+me+`,"code":{"text":"Hay fever"}}`)
	}
	a.command(exitDone, "export", a.path("later"))
	evil := forged(t, a.path("later"), func(name, text string) string {
		if name == "derived/Provenance.ndjson" {
			return strings.ReplaceAll(text, `"display":"`, `"display":"Dr Forged, `)
		}
		return ""
	}, is("time", timeOf(t, a.path("out"))))
	for _, sent := range []int{0, 1} { // pieces, before the interruption
		ctx, cancel := context.WithCancel(t.Context())
		if sent == 0 {
			cancel()
		}
		if err := b.interrupted(ctx, evil, &cancelling{left: sent, cancel: cancel}); exitCode(ctx, err) != exitInterrupted {
			t.Fatalf("it was not interrupted: %v", err)
		}
	}
	said := b.command(exitDone, "import", evil, "--yes")
	now := b.versions()
	if !strings.Contains(said, "as deleted, and your record has") || now["Condition/asthma/_history/2"] != "" || now["Condition/mind/_history/2"] != "" {
		t.Errorf("%s\n%v", said, now)
	}
	if now["Condition/one/_history/1"] == "" || now["Condition/two/_history/1"] == "" {
		t.Errorf("what was new did not come: %v", now)
	}
	told := 0
	for _, text := range b.notes() {
		if strings.Contains(text, "asthma") || strings.Contains(text, "mind") {
			if strings.Contains(text, "Forged") {
				t.Errorf("of what was there: %s", text)
			}
		} else if strings.Contains(text, "Forged") {
			told++ // of what the very import brought
		}
	}
	if told == 0 {
		t.Error("nothing is told of what it brought")
	}
}

// notes are the entries that tell of origins, by their ids.
func (b *exporting) notes() map[string]string {
	out := map[string]string{}
	must(b.t, b.u.session.Search(b.t.Context(), "Provenance", func(f client.Found) error {
		if carried(f.Ref.ID) {
			out[f.Ref.ID] = string(f.Resource)
		}
		return nil
	}))
	return out
}

// interrupted begins to import an export, in pieces of one entry.
func (b *exporting) interrupted(ctx context.Context, path string, stderr io.Writer) error {
	r, err := b.openExport(path, exportKeys{})
	must(b.t, err)
	defer r.Close()
	before := *b.u.app
	defer func() { *b.u.app = before }()
	b.u.app.yes, b.u.app.quiet, b.u.app.stderr = true, false, stderr
	x, err := b.u.planExport(context.WithoutCancel(ctx), r, exportOptions{})
	must(b.t, err)
	x.most = 1
	return x.run(ctx)
}

// TestForgedEndsBefore: what cannot be read of an export is found before anything of it is sent.
func TestForgedEndsBefore(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	a.ada()
	a.command(exitDone, "export", a.path("out"))
	evil := forged(t, a.path("out"), func(name, text string) string {
		if name == "derived/Provenance.ndjson" {
			return text + "{\"resourceType\":7}\n"
		}
		return ""
	}, nil)
	if code, said := b.alone("import", evil, "--yes"); code == exitDone || len(b.versions()) > 0 {
		t.Errorf("%d: %s\n%v", code, said, b.versions())
	}
}

// TestForgedCarried: a note of origin that stands among the entries of an export is heard
// of what that export brings, and of nothing that was there.
func TestForgedCarried(t *testing.T) {
	const note = `{"resourceType":"Provenance","id":"carried-%s","meta":{"tag":[{"system":"urn:carehold:carried","code":"provenance"},{"system":"https://a.example","code":"kept"}]},"target":[{"reference":"Condition/%s/_history/1"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"Dr %s, Royal Hospital"}}]}`
	a, b := newExporting(t), newExporting(t)
	a.ada()
	a.command(exitDone, "export", a.path("out"))
	b.command(exitDone, "import", a.path("out"))
	a.put("Condition/new", `{"resourceType":"Condition","id":"new","subject":{"reference":"Patient/`+a.patient()+`"},"code":{"text":"Hay fever"}}`)
	a.put("Provenance/carried-one", fmt.Sprintf(note, "one", "asthma", "Forged"))
	a.put("Provenance/carried-two", fmt.Sprintf(note, "two", "new", "Honest"))
	a.command(exitDone, "export", a.path("later"))
	b.command(exitDone, "import", forged(t, a.path("later"), nil, is("time", timeOf(t, a.path("out")))))
	now := b.notes()
	if one := now["carried-one"]; strings.Contains(one, "urn:carehold:carried") || !strings.Contains(one, "kept") {
		t.Errorf("of what was there: %s", one)
	}
	if two := now["carried-two"]; !strings.Contains(two, "urn:carehold:carried") {
		t.Errorf("of what it brings: %s", two)
	}
	b.command(exitDone, "export", b.path("back"))
	pages := ""
	must(t, filepath.WalkDir(b.path("back"), func(path string, d os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".html") {
			c, err := os.ReadFile(path)
			must(t, err)
			pages += string(c)
		}
		return err
	}))
	if strings.Contains(pages, "Dr Forged") || !strings.Contains(pages, "Asthma") {
		t.Error("a page says it")
	}
}

// TestForgedDeletionBetween: nor does an export delete on the way to its newest version,
// for undoing the import would leave it at that.
func TestForgedDeletionBetween(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	a.ada()
	a.command(exitDone, "export", a.path("out"))
	b.command(exitDone, "import", a.path("out"))
	a.send(a.u.token, "DELETE", "Condition/asthma", "", nil)
	a.put("Condition/asthma", `{"resourceType":"Condition","id":"asthma","subject":{"reference":"Patient/`+a.patient()+`"},"code":{"text":"None"}}`)
	a.command(exitDone, "export", a.path("later"))
	was := b.versions()["Condition/asthma/_history/1"]
	said := b.command(exitDone, "import", forged(t, a.path("later"), nil, is("time", timeOf(t, a.path("out")))))
	if now := b.versions(); !strings.Contains(now["Condition/asthma/_history/2"], "None") {
		t.Errorf("%s\n%v", said, now)
	}
	_, after, _ := strings.Cut(said, "imports undo ")
	b.command(exitDone, "imports", "undo", strings.Fields(after)[0])
	if now := b.versions(); now["Condition/asthma/_history/3"] != was {
		t.Errorf("%v", now)
	}
}

// TestForgedProvenance: an export tells nothing new of the origin of what is there.
func TestForgedProvenance(t *testing.T) {
	a, b := newExporting(t), newExporting(t)
	a.ada()
	a.command(exitDone, "export", a.path("out"))
	b.command(exitDone, "import", a.path("out"))
	notes := func() (n int) {
		list, err := b.u.session.Entries(t.Context())
		must(t, err)
		for _, e := range list {
			if carried(e.ID) {
				n++
			}
		}
		return n
	}
	before := notes()
	evil := forged(t, a.path("out"), func(name, text string) string {
		if name == "derived/Provenance.ndjson" {
			if now := strings.ReplaceAll(text, `"display":"`, `"display":"Dr. Forged, `); now != text {
				return now
			}
			t.Fatal("nothing was changed")
		}
		return ""
	}, nil)
	if code, said := b.alone("import", evil); code != exitDone || !strings.Contains(said, "nothing was added") || strings.Contains(said, "who wrote what") {
		t.Errorf("%d: %s", code, said)
	}
	if now := notes(); before == 0 || now != before {
		t.Errorf("%d notes, and before %d", now, before)
	}
}
