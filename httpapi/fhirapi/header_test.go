package fhirapi

import (
	"net/http"
	"strings"
	"testing"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
)

// The examples of RFC 7240 §2 and §3, and FHIR R4 §3.1.0.1.9.
func TestPreferences(t *testing.T) {
	for text, want := range map[string]preference{
		"":                                         {},
		"return=minimal":                           {ret: "minimal"},
		`return="minimal"`:                         {ret: "minimal"},
		"Return = representation":                  {ret: "representation"},
		"return=OperationOutcome":                  {ret: "OperationOutcome"},
		"return=operationoutcome":                  {}, // the value's letters count
		"return=minimal, return=representation":    {ret: "minimal"},
		"handling=strict":                          {strict: true},
		"handling=lenient":                         {},
		"handling=lenient, handling=strict":        {},
		"respond-async, wait=100, handling=strict": {strict: true},
		`foo; some="x", return=minimal; a=b`:       {ret: "minimal"},
		"return":                                   {},
		",,;=,":                                    {},
	} {
		if got := preferences([]string{text}); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	if got := preferences([]string{"return=minimal", "handling=strict"}); got != (preference{"minimal", true}) {
		t.Errorf("two headers: %+v", got)
	}
}

func TestIfMatch(t *testing.T) {
	for text, want := range map[string]struct {
		tag  string
		kind record.Kind
	}{
		`W/"3"`:                    {`W/"3"`, ""},
		`"3"`:                      {`W/"3"`, ""},
		` W/"3" `:                  {`W/"3"`, ""},
		`*`:                        {`*`, ""},
		`W/"03"`:                   {"", record.Precondition},
		`W/"0"`:                    {"", record.Precondition},
		`W/"abc"`:                  {"", record.Precondition},
		`""`:                       {"", record.Precondition},
		`W/"18446744073709551616"`: {"", record.Precondition},
		`3`:                        {"", record.Invalid},
		``:                         {"", record.Invalid},
		`W/"1", W/"2"`:             {"", record.Invalid},
		`w/"1"`:                    {"", record.Invalid}, // RFC 9110 §8.8.3: W is case-sensitive
	} {
		tag, err := ifMatch([]string{text})
		if tag != want.tag || (err == nil) != (want.kind == "") || err != nil && record.KindOf(err) != want.kind {
			t.Errorf("%s: %q %v", text, tag, err)
		}
	}
	if tag, err := ifMatch(nil); tag != "" || err != nil {
		t.Error("no header is no condition")
	}
	if _, err := ifMatch([]string{`W/"1"`, `W/"1"`}); err == nil {
		t.Error("two headers")
	}
}

func TestNoneMatch(t *testing.T) {
	for text, want := range map[string]bool{`W/"3"`: true, `"3"`: true, `"1", W/"3"`: true, "*": true, `W/"4"`: false, "": false, "3": false} {
		if got := noneMatch([]string{text}, 3); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestAcceptable(t *testing.T) {
	for _, c := range []struct {
		accept, format string
		want           bool
	}{
		{"", "", true},
		{"*/*", "", true},
		{"application/*;q=0.3", "", true},
		{"application/fhir+json; fhirVersion=4.0", "", true},
		{"application/fhir+json; fhirVersion=5.0", "", false},
		{"application/fhir+xml, text/json", "", true},
		{"text/html", "", false},
		{"application/json;q=0", "", false},
		{"application/json;q=0.0, text/json", "", true},
		{"text/html", "json", true},
		{"text/html", "application/fhir json", true}, // + not encoded
		{"*/*", "xml", false},
		{"*/*", "", true},
		{";;;", "", false},
	} {
		var format []string
		if c.format != "" {
			format = []string{c.format}
		}
		var accept []string
		if c.accept != "" {
			accept = []string{c.accept}
		}
		if got := acceptable(accept, format) == nil; got != c.want {
			t.Errorf("Accept %q, _format %q: %v", c.accept, c.format, got)
		}
	}
}

func TestImportHeader(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	for text, want := range map[string]string{
		id + `; source="GP practice export"`:               "GP practice export",
		id + `;source=export`:                              "export",
		id + `; source="with \"quotes\" and \\"`:           `with "quotes" and \`,
		id + `; source*=UTF-8''Caf%C3%A9`:                  "Café",
		id:                                                 "",
		id + `; source=""`:                                 "",
		id + `; source="x"; more=1`:                        "",
		id + `; source="x"; words=own`:                     "x",
		id + `; source="x"; words=mine`:                    "",
		id + `; source="x"; words=""`:                      "",
		id + `; words=own`:                                 "",
		id + `; source="x"; words=own; more=1`:             "",
		`0123; source="x"`:                                 "",
		strings.ToUpper(id) + `; source="x"`:               "x", // a token's letters are one
		strings.Repeat("0", 32) + `; source="x"`:           "",
		id + `; source*=UTF-8''a%0Ab`:                      "",
		id + `; source="` + strings.Repeat("a", 201) + `"`: "",
		"": "",
	} {
		o, _, err := message.ImportOrigin(http.Header{message.ImportHeaderName: {text}})
		if o.Source != want || (err == nil) != (want != "") {
			t.Errorf("%s: %+v %v", text, o, err)
		}
	}
	if o, _, err := message.ImportOrigin(http.Header{}); err != nil || !o.IsZero() {
		t.Error("no header is no import")
	}
	if _, _, err := message.ImportOrigin(http.Header{message.ImportHeaderName: {id + "; source=x", id + "; source=x"}}); err == nil {
		t.Error("two headers")
	}
	// What a client writes is what the server reads.
	for i, source := range []string{"GP", `a "b" \ ; c`, "Krankenhaus Süd – 2026", strings.Repeat("é", 100)} {
		o := entry.Origin{Import: record.ImportID{1, 2, 3}, Source: source}
		if got, own, err := message.ImportOrigin(http.Header{message.ImportHeaderName: {message.ImportHeader(o, i%2 == 1)}}); err != nil || got != o || own != (i%2 == 1) {
			t.Errorf("%q: %+v %v %v", source, got, own, err)
		}
	}
}

// 146 types in R4 (FHIR R4 §2.1, "Resource Index"), three of them not storable.
func TestTypes(t *testing.T) {
	seen := map[string]bool{}
	for _, typ := range types() {
		if _, ok := change.Storable(typ); !ok || seen[typ] {
			t.Errorf("%s is listed and not storable, or twice", typ)
		}
		seen[typ] = true
	}
	if len(types()) != 146-3 {
		t.Errorf("%d types are listed", len(types()))
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add(`W/"3"`, "return=minimal, handling=strict", `0123456789abcdef0123456789abcdef; source="x"`, "application/fhir+json;q=0.1, */*")
	f.Add(`"", *`, `return="`, `0123456789abcdef0123456789abcdef; source*=UTF-8''%E2%82`, `a/b; q="`)
	f.Add("W/", ";;=", ";", ",")
	f.Fuzz(func(t *testing.T, match, prefer, origin, accept string) {
		if tag, err := ifMatch([]string{match}); err == nil && tag != "*" {
			if v, ok := parseETag(tag); !ok || etag(v) != tag {
				t.Errorf("If-Match %q became %q", match, tag)
			}
		}
		noneMatch([]string{match}, 1)
		ifNoneMatchAny([]string{match})
		if p := preferences([]string{prefer}); p.ret != "" && !strings.Contains(prefer, p.ret) {
			t.Errorf("Prefer %q became %q", prefer, p.ret)
		}
		acceptable([]string{accept}, nil)
		acceptable(nil, []string{accept})
		if o, own, err := message.ImportOrigin(http.Header{message.ImportHeaderName: {origin}}); err == nil {
			if len(o.Source) == 0 || len(o.Source) > 200 || strings.ContainsAny(o.Source, "\r\n\x00") || o.Import == (record.ImportID{}) {
				t.Errorf("the import header %q became %+v", origin, o)
			}
			if again, still, err := message.ImportOrigin(http.Header{message.ImportHeaderName: {message.ImportHeader(o, own)}}); err != nil || again != o || still != own {
				t.Errorf("%+v is not read back: %+v %v", o, again, err)
			}
		}
	})
}
