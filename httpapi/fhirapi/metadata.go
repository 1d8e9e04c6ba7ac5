package fhirapi

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"

	"carehold/record"
)

// metadataParams are what a request for the CapabilityStatement can have.
var metadataParams = []string{"mode", "_summary", "_elements"}

// Metadata serves the CapabilityStatement, to everybody. FHIR R4 §3.1.0.10.
func (a *API) Metadata(w http.ResponseWriter, r *http.Request) error {
	q, err := ask(r, metadataParams...)
	if err != nil {
		return err
	}
	x, err := a.metadata(q)
	if err != nil {
		return err
	}
	h := w.Header()
	// It says nothing of anybody: any page may read it, and keep it.
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=300")
	h.Del("Pragma")
	h.Add("Vary", "Accept-Encoding")
	if q.part.whole() && q.values.Get("_pretty") != "true" && acceptsGzip(r.Header["Accept-Encoding"]) {
		h.Set("Content-Encoding", "gzip") // nothing secret is in it, beside which its size could tell something
		x.body = a.capabilities().gzip
	}
	return x.send(w)
}

// metadata is the answer to a request for the CapabilityStatement. mode=terminology
// would be another resource, of a terminology server.
func (a *API) metadata(q *asked) (*answer, error) {
	if err := heeds(q.header); err != nil {
		return nil, err
	}
	if err := q.notCounted(); err != nil {
		return nil, err
	}
	switch q.values.Get("mode") {
	case "", "full", "normative":
	case "terminology":
		return nil, record.Safef(record.Unsupported, "this is not a terminology server: it has no TerminologyCapabilities")
	default:
		return nil, record.Safef(record.Invalid, "the mode is full, normative or terminology").At("mode")
	}
	body, err := q.part.of(a.capabilities().json)
	return &answer{status: http.StatusOK, body: body}, err
}

// statement is the CapabilityStatement as it is sent.
type statement struct{ json, gzip []byte }

func newStatement(c Config) *statement {
	s := &statement{json: capability(c)}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(s.json)
	if err == nil {
		err = z.Close()
	}
	if err != nil { // a buffer takes everything
		panic("fhirapi: compressing the CapabilityStatement")
	}
	s.gzip = b.Bytes()
	return s
}

// acceptsGzip reports whether a client takes gzip. RFC 9110 §12.5.3; a weight of 0 is
// a refusal.
func acceptsGzip(accept []string) bool {
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			_, q, _ := strings.Cut(weight, "=")
			return strings.Trim(strings.TrimSpace(q), "0.") != "" || q == ""
		}
	}
	return false
}

// Interaction is what this server does, and how it is asked for it: a row of what the
// CapabilityStatement says, beside which httpapi has a route.
type Interaction struct {
	Code   string // FHIR R4 valueset type-restful-interaction or system-restful-interaction
	Method string
	Path   string // after the base
}

// OfType are the interactions with each type, and OfSystem those with the whole.
var (
	OfType = []Interaction{
		{"read", "GET", "/{type}/{id}"},
		{"vread", "GET", "/{type}/{id}/_history/{version}"},
		{"update", "PUT", "/{type}/{id}"},
		{"patch", "PATCH", "/{type}/{id}"},
		{"delete", "DELETE", "/{type}/{id}"},
		{"history-instance", "GET", "/{type}/{id}/_history"},
		{"history-type", "GET", "/{type}/_history"},
		{"create", "POST", "/{type}"},
		{"search-type", "GET", "/{type}"},
	}
	OfSystem = []Interaction{
		{"transaction", "POST", ""},
		{"batch", "POST", ""},
		{"search-system", "GET", ""},
		{"history-system", "GET", "/_history"},
	}
)
