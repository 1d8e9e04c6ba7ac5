// Package cheaptest is for tests: imported by one, it has a passphrase cost next to
// nothing.
//
// Argon2id is made to be slow, a fifth of a second of two processors each time, and suites
// that open hundreds of sessions spent half of their time on it. What it costs is held by
// crypto's own tests, which do not import this, and by those that run the built program.
// No program can have it: record's TestLayers lets no folder import it but in a test.
package cheaptest

import (
	_ "unsafe" // for go:linkname: crypto itself has no door for this, and shall have none

	_ "carehold/crypto" // which is to be ready before init
)

//go:linkname argonCosts carehold/crypto.argonCosts
var argonCosts map[byte]struct {
	time, memoryKiB uint32
	threads         uint8
}

func init() {
	for version, cost := range argonCosts {
		cost.time, cost.memoryKiB = 1, 64
		argonCosts[version] = cost
	}
}
