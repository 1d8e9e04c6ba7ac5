package app

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/store"
)

// historyPage is how many entries of the log a page of the history tells at most.
const historyPage = 200

type history struct {
	Lines  []told
	Next   string
	First  string // the newest
	Size   uint64
	Who    []listChoice
	Whose  string // who was asked for; "" everybody
	Unread int
	Closed bool // this session reads no log
}

// History tells every look and every change in words, newest first.
func (a *App) History(w http.ResponseWriter, r *http.Request, v *store.View) error {
	q := r.URL.Query()
	before, _ := strconv.ParseUint(q.Get("before"), 10, 64)
	whose := q.Get("who")
	id, err := record.ParseGrantID(whose)
	if whose != "you" && whose != "server" && err != nil {
		whose = ""
	}
	d := history{Whose: whose}
	own := v.Grant().ID
	keep := func(e audit.Entry) bool {
		switch whose {
		case "":
			return true
		case "you":
			return e.Writer == audit.ByDevice || e.Writer == audit.ByGrant && e.Event.Grant == own
		case "server":
			return e.Writer == audit.ByNode
		}
		return e.Writer == audit.ByGrant && e.Event.Grant == id || e.Writer != audit.ByGrant && slices.Contains(e.Event.About, id)
	}
	looks, err := v.LooksPage(r.Context(), store.LooksQuery{Before: before, Limit: historyPage, Keep: keep})
	switch {
	case errors.Is(err, store.ErrNotReading):
		d.Closed = true
	case err != nil:
		return err
	}
	n := newNarrator(a, r, looks.Grants)
	d.Lines, d.Size, d.Unread = n.fold(looks.Entries), looks.Size, looks.Unread
	if looks.Next > 0 {
		d.Next = historyAt(whose, looks.Next)
	}
	if before > 0 {
		d.First = historyAt(whose, 0)
	}
	d.Who = []listChoice{{"you", a.pages.T(r, "history.who.you"), whose == "you"}, {"server", a.pages.T(r, "history.who.server"), whose == "server"}}
	var others []listChoice
	for _, g := range n.others {
		text := party(g.Grant.To) + ", " + a.pages.T(r, "history.who.since", "date", a.date(r, g.Grant.From))
		others = append(others, listChoice{g.Grant.ID.String(), text, whose == g.Grant.ID.String()})
	}
	slices.SortFunc(others, func(x, y listChoice) int { return strings.Compare(strings.ToLower(x.Text), strings.ToLower(y.Text)) })
	d.Who = append(d.Who, others...)
	return a.pages.Render(w, r, web.Page{File: "history", Title: a.pages.T(r, "history.title"), Nav: "history", Core: true, Script: "check.mjs",
		Words: []string{"history.js."}, Data: d})
}

func historyAt(whose string, before uint64) string {
	q := url.Values{}
	if whose != "" {
		q.Set("who", whose)
	}
	if before > 0 {
		q.Set("before", strconv.FormatUint(before, 10))
	}
	if len(q) == 0 {
		return "/app/history"
	}
	return "/app/history?" + q.Encode()
}
