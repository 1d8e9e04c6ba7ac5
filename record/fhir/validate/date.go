package validate

import "carehold/record/fhir"

// wrongDate says why s is not a date, dateTime, instant or time. Package fhir
// reads dates, and decides; what is plainly one is not made a string for it.
func wrongDate(p primitive, s []byte) string {
	switch p {
	case date:
		if plainDay(s) {
			return ""
		}
		if _, err := fhir.ParseDate(string(s)); err != nil {
			return "it is YYYY, YYYY-MM or YYYY-MM-DD, and a day that there is"
		}
	case dateTime:
		if plainDay(s) || plainMoment(s) {
			return ""
		}
		if _, err := fhir.ParseDateTime(string(s)); err != nil {
			return "it is YYYY, YYYY-MM, YYYY-MM-DD, or YYYY-MM-DDThh:mm:ss with Z or +hh:mm"
		}
	case instant:
		if plainMoment(s) {
			return ""
		}
		if _, err := fhir.ParseInstant(string(s)); err != nil {
			return "it is YYYY-MM-DDThh:mm:ss with Z or +hh:mm"
		}
	case timeOfDay:
		if _, err := fhir.ParseTime(string(s)); err != nil {
			return "it is hh:mm:ss, without a time zone"
		}
	}
	return ""
}

// plainDay reports whether s is YYYY, YYYY-MM or YYYY-MM-DD of a year from 1000
// and a day that every month has.
func plainDay(s []byte) bool {
	switch len(s) {
	case 4:
		return like(s, "0000") && s[0] != '0'
	case 7:
		return like(s, "0000-00") && s[0] != '0' && between(s[5:7], 1, 12)
	case 10:
		return like(s, "0000-00-00") && s[0] != '0' && between(s[5:7], 1, 12) && between(s[8:10], 1, 28)
	}
	return false
}

// plainMoment reports whether s is such a day with a time, a fraction or none,
// and Z or +hh:mm.
func plainMoment(s []byte) bool {
	if len(s) < 20 || !plainDay(s[:10]) || !like(s[10:19], "T00:00:00") ||
		!between(s[11:13], 0, 23) || !between(s[14:16], 0, 59) || !between(s[17:19], 0, 59) {
		return false
	}
	s = s[19:]
	if s[0] == '.' {
		n := 1
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n == 1 {
			return false
		}
		s = s[n:]
	}
	switch {
	case len(s) == 1:
		return s[0] == 'Z'
	case like(s, "+00:00"), like(s, "-00:00"):
		return between(s[1:3], 0, 13) && between(s[4:6], 0, 59)
	}
	return false
}

func between(digits []byte, from, to int) bool {
	n := number(digits)
	return n >= from && n <= to
}
