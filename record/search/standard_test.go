package search_test

import (
	"cmp"
	"crypto/sha256"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/search"
)

// standardNow is when the table is asked.
var standardNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const standardBase = "https://record.example/fhir"

// entryOf is a resource as the store would hand it over.
func entryOf(t interface{ Fatalf(string, ...any) }, text string) search.Entry {
	r, err := fhir.Parse([]byte(text), fhir.Limits{})
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	e := search.Entry{Ref: fhir.Ref{Type: r.Type(), ID: r.ID()}, Updated: standardNow.Add(-time.Hour), Index: search.Index(r)}
	sum := sha256.Sum256([]byte(e.Ref.String()))
	copy(e.ID[:], sum[:])
	return e
}

// TestStandard asks what testdata/standard.txt asks, which was written from the
// standard and not from the code.
func TestStandard(t *testing.T) {
	text, err := os.ReadFile("testdata/standard.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []search.Entry
	type asked struct {
		line   int
		text   string
		sorted bool
	}
	var cases []asked
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "resource "):
			all = append(all, entryOf(t, strings.TrimPrefix(line, "resource ")))
		default:
			text, sorted := strings.CutPrefix(line, "sorted ")
			cases = append(cases, asked{i + 1, text, sorted})
		}
	}
	wrong := 0
	for _, c := range cases {
		ask, want, ok := strings.Cut(c.text, " = ")
		if !ok {
			t.Fatalf("line %d: %s", c.line, c.text)
		}
		if got := answer(t, all, ask, c.sorted); got != inOrder(want, c.sorted) {
			wrong++
			t.Errorf("standard.txt:%d: %s\nfound %s\nwant  %s", c.line, ask, got, inOrder(want, c.sorted))
		}
	}
	t.Logf("%d searches, %d wrong", len(cases), wrong)
}

func inOrder(refs string, sorted bool) string {
	list := strings.Fields(refs)
	if !sorted {
		slices.Sort(list)
	}
	return strings.Join(list, " ")
}

// answer runs a search: what is found, "-" for nothing, 400 for a refusal.
func answer(t testing.TB, all []search.Entry, ask string, sorted bool) string {
	t.Helper()
	typ, query, _ := strings.Cut(ask, "?")
	// Written to be read: what a client would have encoded is encoded here.
	query = strings.NewReplacer("|", "%7C", "$", "%24", " ", "%20", "[", "%5B", "]", "%5D", "å", url.QueryEscape("å"), "ö", url.QueryEscape("ö"),
		"Å", url.QueryEscape("Å"), "Ö", url.QueryEscape("Ö"), "ë", url.QueryEscape("ë")).Replace(query)
	q, err := search.Parse(typ, query, search.Options{Base: standardBase, Strict: true, Now: standardNow})
	if err != nil {
		if record.KindOf(err) != record.Invalid {
			t.Errorf("%s: %v", ask, err)
		}
		return "400"
	}
	r, err := q.Run(all)
	if err != nil {
		t.Errorf("%s: %v", ask, err)
		return "?"
	}
	page, _, err := r.Page(nil, len(all)+1)
	if err != nil {
		t.Errorf("%s: %v", ask, err)
	}
	var found []string
	for _, i := range page {
		found = append(found, all[i].Ref.String())
	}
	if len(found) == 0 {
		return "-"
	}
	return inOrder(cmp.Or(strings.Join(found, " "), "-"), sorted)
}
