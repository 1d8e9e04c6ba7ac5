package search

import "carehold/record/fhir"

// Index is all search values of a resource.
func Index(r *fhir.Resource) []byte { return nil }

// Place is a parameter's place in r4.Params of the resource type, for Lookup; -1
// when the type has no such parameter.
func Place(resourceType, code string) int { return -1 }

// Canonical converts a number with a UCUM unit. ok is false for a unit that package
// ucum does not know. (To compare with Quantity.Canonical.)
func Canonical(d Decimal, code string) (a Amount, unit string, ok bool) { return Amount{}, "", false }

// ParseDate gives the time that a date or dateTime of a search covers, in Unix
// milliseconds, half open. Hours and minutes suffice, and without a time zone it is
// UTC (FHIR R4 §3.1.1.4.7).
func ParseDate(s string) (Date, bool) { return Date{}, false }
