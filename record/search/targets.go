package search

import (
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
)

// targets is a set of resources that can be pointed at: by Type/id, and, when
// they have a canonical URL, by that, with and without their version.
type targets struct {
	base string
	refs map[fhir.Ref]struct{}
	urls map[string]struct{}
}

func newTargets(base string) *targets {
	return &targets{base, map[fhir.Ref]struct{}{}, map[string]struct{}{}}
}

// add puts a resource in.
func (s *targets) add(e *Entry) {
	s.refs[e.Ref] = struct{}{}
	for name := range canonicals(e) {
		s.urls[string(name)] = struct{}{}
	}
}

// point puts in what a reference points to.
func (s *targets) point(n *Reference) {
	switch {
	case local(n, s.base):
		s.refs[fhir.Ref{Type: string(n.Type), ID: string(n.ID)}] = struct{}{}
	case len(n.URL) > 0:
		var room [256]byte
		s.urls[string(canonical(room[:0], n.URL, n.Version))] = struct{}{}
	}
}

// has reports whether a reference points at one of the set.
func (s *targets) has(n *Reference) bool {
	if local(n, s.base) {
		_, ok := s.refs[fhir.Ref{Type: string(n.Type), ID: string(n.ID)}]
		return ok
	}
	if len(n.URL) == 0 || len(s.urls) == 0 {
		return false
	}
	var room [256]byte
	_, ok := s.urls[string(canonical(room[:0], n.URL, n.Version))]
	return ok
}

// holds reports whether a resource is in the set.
func (s *targets) holds(e *Entry) bool {
	if _, ok := s.refs[e.Ref]; ok {
		return true
	}
	if len(s.urls) == 0 {
		return false
	}
	for name := range canonicals(e) {
		if _, ok := s.urls[string(name)]; ok {
			return true
		}
	}
	return false
}

func canonical(room, url, version []byte) []byte {
	room = append(room, url...)
	if len(version) > 0 {
		room = append(append(room, '|'), version...)
	}
	return room
}

// canonicals are the names a resource has as a canonical: its url, and that with
// its version.
func canonicals(e *Entry) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		def, ok := r4.LookupParam(e.Ref.Type, "url")
		if !ok || def.Type != "uri" {
			return
		}
		var room [256]byte
		version := -1
		if def, ok := r4.LookupParam(e.Ref.Type, "version"); ok && def.Type == "token" {
			version = Place(e.Ref.Type, "version")
		}
		for url := range Lookup(e.Index, Place(e.Ref.Type, "url")).URIs {
			if !yield(url) {
				return
			}
			if version < 0 {
				continue
			}
			for v := range Lookup(e.Index, version).Tokens {
				if !yield(canonical(room[:0], url, v.Code)) {
					return
				}
			}
		}
	}
}
