package fhir

import (
	"strings"
	"time"

	"carehold/record"
)

// Precision is how much of a date is given.
type Precision uint8

const (
	Year Precision = iota + 1
	Month
	Day
	Second
	Fraction // of a second
)

// Date is a FHIR date, dateTime, instant or time. It keeps its text, and with it
// its precision: 1970 is a year, not the first of January.
type Date struct {
	text  string
	from  time.Time
	width time.Duration // of a Second or Fraction
	prec  Precision
}

// String is the text the date was read from.
func (d Date) String() string { return d.text }

// Precision is how much of the date is given; 0 for the zero Date.
func (d Date) Precision() Precision { return d.prec }

// Interval is the time the date covers: from, up to but without to. A date
// without a time zone is taken in UTC; a time of day is on 1 January of year 1.
func (d Date) Interval() (from, to time.Time) {
	switch d.prec {
	case Year:
		return d.from, d.from.AddDate(1, 0, 0)
	case Month:
		return d.from, d.from.AddDate(0, 1, 0)
	case Day:
		return d.from, d.from.AddDate(0, 0, 1)
	}
	return d.from, d.from.Add(d.width)
}

// ParseDate reads a date: YYYY, YYYY-MM or YYYY-MM-DD (FHIR R4 §2.24.0.1).
func ParseDate(s string) (Date, error) {
	if d, ok := day(s); ok {
		return d, nil
	}
	return Date{}, record.Errorf(record.Invalid, "%q is not a date: YYYY, YYYY-MM or YYYY-MM-DD", shorten(s))
}

// ParseDateTime reads a dateTime: a date, or a date with hours, minutes,
// seconds and time zone.
func ParseDateTime(s string) (Date, error) {
	if d, ok := day(s); ok {
		return d, nil
	}
	if d, ok := moment(s); ok {
		return d, nil
	}
	return Date{}, record.Errorf(record.Invalid, "%q is not a dateTime: a date, or YYYY-MM-DDThh:mm:ss with Z or +hh:mm", shorten(s))
}

// ParseInstant reads an instant: a dateTime that has everything.
func ParseInstant(s string) (Date, error) {
	if d, ok := moment(s); ok {
		return d, nil
	}
	return Date{}, record.Errorf(record.Invalid, "%q is not an instant: YYYY-MM-DDThh:mm:ss with Z or +hh:mm", shorten(s))
}

// ParseTime reads a time of day: hh:mm:ss, without a time zone.
func ParseTime(s string) (Date, error) {
	of, prec, width, rest, ok := clock(s)
	if !ok || rest != "" {
		return Date{}, record.Errorf(record.Invalid, "%q is not a time: hh:mm:ss", shorten(s))
	}
	return Date{s, time.Time{}.Add(of), width, prec}, nil
}

func day(s string) (Date, bool) {
	y, ok := digits(s, 0, 4)
	if !ok || y == 0 || len(s) != 4 && len(s) != 7 && len(s) != 10 {
		return Date{}, false
	}
	d := Date{text: s, prec: Year}
	m, n := 1, 1
	if len(s) >= 7 {
		if m, ok = digits(s, 5, 7); !ok || s[4] != '-' || m < 1 || m > 12 {
			return Date{}, false
		}
		d.prec = Month
	}
	if len(s) == 10 {
		if n, ok = digits(s, 8, 10); !ok || s[7] != '-' || n < 1 {
			return Date{}, false
		}
		d.prec = Day
	}
	d.from = time.Date(y, time.Month(m), n, 0, 0, 0, 0, time.UTC)
	// The standard's pattern allows 31 February, its text does not: "Dates SHALL
	// be valid dates".
	return d, d.from.Day() == n
}

func moment(s string) (Date, bool) {
	if len(s) < 11 || s[10] != 'T' {
		return Date{}, false
	}
	d, ok := day(s[:10])
	if !ok {
		return Date{}, false
	}
	of, prec, width, zone, ok := clock(s[11:])
	if !ok {
		return Date{}, false
	}
	offset, ok := zoneOffset(zone)
	if !ok {
		return Date{}, false
	}
	return Date{s, d.from.Add(of - offset), width, prec}, true
}

// clock reads hh:mm:ss with an optional fraction at the beginning of s. 60 is a
// second: "leap seconds" (FHIR R4 §2.24.0.1); it runs into the next minute.
func clock(s string) (of time.Duration, prec Precision, width time.Duration, rest string, ok bool) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return
	}
	h, ok1 := digits(s, 0, 2)
	m, ok2 := digits(s, 3, 5)
	sec, ok3 := digits(s, 6, 8)
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || sec > 60 {
		return
	}
	of = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second
	rest = s[8:]
	if !strings.HasPrefix(rest, ".") {
		return of, Second, time.Second, rest, true
	}
	// Digits after the ninth are kept in the text, and not in the interval.
	unit, i := time.Second, 1
	for ; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
		if unit >= 10 {
			unit /= 10
			of += time.Duration(rest[i]-'0') * unit
		}
	}
	return of, Fraction, unit, rest[i:], i > 1
}

// zoneOffset reads Z or +hh:mm, up to 14:00.
func zoneOffset(s string) (time.Duration, bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	h, ok1 := digits(s, 1, 3)
	m, ok2 := digits(s, 4, 6)
	if !ok1 || !ok2 || h > 14 || m > 59 || h == 14 && m > 0 {
		return 0, false
	}
	offset := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

func digits(s string, from, to int) (int, bool) {
	if len(s) < to {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s[from:to]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
