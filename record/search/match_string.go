package search

import (
	"bytes"

	"carehold/record"
)

// stringsTest compares texts (FHIR R4 §3.1.1.4.8): folded, from the beginning;
// :contains anywhere; :exact as written and whole.
type stringsTest struct {
	how   stringForm
	texts [][]byte
}

type stringForm uint8

const (
	begins stringForm = iota
	contains
	exactly
)

func stringTest(modifier string, alternatives []string) (test, error) {
	t := stringsTest{how: begins}
	switch modifier {
	case "":
	case "contains":
		t.how = contains
	case "exact":
		t.how = exactly
	default:
		return nil, unsupported("string", modifier)
	}
	for _, a := range alternatives {
		text, err := unescape(a)
		if err != nil {
			return nil, err
		}
		if modifier != "exact" {
			if text, err = folded(text); err != nil {
				return nil, err
			}
		}
		t.texts = append(t.texts, []byte(text))
	}
	return t, nil
}

// folded refuses a text of which nothing is left to look for: every text begins
// with it.
func folded(text string) (string, error) {
	f := Fold(text)
	if f == "" {
		return "", record.Errorf(record.Invalid, "%q holds nothing that is searched for: punctuation and spaces do not count", brief(text))
	}
	return f, nil
}

func (stringsTest) cost() int { return costString }

func (t stringsTest) holds(_ *Entry, v Values) bool {
	for s := range v.Strings {
		for _, sought := range t.texts {
			if t.how.is(&s, sought) {
				return true
			}
		}
	}
	return false
}

func (how stringForm) is(s *String, sought []byte) bool {
	switch how {
	case begins:
		return bytes.HasPrefix(s.Folded, sought)
	case contains:
		return bytes.Contains(s.Folded, sought)
	}
	return bytes.Equal(s.Exact, sought)
}
