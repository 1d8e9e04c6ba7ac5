package importer

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A file says of itself when it was made and what it is called, in the words of the
// program that made it. What cannot be so is left out.

// earliest is before any program wrote such files. Clocks that were never set say
// 1970, 1980 or 1904.
const earliest = 1985

// plausible reports whether a document can have been made then.
func plausible(made string, now time.Time) bool {
	if len(made) < 4 {
		return false
	}
	var t time.Time
	var err error
	for _, layout := range []string{time.RFC3339, "2006-01-02", "2006-01", "2006"} {
		if t, err = time.Parse(layout, made); err == nil {
			break
		}
	}
	return err == nil && t.Year() >= earliest && (now.IsZero() || t.Before(now.Add(48*time.Hour)))
}

// dateTime is a FHIR dateTime out of digits (YYYYMMDDHHMMSS, or fewer of them) and a
// zone as +01:00 or Z. Without a zone, or with half a time, it is a day: R4 §2.24.0.1.
func dateTime(digits, zone string) string {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	part := func(from, to int) string { return digits[from:to] }
	switch n := len(digits); {
	case n >= 14 && zone != "":
		text := part(0, 4) + "-" + part(4, 6) + "-" + part(6, 8) + "T" + part(8, 10) + ":" + part(10, 12) + ":" + part(12, 14) + zone
		if _, err := time.Parse(time.RFC3339, text); err == nil {
			return text
		}
		fallthrough
	case n >= 8:
		text := part(0, 4) + "-" + part(4, 6) + "-" + part(6, 8)
		if _, err := time.Parse("2006-01-02", text); err == nil {
			return text
		}
	case n == 6:
		text := part(0, 4) + "-" + part(4, 6)
		if _, err := time.Parse("2006-01", text); err == nil {
			return text
		}
	case n == 4:
		return digits
	}
	return ""
}

// zoneOf reads +01:00, +01'00', +0100, -05 or Z; "" for what is none.
func zoneOf(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\'' || r == ':' || r == ' ' || r == 0 {
			return -1
		}
		return r
	}, text)
	if text == "Z" || text == "z" {
		return "Z"
	}
	if len(text) == 3 {
		text += "00"
	}
	if len(text) != 5 || text[0] != '+' && text[0] != '-' || strings.Trim(text[1:], "0123456789") != "" || text[1:3] > "14" || text[3:] > "59" {
		return ""
	}
	return text[:3] + ":" + text[3:]
}

// maxTitle is in letters.
const maxTitle = 200

// title is what a document is called, as one line; "" for what programs write when
// nobody called it anything.
func title(text string) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
	text = strings.TrimPrefix(text, "Microsoft Word - ")
	if utf8.RuneCountInString(text) > maxTitle {
		text = string([]rune(text)[:maxTitle]) + "…"
	}
	switch strings.ToLower(text) {
	case "untitled", "unknown", "document", "scan":
		return ""
	}
	return text
}
