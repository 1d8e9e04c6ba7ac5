package app

import (
	"net/http"
	"strconv"
	"time"
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
