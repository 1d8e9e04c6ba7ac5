package app

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/audit"
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
	Paused    bool
	Unknown   bool
}

type sharing struct {
	Now, Past []shared
	Done      string // what was done a moment ago: a key of the catalogue
	Closed    bool   // this session reads neither
}

// mostUses is how many requests of others the list looks through for the last of each.
const mostUses = 2000

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
	uses := map[record.GrantID][]time.Time{}
	if len(all) > 0 {
		own := v.Grant().ID
		looks, err := v.LooksPage(r.Context(), store.LooksQuery{Limit: mostUses, Keep: func(e audit.Entry) bool {
			return e.Writer == audit.ByGrant && e.Event.Grant != own
		}})
		if err != nil {
			return err
		}
		for _, e := range looks.Entries {
			uses[e.Event.Grant] = append(uses[e.Event.Grant], e.Event.Time)
		}
	}
	slices.SortFunc(all, func(x, y store.Shared) int { return cmp.Compare(y.Grant.From.Unix(), x.Grant.From.Unix()) })
	for _, g := range all {
		x := a.sharedOf(r, g, uses[g.Grant.ID])
		if g.Live {
			d.Now = append(d.Now, x)
		} else {
			d.Past = append(d.Past, x)
		}
	}
	return a.pages.Render(w, r, web.Page{File: "sharing", Title: a.pages.T(r, "share.title"), Nav: "sharing", Core: true, Script: "sharing.mjs",
		Words: []string{"share.js."}, Data: d})
}

func (a *App) sharedOf(r *http.Request, g store.Shared, uses []time.Time) shared {
	x := shared{ID: g.Grant.ID.String(), Who: party(g.Grant.To), Paused: g.Suspended, Unknown: g.Unknown, Times: len(uses)}
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
	if len(uses) > 0 {
		x.Used = a.moment(r, uses[0]) // the newest comes first
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
