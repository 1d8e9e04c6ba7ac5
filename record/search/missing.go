package search

import (
	"carehold/record"
	"carehold/record/fhir/r4"
)

// missingTest is :missing, of every type of parameter but composites (FHIR R4
// §3.1.1.4.4).
type missingTest bool

// neverMissing is :missing of what every entry has, and no index.
type neverMissing bool

func missing(def *r4.Param, alternatives []string) (test, error) {
	want := false
	switch {
	case len(alternatives) == 0: // to be ignored
	case len(alternatives) > 1 || alternatives[0] != "true" && alternatives[0] != "false":
		return nil, record.Safef(record.Invalid, ":missing is true or false")
	default:
		want = alternatives[0] == "true"
	}
	if def.Code == "_id" || def.Code == "_lastUpdated" {
		return neverMissing(want), nil
	}
	return missingTest(want), nil
}

func (missingTest) cost() int                       { return costMissing }
func (m missingTest) holds(_ *Entry, v Values) bool { return v.Missing() == bool(m) }

func (neverMissing) cost() int                       { return costRef }
func (m neverMissing) holds(_ *Entry, _ Values) bool { return !bool(m) }
