package search

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestDatePrefixes: how the ranges lie, and which prefixes hold by the table of
// FHIR R4 §3.1.1.4.5. The value searched for is 2013-03-14: [14th 00:00, 15th
// 00:00). ap is asked on that day, when it is not widened.
func TestDatePrefixes(t *testing.T) {
	q := &Query{now: time.Date(2013, 3, 14, 12, 0, 0, 0, time.UTC)}
	for _, c := range []struct {
		from, to string // of the resource; "" is open
		holds    string
	}{
		// §3.1.1.4.7's own examples, as far as they go.
		{"2013-03-14T00:00", "2013-03-14T00:01", "eq ge le ap"},
		{"2013-03-14T10:00", "2013-03-14T10:01", "eq ge le ap"},
		{"2013-03-15T00:00", "2013-03-15T00:01", "ne gt ge sa"},
		{"2013-01-21T00:00", "", "ne gt lt ge le ap"}, // "from 21-Jan 2013 onwards"
		{"2013-03-15T00:00", "", "ne gt ge sa"},       // "from 15-Mar 2013 onwards"
		{"", "2013-01-22T00:00", "ne lt le eb"},       // "before and including 21-Jan 2013"
		// Every other way two ranges can lie.
		{"2013-03-14T00:00", "2013-03-15T00:00", "eq ge le ap"},       // the same
		{"2013-03-13T00:00", "2013-03-14T00:00", "ne lt le eb"},       // meets it from below
		{"2013-03-13T00:00", "2013-03-14T12:00", "ne lt le ap"},       // overlaps from below
		{"2013-03-14T12:00", "2013-03-16T00:00", "ne gt ge ap"},       // overlaps from above
		{"2013-03-13T00:00", "2013-03-15T00:00", "ne lt le ap"},       // ends with it
		{"2013-03-14T00:00", "2013-03-16T00:00", "ne gt ge ap"},       // begins with it
		{"2013-03-01T00:00", "2013-04-01T00:00", "ne gt lt ge le ap"}, // around it
		{"", "2013-03-15T00:00", "ne lt le ap"},
		{"2013-03-14T00:00", "", "ne gt ge ap"},
		{"", "", "ne gt lt ge le ap"},
	} {
		d := Date{From: MinTime, To: MaxTime}
		if c.from != "" {
			d.From = parseMinute(t, c.from)
		}
		if c.to != "" {
			d.To = parseMinute(t, c.to)
		}
		var got []string
		for _, p := range strings.Fields("eq ne gt lt ge le sa eb ap") {
			s, err := q.dateSought(p + "2013-03-14")
			if err != nil {
				t.Fatal(err)
			}
			if s.relation(d).fits(s.prefix) {
				got = append(got, p)
			}
		}
		if strings.Join(got, " ") != c.holds {
			t.Errorf("[%s, %s): %v hold, want %s", c.from, c.to, got, c.holds)
		}
	}
}

func parseMinute(t *testing.T, s string) int64 {
	at, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}

// TestNumberPrefixes by FHIR R4 §3.1.1.4.6: "100 … is actually searching for
// values in the range [99.5 ... 100.5)", "lt100 … less than exactly 100".
func TestNumberPrefixes(t *testing.T) {
	for _, c := range []struct{ sought, value, holds string }{
		{"100", "100", "eq ge le ap"},
		{"100", "100.00", "eq ge le ap"},
		{"100", "99.5", "eq lt le eb ap"},
		{"100", "99.49", "ne lt le eb ap"},
		{"100", "100.4", "eq gt ge sa ap"},
		{"100", "100.5", "ne gt ge sa ap"},
		{"100", "90", "ne lt le eb ap"},
		{"100", "89.9", "ne lt le eb"},
		{"100", "110", "ne gt ge sa ap"},
		{"100", "110.1", "ne gt ge sa"},
		{"100.00", "100.005", "ne gt ge sa ap"},
		{"100.00", "99.995", "eq lt le eb ap"},
		{"5.40e-3", "0.0054", "eq ge le ap"},
		{"5.40e-3", "0.005404", "eq gt ge sa ap"}, // "0.0054(+/-0.000005)"
		{"5.40e-3", "0.005406", "ne gt ge sa ap"},
		{"2", "2", "eq ge le ap"},
		{"2", "3", "ne gt ge sa"},
		{"2.5", "2", "ne lt le eb"}, // "if there are non-zero digits after a decimal point, there cannot be any matches"
		{"-100", "-100.4", "eq lt le eb ap"},
		{"-100", "-89", "ne gt ge sa"},
		{"0", "0", "eq ge le ap"},
		{"0", "0.4", "eq gt ge sa ap"},
		{"0", "-0.5", "eq lt le eb ap"},
		{"0", "0.5", "ne gt ge sa ap"},
		{"1000000000000000000001", "1000000000000000000001", "eq ge le ap"},
		{"1000000000000000000001", "1000000000000000000002", "ne gt ge sa ap"},
	} {
		value, ok := ParseDecimal(c.value)
		if !ok {
			t.Fatal(c.value)
		}
		var got, ofQuantity []string
		point := Span{Low: Amount{Decimal: value}, High: Amount{Decimal: value}}
		for _, p := range strings.Fields("eq ne gt lt ge le sa eb ap") {
			s, err := parseNumber(p + c.sought)
			if err != nil {
				t.Fatal(err)
			}
			if s.fits(value) {
				got = append(got, p)
			}
			n, err := parseQuantity(p + c.sought)
			if err != nil {
				t.Fatal(err)
			}
			if n.as.fits(n.prefix, &point) {
				ofQuantity = append(ofQuantity, p)
			}
		}
		// What is searched for as 0.5 above 0 is at the end of ap's range, which has
		// its ends; eq's has its lower end only.
		if strings.Join(got, " ") != c.holds {
			t.Errorf("%s of %s: %v hold, want %s", c.sought, c.value, got, c.holds)
		}
		if fmt.Sprint(ofQuantity) != fmt.Sprint(got) {
			t.Errorf("%s of %s: as a quantity %v hold, as a number %v", c.sought, c.value, ofQuantity, got)
		}
	}
}

// TestSpanPrefixes: 5 and what is a range in the resource: a comparator, a Range.
func TestSpanPrefixes(t *testing.T) {
	for _, c := range []struct{ value, holds string }{
		{"<5", "ne lt le eb ap"}, // ap5 is [4.5, 5.5]
		{"<=5", "ne lt ge le ap"},
		{">5", "ne gt ge sa ap"},
		{">=5", "ne gt ge le ap"},
		{"<6", "ne gt lt ge le ap"},
		{"<4.5", "ne lt le eb"},
		{"<=4.5", "ne lt le eb ap"},
		{">5.5", "ne gt ge sa"},
		{">=5.5", "ne gt ge sa ap"},
		{">4", "ne gt lt ge le ap"},
		{"4-6", "ne gt lt ge le ap"},
		{"4.6-5.4", "eq gt lt ge le ap"},
		{"4.5-5.5", "ne gt lt ge le ap"},
		{"5-5.4", "eq gt ge le ap"},
		{"4-5", "ne lt ge le ap"},
		{"6-7", "ne gt ge sa"},
		{"3-4", "ne lt le eb"},
	} {
		span := spanOf(t, c.value)
		var got []string
		for _, p := range strings.Fields("eq ne gt lt ge le sa eb ap") {
			s, err := parseQuantity(p + "5")
			if err != nil {
				t.Fatal(err)
			}
			if s.as.fits(s.prefix, &span) {
				got = append(got, p)
			}
		}
		if strings.Join(got, " ") != c.holds {
			t.Errorf("5 of %s: %v hold, want %s", c.value, got, c.holds)
		}
	}
}

func spanOf(t *testing.T, text string) Span {
	amount := func(s string) Amount {
		d, ok := ParseDecimal(s)
		if !ok {
			t.Fatal(s)
		}
		return Amount{Decimal: d}
	}
	if low, high, ok := strings.Cut(text, "-"); ok {
		return Span{Low: amount(low), High: amount(high)}
	}
	at := amount(strings.TrimLeft(text, "<>="))
	open := !strings.Contains(text, "=")
	if text[0] == '<' {
		return Span{High: at, NoLow: true, Open: open}
	}
	return Span{Low: at, NoHigh: true, Open: open}
}
