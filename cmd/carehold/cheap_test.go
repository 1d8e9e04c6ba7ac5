package main

import _ "carehold/crypto/cheaptest"

// The sessions of these tests come from one address, which a server has wait for a second
// or two from the sixtieth on: in tests it does not. The bound itself is held by httpapi's
// TestGuessesFromEverywhere.
func init() { guesses = 1000 }
