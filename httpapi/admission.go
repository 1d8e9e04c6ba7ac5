package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
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
func (s *Server) enter(r *http.Request, route *Route) (leave func(), err error) {
	if route.Rate == RateNone || route.File {
		return noLeave, nil
	}
	return s.place(r, s.places, nobody, s.patience(nil))
}

// patience is until when a request that comes now waits for its places: with a large
// body longer, for sending that again would take longer still. The line's clock is the
// machine's.
func (s *Server) patience(few *places) time.Time {
	wait := s.config.Limits.Wait
	if few != nil {
		wait *= 5
	}
	return time.Now().Add(wait)
}

func (s *Server) place(r *http.Request, p *places, id who, until time.Time) (leave func(), err error) {
	if leave, err = p.take(r.Context(), id, until); err != nil {
		s.throttled.busy.Add(1)
	}
	return leave, err
}

// ordinaryBody is what a body may have, in bytes, without counting as one that
// fills the memory.
const ordinaryBody = 1 << 20

// few are the places for a body that fills the memory, or nil when this one does
// not. What does not say how long its body is has as long a one as may be.
func (s *Server) few(r *http.Request, route *Route) *places {
	switch {
	case route.raw(r): // which is not held
		return nil
	case route.Body <= ordinaryBody, r.ContentLength >= 0 && r.ContentLength <= ordinaryBody:
		return nil
	case route.large():
		return s.bundles
	}
	return s.letters
}

// enterRecord takes a request's place among those of the record it is in, and one
// of the few for a body that fills the memory. entered gives back the place among
// all, which a request does not hold while it waits for these: a record that is
// busy keeps nobody from another; nil when it has none. leave gives back all of them.
func (s *Server) enterRecord(r *http.Request, few *places, id who, entered func()) (leave func(), err error) {
	if entered == nil {
		entered = noLeave
	} else if leaveRecord, ok := s.records.try(id); ok {
		if few == nil {
			return func() { leaveRecord(); entered() }, nil
		}
		if leaveFew, ok := few.try(id); ok {
			return func() { leaveFew(); leaveRecord(); entered() }, nil
		}
		leaveRecord()
	}
	entered()
	if few != nil && id.own() {
		defer s.senders.oneGivesWay(few, id)()
	}
	var held []func()
	leave = func() {
		for _, l := range held {
			l()
		}
	}
	until := s.patience(few)
	for _, p := range []*places{few, s.records, s.places} {
		if p == nil {
			continue
		}
		of := id
		if p == s.places {
			of = nobody
		}
		l, err := s.place(r, p, of, until)
		if err != nil {
			leave()
			return nil, err
		}
		held = append([]func(){l}, held...)
	}
	return leave, nil
}

// extend gives a request whose token has opened more time, and one with a large body
// much more; it returns how much. A connection without deadlines (a test's recorder) has none to
// extend.
func (s *Server) extend(e *event, route *Route) time.Duration {
	wait := 4 * s.config.Limits.BodyTime
	if route.large() {
		wait = s.config.Limits.LargeTime
	}
	until := s.now().Add(wait)
	c := http.NewResponseController(e)
	_ = c.SetReadDeadline(until)
	_ = c.SetWriteDeadline(until)
	return wait
}

// body checks the media type of what was sent, and limits its size.
func (s *Server) body(e *event, r *http.Request, route *Route) error {
	if route.raw(r) {
		return rawBody(e, r, route)
	}
	if route.Body == 0 {
		r.Body = http.MaxBytesReader(e, r.Body, 0)
		return nil
	}
	if slices.Contains(route.Types, change.PatchType) { // RFC 5789 §3.1, and §2.2 for a 415
		e.Header().Set("Accept-Patch", change.PatchType)
	}
	if v := otherFHIR(r.Header["Content-Type"]); v != "" && slices.Contains(route.Types, "application/fhir+json") {
		return record.Errorf(problem.MediaType, "this server speaks FHIR 4.0, and the Content-Type says that this is FHIR %s", v)
	}
	// An operation without parameters needs no body, and what is not there has no type.
	nothing := r.ContentLength == 0 && len(r.Header["Content-Type"]) == 0 && strings.HasSuffix(route.Path, "{operation}")
	if !nothing && !mediaType(r.Header["Content-Type"], route.Types) {
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

// otherFHIR is the version of FHIR that a Content-Type names, when it is another than
// this server's and looks like one.
func otherFHIR(header []string) string {
	if len(header) != 1 {
		return ""
	}
	_, params, err := mime.ParseMediaType(header[0])
	v := params["fhirversion"]
	if err != nil || v == "4.0" || v == "4.0.1" || len(v) > 10 || strings.Trim(v, "0123456789.") != "" {
		return ""
	}
	return v
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
