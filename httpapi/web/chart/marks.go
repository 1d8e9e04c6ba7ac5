package chart

import (
	"html"
	"html/template"
	"slices"
	"strings"
)

// bands draws the ranges that came with the points of a line: each from half way to the
// point before it to half way to the one after.
func (p *plot) bands(points []Point, line int) {
	same := func(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }
	for i := 0; i < len(points); {
		a, j := points[i], i+1
		for j < len(points) && same(points[j].Low, a.Low) && same(points[j].High, a.High) {
			j++
		}
		from, to := p.from, p.to
		if i > 0 {
			from = (middle(points[i-1]) + middle(a)) / 2
		}
		if j < len(points) {
			to = (middle(points[j-1]) + middle(points[j])) / 2
		}
		i = j
		low, high := p.low, p.high
		if a.Low != nil && Fits(*a.Low) {
			low = *a.Low
		}
		if a.High != nil && Fits(*a.High) {
			high = *a.High
		}
		if a.Low == nil && a.High == nil || low > high || low > p.high || high < p.low {
			continue
		}
		p.d.Band = true
		p.say(`<rect class="band`, nth(line), `" x="`, num(p.x(from)), `" y="`, num(p.y(high)), `" width="`, num(p.x(to)-p.x(from)), `" height="`, num(p.y(low)-p.y(high)), `" fill="#767676" fill-opacity="0.2"/>`)
	}
}

// nth is the class of a second line.
func nth(line int) string {
	if line == 0 {
		return ""
	}
	return " two"
}

// series draws a line, and keeps its marks for later.
func (p *plot) series(points []Point, line int) {
	thin := len(points) > Most
	if thin {
		points = p.thinned(points)
		p.d.Thinned = true
	}
	var run []string
	end := func() {
		if len(run) > 1 {
			dash := ""
			if line > 0 {
				dash = ` stroke-dasharray="6 4"`
			}
			p.say(`<polyline class="trace`, nth(line), `" fill="none" stroke="currentColor" stroke-width="2"`, dash, ` points="`, strings.Join(run, " "), `"/>`)
		}
		run = run[:0]
	}
	for _, q := range points {
		x, y := p.x(middle(q)), p.y(q.Value)
		kind := q.Kind
		switch {
		case q.Comparator != "":
			kind = Limit
		case (kind == Plain || kind == "") && line > 0:
			kind = Second
		case kind == "":
			kind = Plain
		}
		if kind == Limit {
			end()
		} else {
			run = append(run, num(x)+","+num(y))
		}
		if q.Partial {
			p.d.Partial = true
			p.marks = append(p.marks, `<path class="span`+nth(line)+`" stroke="currentColor" stroke-width="2" d="M`+num(p.x(float64(q.From.Unix())))+` `+num(y)+`H`+num(p.x(float64(q.To.Unix())))+`"/>`)
		}
		if thin && (kind == Plain || kind == Second) {
			continue
		}
		if !slices.Contains(p.d.Kinds, kind) {
			p.d.Kinds = append(p.d.Kinds, kind)
		}
		p.marks = append(p.marks, mark(kind, q.Comparator, x, y, q.Text))
	}
	end()
}

// thinned keeps of each column of the picture the first, the lowest, the highest and the
// last point, and what is only a limit where it is one of them.
func (p *plot) thinned(points []Point) (list []Point) {
	column := func(i int) int { return int(p.x(middle(points[i]))) }
	for i := 0; i < len(points); {
		j, low, high := i, i, i
		for ; j < len(points) && column(j) == column(i); j++ {
			if points[j].Value < points[low].Value {
				low = j
			}
			if points[j].Value > points[high].Value {
				high = j
			}
		}
		keep := []int{i, low, high, j - 1}
		slices.Sort(keep)
		for _, k := range slices.Compact(keep) {
			list = append(list, points[k])
		}
		i = j
	}
	return list
}

// mark is the shape of a point.
func mark(kind Kind, comparator string, x, y float64, text string) string {
	at := func(dx, dy float64) string { return num(x+dx) + " " + num(y+dy) }
	d, paint := "", `fill="currentColor"`
	switch kind {
	case Above:
		d = "M" + at(0, -8) + "L" + at(7, 5) + "L" + at(-7, 5) + "Z"
	case Below:
		d = "M" + at(0, 8) + "L" + at(7, -5) + "L" + at(-7, -5) + "Z"
	case Marked:
		d = "M" + at(-5, -5) + "H" + num(x+5) + "V" + num(y+5) + "H" + num(x-5) + "Z"
	case Second:
		d = "M" + at(0, -6) + "L" + at(6, 0) + "L" + at(0, 6) + "L" + at(-6, 0) + "Z"
	case Limit:
		paint = `fill="none" stroke="currentColor" stroke-width="2"`
		d = "M" + at(-5, 0) + "A5 5 0 1 0 " + at(5, 0) + "A5 5 0 1 0 " + at(-5, 0) + "Z"
		if strings.HasPrefix(comparator, ">") {
			d += "M" + at(0, -6) + "V" + num(y-16) + "M" + at(-4, -12) + "L" + at(0, -16) + "L" + at(4, -12)
		} else {
			d += "M" + at(0, 6) + "V" + num(y+16) + "M" + at(-4, 12) + "L" + at(0, 16) + "L" + at(4, 12)
		}
	default:
		d = "M" + at(-5, 0) + "A5 5 0 1 0 " + at(5, 0) + "A5 5 0 1 0 " + at(-5, 0) + "Z"
	}
	if text != "" {
		text = "<title>" + html.EscapeString(text) + "</title>"
	}
	return `<path class="mark ` + string(kind) + `" ` + paint + ` d="` + d + `">` + text + `</path>`
}

// Key is a mark alone, for a line of words that says what it means. What it shows is in
// those words, so nothing reads it out.
func Key(kind Kind) template.HTML {
	return template.HTML(`<svg class="chart key" viewBox="6 5 28 28" width="24" height="24" aria-hidden="true">` + mark(kind, "<", 20, 16, "") + `</svg>`)
}
