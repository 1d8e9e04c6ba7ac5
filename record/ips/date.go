package ips

import (
	"time"

	"carehold/record/fhir"
)

// date is when something was: the words for it, as precise as it was written, and a
// time to sort by, zero when there is none.
type date struct {
	text string
	at   time.Time // when it begins
	end  time.Time // when it is over; of a point in time its own end
}

// The order day, month in letters, year cannot be misread: NHS Common User Interface,
// "Date and time display".
const dayLayout = "02-Jan-2006"

// sayDate reads a date, dateTime or instant. A clock time is shown as it was written
// there, without seconds: it is the time on the wall of whoever wrote it.
func sayDate(s string) date {
	d, err := fhir.ParseDateTime(s)
	if err != nil {
		return date{text: clean(s)}
	}
	from, to := d.Interval()
	out := date{at: from, end: to}
	switch d.Precision() {
	case fhir.Year:
		out.text = from.Format("2006")
	case fhir.Month:
		out.text = from.Format("Jan-2006")
	case fhir.Day:
		out.text = from.Format(dayLayout)
	default:
		day, _ := time.Parse(time.DateOnly, s[:10])
		out.text = day.Format(dayLayout) + " " + s[11:16]
		if s[len(s)-1] == 'Z' {
			out.text += " UTC"
		}
	}
	return out
}

// sayPeriod reads a Period.
func sayPeriod(n fhir.Node) date {
	from, to := n.Get("start"), n.Get("end")
	a, z := sayDate(from.Text()), sayDate(to.Text())
	switch {
	case from.Valid() && to.Valid():
		return date{a.text + " to " + z.text, a.at, z.end}
	case from.Valid():
		return date{text: "from " + a.text, at: a.at}
	case to.Valid():
		return date{text: "until " + z.text, at: z.at, end: z.end}
	}
	return date{}
}

// choice reads one of the types a "when" can have: onset[x], performed[x] …
func choice(n fhir.Node, name string) date {
	for _, suffix := range []string{"DateTime", "Date", "Instant"} {
		if v := n.Get(name + suffix); v.Valid() {
			return sayDate(v.Text())
		}
	}
	if v := n.Get(name + "Period"); v.Valid() {
		return sayPeriod(v)
	}
	if v := n.Get(name + "Age"); v.Valid() {
		return date{text: "aged " + sayAge(v)}
	}
	if v := n.Get(name + "Range"); v.Valid() {
		return date{text: sayRange(v)}
	}
	if v := n.Get(name + "String"); v.Valid() {
		return date{text: clean(v.Text())}
	}
	if v := n.Get(name + "Timing"); v.Valid() {
		if d := sayDate(first(v.Get("event")).Text()); d.text != "" {
			return d
		}
		return sayPeriod(v.Get("repeat").Get("boundsPeriod"))
	}
	return date{}
}

// first is the first value of an array.
func first(n fhir.Node) fhir.Node {
	for v := range n.All() {
		return v
	}
	return fhir.Node{}
}

// firstDate is the first of dates that says something.
func firstDate(dates ...date) date {
	for _, d := range dates {
		if d.text != "" {
			return d
		}
	}
	return date{}
}
