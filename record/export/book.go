package export

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/fhir/speak"
	"carehold/record/ips"
)

// Book is the record as people read it: index.html, and pages for the sections that
// are long.
type Book struct {
	Who    ips.Who
	Server string
	Time   time.Time
	Rows   []Row // in any order

	Entries   int  // of the record, also those that have no row: they belong to one that has
	Older     int  // versions and deletions that are kept beside
	Documents int  // files in documents/
	Summary   bool // there is an ips.html
}

// Row is an entry on a page.
type Row struct {
	Ref      fhir.Ref
	Section  record.Section
	What     string // which sort of entry, in words
	Title    string
	Value    string
	Rank     int      // a lower one is read first, whatever the date: what holds now, what could do harm
	Date     string   // as FHIR has it: 2026, 2026-03, 2026-03-02
	Standing string   // what must be known with it: stopped, ruled out, not confirmed
	Source   string   // where it came from, in words
	Wrong    bool     // entered in error: it is counted, and not shown
	Belongs  []string // titles of what it belongs to
	Files    []Link
}

// Link leads to a file of the export.
type Link struct {
	Text, File string
	Letter     string // what is in the file, if that is a short text: the page shows it
}

// MaxLetter is how many characters of a letter a page shows; its file has all of it.
const MaxLetter = 4000

// How many rows of a section the first page shows, and how many one of its own pages.
const (
	onIndex = 25
	onPage  = 1000
)

//go:embed book.css
var bookStyle string

//go:embed book.html
var bookText string

// bookPolicy is the Content-Security-Policy that each page carries: nothing but its own
// style, from nowhere else.
var bookPolicy = func() string {
	sum := sha256.Sum256([]byte(bookStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}()

var bookPages = template.Must(template.New("book").Parse(bookText))

// chapters are the sections in the order in which they are read, with a heading.
var chapters = []struct {
	section record.Section
	title   string
}{
	{record.Allergies, "Allergies and reactions"}, {record.Medicines, "Medicines"}, {record.Conditions, "Conditions"},
	{record.Vaccination, "Vaccinations"}, {record.Results, "Test results"}, {record.Measures, "Measurements"},
	{record.Visits, "Visits, referrals and procedures"}, {record.Documents, "Letters and documents"}, {record.AboutMe, "About me"},
	{record.Support, "Support and equipment"}, {record.Plan, "Care plan, goals and team"}, {record.Budget, "Money and funding"},
	{record.MentalHealth, "Mental health"}, {record.SexualHealth, "Sexual health"}, {record.SubstanceUse, "Alcohol and drugs"},
	{record.Safeguarding, "Safeguarding"}, {record.Private, "Private"},
	{record.Identity, "Personal details"}, {record.Providers, "Professionals and places"},
}

// sheet is one page.
type sheet struct {
	Policy   string
	Style    template.CSS
	Title    string
	Who      ips.Who
	Made     string
	Server   string
	Up       string // from this page to the first: "" or "../"
	Index    bool
	Entries  int
	Beside   int // entries that have no row
	Older    int
	Files    int
	Summary  bool
	Chapters []chapter
	Before   string
	After    string
	Place    string // page 2 of 5
}

type chapter struct {
	ID, Title string
	Count     int
	Wrong     int
	Rows      []line
	More      string // the page with all of them
	Sensitive bool
}

// line is a row, in words that are fit for a page.
type line struct {
	ID, When, What, Title, Value, Standing, Source string
	Belongs                                        []string
	Files                                          []Link
}

// Pages writes index.html and pages/.
func (w *Writer) Pages(b Book) error {
	first := sheet{Policy: bookPolicy, Style: template.CSS(bookStyle), Title: "Health record", Who: b.Who, Made: sayDate(b.Time.UTC().Format("2006-01-02")),
		Server: words(b.Server), Index: true, Entries: b.Entries, Beside: max(0, b.Entries-len(b.Rows)), Older: b.Older, Files: b.Documents, Summary: b.Summary}
	bySection := map[record.Section][]Row{}
	for _, r := range b.Rows {
		bySection[r.Section] = append(bySection[r.Section], r)
	}
	for _, c := range chapters {
		rows := bySection[c.section]
		ch := chapter{ID: c.section.String(), Title: c.title, Sensitive: c.section.Sensitive()}
		all := rows[:0:0]
		for _, r := range rows {
			if r.Wrong {
				ch.Wrong++
			} else {
				all = append(all, r)
			}
		}
		slices.SortStableFunc(all, func(x, y Row) int {
			return cmp.Or(cmp.Compare(x.Rank, y.Rank), strings.Compare(y.Date, x.Date), strings.Compare(x.Title, y.Title), strings.Compare(x.Ref.String(), y.Ref.String()))
		})
		ch.Count = len(all)
		show := all
		if len(all) > onIndex {
			show = all[:onIndex-5] // so that "all" is more than a line
			ch.More = pageName(ch.ID, 0)
			if err := w.chapterPages(first, ch, all); err != nil {
				return err
			}
		}
		ch.Rows = lines(show, "")
		first.Chapters = append(first.Chapters, ch)
	}
	return w.page("index.html", first)
}

func pageName(section string, n int) string {
	if n == 0 {
		return "pages/" + section + ".html"
	}
	return fmt.Sprintf("pages/%s-%d.html", section, n+1)
}

// chapterPages writes the pages of a section that is long.
func (w *Writer) chapterPages(s sheet, ch chapter, all []Row) error {
	pages := (len(all) + onPage - 1) / onPage
	for n := range pages {
		s.Index, s.Up, s.Title = false, "../", ch.Title
		s.Before, s.After, s.Place = "", "", ""
		if pages > 1 {
			s.Place = fmt.Sprintf("page %d of %d", n+1, pages)
		}
		if n > 0 {
			s.Before = pageName(ch.ID, n-1)
		}
		if n+1 < pages {
			s.After = pageName(ch.ID, n+1)
		}
		ch.More, ch.Rows = "", lines(all[n*onPage:min(len(all), (n+1)*onPage)], "../")
		s.Chapters = []chapter{ch}
		if err := w.page(pageName(ch.ID, n), s); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) page(name string, s sheet) error {
	p, err := w.Create(name)
	if err != nil {
		return err
	}
	if err := bookPages.Execute(p, s); err != nil {
		return err
	}
	return p.Close()
}

func lines(rows []Row, up string) []line {
	out := make([]line, len(rows))
	for i, r := range rows {
		out[i] = line{ID: r.Ref.String(), When: sayDate(r.Date), What: words(r.What), Title: words(r.Title), Value: words(r.Value),
			Standing: words(r.Standing), Source: words(r.Source)}
		for _, f := range r.Files {
			out[i].Files = append(out[i].Files, Link{words(f.Text), up + f.File, letter(f.Letter)})
		}
		for _, to := range r.Belongs {
			if to = words(to); to != "" {
				out[i].Belongs = append(out[i].Belongs, to)
			}
		}
	}
	return out
}

// sayDate is a date as precise as it was written, with the month in letters: it cannot
// be misread (NHS Common User Interface, "Date and time display").
func sayDate(s string) string {
	d, err := fhir.ParseDateTime(s)
	if err != nil {
		return words(s)
	}
	from, _ := d.Interval()
	switch d.Precision() {
	case fhir.Year:
		return from.Format("2006")
	case fhir.Month:
		return from.Format("Jan-2006")
	}
	day, _ := time.Parse(time.DateOnly, s[:10])
	return day.Format("02-Jan-2006")
}

// maxWords is how much of one text a page shows; the entry has all of it.
const maxWords = 400

// words makes a text of the record fit for a page: one line, not endless, nothing that
// turns the words around it (UAX #9 §2) or that no font shows.
func words(s string) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = n > 0
			continue
		}
		if r = fit(r); r < 0 {
			continue
		}
		if n++; n > maxWords {
			b.WriteString(" … (cut; all of it is in the entry)")
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fit is a character that is fit for a page; less than nothing for one that is left out.
func fit(r rune) rune {
	switch {
	case speak.Turns(r):
		return -1
	case unicode.IsControl(r), r == utf8.RuneError, r == 0xFFFE, r == 0xFFFF:
		return unicode.ReplacementChar
	}
	return r
}

// letter makes the text of a letter fit for a page: its lines stay lines.
func letter(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ReplaceAll(strings.TrimPrefix(s, "\ufeff"), "\r\n", "\n") {
		if r == '\r' {
			r = '\n'
		}
		if r != '\n' && r != '\t' {
			if r = fit(r); r < 0 {
				continue
			}
		}
		if n++; n > MaxLetter {
			b.WriteString("\n… (cut; all of it is in the file)")
			break
		}
		b.WriteRune(r)
	}
	return strings.Trim(b.String(), "\n")
}
