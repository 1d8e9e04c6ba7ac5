package search

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/record"
)

// TestParse reads testdata/parse.txt, which was written from the standard.
func TestParse(t *testing.T) {
	text, err := os.ReadFile("testdata/parse.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		search, want, ok := strings.Cut(line, " => ")
		typ, query, ok2 := strings.Cut(search, "?")
		if !ok || !ok2 {
			t.Fatalf("line %d: no ? or =>", i+1)
		}
		lenient, err := Parse(typ, query, Options{Base: testBase, Now: testNow})
		strict, strictErr := Parse(typ, query, Options{Base: testBase, Now: testNow, Strict: true})
		if why, refused := strings.CutPrefix(want, "400 "); refused {
			for _, err := range []error{err, strictErr} {
				if !errors.Is(err, record.Invalid) || !strings.Contains(err.Error(), why) {
					t.Errorf("line %d: %s\n  got  %v\n  want %s", i+1, search, err, want)
				}
			}
			continue
		}
		if err != nil {
			t.Errorf("line %d: %s: %v", i+1, search, err)
			continue
		}
		if name, unknown := strings.CutPrefix(want, "~"); unknown {
			if !slices.Equal(lenient.Ignored, []string{name}) || len(lenient.Empty) > 0 || !errors.Is(strictErr, record.Invalid) {
				t.Errorf("line %d: %s: ignored %q; strict: %v", i+1, search, lenient.Ignored, strictErr)
			}
			continue
		}
		if strictErr != nil {
			t.Errorf("line %d: %s: strict: %v", i+1, search, strictErr)
		}
		_, err = Parse(typ, query, Options{Base: testBase, Now: testNow, Condition: true})
		if empty := strings.HasPrefix(want, "("); empty != errors.Is(err, record.Invalid) || empty != (len(lenient.Empty) > 0) {
			t.Errorf("line %d: %s: as a condition: %v; empty %q", i+1, search, err, lenient.Empty)
		}
		for _, q := range []*Query{lenient, strict} {
			if q == nil {
				continue
			}
			if got := describe(q); got != want {
				t.Errorf("line %d: %s\n  got  %s\n  want %s", i+1, search, got, want)
			}
		}
	}
}

// describe writes a query's conditions as parse.txt does, in the order of its text.
func describe(q *Query) string {
	var parts []string
	left := slices.Clone(q.conditions)
	for _, p := range q.applied {
		if i := slices.IndexFunc(left, func(c condition) bool { return c.name == p.name }); i >= 0 {
			parts = append(parts, p.name+" "+describeCondition(left[i], false))
			left = slices.Delete(left, i, i+1)
		}
	}
	text := strings.Join(parts, "; ")
	if text == "" {
		text = "-"
	}
	for _, name := range slices.Backward(q.Ignored) {
		text = "(" + name + ") " + text
	}
	return text
}

func describeCondition(c condition, types bool) string {
	names := slices.Sorted(maps.Keys(c.tests))
	text := describeTest(c.tests[names[0]].test)
	for _, name := range names {
		if other := describeTest(c.tests[name].test); other != text {
			text += " / " + other
		}
	}
	if types {
		return strings.Join(names, " ") + " " + text
	}
	return text
}

func describeTest(t test) string {
	var out []string
	kind := ""
	switch t := t.(type) {
	case missingTest:
		return fmt.Sprintf("missing %v", bool(t))
	case neverMissing:
		return fmt.Sprintf("missing never %v", bool(t))
	case idsTest:
		if kind = "id"; t.not {
			kind = "id not"
		}
		out = slices.Sorted(maps.Keys(t.ids))
	case tokensTest:
		if kind = "token"; t.not {
			kind = "token not"
		}
		out = describeTokens(t.tokens)
	case identifiersTest:
		kind, out = "identifier", describeTokens(t)
	case stringsTest:
		kind = [...]string{"string", "string contains", "string exact"}[t.how]
		for _, text := range t.texts {
			out = append(out, string(text))
		}
	case urisTest:
		kind = [...]string{"uri", "uri below", "uri above"}[t.how]
		for _, uri := range t.uris {
			out = append(out, string(uri))
		}
	case dateTest:
		if kind = "date"; t.updated {
			kind = "date changed"
		}
		for _, d := range t.dates {
			out = append(out, prefixName(d.prefix)+minute(d.from)+"/"+minute(d.to))
		}
	case numbersTest:
		kind = "number"
		for _, n := range t {
			out = append(out, prefixName(n.prefix)+decimalText(n.at))
		}
	case quantitiesTest:
		kind = "quantity"
		for _, n := range t {
			text := prefixName(n.prefix) + decimalText(n.as.at.Decimal)
			if len(n.unit) > 0 {
				text += fmt.Sprintf(" %s|%s", n.system, n.unit)
			}
			out = append(out, text)
		}
	case *bareTest:
		return describeTest(t.referencesTest)
	case referencesTest:
		kind = "reference"
		for _, r := range t.references {
			text := r.url + r.id
			if r.typ != "" {
				text = r.typ + "/" + r.id
			}
			if r.version != "" {
				text += "|" + r.version
			}
			out = append(out, text)
		}
	case compositeTest:
		for _, tests := range t {
			var parts []string
			for _, t := range tests {
				parts = append(parts, describeTest(t))
			}
			out = append(out, "("+strings.Join(parts, " and ")+")")
		}
		kind = "composite"
	case *chainTest:
		return "chain " + describeCondition(t.inner, true)
	case *hasTest:
		return "has " + describeCondition(t.inner, true)
	default:
		return fmt.Sprintf("%T", t)
	}
	return kind + " " + strings.Join(out, " or ")
}

func describeTokens(tokens []tokenSought) (out []string) {
	for _, s := range tokens {
		text := string(s.code)
		switch s.how {
		case asText:
			text = "text " + string(s.value)
		case asType:
			text = fmt.Sprintf("type %s|%s value %s", s.system, s.code, s.value)
		case anySystem:
		default:
			text = string(bytes.Join([][]byte{s.system, s.code}, []byte("|")))
		}
		out = append(out, text)
	}
	return out
}

func prefixName(p prefix) string {
	for name, q := range prefixes {
		if q == p {
			return name
		}
	}
	return "?"
}

func minute(milliseconds int64) string {
	return time.UnixMilli(milliseconds).UTC().Format("2006-01-02T15:04Z")
}

func decimalText(d Decimal) string {
	r := new(big.Rat).SetInt(d.big())
	for range -d.exp {
		r.Quo(r, big.NewRat(10, 1))
	}
	text := strings.TrimRight(r.FloatString(12), "0")
	return strings.TrimSuffix(text, ".")
}
