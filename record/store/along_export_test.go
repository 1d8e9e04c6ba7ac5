package store

import "testing"

// SmallAlong lets changes take along so many bytes.
func SmallAlong(t testing.TB, most uint64) {
	before := mostAlong
	mostAlong = most
	t.Cleanup(func() { mostAlong = before })
}
