package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/store"
)

// preset is a ready-made choice in the wizard.
type preset struct {
	Name, Title string
	Parts       []string // in words
	Sections    string   // by name, with spaces between
	Lasts       int      // seconds; 0: until it is stopped
	For         string   // in words
	Purpose     string
}

// part is a section that can be chosen.
type part struct {
	Name, Title string
	Count       int
	On          bool
}

type wizard struct {
	Record          string // whose it is: what was chosen for one record is not for another
	Presets         []preset
	Parts           []part
	Sensitive       []part
	Always          []part
	Lasts           []ending
	MostName, Total int
	This            string // the preset that is chosen
}

// ending is how long something may last.
type ending struct {
	Seconds int // 0: until it is stopped
	Title   string
	This    bool
}

const daySeconds = 24 * 60 * 60

// lasts are the ends there are to choose from. usual is the one that stands.
func (a *App) lasts(r *http.Request, usual int) (list []ending) {
	for _, days := range []int{1, 7, 30, 90} {
		list = append(list, ending{days * daySeconds, a.pages.TN(r, "share.days", days), days*daySeconds == usual})
	}
	list = append(list, ending{365 * daySeconds, a.pages.T(r, "share.lasts.year"), 365*daySeconds == usual})
	return append(list, ending{0, a.pages.T(r, "share.lasts.open"), usual == 0})
}

// usualLasts is how long a share lasts unless something else is said.
const usualLasts = 7 * daySeconds

// mostName is how long a name in a grant may be; the core has the last word, in bytes.
const mostName = 200

// Share is the wizard: one page, whose steps are parts of one form. It counts what is
// there; what is chosen stays in the browser, and the browser makes the link.
func (a *App) Share(w http.ResponseWriter, r *http.Request, v *store.View) error {
	counts, _, err := a.filed(r, v, 0, 0)
	if err != nil {
		return err
	}
	d := wizard{Record: v.PatientID(), Lasts: a.lasts(r, usualLasts), MostName: mostName, This: "summary"}
	ready := append([]grant.Ready{{Name: "summary", Sections: grant.Clinical, Purpose: "TREAT", Lasts: usualLasts * time.Second}}, grant.ReadyMade...)
	for _, x := range ready {
		p := preset{Name: x.Name, Title: a.pages.T(r, "share.preset."+x.Name), Lasts: int(x.Lasts / time.Second), Purpose: x.Purpose, For: a.pages.T(r, "share.lasts.open")}
		if p.Lasts > 0 {
			p.For = a.pages.TN(r, "share.days", p.Lasts/daySeconds)
		}
		var names []string
		for _, s := range x.Sections.List() {
			if !s.Always() {
				names = append(names, s.String())
				p.Parts = append(p.Parts, a.pages.T(r, "record.section."+s.String()))
			}
		}
		p.Sections = strings.Join(names, " ")
		d.Presets = append(d.Presets, p)
	}
	for _, s := range record.Sections() {
		p := part{Name: s.String(), Title: a.pages.T(r, "record.section."+s.String()), Count: counts[s], On: grant.Clinical.Has(s)}
		d.Total += p.Count
		switch {
		case s.Always():
			d.Always = append(d.Always, p)
		case s.Sensitive():
			d.Sensitive = append(d.Sensitive, p)
		default:
			d.Parts = append(d.Parts, p)
		}
	}
	return a.pages.Render(w, r, web.Page{File: "share", Title: a.pages.T(r, "share.wizard"), Nav: "sharing", Core: true, Script: "share.mjs",
		Words: []string{"share.js."}, Data: d})
}

// filing counts what is in each section, and picks a page of one of them.
type filing struct {
	browser
	counts map[record.Section]int
	of     record.Section // whose entries are shown; 0: of none
	from   int
	total  int // in it
}

func (f *filing) Begin() {
	f.browser.Begin()
	f.counts = map[record.Section]int{}
}

func (f *filing) Bodies(string) bool { return false }

// See takes everything: files, mistakes and what stands behind others are shared too.
func (f *filing) See(n int, s *store.Seen) {
	f.counts[s.Section]++
	if s.Section != f.of {
		return
	}
	l := placesOf(s.Ref.Type)
	x := line{n: n, typ: s.Ref.Type, id: s.Ref.ID, section: s.Section}
	if x.at, x.precision, x.dated = l.when(s.Index); !x.dated {
		x.at = s.Updated
	}
	f.lines = append(f.lines, x)
}

// filed runs it: what is in each section, and of one the entries from a place on.
func (a *App) filed(r *http.Request, v *store.View, of record.Section, from int) (map[record.Section]int, []item, error) {
	f := &filing{of: of, from: from}
	f.pick = func(b *browser) (list []int) {
		f.total = len(b.lines)
		at := min(f.from, f.total)
		for _, l := range b.lines[at:min(at+pageSize, f.total)] {
			list = append(list, l.n)
		}
		return list
	}
	page, err := v.Browse(r.Context(), nil, f)
	if err != nil {
		return nil, nil, err
	}
	defer page.Release()
	return f.counts, a.items(r, &f.browser, page), nil
}

// chosen reads which sections somebody ticked.
func chosen(names []string) (set record.SectionSet, err error) {
	for _, name := range names {
		s, err := record.ParseSection(name)
		if err != nil {
			return 0, record.Safef(record.Invalid, "there is no such part of a record: load the page again")
		}
		set = set.With(s)
	}
	return set, nil
}

type previewed struct {
	Total  int             `json:"total"`
	Said   string          `json:"said"`  // the total in words
	Named  bool            `json:"named"` // the record says whose it is: without that there is no summary
	Parts  []previewedPart `json:"parts"`
	Closed []previewedPart `json:"closed"`
}

type previewedPart struct {
	Section   string `json:"section"`
	Title     string `json:"title"`
	Total     int    `json:"total"`
	Said      string `json:"said"`
	Sensitive bool   `json:"sensitive,omitempty"`
}

type listed struct {
	Entries []listedEntry `json:"entries"`
	Next    int           `json:"next,omitempty"`
}

type listedEntry struct {
	Word  string `json:"word"`
	Title string `json:"title"`
	Value string `json:"value,omitempty"`
	Date  string `json:"date,omitempty"`
	Href  string `json:"href"`
}

// SharePreview tells what a share would show, before there is one: how much in each
// section, as the grant itself would decide it; and with list, which entries these are.
func (a *App) SharePreview(w http.ResponseWriter, r *http.Request, v *store.View) error {
	set, err := chosen(r.PostForm["section"])
	if err != nil {
		return err
	}
	if name := r.PostForm.Get("list"); name != "" {
		s, err := record.ParseSection(name)
		if err != nil || !grant.With(set).Has(s) {
			return record.Safef(record.Invalid, "this part is not in what you chose: load the page again")
		}
		from, err := strconv.Atoi(r.PostForm.Get("from"))
		if err != nil || from < 0 {
			from = 0
		}
		counts, items, err := a.filed(r, v, s, from)
		if err != nil {
			return err
		}
		out := listed{Entries: []listedEntry{}}
		for _, x := range items {
			out.Entries = append(out.Entries, listedEntry{Word: x.Word, Title: clean(x.Title), Value: clean(x.Value), Date: x.Date, Href: x.Href})
		}
		if next := from + len(out.Entries); next < counts[s] && len(out.Entries) > 0 {
			out.Next = next
		}
		return tell(w, out)
	}
	scopes, err := grant.ParseScopes(scopesOf(r.PostForm.Has("adds")))
	if err != nil {
		return err
	}
	g := grant.Grant{Person: v.Grant().Person, Sections: grant.With(set), Scopes: scopes, From: a.store.Now(), Purpose: "PATRQT"}
	p, err := v.Preview(r.Context(), g)
	if err != nil {
		return err
	}
	out := previewed{Total: p.Total, Said: a.pages.TN(r, "share.entries", p.Total), Parts: []previewedPart{}, Closed: []previewedPart{}}
	if out.Named, err = a.saysWhose(r.Context(), v); err != nil {
		return err
	}
	for _, s := range p.Sections {
		x := previewedPart{s.Section.String(), a.pages.T(r, "record.section."+s.Section.String()), s.Total, a.pages.TN(r, "share.entries", s.Total), s.Section.Sensitive()}
		switch {
		case s.Granted:
			out.Parts = append(out.Parts, x)
		case s.Total > 0:
			out.Closed = append(out.Closed, x)
		}
	}
	slices.SortStableFunc(out.Parts, func(x, y previewedPart) int { // what has nothing in it comes last
		switch {
		case (x.Total == 0) == (y.Total == 0):
			return 0
		case x.Total == 0:
			return 1
		}
		return -1
	})
	return tell(w, out)
}

// saysWhose reports whether the record says whose it is.
func (a *App) saysWhose(ctx context.Context, v *store.View) (bool, error) {
	_, err := v.Read(ctx, fhir.Ref{Type: "Patient", ID: v.PatientID()}, 0)
	switch record.KindOf(err) {
	case record.NotFound, record.Gone:
		return false, nil
	}
	return err == nil, err
}

func tell(w http.ResponseWriter, x any) error {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(x); err != nil {
		return record.Safef(record.Unavailable, "the browser went away before the end of the answer")
	}
	return nil
}

// scopesOf is what a share lets somebody do.
func scopesOf(adds bool) string {
	if adds {
		return "patient/*.crs"
	}
	return "patient/*.rs"
}
