package export_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"testing"

	"filippo.io/age"

	"carehold/record"
	"carehold/record/export"
)

// zipped is a small export in a zip.
func zipped(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	z := export.NewZip(&b, when)
	write(t, z)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readZip(t testing.TB, b []byte) error {
	t.Helper()
	src, err := export.ReadZip(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	return readAll(t, src)
}

func TestZip(t *testing.T) {
	b := zipped(t)
	if err := readZip(t, b); err != nil {
		t.Fatal(err)
	}
	// What others make of it.
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if f.Mode().Perm() != 0o600 || !f.Modified.Equal(when) {
			t.Errorf("%s: %v, %v", f.Name, f.Mode(), f.Modified)
		}
	}
	if r.File[len(r.File)-1].Name != "manifest.json" {
		t.Error("the manifest is not the last file")
	}
}

// TestZippedFolder: packed anew as a folder, by a file manager that adds its own.
func TestZippedFolder(t *testing.T) {
	b := zipped(t)
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	pack := func(folders ...string) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for _, folder := range folders {
			for _, f := range r.File {
				in, err := f.Open()
				if err != nil {
					t.Fatal(err)
				}
				to, err := w.Create(folder + f.Name)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(to, in); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := w.Create("__MACOSX/my record/._manifest.json"); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	if err := readZip(t, pack("my record/")); err != nil {
		t.Error(err)
	}
	for _, two := range [][]string{{"a/", "b/"}, {"a/b/"}} {
		if err := readZip(t, pack(two...)); record.KindOf(err) != record.NotFound {
			t.Errorf("%v: %v", two, err)
		}
	}
}

// TestZipCut: one that was cut off anywhere is no export.
func TestZipCut(t *testing.T) {
	b := zipped(t)
	for n := 0; n < len(b); n += 7 {
		if err := readZip(t, b[:n]); err == nil {
			t.Fatalf("the first %d bytes of %d were taken", n, len(b))
		}
	}
	for i := 0; i < len(b); i += 11 { // nor is one in which a byte changed, where it matters
		c := bytes.Clone(b)
		c[i] ^= 0x40
		_ = readZip(t, c) // an error or not: no panic
	}
}

// repacked writes a zip of the files of another, after change had them.
func repacked(t *testing.T, b []byte, change func(w *zip.Writer, f *zip.File) bool) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range r.File {
		if change(w, f) {
			continue
		}
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHostileZips(t *testing.T) {
	put := func(w *zip.Writer, name, text string, mode fs.FileMode) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
	}
	last := func(f *zip.File) bool { return f.Name == "manifest.json" }
	for name, x := range map[string]struct {
		change func(w *zip.Writer, f *zip.File) bool
		kind   record.Kind
		says   string
	}{
		"nothing changed": {func(*zip.Writer, *zip.File) bool { return false }, "", ""},
		"more files":      {func(w *zip.Writer, f *zip.File) bool { put(w, "more-"+f.Name, "x", 0o600); return false }, "", ""},
		"a name that goes up": {func(w *zip.Writer, f *zip.File) bool {
			if last(f) {
				put(w, "../../evil", "x", 0o600)
			}
			return false
		}, record.Integrity, "evil"},
		"an absolute name": {func(w *zip.Writer, f *zip.File) bool {
			if last(f) {
				put(w, "/etc/evil", "x", 0o600)
			}
			return false
		}, record.Integrity, "evil"},
		"a name of Windows's": {func(w *zip.Writer, f *zip.File) bool {
			if last(f) {
				put(w, `documents\evil`, "x", 0o600)
			}
			return false
		}, record.Integrity, "evil"},
		"a file twice": {func(w *zip.Writer, f *zip.File) bool {
			if last(f) {
				put(w, "Patient.ndjson", "{}", 0o600)
			}
			return false
		}, record.Integrity, "two files"},
		"a link": {func(w *zip.Writer, f *zip.File) bool {
			if f.Name == "Patient.ndjson" {
				put(w, f.Name, "/etc/passwd", 0o777|fs.ModeSymlink)
				return true
			}
			return false
		}, record.Integrity, "leads elsewhere"},
		"another content": {func(w *zip.Writer, f *zip.File) bool {
			if f.Name == "documents/Letter.pdf" {
				put(w, f.Name, "%PDE", 0o600)
				return true
			}
			return false
		}, record.Integrity, "documents/Letter.pdf"},
		"a file less": {func(w *zip.Writer, f *zip.File) bool { return f.Name == "sections.json" }, record.Integrity, "sections.json"},
		"no manifest": {func(w *zip.Writer, f *zip.File) bool { return last(f) }, record.NotFound, "manifest.json"},
		"another format": {func(w *zip.Writer, f *zip.File) bool {
			if last(f) {
				put(w, f.Name, `{"carehold_export":7}`, 0o600)
			}
			return last(f)
		}, record.Unsupported, "format 7"},
		"a bomb in a file": {func(w *zip.Writer, f *zip.File) bool {
			if f.Name == "Patient.ndjson" {
				put(w, f.Name, strings.Repeat(" ", 64<<20), 0o600)
				return true
			}
			return false
		}, record.Integrity, "Patient.ndjson"},
		"a bomb of a manifest": {func(w *zip.Writer, f *zip.File) bool {
			if last(f) {
				put(w, f.Name, strings.Repeat(" ", 65<<20), 0o600)
			}
			return last(f)
		}, record.TooLarge, "manifest.json"},
	} {
		t.Run(name, func(t *testing.T) {
			err := readZip(t, repacked(t, zipped(t), x.change))
			if x.kind == "" && err != nil || x.kind != "" && (record.KindOf(err) != x.kind || !strings.Contains(err.Error(), x.says)) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestBomb: a zip whose manifest agrees with it, and that would be 8 GB, is refused
// before any of it is unpacked.
func TestBomb(t *testing.T) {
	const size = 8 << 30
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 8 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	raw, err := z.CreateRaw(&zip.FileHeader{Name: "Patient.ndjson", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(zeros), CompressedSize64: uint64(packed.Len()), UncompressedSize64: size})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Write(packed.Bytes()); err != nil {
		t.Fatal(err)
	}
	m, err := z.Create("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(m, `{"carehold_export":1,"files":[{"name":"Patient.ndjson","size":%d,"sha256":%q}]}`, int64(size), strings.Repeat("0", 64))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := readZip(t, out.Bytes()); record.KindOf(err) != record.TooLarge {
		t.Errorf("%v", err)
	}
	// The size that the zip's own directory says is a lie: the file ends where it ends.
	b := out.Bytes()
	at := bytes.LastIndex(b, []byte("PK\x01\x02"))
	at = bytes.LastIndex(b[:at], []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(b[at+24:], 100)
	if err := readZip(t, b); err == nil {
		t.Error("taken")
	}
}

// TestVerifyStops: of a file that is longer than the manifest says, no more is read.
func TestVerifyStops(t *testing.T) {
	m := memory{}
	write(t, m)
	m["Patient.ndjson"].Write(bytes.Repeat([]byte(" "), 64<<20))
	r, err := export.Open(m)
	if err != nil {
		t.Fatal(err)
	}
	read := int64(0)
	if err := r.Verify(t.Context(), func(n int64) { read += n }); record.KindOf(err) != record.Integrity || read > 1<<20 {
		t.Errorf("%v after %d bytes", err, read)
	}
}

// TestSealed: by passphrase and to keys; nothing else opens it, and it cannot be cut.
func TestSealed(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	pass, err := age.NewScryptRecipient("two words and a comma")
	if err != nil {
		t.Fatal(err)
	}
	pass.SetWorkFactor(10)
	right, err := export.PassphraseIdentity("two words and a comma")
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := export.PassphraseIdentity("two words and a colon")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		to           []export.Recipient
		right, wrong export.Identity
		byPassphrase bool
	}{
		{[]export.Recipient{key.Recipient()}, key, other, false},
		{[]export.Recipient{other.Recipient(), key.Recipient()}, key, wrong, false},
		{[]export.Recipient{pass}, right, wrong, true},
		{[]export.Recipient{pass}, right, other, true},
	} {
		var out bytes.Buffer
		w, err := export.Seal(&out, x.to...)
		if err != nil {
			t.Fatal(err)
		}
		z := export.NewZip(w, when)
		write(t, z)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		b := out.Bytes()
		if sealed, by := export.Sealed(b); !sealed || by != x.byPassphrase {
			t.Errorf("sealed %v, by passphrase %v", sealed, by)
		}
		if bytes.Contains(b, []byte("Patient")) {
			t.Error("it can be read")
		}
		open := func(b []byte, id export.Identity) error {
			at, n, err := export.Unseal(bytes.NewReader(b), int64(len(b)), id)
			if err != nil {
				return err
			}
			src, err := export.ReadZip(at, n)
			if err != nil {
				return err
			}
			return readAll(t, src)
		}
		if err := open(b, x.right); err != nil {
			t.Error(err)
		}
		if err := open(b, x.wrong); record.KindOf(err) != record.Unauthorized {
			t.Errorf("%v", err)
		}
		for _, n := range []int{len(b) - 1, len(b) / 2, len(b) - 17, 30, 10} {
			if err := open(b[:n], x.right); record.KindOf(err) != record.Integrity {
				t.Errorf("cut to %d of %d: %v", n, len(b), err)
			}
		}
		c := bytes.Clone(b)
		c[len(c)-40] ^= 1
		if err := open(c, x.right); record.KindOf(err) != record.Integrity {
			t.Errorf("changed: %v", err)
		}
	}
}

// TestDearPassphrase: a file that asks for more work than a machine has is refused.
func TestDearPassphrase(t *testing.T) {
	file := "age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 22\n" + strings.Repeat("A", 43) + "\n--- " + strings.Repeat("A", 43) + "\n" + strings.Repeat("x", 100)
	id, err := export.PassphraseIdentity("x")
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err = export.Unseal(strings.NewReader(file), int64(len(file)), id)
	runtime.ReadMemStats(&after)
	if record.KindOf(err) != record.TooLarge || after.TotalAlloc-before.TotalAlloc > 16<<20 {
		t.Errorf("%v, after %d MB", err, (after.TotalAlloc-before.TotalAlloc)>>20)
	}
}

// FuzzZip: whatever somebody calls an export is read without a panic, and what is taken
// is what its manifest says.
func FuzzZip(f *testing.F) {
	f.Add(zipped(f))
	for _, name := range []string{"manifest.json", "Patient.ndjson", "sections.json"} {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		x, _ := w.Create(name)
		_, _ = io.WriteString(x, `{"carehold_export":1}`)
		_ = w.Close()
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) { _ = readZip(t, b) })
}

// FuzzFiles changes what stands in the files of an export whose manifest agrees.
func FuzzFiles(f *testing.F) {
	f.Add("Patient.ndjson", []byte(`{"resourceType":"Patient","id":"x","meta":{"versionId":"1"}}`))
	f.Add("Patient.ndjson", []byte("{\t  \"resourceType\":\"Patient\",\"id\":\"x\",\"meta\":{\"versionId\":\"1\"}}"))
	f.Add("history/Patient.ndjson", []byte(`{"request":{"method":"DELETE","url":"Patient/x"},"response":{"etag":"W/\"3\""}}`))
	f.Add("history/Binary.ndjson", []byte(`{"resource":{"resourceType":"Binary","id":"x"},"request":{"method":"PUT"},"response":{"etag":"W/\"3\""}}`))
	f.Add("sections.json", []byte(`{"entries":[{"entry":"Patient/x","version":1,"section":"identity","time":"2026-03-02T10:11:12Z"}]}`))
	f.Add("documents.json", []byte(`{"documents":[{"file":"documents.json","entry":"Binary/x"}]}`))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		if name == "manifest.json" {
			_, _ = export.ParseManifest(b)
			return
		}
		m := memory{}
		w := export.NewWriter(m)
		p, err := w.Create(name)
		if err != nil {
			return
		}
		_, _ = p.Write(b)
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Finish(export.Manifest{}); err != nil {
			t.Skip()
		}
		_ = readAll(t, m)
	})
}
