package app

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/importer"
	"carehold/record/store"
)

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
	u, done, err := a.waits.look(r.Context(), id, v.Grant().Person, a.store.Now)
	if err != nil {
		return err
	}
	if u.report != nil { // it was sent twice
		done()
		return a.on(w, r, "/app/import/"+id)
	}
	wrong, err := a.keepAll(r, v, id, u, done)
	if err != nil {
		return err
	}
	if len(wrong) == 0 {
		return a.on(w, r, "/app/import/"+id)
	}
	if u, done, err = a.waits.look(r.Context(), id, v.Grant().Person, a.store.Now); err != nil {
		return err
	}
	if u.report != nil { // it was kept meanwhile
		done()
		return a.on(w, r, "/app/import/"+id)
	}
	d, err := a.review(r, v, u, done)
	if err != nil {
		return err
	}
	d.Errors = wrong
	return a.reviewPage(w, r, d)
}

// keepAll keeps the files, and is done with them; or says what is wrong with the answers.
func (a *App) keepAll(r *http.Request, v *store.View, id string, u *upload, done func()) (wrong []filled, err error) {
	defer done()
	there, own, err := a.known(r, v)
	if err != nil {
		return nil, err
	}
	var all []*looked
	now := a.store.Now()
	for i, f := range u.files {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
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
		return wrong, nil
	}
	var out []reported
	for i, x := range all {
		if x == nil || x.why != "" {
			continue
		}
		rep, err := a.keep(r, v, u.files[i], x, i, there)
		if err != nil {
			if len(out) == 0 {
				return nil, err
			}
			rep.Why = a.pages.T(r, "add.report.failed") // what came before it is in
		}
		out = append(out, rep)
	}
	if len(out) == 0 {
		return []filled{{Href: "#main", Error: a.pages.T(r, "add.wrong.nothing")}}, nil
	}
	a.waits.finish(id, u, out)
	return nil, nil
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
