package importer_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"carehold/record/fhir"
	"carehold/record/importer"
)

// fuzz looks at what is made of the seeds under a name that leads to one reader. It
// ends soon, and what it says of a file can be kept.
func fuzz(f *testing.F, name string, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		began := time.Now()
		d, err := importer.Look(bytes.NewReader(b), int64(len(b)), name, importer.Options{Now: now})
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%d bytes take %v", len(b), took)
		}
		if err != nil {
			return
		}
		if d.Made != "" {
			if _, err := fhir.ParseDateTime(d.Made); err != nil {
				t.Errorf("made %q", d.Made)
			}
		}
		if (d.Made == "") != (d.From == "") || len(d.Title) > 1000 || !utf8.ValidString(d.Title) || strings.ContainsFunc(d.Title, unicode.IsControl) {
			t.Errorf("%+v", d)
		}
		all, err := d.Resources(importer.Note{Patient: "me", Upload: "x", Now: now})
		if err != nil || len(all) != 2 {
			t.Errorf("%+v makes no resources: %v", d, err)
		}
	})
}

func FuzzPDF(f *testing.F) {
	fuzz(f, "a.pdf", aPDF("<</Title(a \\(b\\) \\344)/CreationDate(D:20260302101112+01'00')>>"), aPDF("<</Title<FEFF00e9>>>"),
		aPDF("<<>>", `<x:xmpmeta xmlns:x="adobe:ns:meta/"><r xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2026-03-02T10:11Z"/></x:xmpmeta>`), append(aPDF("<<>>"), aZIP()...))
}

func FuzzJPEG(f *testing.F) {
	j := aJPEG()
	fuzz(f, "a.jpg", j, segment(j, 0xe1, append([]byte("Exif\x00\x00"), exif("2026:03:02 10:11:12", "+01:00")...)), append(segment(j, 0xe2, []byte("MPF\x00")), j...))
}

func FuzzPNG(f *testing.F) {
	fuzz(f, "a.png", aPNG(), chunk(aPNG(), "eXIf", exif("2026:03:02 10:11:12", "Z")))
}

func FuzzGIF(f *testing.F) { fuzz(f, "a.gif", aGIF()) }

func FuzzTIFF(f *testing.F) {
	fuzz(f, "a.tif", aTIFF(binary.LittleEndian, "2026:03:02 10:11:12"), aTIFF(binary.BigEndian, "2026:03:02 10:11:12"), exif("2026:03:02 10:11:12", "Z"))
}

func FuzzHEIC(f *testing.F) { fuzz(f, "a.heic", aHEIC(exif("2026:03:02 10:11:12", "Z"))) }

func FuzzText(f *testing.F) {
	fuzz(f, "a.txt", []byte("Took two tablets. é€😀"), []byte("{\\rtf"), []byte("<html>"))
}
