package fhirapi

import (
	"bufio"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
	"carehold/record/store"
)

// A Binary is served in two forms (FHIR R4, Binary, and §3.1.0.1.10): as the resource
// to who asks for a FHIR media type by name, with _format or for a part of it; as its
// content, raw, to everybody else. Both are opened as they go out, a row at a time.
//
// Raw, it is for saving and not for showing: nothing here is ever rendered as a page
// of this server's. It is an attachment, never sniffed, under a policy that lets
// nothing run (headers.go), and what a browser would run is called what it is in no
// other place than the resource (contenttype.go).

// OnBinary serves a row of its own for Binary as the row for all types is served.
func OnBinary(serve func(http.ResponseWriter, *http.Request, *store.View) error) func(http.ResponseWriter, *http.Request, *store.View) error {
	return func(w http.ResponseWriter, r *http.Request, v *store.View) error {
		r.SetPathValue("type", "Binary")
		return serve(w, r, v)
	}
}

// ReadBinary serves the newest version.
func (a *API) ReadBinary(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return a.binary(w, r, v, 0)
}

// VReadBinary serves one version.
func (a *API) VReadBinary(w http.ResponseWriter, r *http.Request, v *store.View) error {
	at, ok := parseVersion(r.PathValue("version"))
	if !ok {
		return record.Safef(record.NotFound, "no such version")
	}
	return a.binary(w, r, v, at)
}

func (a *API) binary(w http.ResponseWriter, r *http.Request, v *store.View, at record.Version) error {
	ref, err := reference(r)
	if err != nil {
		return err
	}
	resource := wantsResource(r.Header["Accept"], r.URL.RawQuery)
	header := r.Header
	if !resource { // any type will do: it is the content's
		header = header.Clone()
		header.Del("Accept")
	}
	q, err := askOf(header, r.URL.RawQuery, shown...)
	if err != nil {
		return err
	}
	if err := q.notCounted(); err != nil {
		return err
	}
	if err := heeds(q.header, "If-None-Match"); err != nil {
		return err
	}
	e, err := v.Read(r.Context(), ref, at)
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept")
	if resource || !q.part.whole() {
		return a.binaryResource(w, r, v, q, e)
	}
	return a.binaryContent(w, r, v, e)
}

// wantsResource reports whether a client asks for the resource: with _format, or by a
// FHIR media type that it likes no less than any other. A generic name (application/
// json) is no FHIR type here, for a content may be of it.
func wantsResource(accept []string, query string) bool {
	if values, err := url.ParseQuery(query); err != nil || values.Has("_format") {
		return true
	}
	fhirJSON, other, named := 0.0, 0.0, false
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		typ, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if text, there := params["q"]; there {
			if q, err = strconv.ParseFloat(text, 64); err != nil || q < 0 {
				q = 1
			}
		}
		switch {
		case typ == jsonTypes[0]:
			named = true
			if thisFHIR(params) {
				fhirJSON = max(fhirJSON, q)
			}
		case typ == "application/fhir+xml", typ == "application/fhir+turtle":
			named = true
		default:
			other = max(other, q)
		}
	}
	return fhirJSON > 0 && fhirJSON >= other || named && other == 0
}

// binaryResource serves a Binary as FHIR JSON, with its data where that is wanted.
func (a *API) binaryResource(w http.ResponseWriter, r *http.Request, v *store.View, q *asked, e store.Entry) error {
	x := &answer{status: http.StatusOK, etag: etag(e.Version), modified: e.Header.Time}
	if unmodified(q.header, e.Version, e.Header.Time) {
		x.status = http.StatusNotModified
		return x.send(w)
	}
	var err error
	typ, _ := r4.Lookup("Binary")
	apart := e.Header.Content != nil
	if !apart || !q.part.whole() && !q.part.keeps(typ, "data") {
		if x.body, err = q.part.of(e.Body); err != nil {
			return err
		}
		return x.send(w)
	}
	c, err := v.ContentOf(e)
	if err != nil {
		return err
	}
	whole := c.JSON
	h := w.Header()
	if q.part.whole() {
		h.Set("Content-Length", strconv.FormatInt(c.JSONSize(), 10))
	} else {
		some, err := q.part.of(e.Body)
		if err != nil {
			return err
		}
		whole = func(to io.Writer) error { return withData(to, some, c) }
	}
	version(h, e.Version, e.Header.Time)
	h.Set("Content-Type", ContentType)
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil // nothing is opened for it
	}
	out := bufio.NewWriterSize(w, 64<<10) // base64 is made in small pieces
	if err := whole(out); err != nil {
		return told(err)
	}
	return told(out.Flush())
}

// withData writes a part of a Binary with the data at its end.
func withData(w io.Writer, some []byte, c *store.Content) error {
	if _, err := w.Write(append(some[:len(some)-1:len(some)-1], `,"data":"`...)); err != nil {
		return err
	}
	text := base64.NewEncoder(base64.StdEncoding, w)
	if err := c.WriteRange(text, 0, c.Size); err != nil {
		return err
	}
	if err := text.Close(); err != nil {
		return err
	}
	_, err := io.WriteString(w, `"}`)
	return err
}

// binaryContent serves the content of a Binary, or a range of it (RFC 9110 §14).
func (a *API) binaryContent(w http.ResponseWriter, r *http.Request, v *store.View, e store.Entry) error {
	res, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return record.Safef(record.Internal, "a stored resource does not read: %w", err)
	}
	h := w.Header()
	tag := strongETag(e.Version)
	modified := e.Header.Time.UTC().Format(http.TimeFormat)
	if unmodified(r.Header, e.Version, e.Header.Time) {
		h.Set("ETag", tag)
		h.Set("Last-Modified", modified)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	c, err := v.ContentOf(e)
	if err != nil {
		return err
	}
	part, status := byteRange{0, c.Size}, http.StatusOK
	if asked, ok := rangeAsked(r, tag); ok {
		some, fits := asked.in(c.Size)
		if !fits {
			h.Set("Content-Range", "bytes */"+strconv.FormatInt(c.Size, 10))
			return record.Safef(problem.NoRange, "this has %d bytes, and none where they were asked for", c.Size)
		}
		part, status = some, http.StatusPartialContent
		h.Set("Content-Range", part.header(c.Size))
	}
	typ := servedType(res.Root().Get("contentType").Text())
	h.Set("ETag", tag)
	h.Set("Last-Modified", modified)
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", typ)
	h.Set("Content-Length", strconv.FormatInt(part.n, 10))
	h.Set("Content-Disposition", `attachment; filename="`+fileName(e.Ref, typ)+`"`)
	if context := res.Root().Get("securityContext").Get("reference").Text(); headerText(context) {
		h.Set("X-Security-Context", context)
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	return told(c.WriteRange(w, part.from, part.n))
}

// told keeps what is wrong with a record from looking like a client that went away.
func told(err error) error {
	if err == nil || slices.Contains([]record.Kind{record.Integrity, record.Unavailable, record.Unauthorized}, record.KindOf(err)) {
		return err
	}
	return gone(err)
}

// strongETag is the ETag of a version's content: its bytes are always the same, so
// that a range can go on from another. Compared with If-None-Match it is the version's.
func strongETag(v record.Version) string { return `"` + v.String() + `"` }

// headerText reports whether a text of a record's can stand in a header: a reference
// as they are written, and nothing that ends a line.
func headerText(s string) bool {
	return s != "" && len(s) <= 1000 && strings.IndexFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) < 0
}
