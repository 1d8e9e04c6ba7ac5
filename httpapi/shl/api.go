package shl

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/healthlink"
	"carehold/record/keys"
	"carehold/record/store"
)

// Summarize makes the patient summary of what a View may see, as FHIR JSON.
type Summarize func(ctx context.Context, v *store.View) ([]byte, error)

// API is the door.
type API struct {
	store     *store.Store
	base      string // of the server
	summarize Summarize
	tickets   crypto.Key // of this process: with it end its tickets
}

// New makes the door of a store whose public URL is base.
func New(s *store.Store, base string, summarize Summarize) *API {
	return &API{store: s, base: strings.TrimSuffix(base, "/"), summarize: summarize, tickets: crypto.NewKey()}
}

// opening is a link whose outer half is open. Close it.
type opening struct {
	*store.Link
	url crypto.Credential
}

func (o opening) Close() {
	o.Link.Close()
	o.url.Destroy()
}

// link opens the outer half of the link in the path.
func (a *API) link(r *http.Request) (o opening, err error) {
	if o.url, err = crypto.ParseToken("chdl_" + r.PathValue("link")); err != nil {
		return o, store.NoLink
	}
	if o.Link, err = a.store.OpenLink(r.Context(), o.url); err != nil {
		o.url.Destroy()
	}
	return o, err
}

// Manifest answers with what a link leads to. SHL, "SMART Health Link Manifest Request".
func (a *API) Manifest(w http.ResponseWriter, r *http.Request) (err error) {
	defer nothing(&err)
	l, err := a.link(r)
	if err != nil {
		return err
	}
	defer l.Close()
	if l.Flags&keys.LinkDirect != 0 {
		return store.NoLink // its file is to be had by GET
	}
	body, err := io.ReadAll(r.Body) // the row bounds it
	if err != nil {
		return err
	}
	q, err := healthlink.ParseRequest(body)
	if err != nil {
		return err
	}
	passcode := crypto.SecretString(q.Passcode)
	defer passcode.Destroy()
	o, err := l.Open(r.Context(), q.Recipient, passcode)
	if err != nil {
		return refused(w, err)
	}
	defer o.Close()
	m, err := a.manifest(r.Context(), o, ticket{url: l.url, passcode: q.Passcode}, q.EmbeddedLengthMax)
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, m)
}

// Direct answers with the file of a link that has one. SHL, "SMART Health Link Direct
// File Request (with U Flag)".
func (a *API) Direct(w http.ResponseWriter, r *http.Request) (err error) {
	defer nothing(&err)
	l, err := a.link(r)
	if err != nil {
		return err
	}
	defer l.Close()
	if l.Flags&keys.LinkDirect == 0 {
		return store.NoLink // it has a manifest, by POST
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return record.Safef(record.Invalid, "the query cannot be understood: check its percent-encoding")
	}
	who, err := healthlink.Recipient(query.Get("recipient"))
	if err != nil {
		return err
	}
	o, err := l.Open(r.Context(), who, crypto.Secret{})
	if err != nil {
		return refused(w, err)
	}
	defer o.Close()
	return sendFile(w, func(w io.Writer) error { return o.File(1, w) })
}

// Preflight answers a browser that asks whether a page of another site may send JSON.
func (a *API) Preflight(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
