package validate

import (
	"testing"

	"carehold/record/fhir"
)

// CheckDates holds what is plainly a date against package fhir.
func CheckDates(t *testing.T, s string) {
	t.Helper()
	for p, parse := range map[primitive]func(string) (fhir.Date, error){
		date: fhir.ParseDate, dateTime: fhir.ParseDateTime, instant: fhir.ParseInstant, timeOfDay: fhir.ParseTime,
	} {
		if _, err := parse(s); (err == nil) != (wrongDate(p, []byte(s)) == "") {
			t.Errorf("%q as %d: fhir says %v", s, p, err)
		}
	}
}
