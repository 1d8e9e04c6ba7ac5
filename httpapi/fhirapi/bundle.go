package fhirapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"carehold/httpapi/message"
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// Bundle serves a batch or a transaction. FHIR R4 §3.1.0.11.
func (a *API) Bundle(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if err := changing(r); err != nil {
		return err
	}
	if err := heeds(r.Header); err != nil { // each entry has its own
		return err
	}
	origin, own, err := message.ImportOrigin(r.Header)
	if err != nil {
		return err
	}
	body, err := read(r)
	if err != nil {
		return err
	}
	if err := anObject(body); err != nil {
		return err
	}
	b, err := change.ParseBundle(body, change.Limits{})
	if err != nil {
		return err
	}
	if !origin.IsZero() { // an import has looked up what there was to look up
		plan, err := change.PlanResolved(b)
		if err != nil {
			return err
		}
		return a.transaction(w, r, v, &transaction{asked: plan, planned: true, options: store.ApplyOptions{Origin: origin, OwnExport: own}})
	}
	asked, err := change.Requests(b)
	if err != nil {
		return err
	}
	for i := range asked {
		c := &asked[i]
		if c.Err != nil {
			continue
		}
		if c.Err = heed(c); c.Err != nil && b.Type == "transaction" {
			return c.Err
		}
	}
	if b.Type == "transaction" {
		return a.transaction(w, r, v, &transaction{asked: asked, options: store.ApplyOptions{Base: a.config.Base}})
	}
	return a.batch(w, r, v, asked)
}

// heed reads the conditions of an entry as those of a request of its own are read.
func heed(c *change.Change) (err error) {
	at := func(member string, err error) error {
		if e, ok := errors.AsType[*record.Error](err); ok {
			return e.At(entryPath(c.Index) + "." + member)
		}
		return err
	}
	if c.IfMatch != "" {
		if c.IfMatch, err = ifMatch([]string{c.IfMatch}); err != nil {
			return at("request.ifMatch", err)
		}
	}
	switch c.Verb {
	case change.Create:
		if c.Query != "" {
			c.Query, err = condition(strings.TrimPrefix(c.Query, "?"))
			return at("request.ifNoneExist", err)
		}
	case change.Update, change.Patch, change.Delete:
		if c.Verb == change.Update {
			if err := notAPart(c.Resource); err != nil {
				return at("resource.meta.tag", err)
			}
			if c.IfNoneMatch != "" {
				if c.IfNoneMatch, err = ifNoneMatchAny([]string{c.IfNoneMatch}); err != nil {
					return at("request.ifNoneMatch", err)
				}
			}
		}
		if c.Ref.ID == "" {
			c.Query, err = condition(c.Query)
			return at("request.url", err)
		}
	}
	return nil
}

// notAPart refuses a part of a resource: what was left out must not be lost by it.
// FHIR R4 §3.1.1.5.8.
func notAPart(res *fhir.Resource) error {
	if isSubsetted(res.Root().Get("meta")) {
		return record.Safef(record.Unprocessed, "this is a part of a resource, as its tag SUBSETTED says: read the whole, change that, and send it").At(res.Type() + ".meta.tag")
	}
	return nil
}

// read reads a body whose length is mostly known: a Bundle may be large, and
// growing to its size would need twice the room.
func read(r *http.Request) ([]byte, error) {
	if r.ContentLength <= 0 {
		return io.ReadAll(r.Body)
	}
	var b bytes.Buffer
	b.Grow(int(min(r.ContentLength, 8<<20)) + bytes.MinRead) // what is claimed may never come
	_, err := b.ReadFrom(r.Body)
	return b.Bytes(), err
}

// response is what came of one entry.
type response struct {
	index int
	entry change.BundleEntry
}

// respond writes the response Bundle, in the order the entries were sent in.
func (a *API) respond(w http.ResponseWriter, typ string, p preference, responses []response) error {
	slices.SortFunc(responses, func(x, y response) int { return x.index - y.index })
	w.Header().Set("Content-Type", ContentType)
	if p.ret != "" {
		w.Header().Set("Preference-Applied", "return="+p.ret) // RFC 7240 §3
	}
	w.WriteHeader(http.StatusOK)
	out := change.NewBundleWriter(w, change.BundleHead{Type: typ})
	for _, x := range responses {
		if err := out.Entry(x.entry); err != nil {
			return gone(err)
		}
	}
	return gone(out.Close())
}

// result is the response to a change that was made.
func (a *API) result(res store.Result, p preference, hints []problem.Issue) change.BundleEntry {
	e := change.BundleEntry{Status: statusLine(status(res)), Modified: res.Time}
	if res.Version > 0 {
		e.ETag = etag(res.Version)
	}
	if !res.Deleted {
		e.Location = a.location(res.Ref, res.Version)
		e.FullURL = a.fullURL(res.Ref)
	}
	switch p.ret {
	case "representation":
		e.Resource = representation(res)
	case "OperationOutcome":
		e.Outcome = problem.OutcomeOf("", kept(res, hints)...)
	}
	return e
}

// statusLine is Bundle.entry.response.status: "201 Created".
func statusLine(code int) string { return strconv.Itoa(code) + " " + http.StatusText(code) }
