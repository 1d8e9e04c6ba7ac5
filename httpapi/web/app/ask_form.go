package app

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/store"
)

// What somebody asks for is answered by one form, whether an app asks or a person at an
// address. It has every part of the record; the page's script shows those that were asked
// for, and no others can be given. docs/decisions/0044-answering.md

type askForm struct {
	Parts, Sensitive []part
	Lasts            []ending
	MostWords        int
}

// mostAnswer is how long the words are that go with an answer; the core has the last word.
const mostAnswer = 300

func (a *App) askForm(r *http.Request, v *store.View) (f askForm, err error) {
	counts, _, err := a.filed(r, v, 0, 0)
	if err != nil {
		return f, err
	}
	f.MostWords = mostAnswer
	for _, s := range record.Sections() {
		p := part{Name: s.String(), Title: a.pages.T(r, "record.section."+s.String()), Count: counts[s]}
		switch {
		case s.Always():
		case s.Sensitive():
			f.Sensitive = append(f.Sensitive, p)
		default:
			f.Parts = append(f.Parts, p)
		}
	}
	for _, days := range []int{1, 7, 30, 90, 365} {
		f.Lasts = append(f.Lasts, ending{Seconds: days * daySeconds, Title: a.pages.TN(r, "ask.days", days)})
	}
	return f, nil
}

// yes is what was given to somebody who asked.
type yes struct {
	shared
	Live bool
}

// answered is what the person said yes to, as it stands now, the newest first.
func (a *App) answered(r *http.Request, v *store.View, keep func(grant.Grant) bool) (list []yes, err error) {
	all, err := v.Shared(r.Context())
	if errors.Is(err, store.ErrNotReading) {
		return nil, nil
	}
	all = slices.DeleteFunc(all, func(g store.Shared) bool { return !keep(g.Grant) })
	slices.SortFunc(all, func(x, y store.Shared) int { return cmp.Compare(y.Grant.From.Unix(), x.Grant.From.Unix()) })
	for _, g := range all {
		list = append(list, yes{a.sharedOf(r, g, nil), g.Live})
	}
	return list, err
}

// given is the grant that the address of a page names, when it was just made.
func (a *App) given(r *http.Request, v *store.View) (*yes, error) {
	text := r.URL.Query().Get("given")
	if text == "" {
		return nil, nil
	}
	id, err := record.ParseGrantID(text)
	if err != nil {
		return nil, errNothingGiven
	}
	list, err := a.answered(r, v, func(g grant.Grant) bool { return g.ID == id })
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errNothingGiven
	}
	return &list[0], nil
}

var errNothingGiven error = record.Safef(record.NotFound, "this names nothing that you said yes to: Sharing shows who can see what")

// lately is how many answers the page of requests tells of.
const lately = 10

type requests struct {
	Waiting  int
	Form     askForm
	Given    *yes
	Refused  bool
	Dropped  bool
	Answered []yes
}

// Requests is who asks at the person's addresses, and the addresses. Both are sealed for
// the person's keys: the server knows how many wait, and the page's script shows them.
func (a *App) Requests(w http.ResponseWriter, r *http.Request, v *store.View) error {
	d := requests{Refused: r.URL.Query().Has("refused"), Dropped: r.URL.Query().Has("dropped")}
	var err error
	if d.Waiting, _, err = v.Waits(r.Context()); err != nil {
		return err
	}
	if d.Form, err = a.askForm(r, v); err != nil {
		return err
	}
	if d.Given, err = a.given(r, v); err != nil {
		return err
	}
	d.Answered, err = a.answered(r, v, func(g grant.Grant) bool { return g.Asked != [16]byte{} })
	if err != nil {
		return err
	}
	d.Answered = d.Answered[:min(len(d.Answered), lately)]
	return a.pages.Render(w, r, web.Page{File: "asks", Title: a.pages.T(r, "ask.title"), Nav: "sharing", Core: true, Script: "ask.mjs",
		Words: []string{"ask.js.", "share.js.", "record.section."}, Data: d})
}

type inbox struct {
	Waiting  int
	Done     string
	Sections []part
}

// Inbox is what others sent, and what others wrote. It is sealed for the person's keys, as
// requests are.
func (a *App) Inbox(w http.ResponseWriter, r *http.Request, v *store.View) error {
	d := inbox{}
	if r.URL.Query().Has("done") {
		d.Done = "ask.inbox.done"
	}
	var err error
	if _, d.Waiting, err = v.Waits(r.Context()); err != nil {
		return err
	}
	for _, s := range record.Sections() { // On: it is sensitive
		d.Sections = append(d.Sections, part{Name: s.String(), Title: a.pages.T(r, "record.section."+s.String()), On: s.Sensitive()})
	}
	return a.pages.Render(w, r, web.Page{File: "inbox", Title: a.pages.T(r, "ask.inbox"), Nav: "record", Core: true, Script: "inbox.mjs",
		Words: []string{"ask.js.", "share.js.", "viewer.js.", "record.section."}, Data: d})
}
