package fhir_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"carehold/record"
	"carehold/record/fhir"
)

func TestStrict(t *testing.T) {
	for _, line := range lines(t, "testdata/strict.txt") {
		want, text, _ := strings.Cut(line, "\t")
		text = unquote(t, text)
		_, err := fhir.Parse([]byte(text), fhir.Limits{})
		switch {
		case want == "ok":
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
		case err == nil:
			t.Errorf("%q was taken, want %q", text, want)
		case !errors.Is(err, record.Invalid):
			t.Errorf("%q: kind %v", text, record.KindOf(err))
		default:
			path, word, both := strings.Cut(want, ": ")
			if both && !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), word) {
				t.Errorf("%q: %q, want %q", text, err, want)
			}
		}
	}
}

// What may be logged never holds what was sent.
func TestErrorsAreSafe(t *testing.T) {
	for _, text := range []string{
		`{"resourceType":"Secret"}`, `{"resourceType":"Patient","Secret":"","x":1}`, `{"resourceType":"Patient","Secret":Secret}`,
		`{"resourceType":"Patient","Secret":1,"Secret":2}`, `{"resourceType":"Patient","id":"Secret/"}`,
	} {
		_, err := fhir.Parse([]byte(text), fhir.Limits{})
		if err == nil || strings.Contains(record.SafeText(err), "Secret") {
			t.Errorf("%s: the text for the log is %q", text, record.SafeText(err))
		}
	}
}

func TestLimits(t *testing.T) {
	deep := func(n int) []byte { // n objects and arrays in one another
		return []byte(`{"resourceType":"Basic","x":` + strings.Repeat(`{"x":`, n-1) + "1" + strings.Repeat("}", n))
	}
	many := []byte(`{"resourceType":"Basic","x":[` + strings.Repeat("1,", 96) + `1]}`) // 100 values
	for _, c := range []struct {
		name string
		raw  []byte
		lim  fhir.Limits
		kind record.Kind
	}{
		{"64 deep", deep(64), fhir.Limits{}, ""},
		{"65 deep", deep(65), fhir.Limits{}, record.Invalid},
		{"20,000 deep", deep(20_000), fhir.Limits{Depth: 1 << 30}, record.Invalid}, // jsontext's own limit
		{"an odd size", deep(2), fhir.Limits{Bytes: len(deep(2))}, ""},
		{"a byte more", deep(2), fhir.Limits{Bytes: len(deep(2)) - 1}, record.TooLarge},
		{"100 values", many, fhir.Limits{Values: 100}, ""},
		{"100 values of 99", many, fhir.Limits{Values: 99}, record.TooLarge},
	} {
		_, err := fhir.Parse(c.raw, c.lim)
		if c.kind == "" && err != nil || c.kind != "" && !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A path names each of many places: it cannot be long.
func TestPathsAreBounded(t *testing.T) {
	long := strings.Repeat("é", 5000)
	r := parse(t, []byte(`{"resourceType":"Basic",`+strings.Repeat(`"`+long+`":[{`, 20)+`"a":{"reference":"Patient/1"}`+strings.Repeat("}]", 20)+"}"))
	refs := r.References()
	if len(refs) != 1 || len(refs[0].Path) > 300 || !strings.HasPrefix(refs[0].Path, "Basic.é") || !strings.HasSuffix(refs[0].Path, "a.reference") || !utf8.ValidString(refs[0].Path) {
		t.Errorf("%+v", refs)
	}
}

// Everything HL7 and Synthea wrote is taken, but for what refused.txt names.
func TestExamplesAreTaken(t *testing.T) {
	refused := map[string]bool{}
	for _, line := range lines(t, "testdata/refused.txt") {
		name, _, _ := strings.Cut(line, "\t")
		refused[name] = true
	}
	for _, s := range samples(t) {
		if _, err := fhir.Parse(s.raw, fhir.Limits{}); (err != nil) != refused[s.name] {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	if n := len(samples(t)); n != 375+2500 {
		t.Errorf("%d samples, want 375 examples and 2,500 entries", n)
	}
}

func lines(t testing.TB, path string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.SplitSeq(string(b), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// unquote reads a Go string that begins with a quote and has an escape Go knows;
// a JSON string stays as it is.
func unquote(t testing.TB, s string) string {
	t.Helper()
	if strings.HasPrefix(s, `"`) && strings.Contains(s, `\`) {
		out, err := strconv.Unquote(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return out
	}
	return s
}
