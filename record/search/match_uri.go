package search

import (
	"bytes"

	"carehold/record"
)

// urisTest compares URIs (FHIR R4 §3.1.1.4.9): whole and as they are; :below those
// that begin with the one searched for, :above those that it begins with.
type urisTest struct {
	how  func(uri, sought []byte) bool
	uris [][]byte
}

func uriTest(modifier string, alternatives []string) (test, error) {
	t := urisTest{how: sameURI}
	switch modifier {
	case "":
	case "below":
		t.how = bytes.HasPrefix
	case "above":
		t.how = func(uri, sought []byte) bool { return bytes.HasPrefix(sought, uri) }
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

// sameURI takes a canonical of any version for one that is searched for without.
func sameURI(uri, sought []byte) bool {
	return bytes.Equal(uri, sought) ||
		len(uri) > len(sought) && uri[len(sought)] == '|' && bytes.HasPrefix(uri, sought) && bytes.IndexByte(sought, '|') < 0
}

func (urisTest) cost() int { return costURI }

func (t urisTest) holds(_ *Entry, v Values) bool {
	for uri := range v.URIs {
		for _, sought := range t.uris {
			if t.how(uri, sought) {
				return true
			}
		}
	}
	return false
}
