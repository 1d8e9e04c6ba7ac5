package fhirapi

import (
	"errors"
	"net/http"

	"carehold/httpapi/message"
	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// Who may add to a record and see nothing of it creates resources, which wait for the
// person. It is a create to FHIR (R4 §3.1.0.8): 201, and a Location with the id that the
// entry has once it is in the record. There is no version to name yet, so neither the
// Location nor an ETag says one, and nobody is told whether the person took it in.
// (docs/decisions/0037-contributing.md)

// waits is what is said of what waits.
const waits = "kept, and waits for the person: it is in their record under this id once they take it in. With this grant it cannot be read"

// Add serves a create.
func (a *API) Add(w http.ResponseWriter, r *http.Request, x *store.Adder) error {
	if conditional, err := addable(r); conditional || err != nil {
		return refuseAdd(r, x, err)
	}
	typ := r.PathValue("type")
	if typ == "" {
		typ = "Binary"
	}
	c, hints, err := a.addition(r, typ)
	if err != nil {
		return x.Refused(r.Context(), "", err)
	}
	c.Ref.ID = x.NewID(typ)
	results, err := x.Create(r.Context(), []change.Change{c})
	if err != nil {
		return err
	}
	w.Header().Set("Location", a.fullURL(results[0].Ref))
	if p := preferences(r.Header["Prefer"]); p.ret == "minimal" {
		w.Header().Set("Preference-Applied", "return=minimal")
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	return write(w, http.StatusCreated, problem.OutcomeOf("", waiting(hints)...))
}

func waiting(hints []problem.Issue) []problem.Issue {
	return append([]problem.Issue{{Severity: "information", Code: "informational", Diagnostics: waits}}, hints...)
}

// addition reads what is to be created.
func (a *API) addition(r *http.Request, typ string) (c change.Change, hints []problem.Issue, err error) {
	c = change.Change{Verb: change.Create, Ref: fhir.Ref{Type: typ}}
	if err := storable(typ); err != nil {
		return c, nil, err
	}
	if c.Resource, err = resource(r, typ); err != nil {
		return c, nil, err
	}
	if hints, err = checked(c.Resource); err != nil {
		return c, nil, err
	}
	return c, hints, literal(c, nil)
}

// addable refuses what is about more than what is sent. conditional: it asks about what
// is there.
func addable(r *http.Request) (conditional bool, err error) {
	for _, name := range conditions {
		conditional = conditional || len(r.Header[name]) > 0
	}
	if err := changing(r); err != nil {
		return conditional, err
	}
	return conditional, notHere(r, message.ImportHeaderName)
}

func refuseAdd(r *http.Request, x *store.Adder, err error) error {
	if err != nil {
		return x.Refused(r.Context(), "", err)
	}
	return x.Refuse(r.Context())
}

// AddBundle serves a batch or a transaction of creates. References between the entries
// of a transaction are resolved as in any other; what waits then points to what waits
// beside it.
func (a *API) AddBundle(w http.ResponseWriter, r *http.Request, x *store.Adder) error {
	if conditional, err := addable(r); conditional || err != nil {
		return refuseAdd(r, x, err)
	}
	b, err := additions(r)
	if err != nil {
		return x.Refused(r.Context(), "", err)
	}
	for _, e := range b.Entries {
		if b.Type == "transaction" && e.Request != nil && e.Request.Method != http.MethodPost {
			return x.Refuse(r.Context())
		}
	}
	asked, err := change.Requests(b)
	if err != nil {
		return x.Refused(r.Context(), "", err)
	}
	if b.Type == "transaction" {
		return a.addAll(w, r, x, asked)
	}
	return a.addEach(w, r, x, asked)
}

// mostAdditions is how many entries a Bundle of them has.
const mostAdditions = 200

func additions(r *http.Request) (*change.Bundle, error) {
	body, err := read(r)
	if err != nil {
		return nil, err
	}
	if err := anObject(body); err != nil {
		return nil, err
	}
	return change.ParseBundle(body, change.Limits{Entries: mostAdditions})
}

// create reports whether an entry is one, and about nothing that is there.
func create(c *change.Change) bool {
	return c.Verb == change.Create && c.Query == "" && !change.Conditional([]change.Change{*c})
}

// addAll adds all entries or none.
func (a *API) addAll(w http.ResponseWriter, r *http.Request, x *store.Adder, asked []change.Change) error {
	hints := make(map[int][]problem.Issue)
	for i := range asked {
		c := &asked[i]
		if !create(c) {
			return x.Refuse(r.Context())
		}
		var err error
		if err = storable(c.Ref.Type); err == nil {
			hints[c.Index], err = checked(c.Resource)
		}
		if err != nil {
			return x.Refused(r.Context(), c.Ref.Type, inBundle(err, c))
		}
	}
	plan, err := change.Prepare(asked, change.Options{NewID: x.NewID})
	if err != nil {
		return x.Refused(r.Context(), "", err)
	}
	changes, err := plan.Plan(nil)
	if err != nil {
		return x.Refused(r.Context(), "", err)
	}
	results, err := x.Create(r.Context(), changes)
	if err != nil {
		return err
	}
	p := preferences(r.Header["Prefer"])
	responses := make([]response, len(results))
	for i, res := range results {
		at := changes[i].Index
		responses[i] = response{at, a.added(res, p, hints[at])}
	}
	return a.respond(w, "transaction-response", p, responses)
}

// addEach adds each entry for itself.
func (a *API) addEach(w http.ResponseWriter, r *http.Request, x *store.Adder, asked []change.Change) error {
	p := preferences(r.Header["Prefer"])
	responses := make([]response, len(asked))
	for i := range asked {
		if r.Context().Err() != nil {
			return gone(r.Context().Err())
		}
		c := &asked[i]
		e, err := a.addOne(r, x, c, p)
		if errors.Is(err, record.Unauthorized) {
			return err
		}
		if err != nil {
			row := problem.Of(err)
			if n, ok := w.(problem.Noter); ok && row.Status == http.StatusInternalServerError {
				n.Note(err)
			}
			e = change.BundleEntry{Status: statusLine(row.Status), Outcome: problem.Outcome(inBundle(err, c), "")}
		}
		responses[i] = response{c.Index, e}
	}
	return a.respond(w, "batch-response", p, responses)
}

func (a *API) addOne(r *http.Request, x *store.Adder, c *change.Change, p preference) (e change.BundleEntry, err error) {
	switch {
	case c.Err != nil && c.Verb == change.Create:
		return e, x.Refused(r.Context(), c.Ref.Type, c.Err)
	case c.Err != nil || !create(c):
		return e, x.Refuse(r.Context())
	}
	if err := storable(c.Ref.Type); err != nil {
		return e, x.Refused(r.Context(), c.Ref.Type, err)
	}
	hints, err := checked(c.Resource)
	if err != nil {
		return e, x.Refused(r.Context(), c.Ref.Type, err)
	}
	c.Ref.ID = x.NewID(c.Ref.Type)
	results, err := x.Create(r.Context(), []change.Change{*c})
	if err != nil {
		return e, err
	}
	return a.added(results[0], p, hints), nil
}

func (a *API) added(res store.Result, p preference, hints []problem.Issue) change.BundleEntry {
	e := change.BundleEntry{Status: statusLine(http.StatusCreated), Location: a.fullURL(res.Ref), FullURL: a.fullURL(res.Ref)}
	if p.ret != "minimal" {
		e.Outcome = problem.OutcomeOf("", waiting(hints)...)
	}
	return e
}
