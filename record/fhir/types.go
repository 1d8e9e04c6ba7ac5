package fhir

import (
	"maps"
	"slices"
)

// Types lists the resource types of R4 in the order of the alphabet: what a
// mistyped one is compared with.
func Types() []string { return slices.Sorted(maps.Keys(resourceTypes)) }
