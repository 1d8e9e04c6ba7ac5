package fhirapi

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// maxBatchAnswer is what the reads and searches of a batch may bring, in bytes:
// the answer is held in memory until the last is done. The one that goes over it
// is answered, the ones after it are not done.
const maxBatchAnswer = 32 << 20

// batch does each entry for itself: what one comes to says nothing of the next.
// FHIR R4 §3.1.0.11.1. But when the grant ends meanwhile, so does the batch: what
// was read before is not handed out after.
func (a *API) batch(w http.ResponseWriter, r *http.Request, v *store.View, plan []change.Change) error {
	p := preferences(r.Header["Prefer"])
	responses := make([]response, len(plan))
	brought := 0
	var done error // the grant's requests for today
	for i, c := range plan {
		if r.Context().Err() != nil {
			return gone(r.Context().Err())
		}
		e, err := change.BundleEntry{}, error(nil)
		switch {
		case reads(c.Verb) && done != nil:
			err = done
		case reads(c.Verb) && brought >= maxBatchAnswer:
			err = record.Safef(record.TooLarge, "the answers before this one are as much as one batch may bring: ask for it in another")
		default:
			e, err = a.one(r, v, c, p)
		}
		if errors.Is(err, record.Unauthorized) {
			return err
		}
		if reads(c.Verb) {
			brought += len(e.Resource)
			if errors.Is(err, record.TooMany) {
				done = err
			}
		}
		if err != nil {
			row := problem.Of(err)
			if n, ok := w.(problem.Noter); ok && row.Status == http.StatusInternalServerError {
				n.Note(err)
			}
			e = change.BundleEntry{Status: statusLine(row.Status), Outcome: problem.Outcome(err, "")}
		}
		responses[i] = response{c.Index, e}
	}
	return a.respond(w, "batch-response", responses)
}

func reads(v change.Verb) bool {
	return v == change.Read || v == change.Head || v == change.Search
}

// one does one entry of a batch.
func (a *API) one(r *http.Request, v *store.View, c change.Change, p preference) (change.BundleEntry, error) {
	if c.Err != nil {
		return change.BundleEntry{}, c.Err
	}
	switch c.Verb {
	case change.Create, change.Update, change.Delete:
		var err error
		if c.IfMatch != "" {
			if c.IfMatch, err = ifMatch([]string{c.IfMatch}); err != nil {
				return change.BundleEntry{}, err
			}
		}
		res, err := applyOne(r, v, c)
		if err != nil {
			return change.BundleEntry{}, err
		}
		return a.result(res, p), nil
	case change.Read, change.Head, change.Search:
		return a.get(r, v, c)
	}
	return change.BundleEntry{}, record.Safef(record.Unsupported, "conditional requests are not supported")
}

// get does a GET or HEAD of a batch: a read, a version, or a search by type.
func (a *API) get(r *http.Request, v *store.View, c change.Change) (change.BundleEntry, error) {
	var none change.BundleEntry
	if t := fhir.ParseReference(c.URL); t.Form == fhir.Relative {
		at, ok := record.Version(0), true
		if t.Version != "" {
			at, ok = parseVersion(t.Version)
		}
		if !ok {
			return none, record.Safef(record.NotFound, "no such version")
		}
		e, err := v.Read(r.Context(), t.Ref, at)
		if err != nil {
			return none, err
		}
		answer := change.BundleEntry{FullURL: a.fullURL(e.Ref), Resource: e.Body, Status: statusLine(http.StatusOK),
			ETag: etag(e.Version), Modified: e.Header.Time}
		if noneMatch([]string{c.IfNoneMatch}, e.Version) {
			answer.Resource, answer.Status = nil, statusLine(http.StatusNotModified)
		}
		return withoutBody(answer, c.Verb), nil
	}
	typ, text, _ := strings.Cut(c.URL, "?")
	if _, ok := change.Storable(typ); !ok {
		return none, record.Safef(record.NotFound, "no such path")
	}
	u, err := http.NewRequest(http.MethodGet, "/"+typ+"?"+text, nil)
	if err != nil {
		return none, record.Safef(record.Invalid, "the url cannot be understood")
	}
	u.Header["Prefer"] = r.Header["Prefer"]
	values, unknown, err := query(u, "_count", "_page")
	if err != nil {
		return none, err
	}
	s, err := a.search(r, v, typ, values, unknown)
	if err != nil {
		return none, err
	}
	var b bytes.Buffer
	if err := s.write(&b); err != nil {
		return none, err
	}
	return withoutBody(change.BundleEntry{Resource: b.Bytes(), Status: statusLine(http.StatusOK)}, c.Verb), nil
}

// withoutBody takes the body away from the answer to a HEAD.
func withoutBody(e change.BundleEntry, verb change.Verb) change.BundleEntry {
	if verb == change.Head {
		e.Resource = nil
	}
	return e
}
