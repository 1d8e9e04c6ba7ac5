package app

import (
	"net/http"
	"time"

	"carehold/httpapi/web"
	"carehold/record/store"
)

// newest is how many entries the home page has of the timeline.
const newest = 10

// namedOnCard is how many entries a card names at most. Allergies are not hidden behind
// "and 1 more" for being old.
const (
	namedOnCard    = 3
	namedAllergies = 20
)

// card is one part of the record on the home page.
type card struct {
	Name  string // a key of Cards
	Count int
	Now   int  // that hold now, where some do not
	None  bool // it is recorded that there are none
	Last  []item
	Fact  string
	Named []member // of the card of care: who coordinates it
	More  int      // that hold now and are not named
}

type home struct {
	Requests, Inbox int
	Cards           []card
	Latest          []item
	Total           int
	Counts          map[string]int
}

// namesNow are the cards whose fact is what holds now; of the others it is the newest.
var namesNow = map[string]bool{"allergies": true, "medicines": true, "conditions": true}

// Record is where a person begins: what waits for them, the parts of the record with one
// fact of each, and what is newest. It is one look at the record.
func (a *App) Record(w http.ResponseWriter, r *http.Request, v *store.View) error {
	d := home{}
	var err error
	if d.Requests, d.Inbox, err = v.Waits(r.Context()); err != nil {
		return err
	}
	onCards := map[string][]int{}
	latest, team := 0, -1
	b := &browser{pick: func(b *browser) (list []int) {
		clear(onCards)
		today := time.Now().UnixMilli()
		for _, l := range b.lines {
			if len(list) < newest && l.dated && l.at <= today { // what is to come is in the whole of it
				list = append(list, l.n)
			}
		}
		latest = len(list)
		at := map[int]int{}
		team = -1
		for _, l := range b.lines {
			if l.typ == "CareTeam" && l.state == now && team < 0 {
				team = len(list)
				list = append(list, l.n)
				break
			}
		}
		for i, n := range list {
			at[n] = i
		}
		for _, l := range b.lines {
			most := 1
			if namesNow[l.card] {
				most = namedOnCard
			}
			if l.card == "allergies" {
				most = namedAllergies
			}
			if len(onCards[l.card]) >= most || namesNow[l.card] && l.state != now && !(l.state == none && b.now[l.card] == 0) {
				continue
			}
			i, there := at[l.n]
			if !there {
				i = len(list)
				at[l.n], list = i, append(list, l.n)
			}
			onCards[l.card] = append(onCards[l.card], i)
		}
		return list
	}}
	page, err := b.browse(r.Context(), v, nil)
	if err != nil {
		return err
	}
	defer page.Release()
	items := a.items(r, b, page)
	d.Latest = items[:latest]
	d.Total, d.Counts = len(b.lines), b.counts
	for _, name := range Cards {
		c := card{Name: name, Count: b.counts[name], Now: b.now[name], None: b.nones[name] > 0 && b.now[name] == 0}
		for _, i := range onCards[name] {
			c.Last = append(c.Last, items[i])
		}
		if c.More = c.Now - len(c.Last); name == "care" && team >= 0 {
			c.Named = a.coordinators(r, &page.Entries[team].Entry)
		}
		c.Fact = a.fact(r, &c)
		d.Cards = append(d.Cards, c)
	}
	return a.pages.Render(w, r, web.Page{File: "record", Title: a.pages.T(r, "record.title"), Nav: "record", Data: d})
}

// fact is the one thing that a card says.
func (a *App) fact(r *http.Request, c *card) string {
	switch {
	case c.None:
		return a.pages.T(r, "record.card.said.none")
	case c.Count == 0:
		return a.pages.T(r, "record.card."+c.Name+".none")
	case namesNow[c.Name] && c.Now == 0:
		return a.pages.TN(r, "record.card.past."+c.Name, c.Count)
	case namesNow[c.Name]:
		return a.pages.TN(r, "record.card.now."+c.Name, c.Now)
	}
	return a.pages.TN(r, "record.card.entries", c.Count)
}
