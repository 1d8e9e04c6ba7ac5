package chart

import (
	"encoding/xml"
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the pictures in testdata")

func day(text string) (from, to time.Time) {
	from, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return from, from.AddDate(0, 0, 1)
}

func at(date string, value float64) Point {
	from, to := day(date)
	return Point{From: from, To: to, Value: value, Text: fmt.Sprint(value, " on ", date)}
}

func ranged(p Point, low, high float64) Point {
	p.Low, p.High = &low, &high
	return p
}

var months = [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

func chartOf(series ...Series) Chart {
	return Chart{ID: "c", Title: "Potassium, in mmol/L", Desc: "What it says.", Unit: "mmol/L", Months: months, Series: series}
}

// The pictures that a person looked at.
func TestPictures(t *testing.T) {
	high := ranged(at("2021-06-01", 5.9), 3.5, 5.1)
	high.Kind = Above
	limit := at("2022-01-10", 3)
	limit.Comparator = "<"
	year := ranged(at("2023-01-01", 4.8), 3.5, 5.3)
	year.To, year.Partial = year.From.AddDate(1, 0, 0), true
	var many []Point
	for i := range 10_000 {
		p := at("2000-01-01", 4+math.Sin(float64(i)/300)+float64(i%7)/10)
		p.From, p.To = p.From.AddDate(0, 0, i), p.To.AddDate(0, 0, i)
		many = append(many, p)
	}
	for name, c := range map[string]Chart{
		"range": chartOf(Series{[]Point{ranged(at("2021-01-04", 4.1), 3.5, 5.1), high, limit, year}}),
		"one":   chartOf(Series{[]Point{at("2021-01-04", 4.1)}}),
		"equal": chartOf(Series{[]Point{at("2021-01-04", 0), at("2021-03-04", 0)}}),
		"two":   chartOf(Series{[]Point{at("2021-01-04", 142), at("2022-02-04", 136)}}, Series{[]Point{at("2021-01-04", 84), at("2022-02-04", 80)}}),
		"many":  chartOf(Series{many}),
	} {
		d := c.Draw()
		holds(t, name, string(d.SVG))
		file := "testdata/" + name + ".svg"
		if *update {
			if err := os.WriteFile(file, []byte(d.SVG), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != string(d.SVG) {
			t.Errorf("%s is drawn in another way: look at it, then run with -update\n%.2000s", name, d.SVG)
		}
		if d.Thinned != (name == "many") || d.Partial != (name == "range") || d.Band != (name == "range") {
			t.Errorf("%s says of itself: %+v", name, d)
		}
	}
}

var numbers = regexp.MustCompile(`-?\d+(?:\.\d+)?(?:e[-+]?\d+)?`)

// holds that a picture is well formed, and that all of it lies inside.
func holds(t *testing.T, name, svg string) {
	t.Helper()
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") || strings.Contains(svg, "style=") {
		t.Fatalf("%s: %.1000s", name, svg)
	}
	dec := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := dec.Token()
		if tok == nil {
			if err.Error() != "EOF" {
				t.Fatalf("%s: %v", name, err)
			}
			return
		}
		e, is := tok.(xml.StartElement)
		if !is {
			continue
		}
		switch e.Name.Local {
		case "svg", "title", "desc", "g", "text", "path", "rect", "polyline":
		default:
			t.Fatalf("%s has an element %s", name, e.Name.Local)
		}
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "d", "points", "x", "y", "width", "height":
				for _, n := range numbers.FindAllString(a.Value, -1) {
					if v, err := strconv.ParseFloat(n, 64); err != nil || v < 0 || v > width {
						t.Fatalf("%s: %s=%.300q goes outside", name, a.Name.Local, a.Value)
					}
				}
			}
		}
	}
}

// Where values lie says what they are: later is further along, more is higher.
func TestOrder(t *testing.T) {
	d := chartOf(Series{[]Point{at("2021-03-04", 3), at("2020-03-04", 1), at("2022-03-04", 2)}}).Draw()
	m := regexp.MustCompile(`points="([\d.]+),([\d.]+) ([\d.]+),([\d.]+) ([\d.]+),([\d.]+)"`).FindStringSubmatch(string(d.SVG))
	if m == nil {
		t.Fatal("no line")
	}
	var v [7]float64
	for i := 1; i < 7; i++ {
		v[i], _ = strconv.ParseFloat(m[i], 64)
	}
	if !(v[1] < v[3] && v[3] < v[5] && v[2] > v[6] && v[6] > v[4]) {
		t.Errorf("%v", v)
	}
	if gap := v[3] - v[1] - (v[5] - v[3]); math.Abs(gap) > 0.2 { // two years of 365 days
		t.Errorf("time is not to scale: %v", v)
	}
}

// Thinning keeps the first, the last, the lowest and the highest of all.
func TestThinned(t *testing.T) {
	var points []Point
	for i := range 10_000 {
		p := at("2000-01-01", float64(i*7919%1000))
		p.From, p.To = p.From.AddDate(0, 0, i), p.To.AddDate(0, 0, i)
		points = append(points, p)
	}
	points[5000].Value, points[6000].Value, points[0].Value, points[9999].Value = 5000, -5000, 1, 2
	p := &plot{left: 40}
	p.scale([]Series{{points}})
	kept := p.thinned(points)
	if len(kept) > 4*int(width) || kept[0].Value != 1 || kept[len(kept)-1].Value != 2 {
		t.Fatalf("%d are kept", len(kept))
	}
	low, high := 0.0, 0.0
	for _, q := range kept {
		low, high = min(low, q.Value), max(high, q.Value)
	}
	if low != -5000 || high != 5000 {
		t.Errorf("from %v to %v", low, high)
	}
}

// A line does not go through what is only a limit, and no text is markup.
func TestLimitsAndText(t *testing.T) {
	limit := at("2021-06-01", 5)
	limit.Comparator, limit.Text = "<", `<script>"&`
	c := chartOf(Series{[]Point{at("2021-01-01", 6), limit, at("2021-12-01", 7)}})
	c.Title, c.Unit, c.Desc = `<b onload="x">`, `</text><script>`, `]]>`
	svg := string(c.Draw().SVG)
	holds(t, "text", svg)
	if strings.Contains(svg, "<script") || strings.Contains(svg, "<b ") || strings.Contains(svg, "<polyline") {
		t.Error(svg)
	}
	if d := chartOf(Series{}).Draw(); d.SVG != "" {
		t.Error("nothing is drawn as something")
	}
}

func FuzzDraw(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, 4.0, int64(0), int64(86400), "<", "mmol/L")
	f.Add(0.0, 0.0, math.NaN(), math.Inf(1), int64(-62135596800), int64(253402300800), ">=", "<")
	f.Add(1e12, 1e12+0.001, -1e300, 5e-324, int64(1), int64(1), "", strings.Repeat("é", 300))
	f.Add(1e-12, -1e12, 1e308, -1e308, int64(math.MinInt64), int64(math.MaxInt64), "x", "\xff\x00")
	f.Fuzz(func(t *testing.T, a, b, low, high float64, first, span int64, comparator, unit string) {
		from := time.Unix(first, 0).UTC()
		if !strings.Contains("< <= > >=", comparator) {
			comparator = ""
		}
		p := Point{From: from, To: from.Add(time.Duration(span)), Value: a, Low: &low, High: &high, Text: "x", Partial: true}
		q := p
		q.Value, q.Comparator, q.From, q.To = b, comparator, time.Unix(span, 0).UTC(), time.Unix(span, 0).UTC()
		c := chartOf(Series{[]Point{p, q, p}}, Series{[]Point{q}})
		c.Unit = strings.Map(func(r rune) rune { // the catalogue and package speak leave these out
			if r < ' ' || r >= 0xFFFE && r <= 0xFFFF {
				return -1
			}
			return r
		}, strings.ToValidUTF8(unit, ""))
		holds(t, "fuzz", string(c.Draw().SVG))
	})
}
