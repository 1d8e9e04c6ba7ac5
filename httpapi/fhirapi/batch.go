package fhirapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// batch does each entry for itself: what one comes to says nothing of the next.
// FHIR R4 §3.1.0.11.1. But when the grant ends meanwhile, so does the batch: what
// was read before is not handed out after.
func (a *API) batch(w http.ResponseWriter, r *http.Request, v *store.View, all []change.Change) error {
	p := preferences(r.Header["Prefer"])
	responses := make([]response, len(all))
	left := room(maxBundleAnswer)
	began := time.Now()
	var done error // the grant's requests for today
	for i := range all {
		if r.Context().Err() != nil {
			return gone(r.Context().Err())
		}
		c := &all[i]
		e, err := change.BundleEntry{}, error(nil)
		switch {
		case reads(c.Verb) && done != nil:
			err = done
		case reads(c.Verb) && left.full():
			err = record.Safef(record.TooLarge, "the answers before this one are as much as one batch may bring: ask for it in another")
		case reads(c.Verb) && time.Since(began) > a.config.Batch:
			err = record.Safef(record.TooLarge, "the reads before this one took as long as one batch may: ask for it in another")
		case c.Err == nil && time.Since(began) > a.config.Batch && change.Conditional(all[i:i+1]):
			err = record.Safef(record.Unavailable, "this was not reached: what came before it took as long as one batch may. Nothing was done; send it again, in another")
		default:
			v.Within(int(left))
			e, err = a.one(r, v, c, p)
		}
		if errors.Is(err, record.Unauthorized) {
			return err
		}
		if reads(c.Verb) && errors.Is(err, record.TooMany) {
			done = err
		}
		switch {
		case err != nil:
			row := problem.Of(err)
			if n, ok := w.(problem.Noter); ok && row.Status == http.StatusInternalServerError {
				n.Note(err)
			}
			e = change.BundleEntry{Status: statusLine(row.Status), Outcome: left.refused(inBundle(err, c))}
		case reads(c.Verb):
			if left.take(e); !v.Holds(left.taken()) {
				left.giveBack(e)
				e = change.BundleEntry{Status: statusLine(http.StatusServiceUnavailable), Outcome: left.refused(errNoMemory)}
			}
		default:
			whole := e
			if e = left.fit(e); !v.Holds(left.taken()) {
				left.giveBack(e)
				e = left.without(whole)
			}
		}
		responses[i] = response{c.Index, e}
	}
	return a.respond(w, "batch-response", p, responses)
}

// batchPatience is how long a batch reads, and changes what it has to look for. What it
// reads and then leaves out (HEAD, _elements) is counted nowhere else, and each condition
// goes through the record while the person has to wait for it.
const batchPatience = 20 * time.Second

var errNoMemory error = record.Safef(record.Unavailable, "there is no memory to hold this until the rest is done: ask for it by itself")

// reads reports whether an entry asks for something instead of changing it.
func reads(v change.Verb) bool {
	return slices.Contains([]change.Verb{change.Read, change.Head, change.Search, change.Invoke}, v)
}

// one does one entry of a batch as the request would be done that it stands for.
func (a *API) one(r *http.Request, v *store.View, c *change.Change, p preference) (change.BundleEntry, error) {
	if c.Err != nil {
		return change.BundleEntry{}, c.Err
	}
	if !reads(c.Verb) {
		res, hints, err := a.apply(r, v, *c)
		if err != nil {
			return change.BundleEntry{}, err
		}
		return a.result(res, p, hints), nil
	}
	header, err := headerOf(r, c)
	if err != nil {
		return change.BundleEntry{}, err
	}
	var x *answer
	if c.Verb == change.Invoke {
		x, err = a.invoke(r, v, c, header)
	} else {
		x, err = a.get(r, v, c.URL, header)
	}
	if err != nil {
		return change.BundleEntry{}, err
	}
	e, err := x.entry()
	return withoutBody(e, c.Verb), err
}

// invoke does an operation that has a body: Type/$name, Type/id/$name.
func (a *API) invoke(r *http.Request, v *store.View, c *change.Change, header http.Header) (*answer, error) {
	path, raw, _ := strings.Cut(c.URL, "?")
	at := strings.Split(path, "/")
	var on fhir.Ref
	switch {
	case len(at) == 2:
		on.Type = at[0]
	case len(at) == 3 && fhir.ValidID(at[1]):
		on = fhir.Ref{Type: at[0], ID: at[1]}
	default:
		return nil, record.Safef(record.NotFound, "no such path")
	}
	q, err := asksOperation(header, raw, at[len(at)-1], on)
	if err != nil {
		return nil, err
	}
	return a.operation(r, v, q, at[len(at)-1], on, c.Resource)
}

// headerOf is what would be sent with the request that an entry stands for. Of the
// Bundle's own headers only Prefer counts for it.
func headerOf(r *http.Request, c *change.Change) (http.Header, error) {
	h := http.Header{}
	if prefer := r.Header["Prefer"]; prefer != nil {
		h["Prefer"] = prefer
	}
	if c.IfNoneMatch != "" {
		h.Set("If-None-Match", c.IfNoneMatch)
	}
	if c.Since != "" { // an instant here, a date of HTTP's in a request of its own
		since, err := fhir.ParseInstant(c.Since)
		if err != nil {
			return nil, record.Safef(record.Invalid, "ifModifiedSince is an instant: 2026-03-02T10:00:00Z").At(entryPath(c.Index) + ".request.ifModifiedSince")
		}
		from, _ := since.Interval()
		h.Set("If-Modified-Since", from.UTC().Format(http.TimeFormat))
	}
	return h, nil
}

// withoutBody takes the body away from the answer to a HEAD.
func withoutBody(e change.BundleEntry, verb change.Verb) change.BundleEntry {
	if verb == change.Head {
		e.Resource = nil
	}
	return e
}
