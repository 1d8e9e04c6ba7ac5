package app

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/store"
)

// shared is a grant in the list of who can see what.
type shared struct {
	ID, Who   string
	Parts     []string
	Sensitive []string
	May       string
	Until     string
	Left      string // how long it goes on
	Used      string // when it was used last
	Times     int    // of the requests that the page looked through
	Wrong     string // how often another passcode was given, and how many tries are left
	Link      bool
	Paused    bool
	Unknown   bool
}

type sharing struct {
	Now, Past []shared
	Done      string // what was done a moment ago: a key of the catalogue
	Closed    bool   // this session reads neither
}

// Sharing is who can see what now, and who could.
func (a *App) Sharing(w http.ResponseWriter, r *http.Request, v *store.View) error {
	d := sharing{}
	for _, done := range []string{"stopped", "paused", "resumed", "changed"} {
		if r.URL.Query().Has(done) {
			d.Done = "share.done." + done
		}
	}
	all, err := v.Shared(r.Context())
	switch {
	case errors.Is(err, store.ErrNotReading):
		d.Closed = true
	case err != nil:
		return err
	}
	used := map[record.GrantID]*use{}
	if len(all) > 0 {
		if used, err = uses(r.Context(), v); err != nil {
			return err
		}
	}
	slices.SortFunc(all, func(x, y store.Shared) int { return cmp.Compare(y.Grant.From.Unix(), x.Grant.From.Unix()) })
	for _, g := range all {
		x := a.sharedOf(r, g, used[g.Grant.ID])
		if g.Live {
			d.Now = append(d.Now, x)
		} else {
			d.Past = append(d.Past, x)
		}
	}
	return a.pages.Render(w, r, web.Page{File: "sharing", Title: a.pages.T(r, "share.title"), Nav: "sharing", Core: true, Script: "sharing.mjs",
		Words: []string{"share.js."}, Data: d})
}

// sharedOf is a grant in words. u may be nil: it was never used.
func (a *App) sharedOf(r *http.Request, g store.Shared, u *use) shared {
	if u == nil {
		u = &use{}
	}
	x := shared{ID: g.Grant.ID.String(), Who: party(g.Grant.To), Paused: g.Suspended, Unknown: g.Unknown, Times: u.times, Link: u.link}
	if u.wrong > 0 {
		x.Wrong = a.pages.TN(r, "share.wrong", u.wrong) + " " + a.pages.TN(r, "share.tries", int(u.left))
		if u.left == 0 {
			x.Wrong = a.pages.T(r, "share.wrong.out")
		}
	}
	for _, s := range g.Grant.Sections.List() {
		switch name := a.pages.T(r, "record.section."+s.String()); {
		case s.Sensitive():
			x.Sensitive = append(x.Sensitive, name)
		case !s.Always():
			x.Parts = append(x.Parts, name)
		}
	}
	x.May = a.pages.T(r, "share.may."+mayOf(g.Grant.Scopes))
	switch {
	case !g.Ended.IsZero():
		x.Until = a.pages.T(r, "share.ended", "date", a.moment(r, g.Ended))
	case !g.Live:
		x.Until = a.pages.T(r, "share.over")
	case g.Grant.Until.IsZero():
		x.Until = a.pages.T(r, "share.open")
	default:
		x.Until, x.Left = a.pages.T(r, "share.until", "date", a.moment(r, g.Grant.Until)), a.left(r, g.Grant.Until)
	}
	if u.link {
		x.Times = u.opened
	}
	if u.times > 0 {
		x.Used = a.moment(r, u.last)
	}
	return x
}

// mayOf is what scopes let somebody do, in one of the catalogue's words.
func mayOf(scopes []grant.Scope) string {
	var all grant.Verbs
	for _, s := range scopes {
		all |= s.Verbs
	}
	reads, writes := all&(grant.Read|grant.Search) != 0, all&^(grant.Read|grant.Search) != 0
	switch {
	case reads && writes:
		return "both"
	case writes:
		return "write"
	}
	return "read"
}

// Stop stops a grant at once, from the session: its next request is refused. The keys of
// what is written from then on are renewed when a device of the person's next unlocks.
func (a *App) Stop(w http.ResponseWriter, r *http.Request, v *store.View) error {
	id, err := record.ParseGrantID(r.PostFormValue("grant"))
	if err != nil {
		return record.Safef(record.Invalid, "this names nothing that you shared: go back to Sharing, and press Stop there")
	}
	if err := v.Strike(r.Context(), id); err != nil {
		return err
	}
	http.Redirect(w, r, "/app/sharing?stopped", http.StatusSeeOther)
	return nil
}
