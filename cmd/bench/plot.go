package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"slices"
)

// plot is a line chart with both axes logarithmic: what costs twice as much for
// twice the size is a straight line.
type plot struct {
	title, x, y string // axes with their units
	series      []series
}

type series struct {
	name   string
	points [][2]float64
}

const (
	plotWidth, plotHeight = 640, 360
	left, right           = 70, 150
	top, bottom           = 40, 54
)

// Colours that can be told apart by people who do not see red and green, on white
// and on black. A viewer's dark mode is asked inside the picture itself.
const style = `<style>
text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:15px}
.grid{stroke:#d0d7de}.axis{stroke:#57606a}path{fill:none;stroke-width:2}
.s0{--c:#0072b2}.s1{--c:#c04d00}.s2{--c:#007a5a}.s3{--c:#a3407f}.s4{--c:#6d5a00}
path,circle{stroke:var(--c)}circle,.name{fill:var(--c)}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#30363d}.axis{stroke:#8b949e}
.s0{--c:#56b4e9}.s1{--c:#f0a03c}.s2{--c:#2ec99a}.s3{--c:#e08fc0}.s4{--c:#d8c94a}}
</style>
`

func (p plot) svg() []byte {
	var xs, ys []float64
	for _, s := range p.series {
		for _, pt := range s.points {
			xs, ys = append(xs, pt[0]), append(ys, pt[1])
		}
	}
	x := axis{decades(xs), left, plotWidth - right}
	y := axis{decades(ys), plotHeight - bottom, top}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img">`+"\n<title>%s</title>\n%s",
		plotWidth, plotHeight, html.EscapeString(p.title), style)
	text := func(class, anchor string, x, y float64, s string) {
		fmt.Fprintf(&b, `<text class="%s" text-anchor="%s" x="%.1f" y="%.1f">%s</text>`+"\n", class, anchor, x, y, html.EscapeString(s))
	}
	line := func(class string, x1, y1, x2, y2 float64) {
		fmt.Fprintf(&b, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, x1, y1, x2, y2)
	}
	text("title", "start", left, 22, p.title)
	for _, v := range x.ticks() {
		line("grid", x.at(v), y.from, x.at(v), y.to)
		text("", "middle", x.at(v), y.from+20, short10(v))
	}
	for _, v := range y.ticks() {
		line("grid", x.from, y.at(v), x.to, y.at(v))
		text("", "end", x.from-8, y.at(v)+4, short10(v))
	}
	line("axis", x.from, y.from, x.to, y.from)
	line("axis", x.from, y.from, x.from, y.to)
	text("", "middle", (x.from+x.to)/2, plotHeight-10, p.x)
	fmt.Fprintf(&b, `<text text-anchor="middle" transform="translate(18 %.1f) rotate(-90)">%s</text>`+"\n", (y.from+y.to)/2, html.EscapeString(p.y))
	names := p.labels(y)
	for i, s := range p.series {
		fmt.Fprintf(&b, `<g class="s%d"><path d="`, i%5)
		for j, pt := range s.points {
			fmt.Fprintf(&b, "%s%.1f %.1f", map[bool]string{true: "M", false: "L"}[j == 0], x.at(pt[0]), y.at(pt[1]))
		}
		b.WriteString("\"/>\n")
		for _, pt := range s.points {
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3"/>`, x.at(pt[0]), y.at(pt[1]))
		}
		text("name", "start", x.to+8, names[i]+4, s.name)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// labels are the heights of the series' names: at their last point, and moved
// apart where those are close.
func (p plot) labels(y axis) []float64 {
	heights := make([]float64, len(p.series))
	order := make([]int, len(p.series))
	for i, s := range p.series {
		order[i], heights[i] = i, y.at(s.points[len(s.points)-1][1])
	}
	slices.SortFunc(order, func(a, b int) int { return int(heights[a] - heights[b]) })
	for i := 1; i < len(order); i++ {
		heights[order[i]] = max(heights[order[i]], heights[order[i-1]]+16)
	}
	return heights
}

// axis places values between two ends, by their logarithm.
type axis struct {
	decades  [2]float64
	from, to float64
}

func decades(v []float64) [2]float64 {
	lo, hi := math.Floor(math.Log10(slices.Min(v))+1e-9), math.Ceil(math.Log10(slices.Max(v))-1e-9)
	return [2]float64{lo, max(hi, lo+1)}
}

func (a axis) at(v float64) float64 {
	return a.from + (math.Log10(v)-a.decades[0])/(a.decades[1]-a.decades[0])*(a.to-a.from)
}

func (a axis) ticks() (list []float64) {
	for e := a.decades[0]; e <= a.decades[1]; e++ {
		list = append(list, math.Pow(10, e))
	}
	return list
}

func short10(v float64) string {
	if v >= 1 {
		return thousands(v)
	}
	return fmt.Sprintf("%.4g", v)
}
