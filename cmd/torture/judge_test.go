//go:build linux

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The judge of flips: only an answer that says "damage" may differ.
func TestCompare(t *testing.T) {
	whole := map[string]string{"a": "1", "b": "2"}
	for name, c := range map[string]struct {
		answers map[string]string
		want    verdict
	}{
		"the same":                  {map[string]string{"a": "1", "b": "2"}, harmless},
		"more than was there":       {map[string]string{"a": "1", "b": "2", "c": "3"}, harmless},
		"damage is told":            {map[string]string{"a": "1", "b": "!damaged"}, detected},
		"damage keeps from more":    {map[string]string{"a": "!damaged"}, detected},
		"something else":            {map[string]string{"a": "1", "b": "3"}, harmful},
		"not there, and not a word": {map[string]string{"a": "1"}, harmful},
		"an error for another":      {map[string]string{"a": "1", "b": "error not found: x"}, harmful},
		"one told, one false":       {map[string]string{"a": "!damaged", "b": "3"}, harmful},
	} {
		if got, why := compare(whole, c.answers); got != c.want {
			t.Errorf("%s: %s (%s), want %s", name, got, why, c.want)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		most, n int
		want    []int
	}{{0, 5, nil}, {3, 5, []int{1, 2, 3}}, {10, 2, []int{1, 6}}, {10, 10, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}, {1000, 4, []int{1, 251, 501, 751}}} {
		if got := spread(c.most, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%d of %d: %v, want %v", c.n, c.most, got, c.want)
		}
	}
}

// The ledger's copy does not change when the ledger does.
func TestLedgerCopy(t *testing.T) {
	l := newLedger()
	l.written("e", l.trying("e"))
	l.brought(l.bringing())
	before := l.take()
	l.written("e", l.trying("e"))
	l.bringing()
	if want := map[string]attempts{"e": {1, 1}}; !maps.Equal(before.entries, want) || len(before.imports) != 1 || before.changes != (count{2, 2}) {
		t.Errorf("the copy is %+v", before)
	}
}

// A server that ends without a word is excused only if the word itself was the
// write that failed.
func TestWordsFailed(t *testing.T) {
	for log, want := range map[string]bool{
		"2426  write(2, \"the store is lo\"..., 130) = -1 EIO (Input/output error) (INJECTED)\n":    true,
		"2426  write(1, \"a\\n\", 2) = -1 EIO (Input/output error) (INJECTED)\n":                    false,
		"2426  write(2, \"a\\n\", 2) = 2\n2427  write(7, \"\\0\", 1) = -1 EIO (Input) (INJECTED)\n": false,
		"": false,
	} {
		name := filepath.Join(t.TempDir(), "calls")
		if err := os.WriteFile(name, []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := wordsFailed(name); got != want || err != nil {
			t.Errorf("%q: %v %v, want %v", log, got, err, want)
		}
	}
}
