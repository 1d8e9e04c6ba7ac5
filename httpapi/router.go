package httpapi

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"carehold/crypto"
	"carehold/httpapi/fhirapi"
	"carehold/httpapi/shl"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/store"
)

// methods are the rows of one path, by method.
type methods struct {
	server *Server
	path   string
	door   Door
	by     map[string]*Route
	allow  string
}

var variable = regexp.MustCompile(`\{(\w+)\}`)

// newRouter makes the router from the table: one of mux's routes for each path,
// so that a 405 can name exactly the methods there are.
func (s *Server) newRouter(table []Route) *mux.Router {
	// A path is taken as it was sent: no redirect to a tidier one, and an encoded
	// slash is not a slash, which a proxy in front may see differently.
	router := mux.NewRouter().SkipClean(true).UseEncodedPath()
	var paths []*methods
	byPath := map[string]*methods{}
	for i := range table {
		r := &table[i]
		m := byPath[r.Path]
		if m == nil {
			m = &methods{server: s, path: r.Path, door: r.Door, by: map[string]*Route{}}
			byPath[r.Path] = m
			paths = append(paths, m)
		}
		m.by[r.Method] = r
		if r.Method == http.MethodGet {
			m.by[http.MethodHead] = r
		}
	}
	for _, m := range paths {
		m.allow = strings.Join(slices.Sorted(maps.Keys(m.by)), ", ")
		// The shape first: mux would try the regular expression of each path in turn.
		router.NewRoute().MatcherFunc(shape(m.path)).Path(variable.ReplaceAllStringFunc(m.path, func(v string) string {
			name := v[1 : len(v)-1]
			return "{" + name + ":" + variables[name] + "}"
		})).Handler(m)
	}
	router.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		why := error(record.Safef(record.NotFound, "no such path"))
		if rest, ok := strings.CutPrefix(r.URL.Path, "/fhir/"); ok {
			why = fhirapi.NoPath(rest)
		} else if under(r.URL.Path, "/shl") {
			why = shl.Nothing // in the same bytes as a link that was stopped
		}
		s.unserved(w.(*event), r, why)
	})
	return router
}

// shape tells quickly which paths a template is not for: those of another number of
// segments, or with another word where it has one. Of what is left, and of what was
// sent with escapes, mux decides.
func shape(template string) mux.MatcherFunc {
	want := strings.Split(template, "/")
	for i, segment := range want {
		if strings.HasPrefix(segment, "{") {
			want[i] = "" // anything
		}
	}
	return func(r *http.Request, _ *mux.RouteMatch) bool {
		if r.URL.RawPath != "" {
			return true
		}
		rest, more := r.URL.Path, true
		for i, word := range want {
			if !more {
				return false
			}
			var segment string
			segment, rest, more = strings.Cut(rest, "/")
			if word != "" && segment != word || i == len(want)-1 && more {
				return false
			}
		}
		return true
	}
}

// ServeHTTP chooses the row, and serves it.
func (m *methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := w.(*event)
	e.route, e.door = m.path, m.door
	route, ok := m.by[r.Method]
	if !ok {
		w.Header().Set("Allow", m.allow)
		m.server.unserved(e, r, record.Safef(record.NotAllowed, "this takes only %s", m.allow))
		return
	}
	for name, value := range mux.Vars(r) {
		r.SetPathValue(name, value)
	}
	e.err = m.server.serve(e, r, route)
	if r.Context().Err() != nil && errors.Is(e.err, context.Canceled) { // and no fault of ours
		e.err = record.Safef(record.Unavailable, "the client went away before the end of the answer")
	}
	if errors.Is(e.err, record.NotAllowed) { // RFC 9110 §15.5.6: a 405 says what is allowed
		allow := m.others(r.Method)
		if typ := r.PathValue("type"); typ != "" && !holds(typ) {
			allow = "" // RFC 9110 §10.2.1: no method at all
		}
		w.Header().Set("Allow", allow)
	}
}

// holds reports whether a record holds entries of a type.
func holds(typ string) bool { _, ok := change.Storable(typ); return ok }

// others are the path's methods but for one, which this request may not use.
func (m *methods) others(method string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(m.allow, ", "), func(x string) bool { return x == method }), ", ")
}

// ServeHTTP is the way of every request: see the package comment.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.now()
	e := &event{ResponseWriter: w, id: requestID(r), door: doorOf(r.URL.Path), route: "-"}
	defer s.finish(e, r, began)
	s.before(e, r)
	switch {
	case e.err != nil:
		s.unserved(e, r, e.err)
	case s.preflight(r):
		s.answerPreflight(e, r)
	default:
		s.router.ServeHTTP(e, r)
	}
}

// unserved refuses what no row takes. It costs what a request costs: otherwise a
// client that asks for nothing would be the only one without a limit.
func (s *Server) unserved(e *event, r *http.Request, err error) {
	if e.err = s.charge(e, clientAddress(r, s.config.TrustedProxies), RateOrdinary); e.err == nil {
		e.err = err
	}
}

// before does what comes before the table is looked at.
func (s *Server) before(e *event, r *http.Request) {
	h := e.Header()
	secure(h, s.public.Scheme == "https")
	h.Set("X-Request-Id", e.id)
	if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
		// A length may have been sent as well, which net/http drops without a word:
		// what a proxy in front takes for the rest of the body must not be read as
		// another request. RFC 9112 §6.1.
		h.Set("Connection", "close")
	}
	// FHIR R4 §3.1.0.1.12: a client's own name for the request, given back. It is
	// the client's text, so it is not logged.
	if c := r.Header.Get("X-Correlation-Id"); correlation.MatchString(c) {
		h.Set("X-Correlation-Id", c)
	}
	if e.door == DoorFHIR || e.door == DoorHolder {
		private(h)
	}
	if e.door == DoorLink { // viewers are pages of other sites
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Access-Control-Expose-Headers", "Retry-After")
		h.Set("Cache-Control", "no-store")
	}
	if e.door == DoorFHIR {
		e.ResponseWriter = fhirapi.Pretty(e.ResponseWriter, r)
	}
	if s.shared(r) {
		opened(h, r.Header.Get("Origin"))
	}
	if e.err = s.meant(r); e.err == nil {
		e.err = s.gate(r)
	}
}

var correlation = regexp.MustCompile(`^[A-Za-z0-9\-.]{1,64}$`)

// serve serves one row: rate, place, credential, body, handler. A stranger's
// body is read before they take a place among the requests being served, and a
// granted one's after their token has opened: so nobody without a token holds a
// place, or room for a large body, by sending slowly.
func (s *Server) serve(e *event, r *http.Request, route *Route) error {
	from := clientAddress(r, s.config.TrustedProxies)
	if err := s.charge(e, from, route.Rate); err != nil {
		return err
	}
	if route.View != nil {
		return s.serveView(e, r, route)
	}
	c, err := invitation(r, route)
	if err != nil {
		return s.refuse(e, r, err)
	}
	defer c.Destroy()
	if err := s.body(e, r, route); err != nil {
		return err
	}
	if !route.Stream { // which is not read before the invite was looked at
		forget, err := s.strangers.readFirst(r, route, from)
		if err != nil {
			return err
		}
		defer forget()
	}
	leave, err := s.enter(r, route)
	if err != nil {
		return err
	}
	defer leave()
	if route.Door == DoorLink { // a file may be large
		s.extend(e, route)
	}
	if route.Stream {
		s.stream(e, r)
	}
	if route.Admit != nil {
		return route.Admit(e, r, c)
	}
	err = route.Open(e, r)
	if route.Door == DoorOAuth && record.KindOf(err) == record.Unauthorized { // a secret, a code or a token was tried
		if wait, ok := s.guesses.take(from, s.now()); !ok {
			s.throttled.guesses.Add(1)
			return tooMany(e, wait)
		}
	}
	return err
}

// serveView serves a row that needs a credential, which opens the View that it
// is served with.
func (s *Server) serveView(e *event, r *http.Request, route *Route) error {
	leave, err := s.enter(r, route)
	if err != nil {
		return err
	}
	left := false
	once := func() { // whoever has to wait for their record gives it back before the end
		if !left {
			left = true
			leave()
		}
	}
	defer once()
	c, err := s.presented(r, route)
	if err != nil {
		return s.refuse(e, r, err)
	}
	defer c.Destroy()
	proof, err := s.proof(e, r, route)
	if err != nil {
		return err
	}
	view, err := s.store.OpenBound(r.Context(), c, proof.JKT)
	if errors.Is(err, store.ErrAdds) { // it has opened
		if err := s.used(e, r, proof); err != nil {
			return err
		}
		return s.serveAdder(e, r, route, c, proof.JKT, once)
	}
	if err != nil {
		return s.refuse(e, r, err)
	}
	defer view.Close()
	if err := s.used(e, r, proof); err != nil {
		return err
	}
	return s.whileGranted(e, r, view, func(r *http.Request) error {
		return s.serveRecord(e, r, route, view, once)
	})
}

// serveRecord serves what a View was opened for. An ordinary body is read before there
// is a place for it: whoever sends slowly holds what came, and keeps nobody from the
// record. entered gives back the place among all.
func (s *Server) serveRecord(e *event, r *http.Request, route *Route, view *store.View, entered func()) error {
	s.extend(e, route)
	if err := s.body(e, r, route); err != nil {
		return err
	}
	few, of := s.few(r, route), whoOf(view)
	if few == nil && route.Body > 0 && !route.Stream && r.ContentLength != 0 {
		entered()
		entered = nil
		forget, err := s.bodies.readFirst(r, route, of)
		if err != nil {
			return err
		}
		defer forget()
	}
	leave, err := s.enterRecord(r, few, of, entered)
	if err != nil {
		return err
	}
	defer leave()
	most := s.extend(e, route)
	if route.Stream {
		s.stream(e, r)
	}
	x := s.sending(e, r, few, of, most)
	if x == nil {
		return route.View(e, r, view)
	}
	defer x.sent()
	if err = route.View(e, r, view); err != nil && x.gone.Load() {
		err = errGaveWay
	}
	return err
}

// invitation is the credential of a row to which one may be brought, and need
// not: zero when none was.
func invitation(r *http.Request, route *Route) (crypto.Credential, error) {
	if route.Admit == nil || len(r.Header["Authorization"]) == 0 {
		return crypto.Credential{}, nil
	}
	return credential(r, route.Kinds)
}

// refuse counts a refused token as a guess. An address that makes too many is
// told to wait; tokens that open still do, for others may share the address.
func (s *Server) refuse(e *event, r *http.Request, err error) error {
	if record.KindOf(err) != record.Unauthorized {
		return err
	}
	if _, _, tried := token(r); !tried {
		return err
	}
	if wait, ok := s.guesses.take(clientAddress(r, s.config.TrustedProxies), s.now()); !ok {
		s.throttled.guesses.Add(1)
		return tooMany(e, wait)
	}
	return err
}

func tooMany(e *event, wait time.Duration) error {
	e.Header().Set("Retry-After", retryAfter(wait))
	return record.Safef(record.TooMany, "too many requests from this address")
}
