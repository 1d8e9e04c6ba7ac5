package fhirapi

import (
	"io"
	"net/http"
	"strings"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/keys"
	"carehold/record/store"
)

// History serves the versions of one entry, of a type, or of everything that the
// grant reaches, newest first. FHIR R4 §3.1.0.12.
func (a *API) History(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref := fhir.Ref{Type: r.PathValue("type"), ID: r.PathValue("id")}
	if ref.Type != "" {
		if _, err := resourceType(r); err != nil {
			return err
		}
	}
	q, err := ask(r, historyParams...)
	if err != nil {
		return err
	}
	x, err := a.history(r, v, q, ref)
	if err != nil {
		return err
	}
	return x.send(w)
}

var historyParams = []string{"_count", "_since", "_at", "_page", "_summary", "_elements"}

// history is the answer to a history. A parameter it does not know is refused also
// when handling is lenient: a history Bundle has no place to say what was left out
// (R4 bdl-2), and one that looks narrower than it is misleads.
func (a *API) history(r *http.Request, v *store.View, q *asked, ref fhir.Ref) (*answer, error) {
	if err := notKept(ref); err != nil {
		return nil, err
	}
	if err := heeds(q.header); err != nil {
		return nil, err
	}
	if len(q.unknown) > 0 {
		return nil, record.Errorf(record.Invalid, "a history takes _count, _since and _at, and not %s", strings.Join(q.unknown, ", ")).At(q.unknown[0])
	}
	path := strings.TrimPrefix(strings.TrimSuffix(ref.String(), "/")+"/_history", "/")
	l, err := a.list(v, q, path)
	if err != nil {
		return nil, err
	}
	h := store.HistoryQuery{Type: ref.Type, ID: ref.ID, Limit: l.limit, Page: l.page, Asked: l.asked}
	if text := l.values.Get("_since"); text != "" {
		d, err := moment(text)
		if err != nil {
			return nil, record.Safef(record.Invalid, "_since is an instant: 2026-03-02T10:00:00Z").At("_since")
		}
		h.Since, _ = d.Interval()
	}
	if text := l.values.Get("_at"); text != "" {
		if h.At, err = moment(text); err != nil {
			return nil, record.Safef(record.Invalid, "_at is a date or a time: 2026, 2026-03, 2026-03-02T10:00:00Z").At("_at")
		}
	}
	page, err := v.History(r.Context(), h)
	if err != nil {
		return nil, err
	}
	head := change.BundleHead{Type: "history"}
	if head.Links, err = a.links(l, page.Next, v.FirstOfHistory); err != nil {
		return nil, err
	}
	if page.Total != store.NotCounted {
		head.Total = &page.Total
	}
	size := 0
	if l.part.whole() {
		for _, e := range page.Versions {
			size += len(e.Body) + aboutEach
		}
	}
	return &answer{status: http.StatusOK, size: size, stream: func(w io.Writer) error {
		defer page.Release()
		out := change.NewBundleWriter(w, head)
		for _, e := range page.Versions {
			entry, err := a.version(l.part, e)
			if err != nil {
				return err
			}
			if err := out.Entry(entry); err != nil {
				return err
			}
		}
		return out.Close()
	}}, nil
}

// version is an entry of a history: what was done, what came of it, and for what
// was not deleted what it is since. How an entry was created is stored nowhere; its
// id tells, for POST has the server give one (FHIR R4 §3.1.0.8, §3.1.0.4.1).
func (a *API) version(p part, e store.Entry) (change.BundleEntry, error) {
	x := change.BundleEntry{FullURL: a.fullURL(e.Ref), Method: http.MethodPut, URL: e.Ref.String(),
		Status: statusLine(http.StatusOK), ETag: etag(e.Version), Modified: e.Header.Time}
	switch {
	case e.Header.Deleted:
		x.Method, x.Status = http.MethodDelete, statusLine(http.StatusNoContent)
		return x, nil
	case e.Version == 1 && keys.IsFHIRID(e.Ref.ID):
		x.Method, x.URL, x.Status = http.MethodPost, e.Ref.Type, statusLine(http.StatusCreated)
	case e.Version == 1: // an id that this server does not give: an update that created
		x.Status = statusLine(http.StatusCreated)
	}
	var err error
	x.Resource, err = p.without(e.Header.Content != nil).of(e.Body)
	return x, err
}

// moment reads a time in a query. A + that was not encoded arrives as a space.
func moment(text string) (fhir.Date, error) {
	return fhir.ParseDateTime(strings.ReplaceAll(text, " ", "+"))
}
