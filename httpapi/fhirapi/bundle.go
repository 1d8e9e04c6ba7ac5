package fhirapi

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"

	"carehold/httpapi/message"
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/store"
)

// Bundle serves a batch or a transaction. FHIR R4 §3.1.0.11.
func (a *API) Bundle(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if _, _, err := query(r); err != nil {
		return err
	}
	origin, err := message.ImportOrigin(r.Header)
	if err != nil {
		return err
	}
	body, err := read(r)
	if err != nil {
		return err
	}
	b, err := change.ParseBundle(body, change.Limits{})
	if err != nil {
		return err
	}
	var plan []change.Change
	if origin.IsZero() {
		plan, err = change.Plan(b, v.NewID, nil)
	} else { // an import has resolved what there was to resolve
		plan, err = change.PlanResolved(b)
	}
	if err != nil {
		return err
	}
	switch {
	case b.Type == "transaction":
		return a.transaction(w, r, v, plan, store.ApplyOptions{Origin: origin})
	case !origin.IsZero():
		return record.Safef(record.Invalid, "Carehold-Import goes with a transaction")
	}
	return a.batch(w, r, v, plan)
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
func (a *API) respond(w http.ResponseWriter, typ string, responses []response) error {
	slices.SortFunc(responses, func(x, y response) int { return x.index - y.index })
	w.Header().Set("Content-Type", ContentType)
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
func (a *API) result(res store.Result, p preference) change.BundleEntry {
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
		e.Resource = res.Body
	case "OperationOutcome":
		e.Outcome = problem.OutcomeOf("", problem.Issue{Severity: "information", Code: "informational", Diagnostics: "kept as sent"})
	}
	return e
}

// statusLine is Bundle.entry.response.status: "201 Created".
func statusLine(code int) string { return strconv.Itoa(code) + " " + http.StatusText(code) }
