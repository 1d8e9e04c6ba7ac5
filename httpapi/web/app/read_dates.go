package app

import (
	"net/http"
	"strconv"
	"time"

	"carehold/record/fhir"
	"carehold/record/fhir/speak"
)

// date is a day in words, in the reader's language.
func (a *App) date(r *http.Request, t time.Time) string {
	t = t.Local()
	return a.pages.T(r, "entry.date", "day", t.Day(), "month", a.pages.T(r, "entry.month."+strconv.Itoa(int(t.Month()))), "year", t.Year())
}

// moment is a time of this server's in words.
func (a *App) moment(r *http.Request, t time.Time) string {
	return a.pages.T(r, "entry.moment", "date", a.date(r, t), "time", t.Local().Format("15:04"))
}

// when is a date of FHIR in words, as precise as it was written: what is not known is not
// said.
func (a *App) when(r *http.Request, text string) string {
	d, err := fhir.ParseDateTime(text)
	if err != nil {
		return speak.Clean(text)
	}
	t, _ := d.Interval()
	if d.Precision() > fhir.Day { // the time on the wall of whoever wrote it
		t, _ = time.Parse(time.DateOnly, text[:10])
		return a.pages.T(r, "entry.moment", "date", a.day(r, t, fhir.Day), "time", text[11:16])
	}
	return a.day(r, t, d.Precision())
}

// day is a time in words, as precise as it is said to be, a day at most.
func (a *App) day(r *http.Request, t time.Time, precise fhir.Precision) string {
	month := func() string { return a.pages.T(r, "entry.month."+strconv.Itoa(int(t.Month()))) }
	switch precise {
	case fhir.Year:
		return strconv.Itoa(t.Year())
	case fhir.Month:
		return month() + " " + strconv.Itoa(t.Year())
	}
	return a.pages.T(r, "entry.date", "day", t.Day(), "month", month(), "year", t.Year())
}

// period is a Period in words.
func (a *App) period(r *http.Request, n fhir.Node) string {
	from, to := a.when(r, n.Get("start").Text()), a.when(r, n.Get("end").Text())
	switch {
	case from == "" && to == "":
		return ""
	case to == "":
		return a.pages.T(r, "entry.date.from", "from", from)
	case from == "":
		return a.pages.T(r, "entry.date.to", "to", to)
	case from == to:
		return from
	}
	return a.pages.T(r, "entry.date.both", "from", from, "to", to)
}
