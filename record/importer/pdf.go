package importer

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf16"

	"carehold/record"
)

// A PDF is read as far as to say that it is one, and one only: ISO 32000-1 §7.5. Its
// objects are found by their names and not by its tables, which lie in what is broken;
// what stands in a compressed object is not found, and is in the XMP then.

const eof = "%%EOF"

// locked is how a trailer names what its PDF is encrypted by. ISO 32000-1 §7.6.1.
var locked = regexp.MustCompile(`^/Encrypt[\s\x00]*(\d{1,9}[\s\x00]+\d{1,5}[\s\x00]+R|<<)`)

var infoRef = regexp.MustCompile(`^/Info[\s\x00]+(\d{1,9})[\s\x00]+(\d{1,5})[\s\x00]+R`)

func lookPDF(f file, d *Document) error {
	head, err := f.upTo(0, 1024)
	if err != nil {
		return err
	}
	if inside(head) {
		return record.Safef(record.Unprocessed, "its head is that of a web page too: it is not taken for a document")
	}
	end, xmp := int64(-1), int64(-1)
	info, encrypted := "", false
	err = f.find(func(at int64, word int) error {
		switch word {
		case 0:
			end = at
			return afterEOF(f, at)
		case 1:
			b, err := f.upTo(at, 40)
			if m := infoRef.FindSubmatch(b); m != nil {
				info = fmt.Sprintf("%s %s obj", m[1], m[2])
			}
			return err
		case 2:
			xmp = at
		case 3:
			encrypted = true
			b, err := f.upTo(at, 40)
			d.Locked = d.Locked || locked.Match(b)
			return err
		}
		return nil
	}, eof, "/Info", "<x:xmpmeta", "/Encrypt")
	if err != nil {
		return err
	}
	if end < 0 {
		return truncated("a PDF ends with %%EOF")
	}
	rest, err := f.upTo(end+int64(len(eof)), piece)
	if err != nil {
		return err
	}
	if left := bytes.Trim(rest, " \t\r\n\f\x00"); len(left) > 0 || int64(len(rest)) < f.size-end-int64(len(eof)) {
		return appended(left)
	}
	if info != "" && !encrypted { // or its texts are no texts
		if err := pdfInfo(f, d, info); err != nil {
			return err
		}
	}
	if xmp >= 0 && (d.Made == "" || d.Title == "") {
		return pdfXMP(f, d, xmp)
	}
	return nil
}

// afterEOF refuses what cannot follow the end of a version of a PDF: objects of the
// next can, and a file within it ends its stream.
func afterEOF(f file, at int64) error {
	b, err := f.upTo(at+int64(len(eof)), 64)
	if err != nil {
		return err
	}
	b = bytes.TrimLeft(b, " \t\r\n\f\x00")
	if magic("%PDF-", "PK\x03\x04", "<", "\xff\xd8\xff", pngSignature, "GIF8")(b) {
		return appended(b)
	}
	return nil
}

// maxInfo is how long an information dictionary is looked through.
const maxInfo = 16 << 10

// pdfInfo reads the title and the date of the last object of that name.
func pdfInfo(f file, d *Document, name string) error {
	last := int64(-1)
	err := f.find(func(at int64, _ int) error {
		if at > 0 {
			before, err := f.at(at-1, 1)
			if err != nil || !bytes.Contains([]byte(" \t\r\n\f\x00"), before) {
				return err // 15 0 obj is not 5 0 obj
			}
		}
		last = at
		return nil
	}, name)
	if err != nil || last < 0 {
		return err
	}
	b, err := f.upTo(last+int64(len(name)), maxInfo)
	if err != nil {
		return err
	}
	if end := bytes.Index(b, []byte("endobj")); end >= 0 {
		b = b[:end]
	}
	values := pdfStrings(b)
	d.Title = values["Title"]
	if d.Made = pdfDate(values["CreationDate"]); d.Made != "" {
		d.From = "the PDF"
	}
	return nil
}

// pdfStrings are the texts of a dictionary, by their names. ISO 32000-1 §7.3.4.
func pdfStrings(b []byte) map[string]string {
	found := map[string]string{}
	name := ""
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c == '/':
			end := i + 1
			for end < len(b) && !strings.ContainsRune(" \t\r\n\f\x00/()<>[]{}%", rune(b[end])) {
				end++
			}
			name, i = string(b[i+1:end]), end
		case c == '(':
			text, n := pdfLiteral(b[i:])
			if name != "" {
				found[name] = pdfText(text)
			}
			name, i = "", i+n
		case c == '<' && i+1 < len(b) && b[i+1] != '<':
			end := bytes.IndexByte(b[i:], '>')
			if end < 0 {
				return found
			}
			digits := bytes.Join(bytes.Fields(b[i+1:i+end]), nil)
			if len(digits)%2 == 1 {
				digits = append(digits, '0')
			}
			text := make([]byte, len(digits)/2)
			if _, err := hex.Decode(text, digits); err == nil && name != "" {
				found[name] = pdfText(text)
			}
			name, i = "", i+end+1
		case c == '<' || c == '>':
			i += 2
		default:
			i++
		}
	}
	return found
}

// pdfLiteral reads (text) and how long it is in the file.
func pdfLiteral(b []byte) (text []byte, n int) {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '(':
			if depth++; depth > 1 {
				text = append(text, c)
			}
		case c == ')':
			if depth--; depth == 0 {
				return text, i + 1
			}
			text = append(text, c)
		case c == '\\' && i+1 < len(b):
			i++
			switch c := b[i]; c {
			case 'n', 'r', 't', 'b', 'f':
				text = append(text, ' ')
			case '\r', '\n': // the line goes on
			case '0', '1', '2', '3', '4', '5', '6', '7':
				v := 0
				for k := 0; k < 3 && i < len(b) && b[i] >= '0' && b[i] <= '7'; k++ {
					v = v*8 + int(b[i]-'0')
					i++
				}
				i--
				text = append(text, byte(v))
			default:
				text = append(text, c)
			}
		default:
			text = append(text, c)
		}
	}
	return text, len(b)
}

// pdfText decodes a text string: UTF-16 or UTF-8 with a mark, else PDFDocEncoding,
// which is Latin-1 but for some signs. ISO 32000-1 §7.9.2.
func pdfText(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		units := make([]uint16, 0, len(b)/2)
		for i := 2; i+1 < len(b); i += 2 {
			units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
		}
		return string(utf16.Decode(units))
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return string(b[3:])
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
		if c >= 0x80 && c < 0xa1 {
			runes[i] = pdfSigns[c-0x80]
		}
	}
	return string(runes)
}

// ISO 32000-1 annex D.2, from 0x80.
var pdfSigns = [33]rune{'•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', ' ', '€'}

// pdfDate reads D:YYYYMMDDHHmmSSOHH'mm'. ISO 32000-1 §7.9.4.
func pdfDate(text string) string {
	text = strings.TrimPrefix(strings.TrimSpace(text), "D:")
	n := 0
	for n < len(text) && n < 14 && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return dateTime(text[:n], zoneOf(text[n:]))
}

// maxXMP is how much of the metadata is read.
const maxXMP = 256 << 10

// pdfXMP reads xmp:CreateDate and dc:title, where they are plain. ISO 16684-1.
func pdfXMP(f file, d *Document, at int64) error {
	b, err := f.upTo(at, maxXMP)
	if err != nil {
		return err
	}
	const (
		xmpNS = "http://ns.adobe.com/xap/1.0/"
		dcNS  = "http://purl.org/dc/elements/1.1/"
	)
	var made, called string
	var path []xml.Name
	x := xml.NewDecoder(bytes.NewReader(b))
	for range 10_000 {
		token, err := x.Token()
		if err != nil { // io.EOF, or what is no XML: what was found counts
			break
		}
		switch t := token.(type) {
		case xml.StartElement:
			path = append(path, t.Name)
			for _, a := range t.Attr {
				if a.Name.Space == xmpNS && a.Name.Local == "CreateDate" {
					made = a.Value
				}
			}
		case xml.EndElement:
			if len(path) > 0 {
				path = path[:len(path)-1]
			}
			if t.Name.Local == "xmpmeta" {
				err = io.EOF
			}
		case xml.CharData:
			for i, name := range path {
				switch {
				case name.Space == xmpNS && name.Local == "CreateDate" && i == len(path)-1:
					made = string(t)
				case name.Space == dcNS && name.Local == "title" && called == "" && path[len(path)-1].Local == "li":
					called = string(t)
				}
			}
		}
		if err != nil {
			break
		}
	}
	if d.Title == "" {
		d.Title = called
	}
	if d.Made == "" {
		if d.Made = xmpDate(made); d.Made != "" {
			d.From = "the PDF"
		}
	}
	return nil
}

// xmpDate reads 2026-03-02T10:00:00+01:00, and shorter ones.
func xmpDate(text string) string {
	text = strings.TrimSpace(text)
	day, clock, _ := strings.Cut(text, "T")
	digits := strings.ReplaceAll(day, "-", "")
	zone := ""
	if i := strings.IndexAny(clock, "Z+-"); i >= 0 {
		clock, zone = clock[:i], zoneOf(clock[i:])
	}
	clock, _, _ = strings.Cut(clock, ".")
	if clock = strings.ReplaceAll(clock, ":", ""); len(clock) == 4 {
		clock += "00"
	}
	return dateTime(digits+clock, zone)
}
