package app

import (
	"net/http"
	"strings"

	"carehold/httpapi/web"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// foundFile is a file on the page on which it is reviewed.
type foundFile struct {
	N                     int
	Name, What, Why       string
	AsIs                  bool // it may be kept as a document
	Counts                []countOf
	List                  []item
	More                  int
	New, Known            int
	Refused               []refusedLine
	MoreRefused           int
	Ignored               int
	Who                   string // whom it is about, when that must be asked
	Title, Day, Month, Yr string
}

type countOf struct {
	Word string
	N    int
}

type refusedLine struct {
	N    int
	What string
	Why  string
}

// How much of a file is listed.
const (
	mostListed  = 200
	mostRefused = 50
)

type review struct {
	ID     string
	Files  []foundFile
	Total  int // entries that would be kept
	Errors []filled
}

// known are the entries of a record that are not deleted, and the person's Patient.
func (a *App) known(r *http.Request, v *store.View) (there map[fhir.Ref]store.Info, own *fhir.Resource, err error) {
	list, err := v.List(r.Context())
	if err != nil {
		return nil, nil, err
	}
	there = make(map[fhir.Ref]store.Info, len(list))
	for _, e := range list {
		there[e.Ref] = e
	}
	ref := fhir.Ref{Type: "Patient", ID: v.PatientID()}
	if e, is := there[ref]; is && !e.Header.Deleted {
		x, err := v.Read(r.Context(), ref, 0)
		if err != nil {
			return nil, nil, err
		}
		if own, err = fhir.Parse(x.Body, fhir.Limits{}); err != nil {
			return nil, nil, err
		}
	}
	return there, own, nil
}

// mine reports whether a change is to the person's own details, which another source
// gave first: those stay.
func mine(c change.Change, there map[fhir.Ref]store.Info, source string) bool {
	was, is := there[c.Ref]
	return c.Ref.Type == "Patient" && is && !was.Header.Deleted && was.Header.Origin.Source != source
}

// Review shows what was found in the files, before anything is kept.
func (a *App) Review(w http.ResponseWriter, r *http.Request, v *store.View) error {
	u, done, err := a.waits.look(r.Context(), r.PathValue("id"), v.Grant().Person, a.store.Now)
	if err != nil {
		return err
	}
	if report := u.report; report != nil {
		done()
		return a.render(w, r, "importreport", a.pages.T(r, "add.report.title"), report)
	}
	d, err := a.review(r, v, u, done)
	if err != nil {
		return err
	}
	return a.reviewPage(w, r, d)
}

// review looks at the files, and is done with them.
func (a *App) review(r *http.Request, v *store.View, u *upload, done func()) (d review, err error) {
	defer done()
	there, own, err := a.known(r, v)
	if err != nil {
		return d, err
	}
	d.ID = r.PathValue("id")
	for i, f := range u.files {
		if err := r.Context().Err(); err != nil { // who asked has gone away: others wait
			return d, err
		}
		d.Files = append(d.Files, a.found(r, v, i, look(f, own, v.PatientID(), false, a.store.Now()), there))
		d.Total += d.Files[i].New + d.Files[i].Known
	}
	return d, nil
}

func (a *App) reviewPage(w http.ResponseWriter, r *http.Request, d review) error {
	page := web.Page{File: "importreview", Title: a.pages.T(r, "add.review.title"), Nav: "add", Data: d}
	if len(d.Errors) > 0 {
		page.Error, page.Status = true, http.StatusUnprocessableEntity
	}
	return a.pages.Render(w, r, page)
}

// found tells of one file.
func (a *App) found(r *http.Request, v *store.View, i int, x *looked, there map[fhir.Ref]store.Info) foundFile {
	f := foundFile{N: i, Name: x.name, AsIs: x.asIs, Ignored: x.ignored}
	if x.why != "" {
		if f.Why = sentence(x.why); strings.HasPrefix(x.why, "add.") {
			f.Why = a.pages.T(r, x.why)
		}
		return f
	}
	f.What = a.pages.T(r, x.key)
	if x.doc != nil {
		f.Title = x.doc.Title
		if f.Title == "" {
			f.Title = x.source
		}
		parts := append(strings.SplitN(x.doc.Made[:min(len(x.doc.Made), 10)], "-", 3), "", "")
		f.Yr, f.Month, f.Day = parts[0], parts[1], parts[2]
		if e, is := there[x.doc.Reference()]; is && !e.Header.Deleted {
			f.Known = 1
		} else {
			f.New = 1
		}
		return f
	}
	if x.patient != nil && !x.sure {
		f.Who = clean(x.patient.Name)
		if f.Who == "" {
			f.Who = a.pages.T(r, "add.review.noname")
		}
		if b := x.patient.BirthDate; b != "" {
			f.Who = a.pages.T(r, "add.review.born", "name", f.Who, "born", a.when(r, b))
		}
	}
	for _, c := range counted(x.changes) {
		f.Counts = append(f.Counts, countOf{a.word(r, c.Type), c.N})
	}
	for _, c := range x.changes {
		switch was, is := there[c.Ref]; {
		case mine(c, there, x.source):
			continue
		case is && !was.Header.Deleted:
			f.Known++
		default:
			f.New++
		}
		if len(f.List) == mostListed {
			f.More++
			continue
		}
		y := a.item(r, &store.Entry{Ref: c.Ref, Body: c.Resource.Bytes()})
		y.Href, y.Source = "", ""
		f.List = append(f.List, y)
	}
	for _, x := range x.refused {
		if len(f.Refused) == mostRefused {
			f.MoreRefused++
			continue
		}
		f.Refused = append(f.Refused, refusedLine{x.Index + 1, clean(x.Ref.Type), short(clean(x.Reason), 300)})
	}
	return f
}

// sentence is an error as a person reads it.
func sentence(text string) string {
	if text = short(text, 400); text != "" {
		text = strings.ToUpper(text[:1]) + text[1:]
		if !strings.HasSuffix(text, ".") {
			text += "."
		}
	}
	return text
}
