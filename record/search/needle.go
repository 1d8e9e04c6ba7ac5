package search

import "bytes"

// Most entries are not what is sought, and the bytes of their index say so before
// anything in it is read: a text that is not one of commons stands in an index as
// it is, once. A needle is a text without which a test cannot hold; looking for it
// takes a third of the time of looking up the parameter and comparing.

// A rare test can say so: it holds only where one of the needles is.
type rare interface{ needles() [][]byte }

const (
	maxNeedles     = 3 // more take longer than they save
	shortestNeedle = 3
)

// needle is a text as one that has to be there; nil when it may be there without
// standing there.
func needle(text []byte) []byte {
	if _, common := commons().places[string(text)]; common || len(text) < shortestNeedle {
		return nil
	}
	return text
}

func (t tokensTest) needles() [][]byte {
	if t.not || len(t.tokens) > maxNeedles {
		return nil
	}
	var all [][]byte
	for _, s := range t.tokens {
		// A code that stands without a system may be written in another case.
		if s.how != bothParts && (s.how != anySystem && s.how != noSystem || !caseless(s.code)) {
			return nil
		}
		n := needle(s.code)
		if n == nil {
			return nil
		}
		all = append(all, n)
	}
	return all
}

// caseless reports whether a text has no letters.
func caseless(text []byte) bool {
	for _, c := range text {
		if letter(c) || c >= 0x80 {
			return false
		}
	}
	return true
}

func (t referencesTest) needles() [][]byte {
	if len(t.references) > maxNeedles {
		return nil
	}
	var all [][]byte
	for _, s := range t.references {
		n := needle([]byte(s.id))
		if s.id == "" || n == nil {
			return nil
		}
		all = append(all, n)
	}
	return all
}

// sieve is what is known of the needles of a test while it is asked: where they
// are in most indexes, as the person's own id is, they are not looked for.
type sieve struct {
	needles       [][]byte
	tried, passed int
}

func sieveOf(t test) (s sieve) {
	if r, ok := t.(rare); ok {
		s.needles = r.needles()
	}
	return s
}

// passes is false when the test cannot hold.
func (s *sieve) passes(index []byte) bool {
	if len(s.needles) == 0 {
		return true
	}
	for _, n := range s.needles {
		if bytes.Contains(index, n) {
			if s.passed++; s.tried+16 < 2*s.passed {
				s.needles = nil
			}
			s.tried++
			return true
		}
	}
	s.tried++
	return false
}
