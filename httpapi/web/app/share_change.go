package app

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/store"
)

// changing is a page on which what somebody can see is made more or less.
type changing struct {
	Shared    shared
	Until     string // its end now, for the script; "": none
	Parts     []part
	Sensitive []part
	Lasts     []ending
}

// Change shows what somebody can see and until when, to be changed. The browser makes the
// change: it needs the person's keys.
func (a *App) Change(w http.ResponseWriter, r *http.Request, v *store.View) error {
	id, err := record.ParseGrantID(r.PathValue("grant"))
	if err != nil {
		return errNothingShared
	}
	all, err := v.Shared(r.Context())
	if errors.Is(err, store.ErrNotReading) {
		return a.on(w, r, "/app/sharing") // which says so
	}
	if err != nil {
		return err
	}
	for _, g := range all {
		if g.Grant.ID != id || !g.Live || g.Unknown {
			continue
		}
		used, err := uses(r.Context(), v)
		if err != nil {
			return err
		}
		d := changing{Shared: a.sharedOf(r, g, used[id]), Lasts: a.lasts(r, -1)}
		if !g.Grant.Until.IsZero() {
			d.Until = g.Grant.Until.UTC().Format(time.RFC3339)
		}
		if d.Shared.Link { // which can only end sooner: its end and its contents are in it
			d.Lasts = slices.DeleteFunc(d.Lasts, func(e ending) bool {
				end := a.store.Now().Add(time.Duration(e.Seconds) * time.Second)
				return e.Seconds == 0 || !g.Grant.Until.IsZero() && !end.Before(g.Grant.Until)
			})
		}
		for _, s := range record.Sections() {
			p := part{Name: s.String(), Title: a.pages.T(r, "record.section."+s.String()), On: g.Grant.Sections.Has(s)}
			switch {
			case s.Always():
			case s.Sensitive():
				d.Sensitive = append(d.Sensitive, p)
			default:
				d.Parts = append(d.Parts, p)
			}
		}
		return a.pages.Render(w, r, web.Page{File: "sharechange", Title: a.pages.T(r, "share.change.title"), Nav: "sharing", Core: true, Script: "sharing-change.mjs",
			Words: []string{"share.js."}, Data: d})
	}
	return errNothingShared
}

var errNothingShared error = record.Safef(record.NotFound, "this names nothing that you share now: go back to Sharing, and choose there")

// left is how long something goes on, in words that are right for the hour in which they
// are read: whole days, then whole hours.
func (a *App) left(r *http.Request, until time.Time) string {
	switch d := until.Sub(a.store.Now()); {
	case d >= 48*time.Hour:
		return a.pages.TN(r, "share.left.days", int(d/(24*time.Hour)))
	case d >= time.Hour:
		return a.pages.TN(r, "share.left.hours", int(d/time.Hour))
	default:
		return a.pages.T(r, "share.left.soon")
	}
}
