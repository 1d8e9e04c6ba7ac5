package httpapi

import (
	"context"
	"time"
)

// lookAgain is how long it is believed that nobody has a record here.
const lookAgain = 2 * time.Second

// nobody reports whether nobody has a record here yet, for the page that says how to
// begin. Once somebody has, nobody counts again: it is a walk over all of them.
func (s *Server) nobody() bool {
	s.first.Lock()
	defer s.first.Unlock()
	if s.first.somebody || time.Since(s.first.looked) < lookAgain {
		return !s.first.somebody
	}
	status, err := s.store.Status(context.Background())
	s.first.looked = time.Now()
	s.first.somebody = err != nil || status.People > 0
	return !s.first.somebody
}
