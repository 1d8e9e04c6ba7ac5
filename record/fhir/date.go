package fhir

import "time"

// Precision is how much of a date was given.
type Precision uint8

const (
	Year Precision = iota + 1
	Month
	Day
	Second   // with time zone; for a time, without
	Fraction // a second with a fraction
)

// Date is a FHIR date, dateTime, instant or time. It keeps its text.
type Date struct {
	text string
	from time.Time
	prec Precision
}

// ParseDate reads a date (FHIR R4 §2.24.0.1); ParseDateTime a dateTime, which
// may be a date; ParseInstant an instant; ParseTime a time of day.
func ParseDate(s string) (Date, error)     { return Date{}, nil }
func ParseDateTime(s string) (Date, error) { return Date{}, nil }
func ParseInstant(s string) (Date, error)  { return Date{}, nil }
func ParseTime(s string) (Date, error)     { return Date{}, nil }

func (d Date) String() string                 { return d.text }
func (d Date) Precision() Precision           { return d.prec }
func (d Date) Interval() (from, to time.Time) { return d.from, d.from } // [from, to)
