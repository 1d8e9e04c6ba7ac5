package oauth

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"carehold/record"
)

//go:embed pages
var files embed.FS

func pageTemplates() *template.Template {
	return template.Must(template.ParseFS(files, "pages/*.html"))
}

// policy is what these pages may do: the stylesheet, and the script that looks whether
// there is an answer. formAction is where a form may lead, beside here.
func policy(formAction string) string {
	return "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'; form-action 'self'" + formAction
}

// plainOrigin is what may stand in a policy: nothing in it ends the source or the policy.
var plainOrigin = regexp.MustCompile(`^[a-z][a-z0-9+.\-]*:(//(\[[0-9a-f:]+\]|[a-z0-9.\-]+)(:[0-9]+)?)?$`)

// formAction lets the form that cancels lead to where the client is told so: browsers look
// at the redirect behind a form as well (interface.md §1).
func formAction(redirect string) string {
	u, err := url.Parse(redirect)
	if err != nil {
		return ""
	}
	source := u.Scheme + ":"
	if u.Scheme == "https" || u.Scheme == "http" {
		source += "//" + u.Host
	}
	if !plainOrigin.MatchString(source) {
		return ""
	}
	return " " + source
}

func (a *API) page(w http.ResponseWriter, status int, name, formAction string, data any) error {
	var b bytes.Buffer
	if err := a.pages.ExecuteTemplate(&b, name, data); err != nil {
		return record.Safef(record.Internal, "making the page %s failed", name)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy(formAction))
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return sent(w.Write(b.Bytes()))
}

// waitPage shows who asks for what, and the code.
func (a *API) waitPage(w http.ResponseWriter, r *http.Request, x *waiting) error {
	to := whereTo(x.redirect)
	return a.page(w, http.StatusOK, "wait.html", formAction(x.redirect), struct {
		Server, Tab, Code, Name, Organisation, URI, From, To string
		Verified, OnDevice, Later, Who                       bool
		Asks, Sections                                       []string
		Minutes                                              int
	}{
		a.host, x.tab, showTyped(x.typed), x.client.Name, x.client.Organisation, x.client.URI, x.client.Host(), to,
		x.client.Verified, !strings.HasPrefix(x.redirect, "https:"), x.requested.Offline || x.requested.Online, x.requested.OpenID,
		saidScopes(x.requested.Scopes), saidSections(x.requested.Scopes),
		max(1, int((x.until.Sub(a.now())+59e9)/60e9)),
	})
}

// whereTo is where the person is sent back to, in a word they can judge.
func whereTo(redirect string) string {
	u, err := url.Parse(redirect)
	switch {
	case err != nil:
		return ""
	case u.Scheme == "https":
		return u.Host
	case u.Scheme == "http":
		return "a program on this device"
	}
	return "the app " + u.Scheme + " on this device"
}

// over is the page where there is nothing to wait for: whether it was answered, ran out,
// or never was.
func (a *API) over(w http.ResponseWriter, r *http.Request) error {
	return a.problemOf(w, r, http.StatusGone, "there is no request here that waits for an answer: it may have been answered, or have run out, or this browser does not keep cookies")
}

// problem tells a person what is wrong with how they came here.
func (a *API) problem(w http.ResponseWriter, r *http.Request, why string) error {
	return a.problemOf(w, r, http.StatusBadRequest, why)
}

func (a *API) problemOf(w http.ResponseWriter, r *http.Request, status int, why string) error {
	if h := w.Header(); status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		h.Set("Retry-After", "60")
	}
	if why != "" { // a sentence
		why = strings.ToUpper(why[:1]) + why[1:] + "."
	}
	return a.page(w, status, "problem.html", "", struct{ Why, Server string }{why, a.host})
}

// Manage says how to see who has access, and how to stop it: the management_endpoint of
// SMART App Launch.
func (a *API) Manage(w http.ResponseWriter, r *http.Request) error {
	return a.page(w, http.StatusOK, "manage.html", "", struct{ Server string }{a.host})
}

// Script serves the script of the pages that wait.
func (a *API) Script(w http.ResponseWriter, r *http.Request) error {
	b, err := files.ReadFile("pages/wait.js")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return sent(w.Write(b))
}
