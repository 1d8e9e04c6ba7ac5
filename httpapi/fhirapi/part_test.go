package fhirapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/record/fhir"
	"carehold/record/fhir/r4"
	"carehold/record/testdata"
)

const whole = `{"resourceType":"Observation","id":"a","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.000Z","profile":["http://x.example/p"]},` +
	`"implicitRules":"http://x.example/r","language":"en","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},` +
	`"contained":[{"resourceType":"Device","id":"d"}],"extension":[{"url":"http://x.example/e","valueDecimal":1.50}],` +
	`"modifierExtension":[{"url":"http://x.example/m","valueBoolean":true}],` +
	`"identifier":[{"system":"http://x.example","value":"\u0031"}],"status":"final","_status":{"id":"s"},` +
	`"category":[{"text":"lab"}],"code":{"text":"K"},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-01-01","issued":"2026-01-01T00:00:00Z",` +
	`"valueQuantity":{"value":4.10,"unit":"mmol/L"},"method":{"text":"m"},"device":{"reference":"#d"},` +
	`"component":[{"id":"c","code":{"text":"part"},"valueInteger":1,"interpretation":[{"text":"high"}]}]}`

// What R4's pages say of Observation: its table of elements for Σ, 1..1 and ?!, and
// search.html for what each _summary has.
func TestPart(t *testing.T) {
	const must = "resourceType id meta implicitRules modifierExtension status _status code "
	for name, c := range map[string]struct {
		part part
		want string
	}{
		"true":           {part{summary: "true"}, must + "identifier subject effectiveDateTime issued valueQuantity component"},
		"text":           {part{summary: "text"}, must + "text"},
		"data":           {part{summary: "data"}, must + "language contained extension identifier category subject effectiveDateTime issued valueQuantity method device component"},
		"elements":       {part{elements: []string{"method", "value"}}, must + "method valueQuantity"},
		"a choice's own": {part{elements: []string{"valueQuantity"}}, must + "valueQuantity"},
		"pointing in":    {part{elements: []string{"device"}}, must + "device contained"},
		"none there is":  {part{elements: []string{"nothing"}}, must},
	} {
		got, err := c.part.of([]byte(whole))
		if err != nil {
			t.Fatal(err)
		}
		res, err := fhir.Parse(got, fhir.Limits{})
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, got)
		}
		var names []string
		for m := range res.Root().All() {
			names = append(names, m.Name())
		}
		want := strings.Fields(c.want)
		slices.Sort(names)
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("%s: has %v\nwant %v", name, names, want)
		}
		meta := string(res.Root().Get("meta").Raw())
		if want := `{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.000Z","profile":["http://x.example/p"],"tag":[` + subset + `]}`; meta != want {
			t.Errorf("%s: meta is %s", name, meta)
		}
	}
	all, err := part{}.of([]byte(whole))
	if err != nil || string(all) != whole {
		t.Error("the whole is not the bytes that are there")
	}
}

// Inside elements a summary has what is marked there: R4's pages of Observation,
// Attachment (data and language not marked) and Meta. Text is kept to the letter.
func TestSummaryInside(t *testing.T) {
	for text, want := range map[string]string{
		`{"resourceType":"Observation","meta":{"tag":[{"code":"x"}]},"status":"final","code":{"id":"q","text":"K"},"valueQuantity":{"value":4.10,"extension":[{"url":"u","valueString":"v"}]},"component":[{"id":"c","code":{"text":"\u0070"},"valueInteger":1,"interpretation":[{"text":"high"}]}]}`: `{"resourceType":"Observation","meta":{"tag":[{"code":"x"},` + subset + `]},"status":"final","code":{"text":"K"},"valueQuantity":{"value":4.10},"component":[{"code":{"text":"\u0070"},"valueInteger":1}]}`,
		`{"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"contentType":"text/plain","data":"AAAA","size":3}}]}`:                                                                                                                                                      `{"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"contentType":"text/plain","size":3}}],"meta":{"tag":[` + subset + `]}}`,
		// Of an element that would be empty nothing is left out.
		`{"resourceType":"Patient","name":[{"extension":[{"url":"u","valueString":"v"}]}],"birthDate":"2000","_birthDate":{"id":"b"}}`: `{"resourceType":"Patient","name":[{"extension":[{"url":"u","valueString":"v"}]}],"birthDate":"2000","_birthDate":{"id":"b"},"meta":{"tag":[` + subset + `]}}`,
		// Marked already: once is enough.
		`{"resourceType":"Patient","meta":{"tag":[` + subset + `]}}`: `{"resourceType":"Patient","meta":{"tag":[` + subset + `]}}`,
	} {
		got, err := part{summary: "true"}.of([]byte(text))
		if err != nil || string(got) != want {
			t.Errorf("%v\n got %s\nwant %s", err, got, want)
		}
	}
}

// Every example of R4 in every part is a resource, has what it must have, says that
// it is not whole, and has nothing in it that the whole has not.
func TestPartOfExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata.Dir(t, "r4-examples"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	if testing.Short() {
		files = files[:100]
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fhir.Parse(body, fhir.Limits{}); err != nil {
			continue
		}
		for _, p := range []part{{summary: "true"}, {summary: "text"}, {summary: "data"}, {elements: []string{"identifier", "name"}}} {
			got, err := p.of(body)
			if err != nil {
				t.Fatal(file, err)
			}
			res, err := fhir.Parse(got, fhir.Limits{})
			if err != nil {
				t.Fatalf("%s %+v: %v", file, p, err)
			}
			if !isSubsetted(res.Root().Get("meta")) {
				t.Errorf("%s %+v: not marked", file, p)
			}
			var have, had map[string]any
			if json.Unmarshal(got, &have) != nil || json.Unmarshal(body, &had) != nil {
				t.Fatal(file)
			}
			typ, _ := r4.Lookup(res.Type())
			for name := range had {
				if e, _, ok := typ.Member(name); ok && e.Min > 0 && have[name] == nil {
					t.Errorf("%s %+v: %s is left out", file, p, name)
				}
			}
			delete(have, "meta")
			if !within(have, had) {
				t.Errorf("%s %+v: has what the whole has not", file, p)
			}
		}
	}
}

// within reports whether a holds nothing that b does not hold in the same place.
func within(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		for name := range x {
			ok = ok && within(x[name], y[name])
		}
		return ok
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !within(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	return a == b
}

func TestPartRefused(t *testing.T) {
	for _, c := range []struct {
		summary, elements string
		ok                bool
	}{
		{"", "", true}, {"true", "", true}, {"false", "name,gender", true}, {"", "name", true}, {"count", "", true},
		{"all", "", false}, {"TRUE", "", false}, {"true", "name", false}, {"data", "name", false},
		{"", "name.family", false}, {"", "name,,gender", false}, {"", "name,", false},
	} {
		if _, err := partOf(c.summary, elements(c.elements)); (err == nil) != c.ok {
			t.Errorf("_summary=%s&_elements=%s: %v", c.summary, c.elements, err)
		}
	}
}

// What encoding/json indents, laid out in pieces of any size.
func TestPretty(t *testing.T) {
	for _, text := range []string{whole, `{}`, `[]`, `{"a":[],"b":{},"c":[{}]}`, `{"a":"x\"{[,:","b":[1,2.50,1e5,-0],"c":null}`, "{ \"a\" :\n[ 1 , 2 ] }", `{"a":"\\"}`} {
		var want bytes.Buffer
		if err := json.Indent(&want, []byte(text), "", "  "); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 3, len(text)} {
			var got bytes.Buffer
			l := layout{w: &got}
			for piece := range slices.Chunk([]byte(text), size) {
				if _, err := l.Write(piece); err != nil {
					t.Fatal(err)
				}
			}
			if got.String() != want.String() {
				t.Errorf("in pieces of %d:\n%s\nwant\n%s", size, got.String(), want.String())
			}
		}
	}
}

// RFC 9110 §13.1.2 and §13.1.3.
func TestUnmodified(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	for _, c := range []struct {
		match, since string
		want         bool
	}{
		{"", "", false},
		{"", "Fri, 02 Jan 2026 03:04:05 GMT", true}, // Last-Modified, as it was sent
		{"", "Fri, 02 Jan 2026 03:04:04 GMT", false},
		{"", "Fri, 02 Jan 2026 03:04:06 GMT", true},
		{"", "Friday, 02-Jan-26 03:04:05 GMT", true}, // RFC 850
		{"", "2026-01-02T03:04:05Z", false},
		{"", "nonsense", false},
		{`W/"7"`, "", true},
		{`W/"6"`, "Fri, 02 Jan 2026 03:04:05 GMT", false},
		{`W/"7"`, "Fri, 02 Jan 2020 03:04:05 GMT", true},
	} {
		h := http.Header{}
		if c.match != "" {
			h.Set("If-None-Match", c.match)
		}
		if c.since != "" {
			h.Set("If-Modified-Since", c.since)
		}
		if got := unmodified(h, 7, at); got != c.want {
			t.Errorf("If-None-Match %q, If-Modified-Since %q: %v", c.match, c.since, got)
		}
	}
}

// widest keeps how much was written at once.
type widest int

func (x *widest) Write(p []byte) (int, error) {
	*x = max(*x, widest(cap(p)))
	return len(p), nil
}

// However much is written at once, and however much white space comes of it, little of
// it is held.
func TestPrettyHoldsLittle(t *testing.T) {
	var x widest
	l := layout{w: &x}
	if _, err := l.Write([]byte("[" + strings.Repeat("[[[1]]],", 1<<20) + "1]")); err != nil {
		t.Fatal(err)
	}
	if x > 4<<20 {
		t.Errorf("%d bytes are held", x)
	}
}
