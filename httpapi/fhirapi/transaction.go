package fhirapi

import (
	"errors"
	"net/http"
	"sync"

	"carehold/httpapi/problem"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// transaction is one on its way.
type transaction struct {
	asked   []change.Change
	planned bool // asked is the plan: an import's
	options store.ApplyOptions
	plan    []change.Change // as it was done
	reads   map[int]*asked  // by entry

	mu    sync.Mutex
	hints map[int][]problem.Issue // by entry: what is doubtful about what was sent
	wrong map[int]error           // by entry: why it is not valid
}

// transaction makes all of the changes or none. FHIR R4 §3.1.0.11.2.
func (a *API) transaction(w http.ResponseWriter, r *http.Request, v *store.View, t *transaction) error {
	prefer := preferences(r.Header["Prefer"])
	t.reads = map[int]*asked{}
	for i := range t.asked {
		c := &t.asked[i]
		if c.Verb != change.Read && c.Verb != change.Head {
			continue
		}
		header, err := headerOf(r, c)
		if err != nil {
			return err
		}
		q, err := askOf(header, c.Query, shown...)
		if err == nil {
			err = q.notCounted()
		}
		if err != nil {
			return inBundle(err, c)
		}
		t.reads[c.Index] = q
	}
	results, err := t.apply(r, v)
	if err != nil {
		return t.allWrong(t.located(err))
	}
	if len(results) != len(t.plan) {
		return record.Safef(record.Internal, "%d changes had %d results", len(t.plan), len(results))
	}
	responses, err := a.responses(t, results, prefer)
	if err != nil {
		return err
	}
	return a.respond(w, "transaction-response", prefer, responses)
}

// responses answers each entry: what was read first, for a transaction that cannot
// show that is not done, and then what was written, as far as there is room. What is
// not answered with is not held any longer.
func (a *API) responses(t *transaction, results []store.Result, prefer preference) (_ []response, err error) {
	responses := make([]response, len(t.plan))
	left := room(maxBundleAnswer)
	for i, res := range results {
		c := &t.plan[i]
		responses[i].index = c.Index
		q := t.reads[c.Index]
		if q == nil {
			continue
		}
		if responses[i].entry, err = a.readResult(q, res, c.Verb); err != nil {
			return nil, err
		}
		left.take(responses[i].entry)
		results[i].Body = nil
	}
	for i, res := range results {
		c := &t.plan[i]
		if t.reads[c.Index] != nil {
			continue
		}
		var hints []problem.Issue
		if c.Resource != nil {
			hints = t.hints[c.Index]
		}
		responses[i].entry = left.fit(a.result(res, prefer, hints))
		results[i].Body = nil
	}
	return responses, nil
}

// apply plans and applies it. All that can be is planned, and what is sent is
// validated, before anybody else has to wait for it.
func (t *transaction) apply(r *http.Request, v *store.View) ([]store.Result, error) {
	if len(t.asked) == 0 {
		return nil, nil
	}
	var plan func(change.Finder) ([]change.Change, error)
	if t.planned {
		if i, err := change.CheckAll(t.asked, t.check); err != nil {
			return nil, inBundle(err, &t.asked[i])
		}
		t.plan = t.asked
		plan = func(change.Finder) ([]change.Change, error) { return t.plan, nil }
	} else {
		prepared, err := change.Prepare(t.asked, change.Options{NewID: v.NewID, Check: t.check})
		if err != nil {
			return nil, err
		}
		plan = func(find change.Finder) (_ []change.Change, err error) {
			t.plan, err = prepared.Plan(find)
			return t.plan, err
		}
		if !prepared.Conditional() {
			if _, err := plan(nil); err != nil {
				return nil, err
			}
			plan = func(change.Finder) ([]change.Change, error) { return t.plan, nil }
		}
	}
	return v.ApplyPlan(r.Context(), plan, t.options)
}

// check validates what an entry sends, and keeps what is doubtful about it.
func (t *transaction) check(index int, res *fhir.Resource) error {
	hints, err := checked(res)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		if t.wrong == nil {
			t.wrong = map[int]error{}
		}
		t.wrong[index] = err
	}
	if t.hints == nil {
		t.hints = map[int][]problem.Issue{}
	}
	if len(hints) > 0 {
		t.hints[index] = hints
	} else {
		delete(t.hints, index)
	}
	return err
}

// allWrong is the error of the first entry that is not valid, with the issues of the
// others that were found: whoever sent three hundred mends them in one go.
func (t *transaction) allWrong(err error) error {
	first, ok := errors.AsType[*record.Error](err)
	if _, invalid := errors.AsType[problem.Issues](err); !ok || !invalid || len(t.wrong) < 2 {
		return err
	}
	var all problem.Issues
	for _, c := range t.asked {
		wrong, there := t.wrong[c.Index]
		if !there {
			continue
		}
		issues, _ := errors.AsType[problem.Issues](inBundle(wrong, &c))
		all = append(all, issues...)
	}
	if len(all) > mostIssues {
		all = append(all[:mostIssues:mostIssues], problem.Issue{Severity: "information", Code: "incomplete", Diagnostics: "there are more issues than these"})
	}
	told := *first
	told.Err = all
	return &told
}

// mostIssues is how many one answer has.
const mostIssues = 200

// located says of every error in which entry it is. FHIR R4 §3.1.0.11.2.
func (t *transaction) located(err error) error {
	e, ok := errors.AsType[*record.Error](err)
	if !ok {
		return err
	}
	if i, ok := entryOf(e.Path); ok && i < len(t.asked) {
		return inBundle(err, &t.asked[i])
	}
	if len(t.asked) == 1 && answersAnEntry[e.Kind] {
		return inBundle(err, &t.asked[0])
	}
	return err
}

// answersAnEntry are the kinds that are about what was asked for, not about the
// grant, the server or the day.
var answersAnEntry = map[record.Kind]bool{record.Invalid: true, record.Unprocessed: true, record.Forbidden: true, record.NotFound: true,
	record.Gone: true, record.NotAllowed: true, record.Conflict: true, record.Precondition: true, record.Ambiguous: true, record.TooLarge: true, record.Unsupported: true}

// readResult is the response to a read inside a transaction.
func (a *API) readResult(q *asked, res store.Result, verb change.Verb) (change.BundleEntry, error) {
	e := change.BundleEntry{FullURL: a.fullURL(res.Ref), Status: statusLine(http.StatusOK), ETag: etag(res.Version), Modified: res.Time}
	if unmodified(q.header, res.Version, res.Time) {
		e.Status = statusLine(http.StatusNotModified)
		return e, nil
	}
	var err error
	e.Resource, err = q.part.without(res.Apart).of(res.Body)
	return withoutBody(e, verb), err
}
