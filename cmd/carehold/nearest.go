package main

import (
	"fmt"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// Names as people type them: in any case, and now and then with a letter wrong.
// A wrong one is never taken for the one that was probably meant; it is named.

// named returns the one of several names that s is, whatever its case.
func named(s string, names []string) (string, bool) {
	for _, n := range names {
		if strings.EqualFold(n, s) {
			return n, true
		}
	}
	return "", false
}

// nearest is the name that was probably meant: the only one that begins so, or
// the one that is fewest letters away. "" is none.
func nearest(s string, names []string) string {
	begin, n := "", 0
	for _, name := range names {
		if len(s) >= 3 && strings.HasPrefix(strings.ToLower(name), strings.ToLower(s)) {
			begin, n = name, n+1
		}
	}
	if n == 1 {
		return begin
	}
	return misspelt(s, names)
}

// misspelt is the name that is fewest letters away, two at most. "" is none.
func misspelt(s string, names []string) string {
	s = strings.ToLower(s)
	best, at := "", min(2, len(s)/3)+1
	for _, name := range names {
		if d := distance(s, strings.ToLower(name)); d < at {
			best, at = name, d
		}
	}
	return best
}

// distance is how many letters have to be put in, taken out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// meant is a usage error that says what was probably meant; else is the hint when
// nothing is near.
func meant(err error, like, otherwise string) error {
	if like != "" {
		return coded(exitUsage, err, "did you mean "+like+"?")
	}
	return coded(exitUsage, err, otherwise)
}

func parseSection(s string) (record.Section, error) {
	var names []string
	for _, x := range record.Sections() {
		names = append(names, x.String())
	}
	if name, ok := named(s, names); ok {
		return record.ParseSection(name)
	}
	// A beginning is no guess to make of a section: "all" is not allergies.
	return 0, meant(fmt.Errorf("there is no section called %q", s), misspelt(s, names), "the sections are "+strings.Join(names, ", "))
}

func parseType(s string) (string, error) {
	types := fhir.Types()
	if t, ok := named(s, types); ok {
		return t, nil
	}
	return "", meant(fmt.Errorf("FHIR R4 has no resource type %q", s), nearest(s, types), "such types are Condition, Observation, MedicationRequest")
}
