package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"carehold/record/export"
)

// What people have from a surgery, and what no reader of JSON would name.

// knownKinds are what is imported.
const knownKinds = "known are FHIR (JSON, NDJSON), PDF, JPEG, PNG, TIFF, GIF, HEIC, plain text, SMART Health Links and Cards, and what carehold export wrote"

const asItIs = "--as-is keeps it as it is"

// beginnings of what is often taken for a letter.
var beginnings = []struct{ magic, what, hint string }{
	{"PK\x03\x04", "a ZIP archive or an office document", "take the files out of it first, or save it as PDF; " + asItIs},
	{"\xd0\xcf\x11\xe0", "an office document", "save it as PDF; " + asItIs},
	{`{\rtf`, "a text of a word processor (RTF)", "save it as PDF; " + asItIs},
	{"<", "XML or a web page", "ask whoever gave it to you for FHIR (JSON); " + asItIs},
}

// jsonNames are the endings of files whose contents are meant as JSON.
var jsonNames = []string{".json", ".ndjson", ".jsonl"}

// notFHIR says what a file is that cannot be FHIR, and what to do; "" is for one that may
// be. The file is then at its beginning.
func notFHIR(f *os.File, path string) (what, hint string) {
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		return folderKind(path)
	}
	if err != nil || !info.Mode().IsRegular() {
		return "", "" // a pipe cannot be read twice
	}
	head := make([]byte, 512)
	n, _ := io.ReadFull(f, head)
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", ""
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf")), " \t\r\n")
	for _, k := range beginnings {
		if bytes.HasPrefix(text, []byte(k.magic)) {
			return k.what, k.hint
		}
	}
	switch {
	case info.Size() == 0:
		return "empty", ""
	case slices.Contains(jsonNames, strings.ToLower(filepath.Ext(path))), len(text) > 0 && (text[0] == '{' || text[0] == '['):
		return "", "" // what is wrong with it as JSON is said then
	}
	return "of no kind that is known here", knownKinds + "; " + asItIs
}

// folderKind tells an export that lost its manifest from any other folder.
func folderKind(path string) (what, hint string) {
	rows, _ := filepath.Glob(filepath.Join(path, "*", "*.ndjson"))
	top, _ := filepath.Glob(filepath.Join(path, "*.ndjson"))
	if len(rows)+len(top) > 0 {
		return "a folder with files of FHIR, and without the " + export.ManifestName + " of an export", "copy the export again, all of it, or name the .ndjson files"
	}
	return "a folder, and no export", "name the files in it"
}
