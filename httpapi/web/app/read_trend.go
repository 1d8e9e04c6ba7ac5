package app

import (
	"cmp"
	"net/http"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/store"
)

type trend struct {
	Ref    fhir.Ref
	Href   string
	Title  string
	Charts []drawn
	Left   int // values that are in no chart
	More   int // charts that there is no room for
	Points []item
	Total  int
	Cut    bool
}

// mostPoints is how many measurements a trend shows: the newest.
const mostPoints = store.MaxPage

// Trend is a measurement over time: a chart, and the same numbers as a table.
func (a *App) Trend(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := refOf(r)
	if err != nil {
		return err
	}
	if ref.Type != "Observation" {
		return record.Safef(record.NotFound, "there is no trend of this")
	}
	found, total := -1, 0
	b := &browser{withCodes: true, pick: func(b *browser) (list []int) {
		about, this := "", -1
		for i, l := range b.lines {
			if l.id == ref.ID {
				about, this = l.codes, i
			}
		}
		if found, total = this, 0; this < 0 {
			return nil
		}
		for i, l := range b.lines {
			if l.codes != about || about == "" && i != this {
				continue
			}
			if total++; len(list) < mostPoints {
				list = append(list, l.n)
			}
		}
		return list
	}}
	page, err := b.browse(r.Context(), v, []string{"Observation"})
	if err != nil {
		return err
	}
	defer page.Release()
	if found < 0 {
		return record.Safef(record.NotFound, "there is no such entry")
	}
	d := trend{Ref: ref, Href: hrefOf(ref), Total: total, Cut: total > mostPoints, Points: a.items(r, b, page)}
	for _, x := range d.Points {
		if x.Href == d.Href && x.Title != "" || d.Title == "" { // the same code: one that was opened knows its words
			d.Title = x.Title
		}
	}
	d.Title = cmp.Or(d.Title, a.word(r, ref.Type))
	d.Charts, d.Left, d.More = a.charts(r, short(d.Title, 80), page)
	return a.pages.Render(w, r, web.Page{File: "trend", Title: a.pages.T(r, "entry.trend.title", "what", short(d.Title, 80)), Nav: "record", Data: d})
}
