package main

import (
	"testing"
	"time"
)

// TestByteProgressWords: no speed before a second of it was seen, and none of what was
// there before.
func TestByteProgressWords(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	p := &byteProgress{what: "scan.pdf", total: 40_000_000}
	for _, c := range []struct {
		done  int64
		after time.Duration
		want  string
	}{
		{30_000_000, 0, "scan.pdf: 30.0 MB of 40.0 MB"}, // it goes on from there
		{31_000_000, 10 * time.Millisecond, "scan.pdf: 31.0 MB of 40.0 MB"},
		{34_000_000, 2 * time.Second, "scan.pdf: 34.0 MB of 40.0 MB, 2.0 MB a second"},
		{40_000_000, 4 * time.Second, "scan.pdf: 40.0 MB of 40.0 MB, 2.5 MB a second"},
	} {
		if got := p.words(c.done, at.Add(c.after)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
