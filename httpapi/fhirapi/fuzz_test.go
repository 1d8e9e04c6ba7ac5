package fhirapi

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"carehold/record"
	"carehold/record/fhir"
)

// A part of any resource is a resource, marked, and has in it only what the whole has.
func FuzzPart(f *testing.F) {
	f.Add([]byte(whole), "true", "")
	f.Add([]byte(whole), "", "code,value")
	f.Add([]byte(`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient"}}]}`), "true", "")
	f.Add([]byte(`{"resourceType":"Patient","meta":{"tag":[{"code":"x"}]},"\u0061ctive":true,"_gender":{"id":"x"},"name":[{"given":["a",null],"_given":[null,{"id":"b"}]}]}`), "data", "")
	f.Add([]byte(`{"resourceType":"Patient","meta":{"tag":{"code":"x"}},"contained":[{"resourceType":"Device","id":"d"}],"link":[{"other":{"reference":"#d"},"type":"seealso"}]}`), "text", "")
	f.Fuzz(func(t *testing.T, body []byte, summary, names string) {
		if _, err := fhir.Parse(body, fhir.Limits{}); err != nil {
			return
		}
		p, err := partOf(summary, elements(names))
		if err != nil {
			return
		}
		got, err := p.of(body)
		if err != nil {
			t.Fatal(err)
		}
		if p.whole() {
			if !bytes.Equal(got, body) {
				t.Error("the whole is not the bytes that are there")
			}
			return
		}
		res, err := fhir.Parse(got, fhir.Limits{Depth: 80})
		if err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
		if !isSubsetted(res.Root().Get("meta")) {
			t.Errorf("not marked: %s", got)
		}
		var have, had map[string]any
		if json.Unmarshal(got, &have) != nil || json.Unmarshal(body, &had) != nil {
			return // a number that is none for encoding/json
		}
		delete(have, "meta")
		if !inside(have, had) {
			t.Errorf("%s\nhas what this has not\n%s", got, body)
		}
	})
}

// inside is within, where members may be left out at any depth.
func inside(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		for name := range x {
			ok = ok && inside(x[name], y[name])
		}
		return ok
	case []any:
		y, ok := b.([]any)
		ok = ok && len(x) == len(y)
		for i := 0; ok && i < len(x); i++ {
			ok = inside(x[i], y[i])
		}
		return ok
	}
	return a == b
}

// What is laid out for people is what encoding/json lays out.
func FuzzPretty(f *testing.F) {
	f.Add([]byte(whole), 7)
	f.Add([]byte(`{"a":[],"b":{},"c":"\\\"{","d":[1,2.50]}`), 1)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		var want bytes.Buffer
		if len(text) == 0 || size < 1 || size > 1<<20 || json.Indent(&want, text, "", "  ") != nil {
			return
		}
		var got bytes.Buffer
		l := layout{w: &got}
		for rest := text; len(rest) > 0; {
			n := min(size, len(rest))
			if _, err := l.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if strings.TrimSpace(got.String()) != strings.TrimSpace(want.String()) {
			t.Errorf("%q\nis laid out as\n%q", text, got.String())
		}
	})
}

// A condition that is taken narrows by something, and holds nothing but what was sent.
func FuzzCondition(f *testing.F) {
	for _, text := range []string{"identifier=urn:x|1", "_format=json&code=x", "_count=1", "%5Fcount=1", "_sort:x=1&a=b", "&&", "a", "%zz=1", "=x", "_include=Observation:subject&status=final"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := condition(text)
		if err != nil {
			if record.KindOf(err) != record.Invalid {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		values, err := url.ParseQuery(got)
		if err != nil {
			return // a value that is not well encoded: for the search to refuse
		}
		for name := range values {
			for _, no := range listing {
				if name == no || strings.HasPrefix(name, no+":") {
					t.Errorf("%q became %q", text, got)
				}
			}
		}
		if strings.Trim(got, "&") == "" {
			t.Errorf("%q became no condition", text)
		}
	})
}

// FuzzExportAsked: what an export, and $everything, is asked with has an answer whatever
// it is. What an export's token says of it is what was read.
func FuzzExportAsked(f *testing.F) {
	for _, raw := range []string{"", "_type=Patient,Observation&_type=Patient", "_since=2026-01-01T00:00:00.5%2B01:00&_outputFormat=ndjson", "_type=Parameters,Goal&x=%26ignored%3Dy", "_type=Telegram", "_count=3&start=2020", "_typeFilter=a%3Fb&_elements=id"} {
		f.Add(raw, true)
		f.Add(raw, false)
	}
	f.Fuzz(func(t *testing.T, raw string, lenient bool) {
		values, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		if x, err := everythingOf(values); err == nil {
			if again, err := everythingOf(x.asked); err != nil || again.search.Encode() != x.search.Encode() || len(again.unknown) > 0 {
				t.Errorf("%q again is %v %v", x.asked.Encode(), again, err)
			}
		}
		x := exportAsked{request: "$export?" + raw}
		if x.read(values, lenient) != nil {
			return
		}
		if !lenient && len(x.ignored) > 0 {
			t.Errorf("%q were left out", x.ignored)
		}
		for _, typ := range x.types {
			if storable(typ) != nil {
				t.Errorf("%s is asked for", typ)
			}
		}
		again, err := exportOf(x.text())
		if err != nil || again.text() != x.text() || again.request != x.request || !slices.Equal(again.types, x.types) || !slices.Equal(again.ignored, x.ignored) || !again.since.Equal(x.since) {
			t.Errorf("%+v is read as %+v: %v", x, again, err)
		}
	})
}
