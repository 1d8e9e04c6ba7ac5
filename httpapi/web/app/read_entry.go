package app

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/store"
)

// said is words of the person's on an entry.
type said struct {
	Text    string
	Time    string
	Dispute bool
}

// file is something that came with an entry, to be saved.
type file struct {
	Href, Title, Type, Size string
}

// version is a line of the table of an entry's versions.
type version struct {
	N    uint64
	Time string
	Who  string
	This bool
}

// pair is a label with its value.
type pair struct{ Label, Value string }

type entryPage struct {
	Ref       fhir.Ref
	Href      string
	Card      string // the list that it is in
	Shown     shown
	Said      []said
	Disputed  bool
	Mistake   bool
	Past      bool
	From      []pair // where this came from
	Unchanged bool   // since its import
	Section   string
	SectionOf string // its name in addresses
	Sensitive bool
	Reason    string // why it is filed there
	ByHand    bool
	Suggested string // another section that the table would choose; "" for the same
	Seen      []told
	SeenMore  bool
	SeenRead  bool // the session could look
	Versions  []version
	OneOf     int
	Files     []file
	Narrative bool
	Trend     bool
	Own       bool // written here by the person: it can be corrected
	Uncertain bool
}

// refOf is the entry that an address names.
func refOf(r *http.Request) (fhir.Ref, error) {
	ref := fhir.Ref{Type: r.PathValue("type"), ID: r.PathValue("id")}
	if !fhir.KnownType(ref.Type) || !fhir.ValidID(ref.ID) {
		return ref, record.Safef(record.NotFound, "there is no such entry")
	}
	return ref, nil
}

// Entry is one entry: what it says, where it came from, why it is filed where it is, who
// has seen it, and what the person can do about it.
func (a *App) Entry(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := refOf(r)
	if err != nil {
		return err
	}
	s, err := v.Story(r.Context(), ref)
	if err != nil {
		return err
	}
	d := entryPage{Ref: ref, Href: hrefOf(ref), Card: cardWord(ref.Type), Section: a.pages.T(r, "record.section."+s.Section.String()), SectionOf: s.Section.String(), Sensitive: s.Section.Sensitive(),
		Reason: s.About.Reason, ByHand: s.Header.Moved, Trend: ref.Type == "Observation"}
	if s.About.Suggested.Valid() && s.About.Suggested != s.Section {
		d.Suggested = a.pages.T(r, "record.section."+s.About.Suggested.String())
	}
	if d.ByHand || d.Suggested != "" {
		d.Reason = ""
	}
	if d.Card == "results" && s.Section == record.Measures {
		d.Card = "measurements"
	}
	d.Shown = a.shown(r, &s.Entry)
	d.Past, d.Mistake = d.Shown.Past, d.Shown.Mistake
	d.Own = s.Header.Author.Self && s.Header.Origin.IsZero() && s.About.Before == nil
	if res, err := fhir.Parse(s.Body, fhir.Limits{}); err == nil {
		d.Said = a.said(r, res)
		d.Disputed = slices.ContainsFunc(d.Said, func(x said) bool { return x.Dispute })
		d.Files = a.files(r, res, ref)
		d.Narrative = res.Root().Get("text").Get("div").Valid()
		d.Uncertain = res.Labelled(fhir.Uncertain)
	}
	a.story(r, &d, &s)
	title := d.Shown.Title
	if title == "" {
		title = d.Shown.Word
	}
	return a.pages.Render(w, r, web.Page{File: "entry", Title: short(title, 80), Nav: "record", Data: d})
}

// story tells where an entry came from, its versions, and who saw it.
func (a *App) story(r *http.Request, d *entryPage, s *store.Story) {
	first, n := s.Header, record.Version(s.Version)
	if s.About.First != nil {
		first, n = *s.About.First, 1
	}
	add := func(key, value string) {
		if value != "" {
			d.From = append(d.From, pair{a.pages.T(r, key), value})
		}
	}
	switch {
	case !first.Origin.IsZero():
		add("entry.from.source", clean(first.Origin.Source))
		add("entry.from.how", a.pages.T(r, "entry.from.how.import"))
	case first.Taken:
		add("entry.from.source", a.who(r, first))
		add("entry.from.how", a.pages.T(r, "entry.from.how.taken"))
	case first.Author.Self:
		add("entry.from.source", a.pages.T(r, "entry.you"))
		add("entry.from.how", a.pages.T(r, "entry.from.how.own"))
	default:
		add("entry.from.source", a.who(r, first))
		add("entry.from.how", a.pages.T(r, "entry.from.how.grant"))
	}
	add("entry.from.when", a.moment(r, first.Time))
	if first.Author.Name != "" && !first.Author.Self && first.Origin.Source != "" {
		add("entry.from.by", a.who(r, first))
	}
	if number := clean(strings.TrimSpace(first.Author.Number + " " + first.Author.Register)); number != "" {
		add("entry.from.number", number)
	}
	d.Unchanged = s.Version == 1 && !first.Origin.IsZero()
	if b := s.About.Before; b != nil && s.About.BeforeAt > 1 {
		add("entry.from.changed", a.pages.T(r, "entry.from.changed.by", "who", a.who(r, *b), "when", a.moment(r, b.Time)))
	}
	written := hrefOf(d.Ref)[len("/app/entry/"):] + "/_history/" + n.String()
	for _, e := range s.Looks.Entries {
		if (e.Event.Action == audit.Change || e.Event.Action == audit.TakenIn) && slices.Contains(e.Event.Entries, written) {
			add("entry.from.log", a.pages.T(r, "entry.from.log.n", "n", e.Index+1))
			break
		}
	}
	d.SeenRead = s.Read
	d.Seen = newNarrator(a, r, s.Looks.Grants).seen(d.Ref, s.Looks.Entries)
	d.SeenMore = s.Looks.Next > 0
	for _, x := range s.Versions {
		d.Versions = append(d.Versions, version{uint64(x.Version), a.moment(r, x.Header.Time), a.who(r, x.Header), x.Version == s.Version})
	}
}

// who wrote a version, in words.
func (a *App) who(r *http.Request, h entry.Header) string {
	switch {
	case h.Origin.Source != "" && h.Author.Self:
		return a.pages.T(r, "entry.you.from", "source", clean(h.Origin.Source))
	case h.Author.Self:
		return a.pages.T(r, "entry.you")
	case h.Author.Name == "":
		return a.pages.T(r, "entry.somebody")
	}
	return partyOf(h.Author.Name, h.Author.Organisation, h.Author.Role)
}

// said are the person's words on an entry.
func (a *App) said(r *http.Request, res *fhir.Resource) (list []said) {
	for x := range res.Root().Get("extension").All() {
		url := x.Get("url").Text()
		if url != store.NoteURL && url != store.DisputeURL {
			continue
		}
		v := x.Get("valueAnnotation")
		y := said{Text: lines(v.Get("text").Text()), Dispute: url == store.DisputeURL}
		if t, err := time.Parse(time.RFC3339, v.Get("time").Text()); err == nil {
			y.Time = a.moment(r, t)
		}
		list = append(list, y)
	}
	return list
}
