package chart

import (
	"cmp"
	"html"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is the shape of a point.
type Kind string

const (
	Plain  Kind = "plain"
	Above  Kind = "above"  // the range
	Below  Kind = "below"  // the range
	Marked Kind = "marked" // as unusual, by who measured it
	Second Kind = "second" // plain, of a second line
	Limit  Kind = "limit"  // only a limit is known
)

// Point is one value.
type Point struct {
	From, To   time.Time // what its date covers
	Partial    bool      // only a month or a year is known
	Value      float64
	Comparator string // <, <=, >, >= of a limit
	Kind       Kind   // Plain, Above, Below or Marked; "" is Plain
	Low, High  *float64
	Text       string // the whole of it in words, for who points at it
}

// Series is a line.
type Series struct{ Points []Point }

// Chart is what is measured in one unit.
type Chart struct {
	ID          string // of this chart in its page
	Title, Desc string
	Unit        string
	Months      [12]string // their short names
	Series      []Series   // one or two
}

// Drawing is a chart that is drawn.
type Drawing struct {
	SVG     template.HTML
	Kinds   []Kind // that are in it, for a key
	Band    bool
	Partial bool
	Thinned bool
}

// Most is how many points a line has before it is thinned.
const Most = 400

// The picture, in its own units: text of 17 is legible where 480 are as wide as a phone.
const (
	width, height      = 480.0, 270.0
	top, right, bottom = 36.0, 18.0, 40.0
	letter             = 9.5 // about as wide as a digit
)

// Fits reports whether a number can be drawn beside others.
func Fits(v float64) bool { return math.Abs(v) <= 1e12 && (v == 0 || math.Abs(v) >= 1e-12) }

// plot is where values lie in the picture.
type plot struct {
	left, low, high float64
	from, to        float64 // seconds
	marks           []string
	d               Drawing
	b               strings.Builder
}

func (p *plot) x(t float64) float64 {
	return p.left + (t-p.from)/(p.to-p.from)*(width-right-p.left)
}

func (p *plot) y(v float64) float64 {
	v = min(max(v, p.low), p.high)
	return height - bottom - (v-p.low)/(p.high-p.low)*(height-bottom-top)
}

func middle(q Point) float64 { return (float64(q.From.Unix()) + float64(q.To.Unix())) / 2 }

// Draw draws it; "" where no point fits.
func (c Chart) Draw() Drawing {
	p := &plot{}
	if c.Series = c.drawable(); !p.scale(c.Series) {
		return Drawing{}
	}
	ys := axis(p.low, p.high)
	p.low, p.high = min(p.low, ys[0].at), max(p.high, ys[len(ys)-1].at)
	long := 0
	for _, t := range ys {
		long = max(long, len(t.label))
	}
	p.left = max(40, 14+letter*float64(long))
	p.say(`<svg class="chart" viewBox="0 0 480 270" role="img" direction="ltr" font-size="17" aria-labelledby="`, c.ID, `-t `, c.ID, `-d"><title id="`, c.ID, `-t">`, html.EscapeString(c.Title),
		`</title><desc id="`, c.ID, `-d">`, html.EscapeString(c.Desc), `</desc>`)
	for i, s := range c.Series {
		p.bands(s.Points, i)
	}
	p.axes(c, ys)
	for i, s := range c.Series {
		p.series(s.Points, i)
	}
	for _, m := range p.marks { // above all lines
		p.b.WriteString(m)
	}
	p.say("</svg>\n")
	p.d.SVG = template.HTML(p.b.String())
	return p.d
}

// drawable are the points that fit, the oldest first.
func (c Chart) drawable() (list []Series) {
	for _, s := range c.Series {
		s.Points = slices.DeleteFunc(slices.Clone(s.Points), func(q Point) bool {
			return !Fits(q.Value) || q.To.Before(q.From) || q.From.Year() < 1 || q.To.Year() > 10_000
		})
		slices.SortStableFunc(s.Points, func(a, b Point) int { return cmp.Compare(middle(a), middle(b)) })
		list = append(list, s)
	}
	return list
}

// scale finds the ends of both axes; false for no points.
func (p *plot) scale(list []Series) bool {
	p.low, p.high, p.from, p.to = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	first, last := p.from, p.to
	for _, s := range list {
		for _, q := range s.Points {
			p.low, p.high = min(p.low, q.Value), max(p.high, q.Value)
			p.from, p.to = min(p.from, float64(q.From.Unix())), max(p.to, float64(q.To.Unix()))
			first, last = min(first, middle(q)), max(last, middle(q))
		}
	}
	if math.IsInf(p.low, 0) {
		return false
	}
	if first == last { // one moment, in the middle
		pad := max(p.to-p.from, 12*3600)
		p.from, p.to = p.from-pad, p.to+pad
	}
	// A range widens the axis, unless that would make the values a flat line.
	low, high, most := p.low, p.high, 4*(p.high-p.low)
	for _, s := range list {
		for _, q := range s.Points {
			for _, end := range []*float64{q.Low, q.High} {
				if end != nil && Fits(*end) && (most == 0 || *end >= p.low-most && *end <= p.high+most) {
					low, high = min(low, *end), max(high, *end)
				}
			}
		}
	}
	// Equal values get a tenth around them: nothing that differs by a millionth looks as if it
	// had leapt.
	most = max(math.Abs(low), math.Abs(high))
	if most == 0 {
		most = 10
	}
	if high == low {
		low, high = low-most/10, high+most/10
	} else if high-low < most/1e4 {
		low, high = low-most/1e4, high+most/1e4
	}
	for _, s := range list { // room for the arrow of a limit
		for _, q := range s.Points {
			switch room := (high - low) / 9; {
			case strings.HasPrefix(q.Comparator, "<") && q.Value-room < low:
				low -= room
			case strings.HasPrefix(q.Comparator, ">") && q.Value+room > high:
				high += room
			}
		}
	}
	p.low, p.high = low, high
	return true
}

func (p *plot) say(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
	}
}

func num(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
