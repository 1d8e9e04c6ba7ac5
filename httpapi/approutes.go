package httpapi

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/store"
)

// appRoutes are the person's own pages. They take the session's cookie, which no script
// can read, and what changes something brings the word of the session's forms too.
func (s *Server) appRoutes() []Route {
	a := s.app
	return slices.Concat([]Route{
		// A device trades the session it opened for the cookie.
		{Method: "POST", Path: pathCookie, Door: DoorHolder, Kinds: themself, Rate: RateOrdinary, View: s.setCookie},

		{Method: "POST", Path: "/app/lock", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: form, View: s.page(s.lock)},
		{Method: "GET", Path: "/app/awake", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(a.Awake)},
	}, s.appReadRoutes(), s.appShareRoutes(), s.appWriteRoutes(), s.appAskRoutes())
}

// presented is the credential of a row that needs one: the session in the cookie for the
// person's pages, and what is in the Authorization header for everything else.
func (s *Server) presented(r *http.Request, route *Route) (crypto.Credential, error) {
	if route.Door == DoorApp {
		return s.web.Session(r)
	}
	return credential(r, route.Kinds)
}

// setCookie gives a browser the cookie for a session that its device has opened, and the
// word that the session's forms bring.
func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, v *store.View) error {
	_, text, _ := token(r)
	s.web.SetSession(w, text, v.Until(), s.store.Now())
	w.Header().Set("Content-Type", "application/json")
	if err := message.Write(w, message.Cookie{Form: web.FormWord(text), Until: v.Until()}); err != nil {
		return record.Safef(record.Unavailable, "the client went away before the end of the answer")
	}
	return nil
}

// page serves a page of the person's. What changes something must come from a form of
// the session: its word is in the form, or in a header where a script sends no form.
func (s *Server) page(serve func(http.ResponseWriter, *http.Request, *store.View) error) func(http.ResponseWriter, *http.Request, *store.View) error {
	return func(w http.ResponseWriter, r *http.Request, v *store.View) error {
		cookie, err := r.Cookie(s.web.CookieName())
		if err != nil {
			return record.Unauthorized
		}
		visit := web.Visit{Until: v.Until(), Form: web.FormWord(cookie.Value), Person: v.Person().String()}
		r = web.WithVisit(r, visit)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			word := r.Header.Get(web.FormHeader)
			if typ, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); typ == form[0] {
				if err := r.ParseForm(); err != nil {
					return record.Safef(record.Invalid, "the form cannot be read: go back, load the page again and send it once more")
				}
				if word == "" {
					word = r.PostForm.Get(web.FormField)
				}
			}
			if !visit.Sent(word) {
				return record.Safef(record.Forbidden, "this form is of another session: go back, load the page again and send it once more")
			}
		}
		return serve(w, r, v)
	}
}

// lock ends the session of this browser.
func (s *Server) lock(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if _, err := v.SignOut(r.Context()); err != nil {
		return err
	}
	s.web.DropSession(w)
	http.Redirect(w, r, "/unlock?locked", http.StatusSeeOther)
	return nil
}

// signIn answers a request for a page of the person's that came without a session which
// is good now: they unlock, and go on where they were. What they sent is given back.
func (s *Server) signIn(e *event, r *http.Request) {
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		if r.Header.Get("Sec-Fetch-Dest") == "empty" { // a script asks, not a person
			e.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.web.ToUnlock(e, r)
	case r.URL.Path == "/app/lock": // it is locked
		s.web.DropSession(e)
		http.Redirect(e, r, "/unlock?locked", http.StatusSeeOther)
	default:
		var sent url.Values
		if typ, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); typ == form[0] && r.ContentLength >= 0 && r.ContentLength <= smallBody {
			if b, err := io.ReadAll(io.LimitReader(r.Body, smallBody)); err == nil {
				sent, _ = url.ParseQuery(strings.ToValidUTF8(string(b), "\ufffd"))
			}
		}
		if err := s.web.Held(e, r, sent); err != nil && e.status == 0 {
			e.WriteHeader(http.StatusUnauthorized)
		}
	}
}
