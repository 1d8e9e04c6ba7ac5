package importer_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/validate"
	"carehold/record/importer"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func look(name string, b []byte) (*importer.Document, error) {
	return importer.Look(bytes.NewReader(b), int64(len(b)), name, importer.Options{Now: now})
}

// picture is one that compresses badly.
func picture() image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 40, 30))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range 30 {
		for x := range 40 {
			m.Set(x, y, color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), 0, 255})
		}
	}
	return m
}

// The pictures are made by Go's own encoders.
func aJPEG() []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, picture(), nil)
	return b.Bytes()
}

func aPNG() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, picture())
	return b.Bytes()
}

func aGIF() []byte {
	var b bytes.Buffer
	_ = gif.Encode(&b, picture(), nil)
	return b.Bytes()
}

// aTIFF is one strip of gray, as TIFF 6.0 §8 has its baseline.
func aTIFF(order binary.ByteOrder, date string) []byte {
	strip := bytes.Repeat([]byte{0x5a}, 100)
	b := []byte("II*\x00")
	if order == binary.ByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	u16 := func(n int) { var x [2]byte; order.PutUint16(x[:], uint16(n)); b = append(b, x[:]...) }
	u32 := func(n int) { var x [4]byte; order.PutUint32(x[:], uint32(n)); b = append(b, x[:]...) }
	u32(8 + len(strip) + 20) // the directory is behind the strip and the date
	b = append(b, strip...)
	b = append(b, (date + "\x00")[:20]...)
	type tag struct{ id, typ, count, value int }
	tags := []tag{{256, 4, 1, 10}, {257, 4, 1, 10}, {262, 3, 1, 1}, {273, 4, 1, 8}, {278, 4, 1, 10}, {279, 4, 1, 100}, {306, 2, 20, 108}}
	u16(len(tags))
	for _, t := range tags {
		u16(t.id)
		u16(t.typ)
		u32(t.count)
		if t.typ == 3 {
			u16(t.value)
			u16(0)
		} else {
			u32(t.value)
		}
	}
	u32(0)
	return b
}

// exif says when a picture was taken. Exif 2.32 §4.6.
func exif(taken, zone string) []byte {
	le := binary.LittleEndian
	b := []byte("II*\x00\x08\x00\x00\x00")
	entry := func(id, typ, count, value int) {
		b = le.AppendUint16(b, uint16(id))
		b = le.AppendUint16(b, uint16(typ))
		b = le.AppendUint32(b, uint32(count))
		b = le.AppendUint32(b, uint32(value))
	}
	b = le.AppendUint16(b, 1)
	entry(0x8769, 4, 1, 26)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint16(b, 2) // at 26
	entry(0x9003, 2, 20, 56)
	entry(0x9011, 2, 7, 76)
	b = le.AppendUint32(b, 0)
	b = append(b, (taken + strings.Repeat("\x00", 20))[:20]...) // at 56
	return append(b, (zone + strings.Repeat("\x00", 7))[:7]...)
}

// segment puts a segment behind the SOI of a JPEG.
func segment(picture []byte, marker byte, body []byte) []byte {
	b := append([]byte(nil), picture[:2]...)
	b = append(b, 0xff, marker)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+2))
	return append(append(b, body...), picture[2:]...)
}

// chunk puts a chunk behind the IHDR of a PNG.
func chunk(picture []byte, name string, body []byte) []byte {
	const at = 8 + 25
	c := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	c = append(append(c, name...), body...)
	c = binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
	return append(append(append([]byte(nil), picture[:at]...), c...), picture[at:]...)
}

func isoBox(name string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8)), name...), body...)
}

// aHEIC has one item, which is Exif. ISO/IEC 23008-12.
func aHEIC(meta []byte) []byte {
	ftyp := isoBox("ftyp", []byte("heic\x00\x00\x00\x00mif1heic"))
	item := append([]byte{0, 0, 0, 6}, append([]byte("Exif\x00\x00"), meta...)...)
	build := func(at int) []byte {
		infe := isoBox("infe", []byte{2, 0, 0, 0, 0, 7, 0, 0}, []byte("Exif"), []byte{0})
		iinf := isoBox("iinf", []byte{0, 0, 0, 0, 0, 1}, infe)
		iloc := isoBox("iloc", []byte{1, 0, 0, 0, 0x44, 0, 0, 1}, []byte{0, 7, 0, 0, 0, 0, 0, 1}, binary.BigEndian.AppendUint32(nil, uint32(at)), binary.BigEndian.AppendUint32(nil, uint32(len(item))))
		return isoBox("meta", []byte{0, 0, 0, 0}, iinf, iloc)
	}
	at := len(ftyp) + len(build(0)) + 8
	return bytes.Join([][]byte{ftyp, build(at), isoBox("mdat", item)}, nil)
}

// aPDF is small, whole, and says what is asked of it.
func aPDF(info string, more ...string) []byte {
	var b strings.Builder
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 0/Kids[]>>\nendobj\n")
	b.WriteString(strings.Join(more, "\n"))
	fmt.Fprintf(&b, "5 0 obj\n%s\nendobj\n", info)
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 6/Root 1 0 R/Info 5 0 R>>\nstartxref\n%d\n%%%%EOF\n", at)
	return []byte(b.String())
}

func aZIP() []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create("run.js")
	_, _ = w.Write([]byte("alert(1)"))
	_ = z.Close()
	return b.Bytes()
}

func emptyZIP() []byte {
	var b bytes.Buffer
	_ = zip.NewWriter(&b).Close()
	return b.Bytes()
}

// What files are, and what they say of themselves.
func TestLook(t *testing.T) {
	j, p := aJPEG(), aPNG()
	taken := exif("2026:03:02 10:11:12", "+01:00")
	xmp := `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2026-03-02T10:11+01:00"><dc:title xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt><rdf:li xml:lang="x-default">Scan &amp; letter</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>`
	for _, x := range []struct {
		name  string
		file  []byte
		typ   string
		title string
		made  string
		from  string
	}{
		{"letter.pdf", aPDF(`<</Title(Discharge letter)/CreationDate(D:20260302101112+01'00')>>`), "application/pdf", "Discharge letter", "2026-03-02T10:11:12+01:00", "the PDF"},
		{"LETTER.PDF", aPDF(`<</CreationDate (D:20260302101112Z) /Title (a \(nested \(title\)\) \344\040and \\)>>`), "application/pdf", `a (nested (title)) ä and \`, "2026-03-02T10:11:12Z", "the PDF"},
		{"letter.pdf", aPDF(`<</Title<FEFF00c90074E9>/CreationDate(D:20260302101112)>>`), "application/pdf", "Ét", "2026-03-02", "the PDF"},
		{"letter.pdf", aPDF("<</Title(\xef\xbb\xbfZeugnis \xe2\x80\x93 2)/CreationDate(D:202603)>>"), "application/pdf", "Zeugnis – 2", "2026-03", "the PDF"},
		{"letter.pdf", aPDF("<</Title(a \x96 b)/Producer(x)/CreationDate(D:2026)>>"), "application/pdf", "a Œ b", "2026", "the PDF"},
		{"letter", aPDF(`<</Title(Microsoft Word - GP letter.docx)/CreationDate(20260302)>>`), "application/pdf", "GP letter.docx", "2026-03-02", "the PDF"},
		{"letter.pdf", aPDF(`<</Title(untitled)/CreationDate(D:19700101000000Z)>>`), "application/pdf", "", "", ""},
		{"letter.pdf", aPDF(`<</CreationDate(D:20991231000000Z)>>`), "application/pdf", "", "", ""},
		{"letter.pdf", aPDF(`<</CreationDate(D:20260230000000Z)>>`), "application/pdf", "", "", ""},
		{"letter.pdf", aPDF(`<</Title(`), "application/pdf", "", "", ""},
		{"letter.pdf", aPDF("<</Title(a\x00\x1b[31mb\\nc)>>"), "application/pdf", "a [31mb c", "", ""},
		{"scan.pdf", aPDF("<<>>", "4 0 obj\n<</Type/Metadata>>stream\n"+xmp+"\nendstream\nendobj\n"), "application/pdf", "Scan & letter", "2026-03-02T10:11:00+01:00", "the PDF"},
		{"two.pdf", append(aPDF("<<>>"), "5 0 obj\n<</Title(Second version)>>\nendobj\nxref\n0 0\ntrailer\n<</Info 5 0 R>>\nstartxref\n9\n%%EOF"...), "application/pdf", "Second version", "", ""},
		{"attached.pdf", aPDF("<<>>", "9 0 obj\n<</Type/EmbeddedFile>>stream\n"+string(aPDF("<<>>"))+"endstream\nendobj\n"), "application/pdf", "", "", ""},
		{"locked.pdf", aPDF("<</Title(\x01\x02\x03)>>", "8 0 obj\n<</Filter/Standard>>\nendobj\ntrailer <</Encrypt 8 0 R>>\n"), "application/pdf", "", "", ""},
		{"scan.jpg", j, "image/jpeg", "", "", ""},
		{"scan.JPEG", segment(j, 0xe1, append([]byte("Exif\x00\x00"), taken...)), "image/jpeg", "", "2026-03-02T10:11:12+01:00", "the picture"},
		{"scan.jpg", segment(j, 0xe1, append([]byte("Exif\x00\x00"), exif("2026:03:02 10:11:12", "")...)), "image/jpeg", "", "2026-03-02", "the picture"},
		{"scan.jpg", segment(j, 0xe1, append([]byte("Exif\x00\x00"), exif("0000:00:00 00:00:00", "")...)), "image/jpeg", "", "", ""},
		{"scan.jpg", append(append([]byte(nil), j...), make([]byte, 500)...), "image/jpeg", "", "", ""},
		{"hdr.jpg", append(segment(j, 0xe2, []byte("MPF\x00II*\x00")), append(make([]byte, 3), j...)...), "image/jpeg", "", "", ""},
		{"scan.png", p, "image/png", "", "", ""},
		{"scan.png", chunk(p, "eXIf", taken), "image/png", "", "2026-03-02T10:11:12+01:00", "the picture"},
		{"scan.gif", aGIF(), "image/gif", "", "", ""},
		{"scan.tif", aTIFF(binary.LittleEndian, "2026:03:02 10:11:12"), "image/tiff", "", "2026-03-02", "the picture"},
		{"scan.tiff", aTIFF(binary.BigEndian, "2026:03:02 10:11:12"), "image/tiff", "", "2026-03-02", "the picture"},
		{"photo.heic", aHEIC(taken), "image/heic", "", "2026-03-02T10:11:12+01:00", "the picture"},
		{"photo.heic", aHEIC([]byte("nothing")), "image/heic", "", "", ""},
		{"note.txt", []byte("Took two tablets.\r\n\tSlept — 8 h.\n"), "text/plain", "", "", ""},
		{"note", []byte("\xef\xbb\xbfé"), "text/plain", "", "", ""},
		{"note.md", bytes.Repeat([]byte("aé€😀"), 50_000), "text/plain", "", "", ""},
		{"note.txt", []byte("blood pressure < 140/90 and > 100"), "text/plain", "", "", ""},
	} {
		d, err := look(x.name, x.file)
		if err != nil {
			t.Errorf("%s (%s): %v", x.name, x.made, err)
			continue
		}
		if d.Type != x.typ || d.Title != x.title || d.Made != x.made || d.From != x.from || d.Size != int64(len(x.file)) {
			t.Errorf("%s: %+v\nwant %s %q %s %s", x.name, d, x.typ, x.title, x.made, x.from)
		}
	}
}

// What is not what it says, not whole, or two things at once.
func TestHostileFiles(t *testing.T) {
	pdf, j, p, g := aPDF("<<>>"), aJPEG(), aPNG(), aGIF()
	tif, heic, zipped := aTIFF(binary.LittleEndian, "2026:03:02 10:11:12"), aHEIC(nil), aZIP()
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	html := []byte("<!DOCTYPE html><script>alert(1)</script>")
	for _, x := range []struct {
		name string
		file []byte
		want string
	}{
		{"letter.pdf", j, "called a PDF, and is a JPEG"},
		{"scan.jpg", pdf, "called a JPEG picture, and is a PDF"},
		{"scan.png", j, "called a PNG picture, and is a JPEG"},
		{"note.txt", pdf, "called a text, and is a PDF"},
		{"letter.pdf", []byte("Dear Doctor"), "called a PDF, and does not begin as one"},
		{"photo.heic", p, "called a HEIC picture, and is a PNG"},
		{"letter.pdf", nil, "empty"},
		{"letter.docx", zipped, "nothing that is known"},
		{"setup.exe", []byte("MZ\x90\x00\x03"), "nothing that is known"},
		{"note.js", []byte("alert(1)"), "nothing that is known"},
		{"note.txt", []byte("a\x00b"), "nothing that is known"},
		{"note.txt", []byte("caf\xe9"), "nothing that is known"},
		{"note.txt", []byte("\x1b[2Jgone"), "nothing that is known"},
		{"note.txt", []byte("half a letter: \xe2\x82"), "nothing that is known"},
		{"note.txt", []byte(`{\rtf1 Dear Doctor}`), "RTF"},

		{"page.html", html, "web page"},
		{"note.txt", html, "web page"},
		{"note.txt", []byte("\n\n \xef\xbb\xbf<HTML>"), "web page"},
		{"note.txt", []byte("Dear <ScRiPt src=x>"), "web page"},
		{"drawing.svg", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), "SVG"},
		{"scan.png", []byte(`<svg onload=alert(1)>`), "SVG"},
		{"cda.xml", []byte(`<?xml version="1.0"?><ClinicalDocument/>`), "XML"},

		{"letter.pdf", join(pdf, zipped), "archive"},
		{"letter.pdf", join(pdf, emptyZIP()), "archive"},
		{"letter.pdf", join(pdf, zipped, []byte("\n%%EOF\n")), "archive"},
		{"letter.pdf", aPDF("<<>>", "7 0 obj\n<<>>stream\n"+string(zipped)+"\nendstream\nendobj\n"), "archive"},
		{"letter.pdf", join(zipped, pdf), "called a PDF, and does not begin"},
		{"letter.pdf", join([]byte("  "), pdf), "called a PDF, and does not begin"},
		{"letter.pdf", join(html, pdf), "web page"},
		{"letter.pdf", join(pdf, html), "web page"},
		{"letter.pdf", join(pdf, make([]byte, 2000), html), "behind its end there is a web page"},
		{"letter.pdf", join(pdf, pdf), "behind its end there is another PDF"},
		{"letter.pdf", join(pdf, j), "behind its end there is another picture"},
		{"letter.pdf", join(pdf, []byte("MZ")), "behind its end there is something else"},
		{"letter.pdf", join([]byte("%PDF-1.4\n<html><script>alert(1)</script>\n"), pdf), "web page too"},
		{"letter.pdf", join(pdf, make([]byte, 200_000), []byte("x")), "behind its end"},
		{"letter.pdf", bytes.TrimSuffix(pdf, []byte("%%EOF\n")), "breaks off"},
		{"letter.pdf", []byte("%PDF-1.4"), "breaks off"},
		{"letter.pdf", join([]byte("%PDF-1.4\n"), bytes.Repeat([]byte("%%EOF\n"), 200_000)), "more parts"},

		{"scan.jpg", join(j, zipped), "archive"},
		{"scan.jpg", join(j, html), "behind its end there is a web page"},
		{"scan.jpg", join(j, j), "behind its end there is another picture"},
		{"scan.jpg", join(j, make([]byte, 10), pdf), "behind its end there is another PDF"},
		{"scan.jpg", join(j, make([]byte, 5000)), "behind its end"},
		{"hdr.jpg", join(segment(j, 0xe2, []byte("MPF\x00")), zipped), "archive"},
		{"hdr.jpg", join(segment(j, 0xe2, []byte("MPF\x00")), j[:len(j)-2]), "breaks off"},
		{"hdr.jpg", segment(j, 0xe2, append([]byte("MPF\x00"), bytes.Repeat(j, 20)...))[:0:0], "empty"},
		{"many.jpg", join(segment(j, 0xe2, []byte("MPF\x00")), bytes.Repeat(j, 20)), "behind its end there is another picture"},
		{"scan.jpg", []byte("\xff\xd8\xff\xd9"), "no picture in it"},
		{"scan.jpg", join(j[:2], j), "inside of another"},

		{"scan.png", join(p, zipped), "archive"},
		{"scan.png", join(p, html), "behind its end there is a web page"},
		{"scan.png", join(p, []byte{0}), "behind its end"},
		{"scan.png", join(p[:8], p[33:]), "IHDR"},
		{"scan.png", join(p[:33], p[8:]), "IHDR"},
		{"scan.png", []byte(pngHead + "\xff\xff\xff\xffIHDR"), "longer than there may be"},
		{"scan.gif", join(g, zipped), "archive"},
		{"scan.gif", join(g, html), "behind its end there is a web page"},
		{"scan.gif", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00\x99"), "that GIF has not"},
		{"scan.tif", join(tif, zipped), "archive"},
		{"scan.tif", join(tif, html), "behind its end there is a web page"},
		{"scan.tif", join(tif, pdf), "behind its end there is another PDF"},
		{"scan.tif", []byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "no picture in it"},
		{"scan.tif", []byte("II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00"), "do not end"},
		{"scan.tif", []byte("II*\x00\x08\x00\x00\x00\xff\xff"), "larger than any"},
		{"scan.tif", bytes.Replace(tif, []byte("\x17\x01\x04\x00\x01\x00\x00\x00\x64\x00"), []byte("\x17\x01\x04\x00\x01\x00\x00\x00\x64\x10"), 1), "a part of the picture is missing"},
		{"scan.tif", bytes.Replace(tif, []byte("\x17\x01\x04\x00\x01\x00\x00\x00\x64\x00"), []byte("\x17\x01\x04\x00\x02\x00\x00\x00\x64\x00"), 1), "other pieces than it says"},
		{"photo.heic", join(heic, zipped), "archive"},
		{"photo.heic", join(heic, html), "behind its end there is a web page"},
	} {
		_, err := look(x.name, x.file)
		if err == nil || !strings.Contains(err.Error(), x.want) || record.KindOf(err) != record.Unprocessed {
			t.Errorf("%s, %.40q: %v, want %q", x.name, x.file, err, x.want)
		}
	}
}

const pngHead = "\x89PNG\r\n\x1a\n"

// A picture that breaks off anywhere is not taken.
func TestTruncated(t *testing.T) {
	for name, file := range map[string][]byte{"a.jpg": aJPEG(), "a.png": aPNG(), "a.gif": aGIF(), "a.tif": aTIFF(binary.BigEndian, "2026:03:02 10:11:12"), "a.heic": aHEIC(exif("", ""))} {
		taken := 0
		for n := 1; n < len(file); n++ {
			if _, err := look(name, file[:n]); err == nil {
				taken++
				if taken < 3 {
					t.Errorf("%s is taken with %d of its %d bytes", name, n, len(file))
				}
			}
		}
	}
	pdf := bytes.TrimSpace(aPDF("<<>>"))
	for n := range pdf {
		if _, err := look("a.pdf", pdf[:n]); err == nil {
			t.Errorf("a PDF is taken with %d of its %d bytes", n, len(pdf))
		}
	}
}

// What is refused is taken as it is, when somebody says so; and what is known, as
// what it is.
func TestAsIs(t *testing.T) {
	for _, x := range []struct {
		name string
		file []byte
		typ  string
	}{
		{"page.html", []byte("<html>"), "text/html"},
		{"drawing.svg", []byte("<svg>"), "image/svg+xml"},
		{"scan.jpg", append(aJPEG(), aZIP()...), "application/octet-stream"},
		{"report.docx", aZIP(), "application/octet-stream"},
		{"scan.png", aPNG(), "image/png"},
	} {
		d, err := importer.Look(bytes.NewReader(x.file), int64(len(x.file)), x.name, importer.Options{AsIs: true})
		if err != nil || d.Type != x.typ || d.SHA256 == [32]byte{} {
			t.Errorf("%s: %+v %v", x.name, d, err)
		}
	}
	if _, err := importer.Look(bytes.NewReader(nil), 0, "x", importer.Options{AsIs: true}); err == nil {
		t.Error("nothing is taken as it is")
	}
	if _, err := importer.Look(bytes.NewReader([]byte("%PDF")), 5000, "x.pdf", importer.Options{AsIs: true}); err == nil || record.KindOf(err) == record.Unprocessed {
		t.Errorf("a file that became shorter: %v", err)
	}
}

// The two entries are FHIR R4, of the same ids for the same file, and say what was said.
func TestResources(t *testing.T) {
	pdf := aPDF(`<</Title(Discharge letter)/CreationDate(D:20260302101112+01'00')>>`)
	d, err := look("letter.pdf", pdf)
	if err != nil {
		t.Fatal(err)
	}
	n := importer.Note{Patient: "me", Kind: "Discharge letter", For: fhir.Ref{Type: "Encounter", ID: "visit"}, Upload: "Binary/$upload/x", Now: now}
	all, err := d.Resources(n)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	for _, r := range all {
		for _, i := range validate.Resource(r) {
			if i.Severity == validate.Error {
				t.Errorf("%s: %+v", r.Type(), i)
			}
		}
	}
	// SHA-1 and SHA-256 by sha1sum and sha256sum would change with the PDF; of a text they
	// are fixed: FIPS 180-2, "abc".
	text, err := look("abc.txt", []byte("abc"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x %x", text.SHA1, text.SHA256); got != "a9993e364706816aba3e25717850c26c9cd0d89d ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error(got)
	}
	doc := string(all[1].Bytes())
	for _, want := range []string{`"status":"current"`, `"type":{"text":"Discharge letter"}`, `"subject":{"reference":"Patient/me"}`, `"author":[{"reference":"Patient/me"}]`,
		`"description":"Discharge letter"`, `"contentType":"application/pdf"`, `"url":"Binary/` + d.Binary().ID + `"`, `"creation":"2026-03-02T10:11:12+01:00"`,
		fmt.Sprintf(`"size":%d`, len(pdf)), `"context":{"encounter":[{"reference":"Encounter/visit"}]}`, `"date":"2026-11-22T12:00:00Z"`} {
		if !strings.Contains(doc, want) {
			t.Errorf("it does not say %s: %s", want, doc)
		}
	}
	if upload, _, ok := all[0].Claim(); !ok || upload != "Binary/$upload/x" || all[0].ID() != d.Binary().ID {
		t.Errorf("%s", all[0].Bytes())
	}
	n.For, n.Title, n.Made = fhir.Ref{Type: "Condition", ID: "c"}, "another <name>", "2020"
	again, err := d.Resources(n)
	if err != nil {
		t.Fatal(err)
	}
	doc = string(again[1].Bytes())
	for _, want := range []string{`"related":[{"reference":"Condition/c"}]`, `"creation":"2020"`} {
		if !strings.Contains(doc, want) {
			t.Errorf("it does not say %s: %s", want, doc)
		}
	}
	if got := again[1].Root().Get("description").Text(); got != "another <name>" {
		t.Error(got)
	}
	if again[1].ID() != all[1].ID() || again[0].ID() != all[0].ID() || all[0].ID() == all[1].ID() || text.Binary() == d.Binary() {
		t.Error("the ids are not of the file")
	}
}

// TestLocked: a PDF whose trailer names an encryption dictionary may ask for a password
// (ISO 32000-1 §7.6.1); one that only speaks of it does not.
func TestLocked(t *testing.T) {
	for trailer, want := range map[string]bool{
		"<</Encrypt 5 0 R/Root 1 0 R>>":           true,
		"<</Root 1 0 R /Encrypt\n<</Filter/X>>>>": true,
		"<</Root 1 0 R>>":                         false,
		"<</Root 1 0 R/EncryptMetadata false>>":   false,
		"(about /Encrypt in words)":               false,
	} {
		d, err := look("letter.pdf", []byte("%PDF-1.4\ntrailer"+trailer+"\n%%EOF\n"))
		if err != nil || d.Locked != want {
			t.Errorf("%s: %+v, %v", trailer, d, err)
		}
	}
}

// TestSealedLink: what a link leads to is a JWE in compact form, and no letter; what
// only looks like it is a text.
func TestSealedLink(t *testing.T) {
	const header = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0" // {"alg":"dir","enc":"A256GCM"}, RFC 7516 §4.1
	for text, sealed := range map[string]bool{
		header + "..VgGrmN-aBc.x9Zq_eYk.Tm0w\n":       true,
		header + ".." + strings.Repeat("ab-_", 20000): true,
		header + " is how it begins. And goes on":     false,
		"eyJhbGciOiJFUzI1NiJ9.e30.c2ln":               false, // signed, not encrypted
		"www.nhs.uk":                                  false,
		"":                                            false,
	} {
		_, err := look("letter.txt", []byte(text))
		if got := err != nil && strings.Contains(err.Error(), "SMART Health Link"); got != sealed {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}
