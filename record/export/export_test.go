package export_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"testing"
	"time"
	"unicode"

	"carehold/record"
	"carehold/record/export"
)

var when = time.Date(2026, 3, 2, 10, 11, 12, 0, time.UTC)

// memory is a Sink and a Source.
type memory map[string]*bytes.Buffer

func (m memory) Create(name string, _ bool) (io.WriteCloser, error) {
	if m[name] != nil {
		return nil, fs.ErrExist
	}
	m[name] = new(bytes.Buffer)
	return closer{m[name]}, nil
}

type closer struct{ io.Writer }

func (closer) Close() error { return nil }

func (m memory) Open(name string) (export.Blob, error) {
	b := m[name]
	if b == nil {
		return nil, record.Errorf(record.Integrity, "%q is missing", name)
	}
	return blob{bytes.NewReader(b.Bytes())}, nil
}

type blob struct{ *bytes.Reader }

func (blob) Close() error { return nil }

// write makes a small export.
func write(t testing.TB, s export.Sink) export.Manifest {
	t.Helper()
	w := export.NewWriter(s)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := w.Create("Patient.ndjson")
	must(err)
	must(p.Line([]byte("{\"resourceType\":\"Patient\",\r\n\t\"id\":\"me\",\"meta\":{\"versionId\":\"2\"}}")))
	must(p.Close())
	p, err = w.Create("history/Patient.ndjson")
	must(err)
	must(p.Line([]byte(`{"fullUrl":"x/Patient/me","resource":{"resourceType":"Patient","id":"me"},"request":{"method":"PUT","url":"Patient/me"},"response":{"etag":"W/\"1\""}}`)))
	must(p.Close())
	p, err = w.Document(w.Name("documents", "Letter", "application/pdf"))
	must(err)
	_, err = p.Write([]byte("%PDF"))
	must(err)
	must(p.Close())
	l, err := w.List("sections.json", "entries")
	must(err)
	must(l.Add(export.Filed{Entry: "Patient/me", Version: 2, Section: "identity"}))
	must(l.Close())
	l, err = w.List("documents.json", "documents")
	must(err)
	must(l.Add(export.Document{File: "documents/Letter.pdf", Entry: "Binary/x", Version: 1}))
	must(l.Close())
	m, err := w.Finish(export.Manifest{Server: "https://a.example", Patient: "me", Time: when, Entries: 1})
	must(err)
	return m
}

// readAll reads everything of an export, as an import does.
func readAll(t testing.TB, src export.Source) error {
	t.Helper()
	r, err := export.Open(src)
	if err != nil {
		return err
	}
	if err := r.Verify(t.Context(), nil); err != nil {
		return err
	}
	for _, typ := range r.Types("") {
		if err := r.Newest(typ, func(export.Version) error { return nil }); err != nil {
			return err
		}
	}
	for _, typ := range r.Types("history/") {
		if err := r.Older(typ, func(export.Version) error { return nil }); err != nil {
			return err
		}
	}
	if err := r.Sections(func(f export.Filed) error { _, err := f.Ref(); return err }); err != nil {
		return err
	}
	return r.Documents(func(d export.Document) error {
		b, err := r.Content(d.File)
		if err == nil {
			b.Close()
		}
		return err
	})
}

func TestWriteAndRead(t *testing.T) {
	m := memory{}
	write(t, m)
	if err := readAll(t, m); err != nil {
		t.Fatal(err)
	}
	r, err := export.Open(m)
	if err != nil {
		t.Fatal(err)
	}
	// One line in the file; every byte of it in the entry.
	if n := strings.Count(m["Patient.ndjson"].String(), "\n"); n != 1 {
		t.Errorf("%d lines", n)
	}
	err = r.Newest("Patient", func(v export.Version) error {
		if want := "{\"resourceType\":\"Patient\",\r\n\t\"id\":\"me\",\"meta\":{\"versionId\":\"2\"}}"; string(v.Resource.Bytes()) != want {
			t.Errorf("read %q", v.Resource.Bytes())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Nobody else's files are read, and a file that is there twice is not written.
	if _, err := r.Content("index.html"); err == nil {
		t.Error("a file that the manifest does not name was opened")
	}
}

// TestChanged: an export that is not what it was is refused, and the file is named.
func TestChanged(t *testing.T) {
	for name, change := range map[string]func(memory){
		"cut":     func(m memory) { m["Patient.ndjson"].Truncate(20) },
		"longer":  func(m memory) { m["Patient.ndjson"].WriteString("x") },
		"flipped": func(m memory) { m["Patient.ndjson"].Bytes()[30] ^= 1 },
		"missing": func(m memory) { delete(m, "Patient.ndjson") },
	} {
		m := memory{}
		write(t, m)
		change(m)
		if err := readAll(t, m); record.KindOf(err) != record.Integrity || !strings.Contains(err.Error(), "Patient.ndjson") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManifest: what no export says is refused.
func TestManifest(t *testing.T) {
	sum := strings.Repeat("0", 64)
	file := func(name string) string { return fmt.Sprintf(`{"name":%q,"size":1,"sha256":%q}`, name, sum) }
	for text, kind := range map[string]record.Kind{
		`{"carehold_export":1,"files":[` + file("a") + `]}`: "",
		`{"carehold_export":1,"files":[],"more":1}`:         "",
		``:                        record.Invalid,
		`[]`:                      record.Invalid,
		`{"resourceType":"x"}`:    record.Invalid,
		`{"carehold_export":"1"}`: record.Invalid,
		`{"carehold_export":2}`:   record.Unsupported,
		`{"carehold_export":1,"files":[` + file("../a") + `]}`:                                            record.Integrity,
		`{"carehold_export":1,"files":[` + file("/a") + `]}`:                                              record.Integrity,
		`{"carehold_export":1,"files":[` + file("a/../../b") + `]}`:                                       record.Integrity,
		`{"carehold_export":1,"files":[` + file("a\\b") + `]}`:                                            record.Integrity,
		`{"carehold_export":1,"files":[` + file("c:a") + `]}`:                                             record.Integrity,
		`{"carehold_export":1,"files":[` + file("") + `]}`:                                                record.Integrity,
		`{"carehold_export":1,"files":[` + file("a") + `,` + file("A") + `]}`:                             record.Integrity,
		`{"carehold_export":1,"files":[` + file("Manifest.json") + `]}`:                                   record.Integrity,
		`{"carehold_export":1,"files":[{"name":"a","size":-1,"sha256":"` + sum + `"}]}`:                   record.Integrity,
		`{"carehold_export":1,"files":[{"name":"a","size":9000000000000000,"sha256":"` + sum + `"}]}`:     record.Integrity,
		`{"carehold_export":1,"files":[{"name":"a","size":99999999999999999999,"sha256":"` + sum + `"}]}`: record.Integrity,
		`{"carehold_export":1,"files":[{"name":"a","size":1,"sha256":"00"}]}`:                             record.Integrity,
	} {
		if _, err := export.ParseManifest([]byte(text)); kind == "" && err != nil || kind != "" && record.KindOf(err) != kind {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestLongLine: a line without an end is not held.
func TestLongLine(t *testing.T) {
	m := memory{}
	w := export.NewWriter(m)
	p, err := w.Create("Patient.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Line(append(append([]byte(`{"x":"`), bytes.Repeat([]byte("a"), 21<<20)...), `"}`...)); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(export.Manifest{}); err != nil {
		t.Fatal(err)
	}
	if err := readAll(t, m); record.KindOf(err) != record.TooLarge || !strings.Contains(err.Error(), "line 1: it is longer than") {
		t.Errorf("%v", err)
	}
}

// TestLines: what no export has in a line.
func TestLines(t *testing.T) {
	for _, x := range []struct{ file, line string }{
		{"Patient.ndjson", `{"resourceType":"Condition","id":"x","meta":{"versionId":"1"}}`},
		{"Patient.ndjson", `{"resourceType":"Patient","meta":{"versionId":"1"}}`},
		{"Patient.ndjson", `{"resourceType":"Patient","id":"x"}`},
		{"Patient.ndjson", `{"resourceType":"Patient","id":"x","meta":{"versionId":"0"}}`},
		{"Patient.ndjson", `{"resourceType":"Patient","id":"x","meta":{"versionId":"one"}}`},
		{"Patient.ndjson", `not JSON`},
		{"Patient.ndjson", "{\t\"resourceType\":\"Patient\",\"id\":\"x\",\"meta\":{\"versionId\":\"1\"}}"},
		{"history/Patient.ndjson", `{"request":{"method":"DELETE","url":"Condition/x"},"response":{"etag":"W/\"1\""}}`},
		{"history/Patient.ndjson", `{"request":{"method":"DELETE","url":"Patient/x"},"response":{"etag":"1x"}}`},
		{"history/Patient.ndjson", `{"request":{"method":"DELETE","url":"Patient/x"}}`},
		{"history/Patient.ndjson", `{"resource":{"resourceType":"Patient","id":"x"},"request":{"method":"DELETE","url":"Patient/x"},"response":{"etag":"W/\"1\""}}`},
		{"sections.json", `{"entries":{}}`},
		{"sections.json", `{"entries":[{"entry":"Patient/x","section":"nowhere"}]}`},
		{"sections.json", `{"entries":[{"entry":"x","section":"identity"}]}`},
		{"sections.json", `{"entries":[`},
		{"documents.json", `{"documents":[{"file":"documents/not-there","entry":"Binary/x"}]}`},
	} {
		m := memory{}
		w := export.NewWriter(m)
		p, err := w.Create(x.file)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = p.Write([]byte(x.line + "\n"))
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Finish(export.Manifest{}); err != nil {
			t.Fatal(err)
		}
		if err := readAll(t, m); err == nil {
			t.Errorf("taken: %s", x.line)
		} else if e, ok := errors.AsType[*record.Error](err); !ok {
			t.Errorf("%s: %v is no error of ours: %v", x.line, err, e)
		}
	}
}

// TestNames: a title may say anything, and the name is one that every disk takes, that
// leads nowhere, and that no other file has.
func TestNames(t *testing.T) {
	for _, x := range []struct{ title, typ, want string }{
		{"Discharge letter", "application/pdf", "documents/Discharge letter.pdf"},
		{"scan.PDF", "application/pdf", "documents/scan.pdf"},
		{"Entlassbrief: Müller/Ärztin?", "application/pdf", "documents/Entlassbrief Müller Ärztin.pdf"},
		{"../../etc/passwd", "text/plain", "documents/etc passwd.txt"},
		{`..\..\windows`, "text/plain", "documents/windows.txt"},
		{"/etc/passwd\x00.pdf", "text/plain", "documents/etc passwd.pdf.txt"},
		{"", "image/png", "documents/document.png"},
		{" . ", "image/png", "documents/document.png"},
		{"CON", "text/plain", "documents/document CON.txt"},
		{"nul.tar", "text/plain", "documents/document nul.tar.txt"},
		{"com1", "text/plain", "documents/document com1.txt"},
		{"LPT³", "text/plain", "documents/document LPT³.txt"},
		{"aux ", "text/plain", "documents/document aux.txt"},
		{"console", "text/plain", "documents/console.txt"},
		{"-rf ~", "text/plain", "documents/rf ~.txt"},
		{".bashrc", "text/plain", "documents/bashrc.txt"},
		{"a\u202egpj.exe", "image/jpeg", "documents/agpj.exe.jpg"},
		{"page", "text/html", "documents/page.html.txt"},
		{"page", "text/html; charset=utf-8", "documents/page.html.txt"},
		{"picture", "image/svg+xml", "documents/picture.svg.txt"},
		{"x", "application/x-msdownload", "documents/x.bin"},
		{"x", "application/pdf/../../x", "documents/x.bin"},
		{"x", "application/anything+xml", "documents/x.xml.txt"},
		{"<script>", "text/plain", "documents/script.txt"},
		{"100% #1", "text/plain", "documents/100 1.txt"},
		{"ファイル", "text/plain", "documents/ファイル.txt"},
	} {
		var n export.Names
		if got := n.Choose("documents", x.title, x.typ); got != x.want {
			t.Errorf("%q, %s: %q, want %q", x.title, x.typ, got, x.want)
		}
	}
	var n export.Names
	seen := map[string]bool{}
	for _, title := range []string{"Scan", "scan", "SCAN", "Scan (2)", "ſcan", "Müller", "Mu\u0308ller", "MÜLLER", "Straße", "STRASSE", "ﬁle", "file", strings.Repeat("a", 300), strings.Repeat("a", 301)} {
		name := n.Choose("documents", title, "text/plain")
		if key := strings.ToLower(name); seen[key] {
			t.Errorf("%q is there twice", name)
		} else {
			seen[key] = true
		}
	}
	if !seen["documents/scan.txt"] || !seen["documents/scan (2).txt"] || !seen["documents/scan (3).txt"] {
		t.Errorf("%v", seen)
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"Scan", "../x", "CON", "a\x00b", strings.Repeat("é", 100), ". .", "\u202e"} {
		f.Add(s, "application/pdf")
	}
	f.Fuzz(func(t *testing.T, title, typ string) {
		var n export.Names
		a, b := n.Choose("documents", title, typ), n.Choose("documents", title, typ)
		for _, name := range []string{a, b} {
			base := path.Base(name)
			if path.Dir(name) != "documents" || path.Clean(name) != name || !fs.ValidPath(name) || len(base) > 255 || strings.ContainsAny(base, `\/:*?"<>|`) ||
				strings.HasPrefix(base, ".") || strings.HasPrefix(base, "-") || strings.HasSuffix(base, ".") || strings.HasSuffix(base, " ") {
				t.Fatalf("%q became %q", title, name)
			}
			for _, r := range base {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
					t.Fatalf("%q became %q", title, name)
				}
			}
		}
		if strings.EqualFold(a, b) {
			t.Fatalf("%q twice", a)
		}
	})
}

// TestSplitter: the content of a Binary goes one way and the rest the other, whatever
// pieces it comes in, and both together are what came.
func TestSplitter(t *testing.T) {
	content := bytes.Repeat([]byte{0, 1, 2, 250, 251}, 1000)
	b64 := base64.StdEncoding.EncodeToString(content)
	for _, json := range []string{
		`{"resourceType":"Binary","contentType":"x","data":"@"}`,
		"{ \"resourceType\" : \"Binary\",\n\t\"data\" : \"@\" ,\n \"contentType\":\"x\" }",
		`{"data":"@","resourceType":"Binary"}`,
		`{"resourceType":"Binary","extension":[{"url":"data","valueString":"data\":\\"}],"meta":{"data":"no"},"data":"@"}`,
	} {
		whole := strings.Replace(json, "@", b64, 1)
		want := strings.Replace(json, `"@"`, `{"extension":[{"url":"urn:carehold:file","valueString":"documents/x.pdf"}]}`, 1)
		at := strings.LastIndex(want[:strings.Index(want, "urn:carehold")], `"data"`)
		want = want[:at+1] + "_" + want[at+1:]
		for _, piece := range []int{1, 3, 7, 1000, 1 << 20} {
			var out bytes.Buffer
			s := export.Splitter{Content: &out, File: "documents/x.pdf"}
			for rest := []byte(whole); len(rest) > 0; rest = rest[min(piece, len(rest)):] {
				if _, err := s.Write(rest[:min(piece, len(rest))]); err != nil {
					t.Fatal(err)
				}
			}
			line, ok, err := s.Line()
			if err != nil || !ok || string(line) != want || !bytes.Equal(out.Bytes(), content) {
				t.Fatalf("pieces of %d: %v %v, %d bytes of content\n%s\n%s", piece, ok, err, out.Len(), line, want)
			}
			back, err := export.Claim(line, "documents/x.pdf", "urn:u", "Binary/$upload/1")
			if err != nil || !strings.Contains(string(back), `"_data"`) || !strings.Contains(string(back), `{"url":"urn:u","valueUri":"Binary/$upload/1"}`) {
				t.Errorf("%v %s", err, back)
			}
		}
	}
	for name, json := range map[string]string{
		"no content":      `{"resourceType":"Binary","contentType":"x"}`,
		"a _data besides": `{"resourceType":"Binary","_data":{"id":"x"},"data":"AAAA"}`,
		"one behind":      `{"resourceType":"Binary","data":"AAAA","_data":{"id":"x"}}`,
	} {
		s := export.Splitter{Content: io.Discard}
		_, err := s.Write([]byte(json))
		if _, ok, err2 := s.Line(); ok || err != nil || err2 != nil {
			t.Errorf("%s: %v %v %v", name, ok, err, err2)
		}
	}
	for name, json := range map[string]string{
		"cut": `{"resourceType":"Binary","data":"AAAA`, "not base64": `{"data":"A*AA"}`, "escaped": `{"data":"AA\/A"}`, "half a byte": `{"data":"AAA"}`,
		"padding within": `{"data":"AA==AAAA"}`, "not canonical": `{"data":"AB=="}`, "a line break": "{\"data\":\"AAAA\nAAAA\"}",
	} {
		s := export.Splitter{Content: io.Discard}
		_, err := s.Write([]byte(json))
		if _, _, err2 := s.Line(); err == nil && err2 == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
