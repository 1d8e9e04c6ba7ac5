package store

import "testing"

// SmallParts makes a search of what is derived go through less at once.
func SmallParts(t *testing.T, made, part int, passed, step uint64) {
	was, wasPart, wasPassed, wasStep := maxMade, partMade, maxPassed, logStep
	maxMade, partMade, maxPassed, logStep = made, part, passed, step
	t.Cleanup(func() { maxMade, partMade, maxPassed, logStep = was, wasPart, wasPassed, wasStep })
}
