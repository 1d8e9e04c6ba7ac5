package app

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/search"
	"carehold/record/store"
)

// group is a run of a list under one heading: what holds now, what is past.
type group struct {
	Key   string // "" without a heading
	Items []item
}

type listChoice struct {
	Value, Text string
	This        bool
}

type list struct {
	Card        string
	Filter      filter
	Total       int // that match
	Of          int // in the list
	Hidden      int // marked as mistakes, which are not shown
	Unread      int // that were not searched for the words
	Now, Past   int // of a list where some hold no longer
	Groups      []group
	First, Last int
	Next, Prev  string
	Sources     []listChoice
	Lasting     bool
	Wrong       string // what is wrong with the filter
	WrongAt     string // in which field
	Errors      bool
	ShowAll     string // with the mistakes
	HideAll     string
	Clear       string
}

// hasPast are the lists in which some hold now, and some did.
var hasPast = map[string]bool{"allergies": true, "medicines": true, "conditions": true, "care": true}

// List is one part of the record, or with the name "all" the whole timeline.
func (a *App) List(w http.ResponseWriter, r *http.Request, v *store.View) error {
	name := r.PathValue("card")
	if !slices.Contains(Lists, name) {
		return record.Safef(record.NotFound, "there is no such list")
	}
	d := list{Card: name, Lasting: hasPast[name]}
	d.Filter, d.WrongAt = filterOf(r.URL.Query())
	d.Filter.Card = name
	if d.WrongAt != "" {
		d.Errors, d.Wrong = true, a.pages.T(r, "record.filter.wrong."+d.WrongAt)
	}
	n, _ := strconv.Atoi(r.URL.Query().Get("p"))
	n = min(max(n, 1), 1<<24)
	from, to := 0, 0
	b := &browser{filter: d.Filter, pick: func(b *browser) (shown []int) {
		if d.Lasting { // what holds now comes first; the order stays otherwise
			order := map[state]int{none: 0, now: 1, happened: 2, past: 3}
			slices.SortStableFunc(b.lines, func(x, y line) int { return order[x.state] - order[y.state] })
		}
		if name == "people" { // where entries came from is told with each: who they are about comes first
			noted := func(l line) bool { return l.typ == "Provenance" || l.typ == "AuditEvent" }
			slices.SortStableFunc(b.lines, func(x, y line) int {
				switch {
				case noted(x) == noted(y):
					return 0
				case noted(x):
					return 1
				}
				return -1
			})
		}
		from = min((n-1)*pageSize, max(0, (len(b.lines)-1)/pageSize*pageSize)) // a page that is no longer there is the last
		to = min(from+pageSize, len(b.lines))
		for _, l := range b.lines[from:to] {
			shown = append(shown, l.n)
		}
		return shown
	}}
	page, err := b.browse(r.Context(), v, typesOf(name))
	if err != nil {
		return err
	}
	defer page.Release()
	d.Total, d.Of, d.Hidden, d.Unread = len(b.lines), b.of, b.hidden, b.unread
	items := a.items(r, b, page)
	for i := range items {
		x := b.lines[from+i]
		items[i].Past, items[i].Mistake = x.state == past, x.mistake
		key := ""
		if d.Lasting {
			key = map[state]string{none: "none", now: "now", happened: "done", past: "past"}[x.state]
		}
		if k := len(d.Groups); k == 0 || d.Groups[k-1].Key != key {
			d.Groups = append(d.Groups, group{Key: key})
		}
		g := &d.Groups[len(d.Groups)-1]
		g.Items = append(g.Items, items[i])
	}
	for _, l := range b.lines {
		switch l.state {
		case now:
			d.Now++
		case past:
			d.Past++
		}
	}
	d.First, d.Last = from+1, to
	at := func(p int, mistakes bool) string { return d.Filter.address(name, p, mistakes) }
	if d.Last < d.Total {
		d.Next = at(from/pageSize+2, d.Filter.Mistakes)
	}
	if from > 0 {
		d.Prev = at(from/pageSize, d.Filter.Mistakes)
	}
	d.ShowAll, d.HideAll, d.Clear = at(1, true), at(1, false), "/app/list/"+name
	d.Sources = a.sources(r, b, d.Filter.Source)
	title := a.pages.T(r, "record.list."+name)
	if from > 0 {
		title = a.pages.T(r, "record.list.page", "title", title, "page", from/pageSize+1)
	}
	return a.pages.Render(w, r, web.Page{File: "list", Title: title, Nav: "record", Error: d.Errors, Data: d})
}

// sources are what the entries of a list came from, for choosing one.
func (a *App) sources(r *http.Request, b *browser, this string) []listChoice {
	var all []listChoice
	for mark, words := range b.sources {
		if words = clean(words); mark == "own" {
			words = a.pages.T(r, "record.source.own")
		}
		all = append(all, listChoice{mark, words, mark == this})
	}
	slices.SortFunc(all, func(x, y listChoice) int { return strings.Compare(strings.ToLower(x.Text), strings.ToLower(y.Text)) })
	return all
}

// mostWanted is how long what is searched for may be, in bytes.
const mostWanted = 200

// filterOf reads a filter out of an address. wrong is the field that is not understood.
func filterOf(q url.Values) (f filter, wrong string) {
	get := func(name string) string { return strings.TrimSpace(clean(q.Get(name))) }
	f = filter{Words: get("q"), From: get("from"), To: get("to"), Source: get("source"), State: get("state"), Mistakes: q.Get("mistakes") == "show"}
	if len(f.Words) > mostWanted {
		f.Words = strings.ToValidUTF8(f.Words[:mostWanted], "")
	}
	if f.State != "now" && f.State != "past" {
		f.State = ""
	}
	f.words = strings.Fields(search.Fold(f.Words))
	var ok bool
	if f.from, ok = day(f.From); !ok {
		return f, "from"
	}
	if f.to, ok = day(f.To); !ok {
		return f, "to"
	}
	if f.to != 0 {
		f.to += 24 * 3600 * 1000 // that day too
	}
	if f.from != 0 && f.to != 0 && f.from >= f.to {
		return f, "order"
	}
	return f, ""
}

// address is a page of a list with this filter.
func (f filter) address(name string, page int, mistakes bool) string {
	q := url.Values{}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	set("q", f.Words)
	set("from", f.From)
	set("to", f.To)
	set("source", f.Source)
	set("state", f.State)
	if mistakes {
		q.Set("mistakes", "show")
	}
	if page > 1 {
		q.Set("p", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return "/app/list/" + name
	}
	return "/app/list/" + name + "?" + q.Encode()
}
