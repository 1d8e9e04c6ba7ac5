package search

import (
	"strings"
	"time"

	"carehold/record/fhir"
)

// dates follows the table of FHIR R4 §3.1.1.4.7.
func (w *writer) dates(v found) {
	switch v.of.typ {
	case "Period":
		if d, ok := period(v.node); ok {
			w.date(d)
		}
	case "Timing":
		w.date(timing(v.node))
	case "date", "dateTime", "instant":
		if d, ok := readDate(v.node.Text()); ok {
			if v.of.typ == "instant" { // "an interval with an effective width of 0"
				d.To = d.From + 1
			}
			w.date(d)
		}
	}
}

// period is what lies between start and end; the end is included (FHIR R4
// §2.24.0.12): "If the end of the period is 2012-02-03, it includes any time on
// that day".
func period(n fhir.Node) (d Date, ok bool) {
	d = Date{From: MinTime, To: MaxTime}
	if start, is := readDate(n.Get("start").Text()); is {
		d.From, ok = start.From, true
	}
	if end, is := readDate(n.Get("end").Text()); is {
		d.To, ok = end.To, true
	}
	return d, ok && d.From < d.To
}

// timing is the outer limits: "the specified scheduling details are ignored". One
// that says none may be at any time.
func timing(n fhir.Node) Date {
	d := Date{From: MaxTime, To: MinTime}
	each(n.Get("event"), func(e fhir.Node) bool {
		if at, ok := readDate(e.Text()); ok {
			d.From, d.To = min(d.From, at.From), max(d.To, at.To)
		}
		return true
	})
	if bounds, ok := period(n.Get("repeat").Get("boundsPeriod")); ok {
		d.From, d.To = min(d.From, bounds.From), max(d.To, bounds.To)
	}
	if d.From >= d.To {
		return Date{From: MinTime, To: MaxTime}
	}
	return d
}

func readDate(s string) (Date, bool) {
	at, err := fhir.ParseDateTime(s)
	if err != nil {
		return Date{}, false
	}
	from, to := at.Interval()
	return Date{
		From:      from.UnixMilli(),
		To:        to.Add(time.Millisecond - 1).UnixMilli(), // what begins within a millisecond has all of it
		Precision: at.Precision(),
	}, true
}

// ParseDate gives the time that a date or dateTime of a search covers. Hours and
// minutes suffice there, and without a time zone it is UTC (FHIR R4 §3.1.1.4.7: the
// server's own).
func ParseDate(s string) (Date, bool) {
	day, clock, ok := strings.Cut(s, "T")
	if !ok {
		return readDate(s)
	}
	zone := "Z"
	if i := strings.IndexAny(clock, "Z+-"); i >= 0 {
		clock, zone = clock[:i], clock[i:]
	}
	if len(clock) != len("hh:mm") {
		return readDate(day + "T" + clock + zone)
	}
	d, ok := readDate(day + "T" + clock + ":00" + zone)
	if ok {
		d.To = d.From + time.Minute.Milliseconds()
	}
	return d, ok
}
