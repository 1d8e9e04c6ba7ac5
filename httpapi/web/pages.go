package web

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"net/http"
	"strconv"

	"carehold/record"
)

//go:embed pages
var files embed.FS

// policy is the Content-Security-Policy of these pages: a stylesheet and nothing
// else. A page that loads the core will need more.
const policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Pages serves the pages.
type Pages struct {
	version   string
	templates *template.Template
	style     []byte
	core      *core
}

// New makes the pages. core is what EmbeddedCore returns; without it they say
// that it is not built in.
func New(version string, zipped []byte) *Pages {
	style, err := files.ReadFile("pages/app.css")
	if err != nil {
		panic("web: the stylesheet is not built in")
	}
	return &Pages{version, template.Must(template.ParseFS(files, "pages/*.html")), style, newCore(zipped)}
}

// Home says what this server is.
func (p *Pages) Home(w http.ResponseWriter, r *http.Request) error {
	return p.page(w, http.StatusOK, "home.html", struct {
		Version string
		Core    bool
	}{p.version, p.core != nil})
}

// Problem is the page of an error. at is the address to use instead, for a request
// that was meant for another name; else empty.
func (p *Pages) Problem(w http.ResponseWriter, status int, requestID, at string) {
	title := http.StatusText(status)
	if status == http.StatusNotFound {
		title = "There is nothing here"
	}
	if at != "" {
		title = "This server has another address"
	}
	p.page(w, status, "problem.html", struct{ Title, ID, At string }{title, requestID, at})
}

func (p *Pages) page(w http.ResponseWriter, status int, name string, data any) error {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, data); err != nil {
		return record.Safef(record.Internal, "making the page %s failed", name)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return sent(w.Write(b.Bytes()))
}

// Style serves the stylesheet.
func (p *Pages) Style(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return sent(w.Write(p.style))
}

// Robots keeps search engines out.
func (p *Pages) Robots(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	return sent(io.WriteString(w, "User-agent: *\nDisallow: /\n"))
}

func sent(_ int, err error) error {
	if err != nil {
		return record.Safef(record.Unavailable, "the client went away before the end of the answer")
	}
	return nil
}
