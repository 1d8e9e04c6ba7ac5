package httpapi

import (
	"io"
	"net/http"

	"carehold/record"
)

// livez says that the process lives.
func (s *Server) livez(w http.ResponseWriter, r *http.Request) error { return fine(w, "ok\n") }

// readyz says that requests are served, or in a few words why not. With a disk so
// full that large changes are refused, reading still goes on: that is ready.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	if err := s.Ready(); err != nil {
		return err
	}
	if m, ok := s.store.Measure(); ok && m.Free >= 0 && m.Free < m.Reserve {
		return fine(w, "ok, but the disk is nearly full: large changes are refused\n")
	}
	return fine(w, "ok\n")
}

// Ready is nil while requests are served, else why they are not. The texts are for
// strangers too.
func (s *Server) Ready() error {
	no := func(why string) error { return record.Safef(record.Unavailable, "%s", why) }
	select {
	case <-s.store.Failed():
		return no("the store has failed")
	default:
	}
	if s.stopping.Load() {
		return no("stopping")
	}
	if s.store.Clock().Wrong != "" {
		return no("the server's clock is wrong")
	}
	// Below half of the reserve not even the log of a read is written.
	if m, ok := s.store.Measure(); ok && m.Free >= 0 && m.Free < m.Reserve/2 {
		return no("the disk is full")
	}
	return nil
}

func fine(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err := io.WriteString(w, text)
	return err
}
