package web

import (
	"bytes"
	"html/template"
	"io"
	"net/http"
	"strconv"

	"carehold/record"
)

// Pages makes and serves the pages.
type Pages struct {
	version   string
	secure    bool                                     // over TLS: cookies can be __Host-
	templates map[string]map[string]*template.Template // by language, by file
	words     *catalogue
	static    map[string]*static
	core      *core
	public    string // the server's address, as people type it
	empty     func() bool
}

// Config is what the pages have to know of their server.
type Config struct {
	Version   string
	PublicURL string      // without a slash at the end
	Core      []byte      // EmbeddedCore; without it the pages say that it is not built in
	Empty     func() bool // nobody has a record here yet; nil: somebody has
}

// New makes the pages. That a template, a message or a script is broken shows here, when
// the program starts, and in every test.
func New(c Config) *Pages {
	p := &Pages{
		version: c.Version, public: c.PublicURL, core: newCore(c.Core), empty: c.Empty,
		secure: len(c.PublicURL) > 8 && c.PublicURL[:8] == "https://",
		words:  readCatalogue(), static: readStatic(),
	}
	if p.empty == nil {
		p.empty = func() bool { return false }
	}
	p.templates = p.words.parse()
	return p
}

// Page is one page to be sent.
type Page struct {
	File   string // of templates, without .html
	Title  string // said in the person's language already
	Nav    string // which of the frame's places this is: record, sharing, history, add
	Status int    // 0: 200
	Plain  bool   // without the places of the person's app: they are not in it
	Core   bool   // it loads the core
	Camera bool   // it scans
	Script string // the module of the page, of /static/; "": none of its own
	Words  []string
	Action string // where a form may lead beside here: an origin
	Error  bool   // the title begins with "Error:"
	Data   any
}

// frame is what a template sees.
type frame struct {
	Page
	Lang, Dir, Version, Form, CoreHash string
	Visit                              *Visit
	Spoken                             []spoken // what the page's script says
	Languages                          []language
}

// Render sends a page. What is of the record in it is kept by no cache.
func (p *Pages) Render(w http.ResponseWriter, r *http.Request, page Page) error {
	v := VisitOf(r)
	lang := p.words.choose(r)
	t := p.templates[lang][page.File]
	if t == nil {
		return record.Safef(record.Internal, "there is no page %s", page.File)
	}
	f := frame{Page: page, Lang: lang, Dir: "ltr", Version: p.version, Visit: v, Languages: p.words.languages(lang),
		Spoken: p.words.spoken(lang, page.Words)}
	if v != nil {
		f.Form = v.Form
		f.Spoken = append(f.Spoken, p.words.spoken(lang, []string{"frame.js."})...)
	}
	if page.Core {
		f.CoreHash = p.CoreHash()
		f.Spoken = append(f.Spoken, p.words.spoken(lang, []string{"keys."})...)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", f); err != nil {
		return record.Safef(record.Internal, "making the page %s failed: %w", page.File, err)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy(page))
	h.Set("X-Frame-Options", "DENY")
	if page.Camera {
		h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Content-Language", lang)
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Cookie, Accept-Language")
	status := page.Status
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	return sent(w.Write(b.Bytes()))
}

// T says a message in the language of a request.
func (p *Pages) T(r *http.Request, key string, pairs ...any) string {
	return p.words.say(p.words.choose(r), key, pairs...)
}

// TN says a message about n of something.
func (p *Pages) TN(r *http.Request, key string, n int, pairs ...any) string {
	return p.words.count(p.words.choose(r), key, n, pairs...)
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
