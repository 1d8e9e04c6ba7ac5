package app

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"carehold/httpapi/web/chart"
	"carehold/record/fhir"
	"carehold/record/fhir/speak"
	"carehold/record/store"
)

// mostCharts is how many charts a page has: a panel of twenty has twenty, and what has more
// is not read as pictures.
const mostCharts = 20

// drawn is a chart on its page: the picture, and what its marks mean.
type drawn struct {
	Title string
	SVG   template.HTML
	Key   []markOf
	Notes []string
}

type markOf struct {
	Mark template.HTML
	Text string
}

// The two numbers of a blood pressure, which are told together.
const systolic, diastolic = "8480-6", "8462-4"

// trace is all of one kind and one unit, in its entries.
type trace struct {
	name, unit string
	code       string // of LOINC, of a component
	component  bool
	points     []chart.Point
}

// gather sorts what the entries of a trend say by what was measured and in which unit:
// two units never share an axis. left is how many values are for the table alone.
func (a *App) gather(r *http.Request, page store.Page) (all []*trace, left int) {
	by := map[string]*trace{}
	put := func(kind, name, code string, component bool, n fhir.Node, at chart.Point, date string) {
		q := n.Get("valueQuantity")
		v, err := strconv.ParseFloat(q.Get("value").Text(), 64)
		if at.From.IsZero() || err != nil || !chart.Fits(v) {
			left++
			return
		}
		unit, same := speak.Or(speak.Clean(q.Get("unit").Text()), speak.Clean(q.Get("code").Text())), q.Get("unit").Text()
		if code := q.Get("code").Text(); code != "" {
			same = q.Get("system").Text() + "|" + code
		}
		id := kind + "\x00" + same
		if by[id] == nil {
			by[id] = &trace{name: name, unit: unit, code: code, component: component}
			all = append(all, by[id])
		}
		at.Value, at.Comparator, at.Kind = v, comparatorOf(q), shapeOf(n)
		if at.Text = speak.Quantity(q); date != "" {
			at.Text = a.pages.T(r, "show.trend.point", "value", at.Text, "date", date)
		}
		at.Low, at.High = rangeOf(n, q)
		by[id].points = append(by[id].points, at)
	}
	for i := range page.Entries {
		res, err := fhir.Parse(page.Entries[i].Entry.Body, fhir.Limits{})
		if err != nil {
			left++
			continue
		}
		root := res.Root()
		if root.Get("status").Text() == "entered-in-error" { // no list of a trend has one
			continue
		}
		at, date := spanOf(root), ""
		for _, name := range dates {
			if date = a.dateOf(r, root, name); date != "" {
				break
			}
		}
		components := root.Get("component")
		if root.Get("valueQuantity").Valid() || !components.Valid() {
			put("", "", "", false, root, at, date)
		}
		for c := range components.All() {
			put(speak.Same(c.Get("code")), speak.Concept(c.Get("code")), speak.Code(c.Get("code"), speak.LOINC), true, c, at, date)
		}
	}
	return all, left
}

// charts are the pictures of a trend.
func (a *App) charts(r *http.Request, title string, page store.Page) (list []drawn, left, cut int) {
	all, left := a.gather(r, page)
	var months [12]string
	for i := range months {
		months[i] = a.pages.T(r, "show.month."+strconv.Itoa(i+1))
	}
	used := map[*trace]bool{}
	for i, m := range all {
		if used[m] {
			continue
		}
		if len(list) == mostCharts {
			cut++
			continue
		}
		lines := []*trace{m}
		if other := map[string]string{systolic: diastolic, diastolic: systolic}[m.code]; other != "" && m.component {
			for _, x := range all[i+1:] {
				if x.component && x.code == other && x.unit == m.unit {
					if lines = append(lines, x); x.code == systolic {
						slices.Reverse(lines)
					}
					break
				}
			}
		}
		for _, x := range lines {
			used[x] = true
		}
		list = append(list, a.draw(r, "chart-"+strconv.Itoa(len(list)+1), title, months, lines))
	}
	return list, left, cut
}

func (a *App) draw(r *http.Request, id, title string, months [12]string, lines []*trace) drawn {
	t := func(key string, pairs ...any) string { return a.pages.T(r, "show.trend."+key, pairs...) }
	unit := speak.Or(lines[0].unit, t("nounit"))
	d := drawn{Title: t("title", "what", speak.Or(lines[0].name, title), "unit", unit)}
	c := chart.Chart{ID: id, Unit: unit, Months: months}
	for i, m := range lines {
		if len(lines) == 2 {
			m.name = t([]string{"systolic", "diastolic"}[i])
			d.Title = t("title", "what", title, "unit", unit)
		}
		if i > 0 {
			c.Desc += " "
		}
		c.Desc += a.told(r, m, len(lines) == 2)
		c.Series = append(c.Series, chart.Series{Points: m.points})
	}
	c.Title = d.Title
	p := c.Draw()
	d.SVG = p.SVG
	for _, k := range []chart.Kind{chart.Plain, chart.Second, chart.Above, chart.Below, chart.Marked, chart.Limit} {
		switch {
		case !slices.Contains(p.Kinds, k):
		case k == chart.Plain && len(lines) == 2:
			d.Key = append(d.Key, markOf{chart.Key(k), lines[0].name})
		case k == chart.Second:
			d.Key = append(d.Key, markOf{chart.Key(k), lines[1].name})
		default:
			d.Key = append(d.Key, markOf{chart.Key(k), t("key." + string(k))})
		}
	}
	for _, n := range []struct {
		is  bool
		key string
	}{{p.Band, "band"}, {p.Partial, "partial"}, {p.Thinned, "thinned"}} {
		if n.is {
			d.Notes = append(d.Notes, t(n.key))
		}
	}
	return d
}

// told is a line in words: how many, the first, the last, the lowest and the highest. A
// value that is only a limit is told as that.
func (a *App) told(r *http.Request, m *trace, named bool) string {
	byTime := func(a, b chart.Point) int { return a.From.Compare(b.From) }
	byValue := func(a, b chart.Point) int { return cmp.Compare(a.Value, b.Value) }
	text := a.pages.TN(r, "show.trend.desc", len(m.points), "first", slices.MinFunc(m.points, byTime).Text, "last", slices.MaxFunc(m.points, byTime).Text,
		"low", slices.MinFunc(m.points, byValue).Text, "high", slices.MaxFunc(m.points, byValue).Text)
	if named {
		return a.pages.T(r, "show.trend.line", "name", m.name, "text", text)
	}
	return text
}

func comparatorOf(q fhir.Node) string {
	switch c := q.Get("comparator").Text(); c {
	case "<", "<=", ">", ">=":
		return c
	}
	return ""
}

// shapeOf is what the laboratory says of a value, else what its one range does.
func shapeOf(n fhir.Node) chart.Kind {
	for i := range n.Get("interpretation").All() {
		switch speak.Code(i, "") {
		case "H", "HH", "HU":
			return chart.Above
		case "L", "LL", "LU":
			return chart.Below
		case "A", "AA":
			return chart.Marked
		}
	}
	switch speak.Outside(n) {
	case "Above range":
		return chart.Above
	case "Below range":
		return chart.Below
	}
	return chart.Plain
}

// rangeOf is the one range of a value that is for everyone and in the value's own unit.
func rangeOf(n, q fhir.Node) (low, high *float64) {
	r, count := speak.First(n.Get("referenceRange")), 0
	for range n.Get("referenceRange").All() {
		count++
	}
	if count != 1 || r.Get("appliesTo").Valid() || r.Get("age").Valid() || r.Get("type").Valid() {
		return nil, nil
	}
	end := func(name string) *float64 {
		x := r.Get(name)
		v, err := strconv.ParseFloat(x.Get("value").Text(), 64)
		if err != nil || x.Get("unit").Text() != q.Get("unit").Text() || x.Get("code").Text() != q.Get("code").Text() {
			return nil
		}
		return &v
	}
	return end("low"), end("high")
}

// spanOf is the time that the date of an entry covers; zero for none that can be drawn.
func spanOf(root fhir.Node) (p chart.Point) {
	span := func(text string) (from, to time.Time) {
		if d, err := fhir.ParseDateTime(text); err == nil {
			from, to = d.Interval()
		}
		return from, to
	}
	for _, name := range []string{"effectiveDateTime", "effectiveInstant", "effectivePeriod", "issued"} {
		n := root.Get(name)
		switch n.Kind() {
		case '"':
			p.From, p.To = span(n.Text())
		case '{':
			start, end := speak.Or(n.Get("start").Text(), n.Get("end").Text()), speak.Or(n.Get("end").Text(), n.Get("start").Text())
			p.From, _ = span(start)
			_, p.To = span(end)
		}
		if !p.From.IsZero() && !p.To.Before(p.From) {
			p.Partial = p.To.Sub(p.From) > 36*time.Hour // more than a day
			return p
		}
	}
	return chart.Point{}
}
