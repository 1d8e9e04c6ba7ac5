package search

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"carehold/record"
)

// TestControls: what a search says about its answer (FHIR R4 §3.1.1.5).
func TestControls(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"", "-1   []"},
		{"_count=50", "50   []"},
		{"_count=0", "0   []"},
		{"_count=99999999999999999999", "1073741824   []"},
		{"_count=", "-1   []"},
		{"_count=-1", "400 not a number of matches"},
		{"_count=ten", "400 not a number of matches"},
		{"_count=1&_count=2", "400 once only"},
		{"_count:exact=1", "400 takes no"},
		{"_total=none", "-1 none  []"},
		{"_total=estimate", "-1 estimate  []"},
		{"_total=accurate", "-1 accurate  []"},
		{"_total=maybe", "400 none of none, estimate, accurate"},
		{"_summary=count", "-1  count []"},
		{"_summary=true&_count=5", "5  true []"},
		{"_summary=text", "-1  text []"},
		{"_summary=data", "-1  data []"},
		{"_summary=false", "-1  false []"},
		{"_summary=yes", "400 none of true"},
		{"_elements=code,value", "-1   [code value]"},
		{"_elements=code,,code", "-1   [code]"},
		{"_elements=Observation.code", "400 not an element at the root"},
		{"_elements=" + strings.Repeat("code,", MaxElements) + "value,colour", "-1   [code value]"},
		{"_sort=-date,code", "-1   [] -date code"},
		{"_sort=colour", `400 has no search parameter "colour"`},
		{"_sort=_score", "400 no search parameter"},
		{"_sort=code-value-quantity", "400 nothing to sort by"},
		{"_sort=code&_sort=date", "400 once only"},
		{"_sort:desc=date", "400 takes no"},
		{"_sort=code,date,status,subject,category,encounter,performer", "400 more than"},
	} {
		q, err := Parse("Observation", c.query, Options{})
		if why, refused := strings.CutPrefix(c.want, "400 "); refused {
			if !errors.Is(err, record.Invalid) || !strings.Contains(err.Error(), why) {
				t.Errorf("%s: %v, want %s", c.query, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		got := fmt.Sprint(q.Count, " ", q.Total, " ", q.Summary, " ", q.Elements)
		for _, s := range q.sorts {
			got += " " + map[bool]string{true: "-"}[s.descending] + s.code
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.query, got, c.want)
		}
	}
	// Elements that are not there are told from those that are when one asks for it.
	for query, ok := range map[string]bool{"_elements=code,value,valueQuantity": true, "_elements=colour": false} {
		if _, err := Parse("Observation", query, Options{Strict: true}); (err == nil) != ok {
			t.Errorf("%s, strict: %v", query, err)
		}
	}
}

// TestLimits: every bound, at it and one above.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		of   func(n int) string
		most int
	}{
		{"parameters", func(n int) string { return strings.Repeat("status=a&", n) }, MaxParams},
		{"values", func(n int) string { return "status=" + strings.Repeat("a,", n) }, MaxValues},
		{"values of several", func(n int) string { return "status=a,a&code=" + strings.Repeat("a,", n-2) }, MaxValues},
		{"dates", func(n int) string { return "date=" + strings.Repeat("2000,", n) }, MaxCompared},
		{"dates in a chain", func(n int) string { return "date=2000&encounter.date=" + strings.Repeat("2000,", n-1) }, MaxCompared},
		{"composites", func(n int) string { return "code-value-quantity=" + strings.Repeat("a$1,", n) }, MaxCompared},
		{"value", func(n int) string { return "status=" + strings.Repeat("a", n) }, MaxValue},
		{"chains", func(n int) string { return strings.Repeat("patient.gender=male&", n) }, MaxChains},
		{"length", func(n int) string { return "status=a&colour=" + strings.Repeat("a", n-16) }, MaxLength},
	} {
		if _, err := Parse("Observation", c.of(c.most), Options{}); err != nil {
			t.Errorf("%s, %d: %v", c.name, c.most, err)
		}
		if _, err := Parse("Observation", c.of(c.most+1), Options{}); !errors.Is(err, record.Invalid) {
			t.Errorf("%s, %d: %v", c.name, c.most+1, err)
		}
	}
	if _, err := Parse("Patient", strings.Repeat("_has:Observation:patient:code=a&", MaxChains+1), Options{}); !errors.Is(err, record.Invalid) {
		t.Errorf("_has: %v", err)
	}
	if _, err := Parse("Alien", "", Options{}); !errors.Is(err, record.Invalid) {
		t.Errorf("a type that is none: %v", err)
	}
}

// TestErrorsAreSafe: what was sent is shown to who sent it, and to no log.
func TestErrorsAreSafe(t *testing.T) {
	for _, query := range []string{"birthdate=secret", "name:secret=x", "secret=x", "active=%secret", "_sort=secret", "_count=secret", "_include=secret", "identifier:of-type=secret"} {
		_, err := Parse("Patient", query, Options{Strict: true})
		if err == nil || strings.Contains(record.SafeText(err), "secret") {
			t.Errorf("%s: logs %q", query, record.SafeText(err))
		}
	}
}
