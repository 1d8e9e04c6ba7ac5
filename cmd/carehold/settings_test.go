package main

import (
	"strings"
	"testing"
)

// TestSearchMemory: what store.Options is given for each way of writing the setting;
// 0 is the store's own choice there, and -1 nothing.
func TestSearchMemory(t *testing.T) {
	for text, want := range map[string]int64{
		"auto": 0, "": 0, "0": -1, "0MiB": -1, "1MiB": 1 << 20, "64MiB": 64 << 20, "64 MiB": 64 << 20, "1GiB": 1 << 30, "100MB": 100_000_000, "2097152": 2 << 20,
	} {
		s := &settings{map[string]string{"search-memory": text}, map[string]string{"search-memory": "--search-memory"}}
		if n, err := s.searchMemory(); n != want || err != nil {
			t.Errorf("%q: %d, %v; want %d", text, n, err, want)
		}
	}
	for _, text := range []string{"much", "-1", "64", "1023KiB", "9000EiB", "16EiB", "NaN", "yes"} {
		s := &settings{map[string]string{"search-memory": text}, map[string]string{"search-memory": "CAREHOLD_SEARCH_MEMORY"}}
		if n, err := s.searchMemory(); err == nil || !strings.Contains(err.Error(), "CAREHOLD_SEARCH_MEMORY") {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
}
