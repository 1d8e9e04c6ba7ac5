package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
)

// charge takes what a route costs from the address's buckets.
func (s *Server) charge(e *event, a netip.Addr, r Rate) error {
	if r == RateNone {
		return nil
	}
	if wait, ok := s.requests.take(a, s.now()); !ok {
		s.throttled.requests.Add(1)
		return tooMany(e, wait)
	}
	if r == RateSecret {
		if wait, ok := s.guesses.take(a, s.now()); !ok {
			s.throttled.guesses.Add(1)
			return tooMany(e, wait)
		}
	}
	return nil
}

// large reports whether a route's bodies are so large that few fit in memory.
func (r *Route) large() bool { return r.Body > resourceBody }

func busy() error { return record.Safef(record.Unavailable, "too much to do at the moment") }

// enter takes a place among the requests being served; leave gives it back. What
// is a file takes none: reading it slowly keeps nobody away.
func (s *Server) enter(route *Route) (leave func(), err error) {
	if route.Rate == RateNone || route.File {
		return noLeave, nil
	}
	select {
	case s.places <- struct{}{}:
		return func() { <-s.places }, nil
	default:
		s.throttled.busy.Add(1)
		return nil, busy()
	}
}

// extend gives a request whose token has opened more time, and one with a large
// body much more. A connection without deadlines (a test's recorder) has none to
// extend.
func (s *Server) extend(e *event, route *Route) {
	wait := 4 * s.config.Limits.BodyTime
	if route.large() {
		wait = s.config.Limits.LargeTime
	}
	until := s.now().Add(wait)
	c := http.NewResponseController(e)
	_ = c.SetReadDeadline(until)
	_ = c.SetWriteDeadline(until)
}

// body checks the media type of what was sent, and limits its size.
func (s *Server) body(e *event, r *http.Request, route *Route) error {
	if route.Body == 0 {
		r.Body = http.MaxBytesReader(e, r.Body, 0)
		return nil
	}
	if !mediaType(r.Header["Content-Type"], route.Types) {
		return record.Safef(problem.MediaType, "send this as %s, in UTF-8", strings.Join(route.Types[:1], ""))
	}
	if r.Header.Get("Content-Encoding") != "" {
		return record.Safef(problem.MediaType, "send this without a Content-Encoding")
	}
	if r.ContentLength > route.Body {
		return tooLarge(route.Body)
	}
	r.Body = &limited{http.MaxBytesReader(e, r.Body, route.Body), route.Body}
	return nil
}

// mediaType reports whether a Content-Type is one of the types, in UTF-8 and for
// this version of FHIR.
func mediaType(header, types []string) bool {
	if len(header) != 1 {
		return false
	}
	typ, params, err := mime.ParseMediaType(header[0])
	if err != nil || !slices.Contains(types, typ) {
		return false
	}
	for name, value := range params {
		switch name {
		case "charset":
			if !strings.EqualFold(value, "utf-8") {
				return false
			}
		case "fhirversion": // ParseMediaType has made it lower case
			if value != "4.0" && value != "4.0.1" {
				return false
			}
		}
	}
	return true
}

// limited turns net/http's error into one of the table's.
type limited struct {
	io.ReadCloser
	limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return n, tooLarge(l.limit)
	}
	return n, record.Safef(record.Invalid, "the body ended too early, or came too slowly")
}

func tooLarge(limit int64) error {
	return record.Safef(record.TooLarge, "at most %d bytes are taken here", limit)
}
