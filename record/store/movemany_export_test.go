package store

import "testing"

// FewFiles lets a move look at so many files, and take so many along.
func FewFiles(t testing.TB, pointed, along int) {
	p, a := mostPointed, mostFilesOwn
	mostPointed, mostFilesOwn = pointed, along
	t.Cleanup(func() { mostPointed, mostFilesOwn = p, a })
}
