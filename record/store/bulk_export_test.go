package store

import "testing"

// FilesOf makes the files of exports small.
func FilesOf(t testing.TB, n int) {
	was := maxExported
	maxExported = n
	t.Cleanup(func() { maxExported = was })
}
