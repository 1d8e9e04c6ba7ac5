package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"carehold/record/holder"
)

const day = 24 * time.Hour

// parseDuration reads 24h, 30m, 1d, 2w and 1y, and none of their sums: "1d" is
// what people write. A day is 24 hours, a year 365 days.
func parseDuration(s string) (time.Duration, error) {
	units := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': day, 'w': 7 * day, 'y': 365 * day}
	if len(s) > 1 {
		if unit, ok := units[s[len(s)-1]]; ok {
			n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
			if err == nil && time.Duration(n) <= 200*365*day/unit {
				return time.Duration(n) * unit, nil
			}
		}
	}
	return 0, fmt.Errorf("%q is no time such as 24h, 7d, 2w or 1y", s)
}

// parseSince reads how long ago, or a date.
func parseSince(s string, now time.Time) (time.Time, error) {
	ago := s
	if n, ok := strings.CutSuffix(s, "min"); ok { // as a grant says it
		ago = n + "m"
	}
	if d, err := parseDuration(ago); err == nil {
		return now.Add(-d), nil
	}
	if t, err := time.ParseInLocation("2006-01-02", s, time.Local); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q is no time such as 30min, 12h or 7d, and no date such as 2026-11-01", s)
}

// spans are the words that people use, of one or more. A month is 30 days.
var spans = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": day, "week": 7 * day, "month": 30 * day, "year": 365 * day}

// parseWords reads "3 days", "1 month" and "2weeks".
func parseWords(s string) (time.Duration, bool) {
	word := strings.TrimLeft(s, "0123456789")
	n, err := strconv.ParseUint(s[:len(s)-len(word)], 10, 32)
	word = strings.ToLower(strings.TrimSpace(word))
	unit, ok := spans[strings.TrimSuffix(word, "s")]
	if !ok || err != nil || n == 0 || time.Duration(n) > 200*365*day/unit {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// parseLasting reads how long a grant lasts. Others say m for a month, and nobody
// should have to find out which of the two was meant.
func parseLasting(s string) (time.Duration, error) {
	if d, ok := parseWords(strings.TrimSpace(s)); ok {
		return d, nil
	}
	if n, ok := strings.CutSuffix(s, "min"); ok {
		s = n + "m"
	} else if n, ok := strings.CutSuffix(s, "m"); ok {
		if _, err := parseDuration(s); err == nil {
			months, _ := strconv.Atoi(n) // parseDuration read it
			return 0, fmt.Errorf("--for %s could be minutes or months; say %smin, or \"%s\"", s, n, plural(months, "month", "months"))
		}
	}
	d, err := parseDuration(s)
	if err != nil || d == 0 {
		return 0, fmt.Errorf("--for %s is no time such as 30min, 12h, 1d, 2w, \"3 months\" or 1y, and is not until-stopped", s)
	}
	return d, nil
}

// local writes a time as it is where the person is.
func local(t time.Time) string { return holder.When(t.Local()) }

// until writes the end of a grant.
func until(t time.Time) string {
	if t.IsZero() {
		return "until you stop it"
	}
	return "until " + local(t)
}
