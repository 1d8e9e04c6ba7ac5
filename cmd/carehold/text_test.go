package main

import (
	"carehold/record/audit"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"
)

func TestCleanLetsNothingReachTheTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                    "plain",
		"Zoë Ħ 漢字":                 "Zoë Ħ 漢字",
		"\x1b[31mred\x1b[0m":       "[31mred[0m", // what is left obeys nothing
		"a\x1b]0;title\x07b":       "a]0;titleb",
		"line\none\ttab\rback\x08": "line one tabback",
		"\u202egnissim\u202c":      "gnissim", // right-to-left override
		"zero\u200bwidth\ufeff":    "zerowidth",
		"\u009b31m":                "31m", // one-character CSI
		"\xff\xfe":                 "",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFitIsAsWideAsItSays(t *testing.T) {
	for _, s := range []string{"", "short", "a text that is rather longer than it may be", "漢字漢字漢字漢字漢字", "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", "👩‍⚕️👩‍⚕️👩‍⚕️👩‍⚕️👩‍⚕️👩‍⚕️👩‍⚕️"} {
		for _, width := range []int{1, 2, 7, 12, 40} {
			if got := uniseg.StringWidth(fit(s, width)); got != width {
				t.Errorf("fit(%q, %d) is %d wide", s, width, got)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	got := wrap("error: ", "one two three four five", 16)
	want := "error: one two\n       three\n       four five\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDurations(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"30m": 30 * time.Minute, "24h": 24 * time.Hour, "1d": 24 * time.Hour, "90d": 2160 * time.Hour, "2w": 336 * time.Hour, "1y": 8760 * time.Hour,
	} {
		if got, err := parseDuration(in); err != nil || got != want {
			t.Errorf("%s is %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "d", "1", "-1d", "1.5d", "1d12h", "99999y", "1D", " 1d", "1s", "+1d"} {
		if got, err := parseDuration(in); err == nil {
			t.Errorf("%q is taken for %v", in, got)
		}
	}
}

func TestLasting(t *testing.T) {
	for in, want := range map[string]time.Duration{"30min": 30 * time.Minute, "12h": 12 * time.Hour, "2w": 336 * time.Hour, "1y": 8760 * time.Hour,
		"3 days": 72 * time.Hour, "1 day": day, "2 weeks": 14 * day, "1 month": 30 * day, "1month": 30 * day, "6 Months": 180 * day, " 2 years ": 730 * day, "45 minutes": 45 * time.Minute, "1 hour": time.Hour} {
		if got, err := parseLasting(in); err != nil || got != want {
			t.Errorf("%s is %v, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{"1m": `say 1min, or "1 month"`, "12m": `say 12min, or "12 months"`, "1mm": "is no time", "min": "is no time", "0d": "is no time", "0min": "is no time", "m": "is no time", "1M": "is no time",
		"0 days": "is no time", "days": "is no time", "-1 days": "is no time", "1.5 days": "is no time", "1 fortnight": "is no time", "99999 years": "is no time", "1 s": "is no time"} {
		if got, err := parseLasting(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %v, %v", in, got, err)
		}
	}
}

func TestSectionsAreNotGuessed(t *testing.T) {
	for in, want := range map[string]string{"measurments": "did you mean measurements", "medecines": "did you mean medicines", "all": "the sections are identity, ",
		"everything": "the sections are identity, ", "med": "the sections are ", "*": "the sections are "} {
		_, err := parseSection(in)
		if got := (&app{}).hintOf(exitUsage, err); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestWordsForCounts(t *testing.T) {
	c := countsOf(audit.Event{More: 2, Entries: strings.Fields("Condition/a/_history/1 Condition/b/_history/1 Condition/b/_history/2 AllergyIntolerance/a/_history/1 " +
		"Provenance/a/_history/1 Provenance/b/_history/1 Provenance/c/_history/1 Provenance/d/_history/1 Provenance/e/_history/1 Provenance/f/_history/1 Provenance/g/_history/1")})
	again := countsOf(audit.Event{Entries: []string{"Condition/a/_history/1"}}) // each is counted once
	c.add(again)
	if got := c.String(); got != "3 conditions, 1 allergy and 9 others" {
		t.Error(got)
	}
	if got := thousands(1234567); got != "1,234,567" {
		t.Error(got)
	}
	if got := entriesOf(1) + ", " + entriesOf(1172); got != "1 entry, 1,172 entries" {
		t.Error(got)
	}
	if got := strings.Join([]string{and(nil), and([]string{"a"}), and([]string{"a", "b", "c"})}, "|"); got != "|a|a, b and c" {
		t.Error(got)
	}
}
