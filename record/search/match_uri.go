package search

import (
	"bytes"

	"carehold/record"
)

// urisTest compares URIs (FHIR R4 §3.1.1.4.9): whole and as they are; :below those
// that begin with the one searched for, :above those that it begins with.
type urisTest struct {
	how  uriForm
	uris [][]byte
}

type uriForm uint8

const (
	whole uriForm = iota
	below
	above
)

func uriTest(modifier string, alternatives []string) (test, error) {
	t := urisTest{how: whole}
	switch modifier {
	case "":
	case "below":
		t.how = below
	case "above":
		t.how = above
	default:
		return nil, unsupported("uri", modifier)
	}
	for _, a := range alternatives {
		uri, err := unescape(a)
		if err != nil {
			return nil, err
		}
		if modifier != "" && len(uri) >= 4 && bytes.EqualFold([]byte(uri[:4]), []byte("urn:")) {
			return nil, record.Errorf(record.Invalid, ":%s applies to URLs and not to URNs (FHIR R4 §3.1.1.4.9)", modifier)
		}
		t.uris = append(t.uris, []byte(uri))
	}
	return t, nil
}

// is takes a canonical of any version for one that is searched for without.
func (how uriForm) is(uri, sought []byte) bool {
	switch how {
	case below:
		return bytes.HasPrefix(uri, sought)
	case above:
		return bytes.HasPrefix(sought, uri)
	}
	rest, begins := bytes.CutPrefix(uri, sought)
	return begins && (len(rest) == 0 || rest[0] == '|' && bytes.IndexByte(sought, '|') < 0)
}

func (urisTest) cost() int { return costURI }

func (t urisTest) holds(_ *Entry, v Values) bool {
	for uri := range v.URIs {
		for _, sought := range t.uris {
			if t.how.is(uri, sought) {
				return true
			}
		}
	}
	return false
}
