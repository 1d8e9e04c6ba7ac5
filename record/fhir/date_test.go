package fhir_test

import (
	"regexp"
	"testing"
	"time"

	"carehold/record/fhir"
)

// The patterns of FHIR R4 §2.24.0.1.
const (
	year     = `([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)`
	clock    = `([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?`
	zone     = `(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))`
	fullDate = year + `-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])`
)

var patterns = map[string]*regexp.Regexp{
	"date":     regexp.MustCompile(`^` + year + `(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1]))?)?$`),
	"dateTime": regexp.MustCompile(`^` + year + `(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1])(T` + clock + zone + `)?)?)?$`),
	"instant":  regexp.MustCompile(`^` + fullDate + `T` + clock + zone + `$`),
	"time":     regexp.MustCompile(`^` + clock + `$`),
}

var parsers = map[string]func(string) (fhir.Date, error){
	"date": fhir.ParseDate, "dateTime": fhir.ParseDateTime, "instant": fhir.ParseInstant, "time": fhir.ParseTime,
}

func TestDates(t *testing.T) {
	for _, c := range []struct {
		text, kinds string // the kinds that take it
		from, to    string
		prec        fhir.Precision
	}{
		{"1970", "date dateTime", "1970-01-01T00:00:00Z", "1971-01-01T00:00:00Z", fhir.Year},
		{"2024-02", "date dateTime", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z", fhir.Month},
		{"2023-12", "date dateTime", "2023-12-01T00:00:00Z", "2024-01-01T00:00:00Z", fhir.Month},
		{"2024-02-29", "date dateTime", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z", fhir.Day},
		{"2015-02-07T13:28:17Z", "dateTime instant", "2015-02-07T13:28:17Z", "2015-02-07T13:28:18Z", fhir.Second},
		{"2015-02-07T13:28:17.239+02:00", "dateTime instant", "2015-02-07T11:28:17.239Z", "2015-02-07T11:28:17.24Z", fhir.Fraction},
		{"2015-02-07T00:00:00-05:00", "dateTime instant", "2015-02-07T05:00:00Z", "2015-02-07T05:00:01Z", fhir.Second},
		{"2016-12-31T23:59:60Z", "dateTime instant", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z", fhir.Second},
		{"2015-02-07T13:28:17.0000000001Z", "dateTime instant", "2015-02-07T13:28:17Z", "2015-02-07T13:28:17.000000001Z", fhir.Fraction},
		{"9999-12-31", "date dateTime", "9999-12-31T00:00:00Z", "10000-01-01T00:00:00Z", fhir.Day},
		{"13:28:17", "time", "0001-01-01T13:28:17Z", "0001-01-01T13:28:18Z", fhir.Second},
		{"13:28:17.5", "time", "0001-01-01T13:28:17.5Z", "0001-01-01T13:28:17.6Z", fhir.Fraction},
		{"0000", "", "", "", 0}, {"2024-00", "", "", "", 0}, {"2024-13", "", "", "", 0}, {"2024-02-30", "", "", "", 0},
		{"2023-02-29", "", "", "", 0}, {"24", "", "", "", 0}, {"2024-1-1", "", "", "", 0}, {"20240101", "", "", "", 0},
		{"2024-01-01T10:00Z", "", "", "", 0}, {"2024-01-01T10:00:00", "", "", "", 0}, {"2024-01-01T24:00:00Z", "", "", "", 0},
		{"2024-01-01T10:00:00.Z", "", "", "", 0}, {"2024-01-01T10:00:00z", "", "", "", 0}, {"2024-01-01t10:00:00Z", "", "", "", 0},
		{"2024-01-01T10:00:00+14:01", "", "", "", 0}, {"2024-01-01T10:00:61Z", "", "", "", 0}, {" 2024", "", "", "", 0},
		{"2024-01-01 10:00:00Z", "", "", "", 0}, {"13:28", "", "", "", 0}, {"13:28:17Z", "", "", "", 0}, {"", "", "", "", 0},
	} {
		for kind, parse := range parsers {
			d, err := parse(c.text)
			want := regexp.MustCompile(`\b` + kind + `\b`).MatchString(c.kinds)
			if (err == nil) != want {
				t.Errorf("%q as %s: %v", c.text, kind, err)
			}
			if err != nil {
				continue
			}
			from, to := d.Interval()
			if d.String() != c.text || d.Precision() != c.prec || from.Format(time.RFC3339Nano) != c.from || to.Format(time.RFC3339Nano) != c.to {
				t.Errorf("%q as %s: %v %d %v to %v", c.text, kind, d, d.Precision(), from, to)
			}
		}
	}
}

// FuzzDate holds the parsers to the standard's own patterns: what they take
// matches, and what matches they take unless the day is not in the calendar.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"1970", "2024-02", "2024-02-30", "2015-02-07T13:28:17.239+02:00", "2016-12-31T23:59:60Z", "13:28:17.5", "0000-00-00T00:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for kind, parse := range parsers {
			d, err := parse(s)
			matches := patterns[kind].MatchString(s)
			if err == nil && !matches {
				t.Fatalf("%q is not a %s", s, kind)
			}
			if err != nil && matches {
				if _, bad := time.Parse(time.DateOnly, s[:min(10, len(s))]); bad == nil || kind == "time" {
					t.Fatalf("%q is a %s: %v", s, kind, err)
				}
				continue
			}
			if from, to := d.Interval(); err == nil && (d.String() != s || !from.Before(to)) {
				t.Fatalf("%q: %v, %v to %v", s, d, from, to)
			}
		}
	})
}
