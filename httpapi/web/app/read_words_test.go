package app

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"carehold/httpapi/web"
	"carehold/record/fhir"
	"carehold/record/search"
)

func screens() *App { return New(web.New(web.Config{PublicURL: "https://record.example.org"}), nil) }

// A date says what is known of it and no more; its time is the one on the wall of whoever
// wrote it.
func TestWhen(t *testing.T) {
	a, r := screens(), httptest.NewRequest("GET", "/", nil)
	for text, want := range map[string]string{
		"2021": "2021", "2021-03": "March 2021", "2021-03-09": "9 March 2021", "2021-03-09T09:14:00+13:00": "9 March 2021, 09:14", "2021-03-09T23:59:59.5Z": "9 March 2021, 23:59",
		"": "", "in spring": "in spring", "2021-13": "2021-13", "a\u202eb": "ab",
	} {
		if got := a.when(r, text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	r.Header.Set("Accept-Language", "cy")
	if got := a.when(r, "2021-03"); got != "Mawrth 2021" {
		t.Errorf("in Welsh: %s", got)
	}
	r.Header.Del("Accept-Language")
	for text, want := range map[string]string{
		`{"start":"2021-03","end":"2022"}`: "March 2021 to 2022", `{"start":"2021-03-01"}`: "from 1 March 2021", `{"end":"2022"}`: "until 2022", `{"start":"2020","end":"2020"}`: "2020", `{"id":"x"}`: "",
	} {
		res, err := fhir.Parse([]byte(`{"resourceType":"Encounter","id":"a","period":`+text+`}`), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.period(r, res.Root().Get("period")); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Every type that has a card, and every list, has its words.
func TestTypesHaveWords(t *testing.T) {
	a, r := screens(), httptest.NewRequest("GET", "/", nil)
	types := append([]string{"Observation"}, behind...)
	for typ, card := range cardOfType {
		if types = append(types, typ); !strings.Contains(" "+strings.Join(Lists, " ")+" ", " "+card+" ") {
			t.Errorf("%s is on no card: %s", typ, card)
		}
		if !fhir.KnownType(typ) {
			t.Errorf("%s is no type", typ)
		}
	}
	for _, typ := range types {
		if word := a.word(r, typ); strings.HasPrefix(word, "[") || word == "" {
			t.Errorf("%s: %s", typ, word)
		}
	}
	for _, list := range Lists {
		for _, key := range []string{"record.list.", "record.none."} {
			if word := a.pages.T(r, key+list); strings.HasPrefix(word, "[") {
				t.Error(word)
			}
		}
	}
	for _, typ := range append(lasting, wordless...) {
		if !fhir.KnownType(typ) {
			t.Errorf("%s is no type", typ)
		}
	}
	for typ, want := range map[string]string{"Condition": "onset-date", "Observation": "date", "Immunization": "date", "MedicationRequest": "authoredon", "CarePlan": "date", "Appointment": "date"} {
		l := placesOf(typ)
		if len(l.dates) == 0 || l.dates[0] != search.Place(typ, want) {
			t.Errorf("%s is dated by %v, want %s first", typ, l.dates, want)
		}
	}
}

func TestPlainOf(t *testing.T) {
	for div, want := range map[string]string{
		`<div xmlns="http://www.w3.org/1999/xhtml"><p>one <b>two</b></p><p>three &amp; &lt;four&gt;</p></div>`: "one two\nthree & <four>",
		`<div><table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table></div>`:                           "a b\nc",
		`<div>x<br/>y<br>z</div>`: "x\ny\nz", `<div>never closed <b`: "never closed", ``: "", `&amp;lt;script&amp;gt;`: "&lt;script&gt;",
	} {
		if got := plainOf(div); got != want {
			t.Errorf("%s: %q, want %q", div, got, want)
		}
	}
}

// FuzzPlain: whatever a narrative is, what is made of it is text with nothing in it that
// turns or hides what stands around it, and no longer than it was.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"<div><p>a</p></div>", "<", "&#160;<br/><", "<td\u202e>x", "\xff<p>\x00", strings.Repeat("<p>", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, div string) {
		got := plainOf(div)
		if len(got) > len(div) || !utf8.ValidString(got) && utf8.ValidString(div) {
			t.Errorf("%q became %q", div, got)
		}
		for _, c := range got {
			if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)) {
				t.Errorf("%q became %q", div, got)
			}
		}
	})
}

// FuzzFilter: an address that is made of a filter is the same filter again.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{"q=a+b&from=2020-01-01&to=2021-01-01", "q=%00%ff&state=now&source=own", "mistakes=show&p=3", "from=x", "q=\u202ex"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, _ := url.ParseQuery(query)
		first, wrong := filterOf(q)
		u, err := url.Parse(first.address("all", 1, first.Mistakes))
		if err != nil || u.Path != "/app/list/all" || u.Host != "" {
			t.Fatalf("%q: %v %v", query, u, err)
		}
		again, wrongAgain := filterOf(u.Query())
		if first.Words != again.Words || first.From != again.From || first.Source != again.Source || first.from != again.from || first.to != again.to || wrong != wrongAgain || first.Mistakes != again.Mistakes {
			t.Errorf("%q: %+v, and then %+v", query, first, again)
		}
	})
}
