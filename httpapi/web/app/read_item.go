package app

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carehold/record/fhir"
	"carehold/record/store"
)

// item is an entry as a list shows it.
type item struct {
	Href    string
	Word    string // what sort of thing it is
	Title   string
	Value   string // of a measurement; with what the laboratory said of it
	Date    string
	Status  string
	Source  string // where it came from; "" of the person's own
	Past    bool
	Mistake bool
	Section string // a sensitive one is named
}

// items are the entries of a page that b made.
func (a *App) items(r *http.Request, b *browser, page store.Page) []item {
	list := make([]item, len(page.Entries))
	for i := range page.Entries {
		e := &page.Entries[i].Entry
		if e.Body == nil {
			list[i] = a.unopened(r, b, e.Ref)
			continue
		}
		list[i] = a.item(r, e)
	}
	return list
}

// unopened is an entry that there was no room to open, beside others as large.
func (a *App) unopened(r *http.Request, b *browser, ref fhir.Ref) item {
	x := item{Href: hrefOf(ref), Word: a.word(r, ref.Type), Value: a.pages.T(r, "record.large")}
	i := slices.IndexFunc(b.lines, func(l line) bool { return l.typ == ref.Type && l.id == ref.ID })
	if i < 0 {
		return x
	}
	if l := b.lines[i]; l.dated {
		at := time.UnixMilli(l.at)
		if l.precision <= fhir.Day { // what has a time is told as it is on the clock here
			at = at.UTC()
		}
		x.Date = a.day(r, at, l.precision)
	}
	if s := b.lines[i].section; s.Sensitive() {
		x.Section = a.pages.T(r, "record.section."+s.String())
	}
	return x
}

func (a *App) item(r *http.Request, e *store.Entry) item {
	s := a.shown(r, e)
	x := item{Href: hrefOf(e.Ref), Word: s.Word, Title: s.Title, Value: s.Value, Date: s.Date, Status: s.Status, Source: a.from(r, e)}
	if e.Section.Sensitive() {
		x.Section = a.pages.T(r, "record.section."+e.Section.String())
	}
	return x
}

// from is where an entry came from, in few words.
func (a *App) from(r *http.Request, e *store.Entry) string {
	switch h := e.Header; {
	case h.Origin.Source != "":
		return clean(h.Origin.Source)
	case h.Author.Self:
		return ""
	default:
		return partyOf(h.Author.Name, h.Author.Organisation, h.Author.Role)
	}
}

// partyOf is somebody in the person's own words: name, what they are, and where.
func partyOf(name, organisation, role string) string {
	text := clean(name)
	if role != "" {
		text += ", " + clean(role)
	}
	if organisation != "" {
		text += ", " + clean(organisation)
	}
	return text
}

func hrefOf(ref fhir.Ref) string { return "/app/entry/" + ref.Type + "/" + ref.ID }

// clean takes out of a text from a record what would turn the direction of what stands
// around it, and what cannot be seen.
func clean(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t' || c == '\r':
			return ' '
		case c == utf8.RuneError || unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || unicode.Is(unicode.Cs, c):
			return -1
		}
		return c
	}, text)
}

// lines is clean for what has lines of its own.
func lines(text string) string {
	parts := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := range parts {
		parts[i] = clean(parts[i])
	}
	return strings.Join(parts, "\n")
}

// short is a text that fits in a line of a list.
func short(text string, most int) string {
	if text = strings.TrimSpace(clean(text)); utf8.RuneCountInString(text) <= most {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:most])) + "…"
}
