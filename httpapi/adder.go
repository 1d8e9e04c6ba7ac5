package httpapi

import (
	"net/http"

	"carehold/crypto"
	"carehold/record/store"
)

// adderBody is how large a body may be of who may add only: one entry, or a Bundle of
// some. What waits is kept in memory nowhere, and every row of it has to fit a frame.
const adderBody = 4 << 20

// serveAdder serves whoever may add and nothing else: they may create, one entry or a
// Bundle of some. Everything else is one answer, whatever it was and whether it is there
// or not. It goes the way that serveRecord goes, without a View. entered gives back the
// place among all.
func (s *Server) serveAdder(e *event, r *http.Request, route *Route, c crypto.Credential, key [32]byte, entered func()) error {
	a, err := s.store.OpenAdder(r.Context(), c, key)
	if err != nil {
		return s.refuse(e, r, err)
	}
	defer a.Close()
	return s.whileGranted(e, r, a, func(r *http.Request) error {
		add := s.adds(route)
		if add == nil {
			return a.Refuse(r.Context())
		}
		own := *route // nothing is streamed, and no content comes as it is
		own.Body, own.Raw, own.Stream = min(adderBody, route.Body), 0, false
		s.extend(e, &own)
		if err := s.body(e, r, &own); err != nil {
			return err
		}
		g := a.Grant()
		of := who{g.Person, g.ID}
		entered()
		forget, err := s.bodies.readFirst(r, &own, of)
		if err != nil {
			return err
		}
		defer forget()
		leave, err := s.enterRecord(r, nil, of, nil)
		if err != nil {
			return err
		}
		defer leave()
		s.extend(e, &own)
		return add(e, r, a)
	})
}

// adds is what serves a row to who may add only; nil for nothing.
func (s *Server) adds(route *Route) func(http.ResponseWriter, *http.Request, *store.Adder) error {
	if route.Method != http.MethodPost {
		return nil
	}
	switch route.Path {
	case "/fhir/{type}", "/fhir/Binary":
		return s.fhir.Add
	case "/fhir", "/fhir/":
		return s.fhir.AddBundle
	}
	return nil
}
