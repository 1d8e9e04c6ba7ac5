package speak

import (
	"time"

	"carehold/record/fhir"
)

// Date is when something was: the words for it, as precise as it was written, and a
// time to sort by, zero when there is none.
type Date struct {
	Text string
	At   time.Time // when it begins
	End  time.Time // when it is over; of a point in time its own end
}

// The order day, month in letters, year cannot be misread: NHS Common User Interface,
// "Date and time display".
const dayLayout = "02-Jan-2006"

// When reads a date, dateTime or instant. A clock time is shown as it was written
// there, without seconds: it is the time on the wall of whoever wrote it.
func When(s string) Date {
	d, err := fhir.ParseDateTime(s)
	if err != nil {
		return Date{Text: Clean(s)}
	}
	from, to := d.Interval()
	out := Date{At: from, End: to}
	switch d.Precision() {
	case fhir.Year:
		out.Text = from.Format("2006")
	case fhir.Month:
		out.Text = from.Format("Jan-2006")
	case fhir.Day:
		out.Text = from.Format(dayLayout)
	default:
		day, _ := time.Parse(time.DateOnly, s[:10])
		out.Text = day.Format(dayLayout) + " " + s[11:16]
		if s[len(s)-1] == 'Z' {
			out.Text += " UTC"
		}
	}
	return out
}

// Period reads a Period.
func Period(n fhir.Node) Date {
	from, to := n.Get("start"), n.Get("end")
	a, z := When(from.Text()), When(to.Text())
	switch {
	case from.Valid() && to.Valid():
		return Date{a.Text + " to " + z.Text, a.At, z.End}
	case from.Valid():
		return Date{Text: "from " + a.Text, At: a.At}
	case to.Valid():
		return Date{Text: "until " + z.Text, At: z.At, End: z.End}
	}
	return Date{}
}

// Choice reads one of the types a "when" can have: onset[x], performed[x] …
func Choice(n fhir.Node, name string) Date {
	for _, suffix := range []string{"DateTime", "Date", "Instant"} {
		if v := n.Get(name + suffix); v.Valid() {
			return When(v.Text())
		}
	}
	if v := n.Get(name + "Period"); v.Valid() {
		return Period(v)
	}
	if v := n.Get(name + "Age"); v.Valid() {
		return Date{Text: "aged " + Age(v)}
	}
	if v := n.Get(name + "Range"); v.Valid() {
		return Date{Text: Range(v)}
	}
	if v := n.Get(name + "String"); v.Valid() {
		return Date{Text: Clean(v.Text())}
	}
	if v := n.Get(name + "Timing"); v.Valid() {
		if d := When(First(v.Get("event")).Text()); d.Text != "" {
			return d
		}
		return Period(v.Get("repeat").Get("boundsPeriod"))
	}
	return Date{}
}

// First is the first value of an array.
func First(n fhir.Node) fhir.Node {
	for v := range n.All() {
		return v
	}
	return fhir.Node{}
}

// FirstDate is the first of dates that says something.
func FirstDate(dates ...Date) Date {
	for _, d := range dates {
		if d.Text != "" {
			return d
		}
	}
	return Date{}
}
