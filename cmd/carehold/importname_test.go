package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"carehold/httpapi/message"
)

// A source has words that the server takes, whatever its file is called; and those that
// it had already stay, for entries are named after them.
func TestFileName(t *testing.T) {
	long := strings.Repeat("l", message.MaxSource-1)
	for path, want := range map[string]string{
		"gp-export.json":           "gp-export",
		"/home/ada/ letter 3 .pdf": " letter 3 ",
		"archive.tar.gz":           "archive.tar",
		"a\tb\nc.json":             "a b c",
		"a\x1b[31m\u202eb.json":    "a[31mb",
		"a\xffb.json":              "ab",
		".jpg":                     ".jpg",
		" \u200b.json":             " .json",
		long + "ée.json":           long,
		"\x01\x02":                 "",
	} {
		if got := sourceName(path); got != want {
			t.Errorf("%q is called %q, want %q", path, got, want)
		}
	}
}

// A source may have more entries than go in at once.
func TestLongSource(t *testing.T) {
	var b bytes.Buffer
	const n = pieceEntries + 1
	for i := range n {
		fmt.Fprintf(&b, `{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"x"}}`+"\n", i)
	}
	s, err := readSource(&b, "long")
	if err != nil || len(s.bundles) != 1 || len(s.bundles[0].Entries) != n {
		t.Fatalf("%d bundles, %v", len(s.bundles), err)
	}
}
