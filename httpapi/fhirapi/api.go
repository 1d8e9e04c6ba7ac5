package fhirapi

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
)

// ContentType is what every answer of this door is.
const ContentType = "application/fhir+json; fhirVersion=4.0"

// Config is what the interface has to know of the server.
type Config struct {
	Base    string        // what FHIR calls [base]: "https://record.example.org/fhir"
	Version string        // of the program
	Batch   time.Duration // how long a batch reads, and changes what it has to look for; 20 s
}

// API is the interface. Its methods serve one interaction each.
type API struct {
	config       Config
	capabilities func() *statement
	dropped      dropped // exports
}

// New makes the interface. What it says of itself is made when it is first asked, or
// by Prepare.
func New(c Config) *API {
	if c.Batch <= 0 {
		c.Batch = batchPatience
	}
	return &API{config: c, capabilities: sync.OnceValue(func() *statement { return newStatement(c) })}
}

// Prepare makes what takes a tenth of a second, so that the first client need not wait
// for it.
func (a *API) Prepare() { a.capabilities() }

// location is the URL of a version, FHIR R4 §3.1.0.8.
func (a *API) location(ref fhir.Ref, v record.Version) string {
	return a.config.Base + "/" + ref.String() + "/_history/" + v.String()
}

func (a *API) fullURL(ref fhir.Ref) string { return a.config.Base + "/" + ref.String() }

// etag is the ETag of a version, FHIR R4 §3.1.0.1.3.
func etag(v record.Version) string { return `W/"` + v.String() + `"` }

// resourceType is the type in the URL, when it is one that a record holds.
func resourceType(r *http.Request) (string, error) {
	typ := r.PathValue("type")
	if reason, ok := change.Storable(typ); !ok {
		return "", noType(typ, reason)
	}
	return typ, nil
}

// noType says of a type that a record holds none of why that is, or what was meant.
func noType(typ, reason string) error {
	if reason != "" {
		return record.Safef(problem.NoType, "%s", reason)
	}
	if t := meant(typ); t != "" {
		return record.Errorf(problem.NoType, "FHIR R4 has no resource type %s: it is %s", typ, t)
	}
	return record.Errorf(problem.NoType, "FHIR R4 has no resource type %s", typ)
}

// reference is the type and id in the URL.
func reference(r *http.Request) (fhir.Ref, error) {
	typ, err := resourceType(r)
	return fhir.Ref{Type: typ, ID: r.PathValue("id")}, err
}

// resource reads the body as a resource of the type.
func resource(r *http.Request, typ string) (*fhir.Resource, error) {
	res, err := sent(r)
	if err != nil {
		return nil, err
	}
	if res.Type() != typ {
		return nil, record.Safef(record.Invalid, "the resource is not of the type in the URL").At("resourceType")
	}
	return res, nil
}

// sent reads the body as a resource.
func sent(r *http.Request) (*fhir.Resource, error) {
	b, err := read(r)
	if err != nil {
		return nil, err
	}
	if err := anObject(b); err != nil {
		return nil, err
	}
	return fhir.Parse(b, fhir.Limits{})
}

// anObject says of a body that holds nothing, or a list, what it is, where reading it
// as a resource would only find something wrong with it.
func anObject(body []byte) error {
	switch text := bytes.TrimLeft(body, " \t\r\n"); {
	case len(text) == 0:
		return record.Safef(record.Invalid, "the body is empty: send a resource, a JSON object that begins with {")
	case text[0] == '{' && bytes.Equal(bytes.TrimSpace(text[1:]), []byte("}")):
		return record.Safef(record.Invalid, `the body is an empty object: a resource begins with {"resourceType": …`)
	case text[0] == '[':
		return record.Safef(record.Invalid, "the body is a JSON array: send a resource, a JSON object that begins with {; several go into a Bundle")
	}
	return nil
}

// version sets the headers that name a version.
func version(h http.Header, v record.Version, at time.Time) {
	h.Set("ETag", etag(v))
	h.Set("Last-Modified", at.UTC().Format(http.TimeFormat))
}

// write writes a whole body.
func write(w http.ResponseWriter, status int, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, err := w.Write(body)
	return gone(err)
}

// gone keeps a client that went away from being a fault of ours.
func gone(err error) error {
	if err == nil {
		return nil
	}
	return record.Safef(record.Unavailable, "the client went away before the end of the answer")
}

// notHere refuses a header that only makes sense elsewhere, rather than leave
// the client believing that it was heeded.
func notHere(r *http.Request, names ...string) error {
	for _, name := range names {
		if len(r.Header[name]) > 0 {
			return record.Safef(record.Unsupported, "the header %s is not supported here", strings.ToLower(name))
		}
	}
	return nil
}
