package app

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"carehold/crypto"
	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/importer"
	"carehold/record/store"
)

// Upload takes files that were chosen. The word of the form is its first part, before any
// file: without it nothing is read.
func (a *App) Upload(w http.ResponseWriter, r *http.Request, v *store.View) error {
	typ, with, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || typ != "multipart/form-data" || with["boundary"] == "" {
		return errForm
	}
	parts := multipart.NewReader(r.Body, with["boundary"])
	visit := web.VisitOf(r)
	word := r.Header.Get(web.FormHeader)
	u := &upload{person: v.Grant().Person}
	kept := false
	defer func() {
		if !kept {
			u.wipe()
		}
	}()
	checked, size := false, 0
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return upset(err)
		}
		if part.FormName() == web.FormField {
			b, err := io.ReadAll(io.LimitReader(part, 200))
			if err != nil {
				return upset(err)
			}
			if word == "" {
				word = string(b)
			}
			continue
		}
		if !checked && !visit.Sent(word) {
			return record.Safef(record.Forbidden, "this form is of another session: go back, load the page again and send it once more")
		}
		checked = true
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		if len(u.files) == maxFiles {
			return a.notTaken(w, r, "add.wrong.many", "most", maxFiles)
		}
		var b bytes.Buffer
		n, err := io.Copy(&b, io.LimitReader(part, int64(MaxUpload-size)+1))
		u.files = append(u.files, sentFile{part.FileName(), b.Bytes()})
		if err != nil {
			return upset(err)
		}
		if size += int(n); size > MaxUpload {
			return a.notTaken(w, r, "add.wrong.size", "most", sizeOf(MaxUpload))
		}
	}
	switch {
	case !visit.Sent(word):
		return record.Safef(record.Forbidden, "this form is of another session: go back, load the page again and send it once more")
	case len(u.files) == 0:
		return a.notTaken(w, r, "add.wrong.none")
	}
	id := newKey()
	if err := a.waits.put(id, u, a.store.Now()); err != nil {
		return err
	}
	kept = true
	to := "/app/import/" + id
	if r.Header.Get("Sec-Fetch-Dest") == "empty" { // a script, which shows how far it is
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	return a.on(w, r, to)
}

func sizeOf(n int64) string { return size(n) }

// upset is a body that broke off, or that is no form.
func upset(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return record.Safef(record.TooLarge, "these files are too large to be sent together: at most 16 MB. The command carehold import takes larger ones")
	case record.KindOf(err) != record.Internal:
		return err
	}
	return record.Safef(record.Invalid, "the files did not come whole: choose them again")
}

// notTaken is the page of adding again, with what is wrong.
func (a *App) notTaken(w http.ResponseWriter, r *http.Request, key string, pairs ...any) error {
	if r.Header.Get("Sec-Fetch-Dest") == "empty" {
		return record.Safef(record.Invalid, "%s", strings.TrimSuffix(a.pages.T(r, key, pairs...), "."))
	}
	return a.addPage(w, r, a.pages.T(r, key, pairs...))
}

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
	u, done, err := a.waits.take(r.PathValue("id"), v.Grant().Person, a.store.Now())
	if err != nil {
		return err
	}
	defer done()
	if u.report != nil {
		return a.render(w, r, "importreport", a.pages.T(r, "add.report.title"), u.report)
	}
	return a.review(w, r, v, u, nil)
}

func (a *App) review(w http.ResponseWriter, r *http.Request, v *store.View, u *upload, wrong []filled) error {
	there, own, err := a.known(r, v)
	if err != nil {
		return err
	}
	d := review{ID: r.PathValue("id"), Errors: wrong}
	for i, f := range u.files {
		d.Files = append(d.Files, a.found(r, v, i, look(f, own, v.PatientID(), false, a.store.Now()), there))
		d.Total += d.Files[i].New + d.Files[i].Known
	}
	page := web.Page{File: "importreview", Title: a.pages.T(r, "add.review.title"), Nav: "add", Data: d}
	if len(wrong) > 0 {
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

// Discard is "Don't keep".
func (a *App) Discard(w http.ResponseWriter, r *http.Request, v *store.View) error {
	if u, done, err := a.waits.take(r.PathValue("id"), v.Grant().Person, a.store.Now()); err == nil {
		done()
		a.waits.end(r.PathValue("id"), u)
	}
	return a.on(w, r, "/app/add")
}

// reported is what came of keeping one file.
type reported struct {
	Name               string
	New, Changed, Same int
	Left               bool
	Refused            []refusedLine
	Why                string
	Import             string
}

// Keep puts what was found into the record, each file as one import that can be undone.
func (a *App) Keep(w http.ResponseWriter, r *http.Request, v *store.View) error {
	id := r.PathValue("id")
	u, done, err := a.waits.take(id, v.Grant().Person, a.store.Now())
	if err != nil {
		return err
	}
	defer done()
	if u.report != nil { // it was sent twice
		return a.on(w, r, "/app/import/"+id)
	}
	there, own, err := a.known(r, v)
	if err != nil {
		return err
	}
	var all []*looked
	var wrong []filled
	now := a.store.Now()
	for i, f := range u.files {
		n := strconv.Itoa(i)
		x := look(f, own, v.PatientID(), r.PostForm.Get("as-is-"+n) == "yes", now)
		switch {
		case r.PostForm.Get("leave-"+n) == "yes":
			x = nil
		case x.why == "" && x.patient != nil && !x.sure && r.PostForm.Get("me-"+n) != "yes":
			wrong = append(wrong, filled{Href: "#me-" + n, Error: a.pages.T(r, "add.wrong.me", "name", x.name)})
		}
		all = append(all, x)
	}
	if len(wrong) > 0 {
		return a.review(w, r, v, u, wrong)
	}
	var out []reported
	for i, x := range all {
		if x == nil || x.why != "" {
			continue
		}
		rep, err := a.keep(r, v, u.files[i], x, i, there)
		if err != nil {
			if len(out) == 0 {
				return err
			}
			rep.Why = a.pages.T(r, "add.report.failed") // what came before it is in
		}
		out = append(out, rep)
	}
	if len(out) == 0 {
		return a.review(w, r, v, u, []filled{{Href: "#main", Error: a.pages.T(r, "add.wrong.nothing")}})
	}
	a.waits.finish(id, u, out)
	return a.on(w, r, "/app/import/"+id)
}

var entryAt = regexp.MustCompile(`^Bundle\.entry\[(\d+)\]`)

// keep puts one file in. What the record refuses must not keep the rest out.
func (a *App) keep(r *http.Request, v *store.View, f sentFile, x *looked, i int, there map[fhir.Ref]store.Info) (reported, error) {
	ctx := r.Context()
	rep := reported{Name: x.name}
	imp := crypto.RandomID()
	opt := store.ApplyOptions{Origin: entry.Origin{Import: record.ImportID(imp), Source: x.source}}
	rep.Import = record.ImportID(imp).String()
	for _, y := range x.refused {
		rep.Refused = append(rep.Refused, refusedLine{y.Index + 1, clean(y.Ref.Type), short(clean(y.Reason), 300)})
	}
	var changes []change.Change
	if x.doc != nil {
		if e, is := there[x.doc.Reference()]; is && !e.Header.Deleted {
			rep.Same = 1
			return rep, nil
		}
		note := importer.Note{Patient: v.PatientID(), Now: a.store.Now(), Title: short(lineText(r.PostForm, "title-"+strconv.Itoa(i)), mostLine)}
		if note.Title == "" {
			note.Title = x.source
		}
		n := strconv.Itoa(i)
		note.Made, _ = dateOf(r.PostForm.Get("made-"+n+"-year"), r.PostForm.Get("made-"+n+"-month"), r.PostForm.Get("made-"+n+"-day"))
		sent, err := v.Begin(ctx, int64(len(f.body)))
		if err != nil {
			return rep, err
		}
		if _, err = v.Send(ctx, sent.ID, 0, bytes.NewReader(f.body)); err != nil {
			return rep, err
		}
		note.Upload = "Binary/$upload/" + hex.EncodeToString(sent.ID[:])
		list, err := x.doc.Resources(note)
		if err != nil {
			return rep, err
		}
		for k, res := range list {
			changes = append(changes, change.Change{Index: k, Verb: change.Update, Ref: fhir.Ref{Type: res.Type(), ID: res.ID()}, Resource: res})
		}
		results, err := v.Apply(ctx, changes, opt)
		if err == nil && results[1].Unchanged {
			rep.Same = 1
		} else if err == nil {
			rep.New = 1
		}
		return rep, err
	}
	for _, c := range x.changes {
		if mine(c, there, x.source) {
			rep.Left = true
			continue
		}
		var err error
		if c.Resource, err = store.Foreign(c.Resource); err != nil {
			return rep, err
		}
		changes = append(changes, c)
	}
	for len(changes) > 0 {
		for k := range changes {
			changes[k].Index = k
		}
		results, err := v.Apply(ctx, changes, opt)
		if err == nil {
			for _, res := range results {
				switch {
				case res.Unchanged:
					rep.Same++
				case res.Created:
					rep.New++
				default:
					rep.Changed++
				}
			}
			return rep, nil
		}
		bad, ok := refusedAt(err, len(changes))
		if !ok || len(rep.Refused) > 10*mostRefused {
			return rep, err
		}
		rep.Refused = append(rep.Refused, refusedLine{bad + 1, changes[bad].Ref.Type, sentence(clean(err.Error()))})
		changes = slices.Delete(slices.Clone(changes), bad, bad+1)
	}
	return rep, nil
}

// refusedAt is which of the changes the record refuses, if it is one and not the whole.
func refusedAt(err error, sent int) (int, bool) {
	switch record.KindOf(err) {
	case record.Invalid, record.Unprocessed, record.TooLarge, record.Unsupported:
	default:
		return 0, false
	}
	e, ok := errors.AsType[*record.Error](err)
	switch {
	case sent == 1:
		return 0, true
	case !ok:
		return 0, false
	}
	m := entryAt.FindStringSubmatch(e.Path)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil && n < sent
}

type importLine struct {
	ID, Source, When string
	Entries          int
}

// Imports lists what was brought in, newest first.
func (a *App) Imports(w http.ResponseWriter, r *http.Request, v *store.View) error {
	list, err := v.Imports(r.Context())
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(x, y store.ImportInfo) int { return y.Time.Compare(x.Time) })
	d := importsPage{}
	for _, x := range list {
		d.List = append(d.List, importLine{x.ID.String(), clean(x.Source), a.moment(r, x.Time), x.Entries})
	}
	q := r.URL.Query()
	for name, n := range map[string]*int{"undone": &d.Deleted, "restored": &d.Restored, "kept": &d.Kept} {
		*n, _ = strconv.Atoi(q.Get(name))
	}
	d.Undone = q.Has("undone")
	return a.render(w, r, "imports", a.pages.T(r, "add.imports.title"), d)
}

type importsPage struct {
	List                    []importLine
	Undone                  bool // an import was just now
	Deleted, Restored, Kept int
}

// UndoImport takes an import back.
func (a *App) UndoImport(w http.ResponseWriter, r *http.Request, v *store.View) error {
	id, err := record.ParseImportID(r.PathValue("id"))
	if err != nil {
		return record.Safef(record.NotFound, "there is no such import")
	}
	list, err := v.Imports(r.Context())
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(x store.ImportInfo) bool { return x.ID == id })
	if r.Method != http.MethodPost {
		if at < 0 {
			return record.Safef(record.NotFound, "there is no such import")
		}
		x := list[at]
		return a.render(w, r, "importundo", a.pages.T(r, "add.undo.title"), importLine{id.String(), clean(x.Source), a.moment(r, x.Time), x.Entries})
	}
	if at < 0 { // undone already: sent twice
		return a.on(w, r, "/app/imports")
	}
	out, err := v.Undo(r.Context(), id)
	if err != nil {
		return err
	}
	return a.on(w, r, fmt.Sprintf("/app/imports?undone=%d&restored=%d&kept=%d", out.Deleted, out.Restored, len(out.Kept)))
}
