package httpapi

import (
	"io"
	"net/http"

	"carehold/record"
)

// livez says that the process lives.
func (s *Server) livez(w http.ResponseWriter, r *http.Request) error { return fine(w) }

// readyz says that requests are served: not while stopping, nor after the store
// has failed.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	select {
	case <-s.store.Failed():
		return record.Safef(record.Unavailable, "the store has failed")
	default:
	}
	if s.stopping.Load() {
		return record.Safef(record.Unavailable, "stopping")
	}
	return fine(w)
}

func fine(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err := io.WriteString(w, "ok\n")
	return err
}
