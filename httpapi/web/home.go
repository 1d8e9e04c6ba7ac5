package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Home says what this server is; where nobody has a record yet, how to begin.
func (p *Pages) Home(w http.ResponseWriter, r *http.Request) error {
	return p.Render(w, r, Page{File: "home", Title: p.T(r, "home.title"), Data: struct {
		Core, Empty  bool
		Hash, Public string
	}{p.core != nil, p.empty(), p.CoreHash(), p.public}})
}

// Start is where a record is made. The invite is in the fragment of the address, or typed.
func (p *Pages) Start(w http.ResponseWriter, r *http.Request) error {
	return p.Render(w, r, Page{File: "start", Title: p.T(r, "start.title"), Core: true, Script: "start.mjs", Words: []string{"start.js.", "unlock.js."},
		Data: struct{ Public string }{p.public}})
}

// Unlock is where a record is opened on this device. to is where to go then: a page of
// the person's, and of nobody else's.
func (p *Pages) Unlock(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	note := ""
	switch {
	case q.Has("locked"):
		note = p.T(r, "unlock.locked")
	case q.Has("to"):
		note = p.T(r, "unlock.ended")
	}
	return p.Render(w, r, Page{File: "unlock", Title: p.T(r, "unlock.title"), Core: true, Script: "unlockpage.mjs", Words: []string{"unlock.js.", "start.js."},
		Data: struct{ To, Note string }{own(q.Get("to")), note}})
}

// own is a path of the person's screens, or the first of them for anything else: no link
// can send somebody elsewhere once they have unlocked.
func own(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/app/") || strings.Contains(to, "\\") || u.Path == "/app/lock" {
		return "/app/record"
	}
	return u.RequestURI()
}

// ToUnlock sends a browser without a session to where it gets one, and back here then.
func (p *Pages) ToUnlock(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/unlock?to="+url.QueryEscape(own(r.URL.RequestURI())), http.StatusSeeOther)
}

// Help is what a person in a hurry has to know.
func (p *Pages) Help(w http.ResponseWriter, r *http.Request) error {
	return p.Render(w, r, Page{File: "help", Title: p.T(r, "help.title")})
}

// Offline is what the service worker keeps, and shows where there is no connection.
func (p *Pages) Offline(w http.ResponseWriter, r *http.Request) error {
	return p.Render(w, r, Page{File: "offline", Title: p.T(r, "offline.title"), Plain: true})
}

// Language keeps which language somebody wants, and goes back to where they were.
func (p *Pages) Language(w http.ResponseWriter, r *http.Request) error {
	if lang := r.PostFormValue("to"); p.words.by[lang] != nil {
		http.SetCookie(w, &http.Cookie{Name: LanguageCookie, Value: lang, Path: "/", MaxAge: int(365 * 24 * time.Hour / time.Second),
			HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteLaxMode})
	}
	http.Redirect(w, r, "/", http.StatusSeeOther) // no page says where it came from: Referrer-Policy
	return nil
}
