package chart

import (
	"html"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// tick is a value on an axis.
type tick struct {
	at    float64
	label string
}

// axis are round numbers from at most low to at least high: three to seven of them.
func axis(low, high float64) (list []tick) {
	rough := (high - low) / 4
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * power
	for _, n := range []float64{1, 2, 5} {
		if n*power >= rough*0.999 {
			step = n * power
			break
		}
	}
	places := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	for i := math.Floor(low/step + 1e-9); len(list) < 9; i++ {
		label := strconv.FormatFloat(i*step, 'f', places, 64)
		if places > 6 {
			label = strconv.FormatFloat(i*step, 'g', 5, 64)
		}
		if i == 0 {
			label = "0"
		}
		list = append(list, tick{i * step, label})
		if i*step >= high-step*1e-6 {
			break
		}
	}
	return list
}

// times are at most four round dates within the axis, as days, months or years; where it
// is too short for two, its ends.
func times(from, to float64, months [12]string) []tick {
	start := time.Unix(int64(from), 0).UTC()
	day := func(t time.Time) string {
		return strconv.Itoa(t.Day()) + " " + months[t.Month()-1] + " " + strconv.Itoa(t.Year())
	}
	month := func(t time.Time) string { return months[t.Month()-1] + " " + strconv.Itoa(t.Year()) }
	year := func(t time.Time) string { return strconv.Itoa(t.Year()) }
	every := func(first time.Time, y, m, d int, label func(time.Time) string) (list []tick) {
		for t := first; float64(t.Unix()) <= to && len(list) < 5; t = t.AddDate(y, m, d) {
			if float64(t.Unix()) >= from {
				list = append(list, tick{float64(t.Unix()), label(t)})
			}
		}
		return list
	}
	midnight := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	for _, n := range []int{1, 2, 7, 14} {
		if list := every(midnight, 0, 0, n, day); len(list) >= 2 && len(list) <= 4 {
			return list
		}
	}
	for _, n := range []int{1, 3, 6} {
		if list := every(time.Date(start.Year(), 1, 1, 0, 0, 0, 0, time.UTC), 0, n, 0, month); len(list) >= 2 && len(list) <= 4 {
			return list
		}
	}
	for _, n := range []int{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000} {
		if list := every(time.Date(start.Year()/n*n, 1, 1, 0, 0, 0, 0, time.UTC), n, 0, 0, year); len(list) >= 2 && len(list) <= 4 {
			return list
		}
	}
	return []tick{{(from + to) / 2, day(time.Unix(int64((from+to)/2), 0).UTC())}}
}

// axes draws both, with the unit over the upright one.
func (p *plot) axes(c Chart, ys []tick) {
	unit := []rune(c.Unit)
	if len(unit) > 40 {
		unit = append(unit[:40:40], '…')
	}
	p.say(`<text class="unit" x="4" y="19">`, html.EscapeString(string(unit)), `</text><g class="grid" stroke="#767676" stroke-opacity="0.4">`)
	for _, t := range ys {
		y := num(p.y(t.at))
		p.say(`<path d="M`, num(p.left), ` `, y, `H`, num(width-right), `"/>`)
	}
	p.say(`</g><g class="label" text-anchor="end">`)
	for _, t := range ys {
		p.say(`<text x="`, num(p.left-7), `" y="`, num(p.y(t.at)+6), `">`, t.label, `</text>`)
	}
	p.say(`</g><g class="label" text-anchor="middle">`)
	end, notches := 0.0, ""
	for _, t := range times(p.from, p.to, c.Months) {
		half := letter * float64(utf8.RuneCountInString(t.label)) / 2
		x := min(max(p.x(t.at), half), width-half)
		if x-half < end { // no room beside the one before
			continue
		}
		end = x + half + letter
		notches += "M" + num(p.x(t.at)) + " " + num(height-bottom) + "v6"
		p.say(`<text x="`, num(x), `" y="`, num(height-10), `">`, html.EscapeString(t.label), `</text>`)
	}
	p.say(`</g><path class="notch" stroke="#767676" d="`, notches, `"/>`)
}
