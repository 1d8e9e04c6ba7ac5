package search

import (
	"carehold/record"
)

// idsTest is _id, and _id:not: "servers SHALL use exact match" (FHIR R4
// §3.1.1.4.1). What is no id is nobody's.
type idsTest struct {
	ids map[string]bool
	not bool
}

func idTest(modifier string, alternatives []string) (test, error) {
	if modifier != "" && modifier != "not" {
		return nil, record.Errorf(record.Invalid, "%q is not a modifier of _id that is supported: those are missing, not", brief(modifier))
	}
	t := idsTest{make(map[string]bool, len(alternatives)), modifier == "not"}
	for _, a := range alternatives {
		id, err := unescape(a)
		if err != nil {
			return nil, err
		}
		t.ids[id] = true
	}
	return t, nil
}

func (idsTest) cost() int { return costRef }

func (t idsTest) holds(e *Entry, _ Values) bool { return t.ids[e.Ref.ID] != t.not }
