package export_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"carehold/record"
	"carehold/record/export"
	"carehold/record/fhir"
	"carehold/record/ips"
)

func pages(t testing.TB, b export.Book) memory {
	t.Helper()
	m := memory{}
	w := export.NewWriter(m)
	if err := w.Pages(b); err != nil {
		t.Fatal(err)
	}
	return m
}

var style = regexp.MustCompile(`(?s)<style>(.*?)</style>`)

// inert checks that a page can do nothing: no script, no form, nothing from elsewhere,
// and the one style is the one that the policy names.
func inert(t *testing.T, name, page string) {
	t.Helper()
	css := style.FindStringSubmatch(page)
	if css == nil {
		t.Fatalf("%s has no style", name)
	}
	sum := sha256.Sum256([]byte(css[1]))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	found := false
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			switch n.Data {
			case "script", "img", "iframe", "object", "embed", "link", "form", "input", "svg", "base", "audio", "video", "math", "template":
				t.Errorf("%s: there is a %s", name, n.Data)
			}
			for _, a := range n.Attr {
				switch {
				case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "srcdoc":
					t.Errorf("%s: %s has %s=%q", name, n.Data, a.Key, a.Val)
				case a.Key == "href":
					u, err := url.Parse(a.Val)
					if err != nil || u.IsAbs() || u.Host != "" || strings.HasPrefix(u.Path, "/") || strings.Contains(strings.TrimPrefix(u.Path, "../"), "..") {
						t.Errorf("%s leads to %q", name, a.Val)
					}
				case a.Key == "content" && strings.HasPrefix(a.Val, "default-src"):
					if found = a.Val == policy; !found {
						t.Errorf("%s: policy %s\nwant %s", name, a.Val, policy)
					}
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	if !found {
		t.Errorf("%s has no policy", name)
	}
}

var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg/onload=alert(1)>`, `</style><script>alert(1)</script>`, `</title><script>`,
	`<!--`, `]]>`, `javascript:alert(1)`, `{{.Who}}`, "\u202eevil\u2066", "a\x00b\x1b[31m", "\xff\xfe", strings.Repeat("long", 10_000), `&lt;b&gt;`, "</td></tr></table>",
}

// TestHostilePages: whatever the record says, it is text.
func TestHostilePages(t *testing.T) {
	var rows []export.Row
	for i, s := range hostile {
		for j := range 40 { // so that there is a page of its own
			r := export.Row{Ref: fhir.Ref{Type: "Condition", ID: fmt.Sprintf("c-%d-%d", i, j)}, Section: record.Conditions, What: s, Title: s, Value: s, Date: s, Standing: s, Source: s}
			r.Files = []export.Link{{Text: s, File: (&export.Names{}).Choose("documents", s, "text/html"), Letter: s}}
			r.Belongs = []string{s}
			rows = append(rows, r)
		}
	}
	who, err := fhir.Parse([]byte(`{"resourceType":"Patient","name":[{"family":"<script>","given":["\"><img src=x onerror=alert(1)>"],"prefix":["</title>"]}],"birthDate":"<b>"}`), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m := pages(t, export.Book{Who: ips.WhoIs(who, "2026-03-02"), Server: `https://x/"><script>`, Time: when, Rows: rows, Entries: len(rows), Summary: true})
	for name, page := range m {
		inert(t, name, page.String())
	}
	if page := m["pages/conditions.html"].String(); !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("what was escaped is not there")
	}
	if page := m["pages/conditions.html"].String(); !strings.Contains(page, "<pre dir=\"auto\">&lt;script&gt;alert(1)&lt;/script&gt;</pre>") || strings.Count(page, "all of it is in the file") != 40 {
		t.Error("a letter is not the text that it is, or not cut")
	}
	for _, bad := range []string{"\u202e", "\u2066", "\x00", "\x1b"} {
		for name, page := range m {
			if strings.Contains(page.String(), bad) {
				t.Errorf("%s has %q in it", name, bad)
			}
		}
	}
}

// TestLetterOnPage: its lines stay lines, it ends after 4,000 characters, and nothing in it
// turns what stands around it.
func TestLetterOnPage(t *testing.T) {
	for letter, want := range map[string]string{
		"\ufeffDear Ada,\r\n\r\n\tit is well.\rYours\n\n": "Dear Ada,\n\n\tit is well.\nYours",
		"a\u202eb\x07c":           "ab\ufffdc",
		strings.Repeat("ö", 4000): strings.Repeat("ö", 4000),
		strings.Repeat("ö", 4001): strings.Repeat("ö", 4000) + "\n… (cut; all of it is in the file)",
		"<b>&amp;</b>":            "&lt;b&gt;&amp;amp;&lt;/b&gt;",
	} {
		row := export.Row{Ref: fhir.Ref{Type: "DocumentReference", ID: "1"}, Section: record.Documents, Title: "T", Files: []export.Link{{Text: "t.txt", File: "documents/t.txt", Letter: letter}}}
		page := pages(t, export.Book{Who: ips.WhoIs(nil, "2026-03-02"), Time: when, Rows: []export.Row{row}, Entries: 3})["index.html"].String()
		inert(t, "index.html", page)
		_, rest, _ := strings.Cut(page, `<pre dir="auto">`)
		if got, _, _ := strings.Cut(rest, "</pre>"); got != want {
			t.Errorf("%.40q: %.80q", letter, got)
		}
		if !strings.Contains(page, "3 entries (2 of them have no line of their own") {
			t.Error("the counts do not add up")
		}
	}
}

// TestPages: what is recorded, what is not, and what was a mistake.
func TestPages(t *testing.T) {
	rows := []export.Row{
		{Ref: fhir.Ref{Type: "AllergyIntolerance", ID: "1"}, Section: record.Allergies, Title: "No known allergies", Date: "2026-03"},
		{Ref: fhir.Ref{Type: "Condition", ID: "1"}, Section: record.Conditions, Title: "Asthma", Date: "1970"},
		{Ref: fhir.Ref{Type: "Condition", ID: "4"}, Section: record.Conditions, Title: "Measles", Date: "2025", Rank: 1, Standing: "Resolved"},
		{Ref: fhir.Ref{Type: "Condition", ID: "2"}, Section: record.Conditions, Title: "Eczema", Date: "2024-01-17T10:00:00+01:00", Standing: "Ruled out", Files: []export.Link{{Text: "Müller.pdf", File: "documents/Müller 1.pdf"}}},
		{Ref: fhir.Ref{Type: "Condition", ID: "3"}, Section: record.Conditions, Title: "A mistake", Wrong: true},
	}
	page := pages(t, export.Book{Who: ips.WhoIs(nil, "2026-03-02"), Server: "https://a.example", Time: when, Rows: rows, Entries: 5})["index.html"].String()
	inert(t, "index.html", page)
	for _, want := range []string{"Not known", "No known allergies", "Mar-2026", ">1970<", "17-Jan-2024", "Ruled out", `href="documents/M%c3%bcller%201.pdf"`, "Müller.pdf",
		"1 entry was a mistake and is not shown", "Nothing is recorded here. That does not mean there is none.", "02-Mar-2026"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Contains(page, "A mistake") || strings.Contains(page, `href="ips.html"`) {
		t.Error("there is what should not be there")
	}
	if strings.Index(page, "Eczema") > strings.Index(page, "Asthma") {
		t.Error("the newest is not first")
	}
	if strings.Index(page, "Measles") < strings.Index(page, "Asthma") {
		t.Error("what is over stands before what is not")
	}
}

// TestLongRecord: ten thousand entries are pages that lead to one another, each entry
// on exactly one of them.
func TestLongRecord(t *testing.T) {
	var rows []export.Row
	for i := range 10_000 {
		rows = append(rows, export.Row{Ref: fhir.Ref{Type: "Observation", ID: fmt.Sprintf("o%d", i)}, Section: record.Results, Title: fmt.Sprintf("Number %d.", i), Date: "2026-01-01"})
	}
	began := time.Now()
	m := pages(t, export.Book{Who: ips.WhoIs(nil, "2026-03-02"), Time: when, Rows: rows, Entries: len(rows)})
	if d := time.Since(began); d > 30*time.Second {
		t.Errorf("it took %v", d)
	}
	if len(m) != 11 || m["pages/results.html"] == nil || m["pages/results-10.html"] == nil {
		t.Errorf("%d files", len(m))
	}
	seen := map[string]int{}
	number := regexp.MustCompile(`Number \d+\.`)
	for name, page := range m {
		if page.Len() > 1<<20 {
			t.Errorf("%s has %d bytes", name, page.Len())
		}
		inert(t, name, page.String())
		if name != "index.html" {
			for _, s := range number.FindAllString(page.String(), -1) {
				seen[s]++
			}
		}
	}
	for s, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", s, n)
		}
	}
	if len(seen) != len(rows) {
		t.Errorf("%d of %d entries are there", len(seen), len(rows))
	}
	// Every link leads to a file that is there.
	for name, page := range m {
		for _, href := range regexp.MustCompile(`href="([^"#]+)"`).FindAllStringSubmatch(page.String(), -1) {
			to := strings.TrimPrefix(href[1], "../")
			if strings.Contains(name, "/") != strings.HasPrefix(href[1], "../") || m[to] == nil && to != "ips.html" {
				t.Errorf("%s leads to %s", name, href[1])
			}
		}
	}
}
