package main

import (
	"os"

	_ "carehold/crypto/cheaptest"
)

// ownBound, in the environment of a server of these tests, leaves it its own bound on
// lookups by a secret.
const ownBound = "CAREHOLD_TEST_OWN_BOUND"

// The sessions of these tests come from one address, which a server has wait for a second
// or two from the sixtieth on: in tests it does not. The bound itself is held by httpapi's
// TestGuessesFromEverywhere and, behind a proxy, by TestCaddy.
func init() {
	if os.Getenv(ownBound) == "" {
		guesses = 1000
	}
}
