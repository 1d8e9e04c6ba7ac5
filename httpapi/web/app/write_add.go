package app

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// Add is where something new begins: writing it oneself, or bringing a file.
func (a *App) Add(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return a.addPage(w, r, "")
}

func (a *App) addPage(w http.ResponseWriter, r *http.Request, wrong string) error {
	data := struct {
		Write, Measure []string
		Most           string
		Error          string
	}{Most: size(MaxUpload), Error: wrong}
	for _, k := range kinds {
		if k.measure {
			data.Measure = append(data.Measure, k.name)
		} else {
			data.Write = append(data.Write, k.name)
		}
	}
	page := web.Page{File: "add", Title: a.pages.T(r, "add.title"), Nav: "add", Script: "add.mjs", Words: []string{"add.js."}, Data: data}
	if wrong != "" {
		page.Error, page.Status = true, http.StatusUnprocessableEntity
	}
	return a.pages.Render(w, r, page)
}

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// writtenID is what an entry is called that somebody writes: of the same form, with the
// same in it, always the same. Sending it twice is one entry; going back and writing
// something else is another.
func writtenID(key string, body []byte) string {
	h := sha256.New()
	h.Write([]byte("carehold/written\x00" + key + "\x00"))
	h.Write(body)
	return lower.EncodeToString(h.Sum(nil)[:16])
}

// newKey is what tells one form from the next.
func newKey() string {
	id := crypto.RandomID()
	return lower.EncodeToString(id[:])
}

func validKey(key string) bool {
	b, err := lower.DecodeString(key)
	return err == nil && len(b) == 16
}

var errForm = record.Safef(record.Invalid, "this form is not whole: go back, load the page again and send it once more")

// AddForm is an empty form.
func (a *App) AddForm(w http.ResponseWriter, r *http.Request, v *store.View) error {
	k := kindOf(r.PathValue("kind"))
	if k == nil {
		return record.Safef(record.NotFound, "there is no such form")
	}
	form := url.Values{"key": {newKey()}}
	for _, f := range k.fields { // what is measured is measured today, as a rule
		if k.measure && f.name == "day" {
			for name, value := range spread([]field{f}, map[string]string{"day": time.Now().Format(time.DateOnly)}) {
				form[name] = value
			}
		}
	}
	return a.showForm(w, r, k, form, answers{}, formPage{Action: "/app/add/" + k.name, Back: "/app/add"})
}

// showForm shows a form with what was typed.
func (a *App) showForm(w http.ResponseWriter, r *http.Request, k *kind, form url.Values, got answers, p formPage) error {
	p.Kind, p.Key = k.name, form.Get("key")
	p.Fields = a.fill(r, k.name, k.fields, form, got)
	p.Wrong = wrongOf(p.Fields)
	page := web.Page{File: "addform", Title: a.pages.T(r, "add."+k.name), Nav: "add", Data: p}
	if p.Ref.Type != "" {
		page.Title = a.pages.T(r, "add.correct.title")
	}
	if len(p.Wrong) > 0 {
		page.Error, page.Status = true, http.StatusUnprocessableEntity
	}
	return a.pages.Render(w, r, page)
}

// steps takes a form one step on: back to the fields where something is wrong with them,
// to the answers to be checked, or, when those were, on: got is whole then and done false.
func (a *App) steps(w http.ResponseWriter, r *http.Request, k *kind, p formPage) (got answers, done bool, err error) {
	form := r.PostForm
	if !validKey(form.Get("key")) {
		return got, true, errForm
	}
	got = read(k.fields, form, time.Now())
	if k.name == "medicine" && got.text["from"] != "" && got.text["until"] != "" {
		if n := min(len(got.text["from"]), len(got.text["until"])); got.text["until"][:n] < got.text["from"][:n] {
			got.wrong["until"] = "add.wrong.order"
		}
	}
	if k.name == "appointment" && got.text["until"] != "" && got.text["until"] < got.text["time"] {
		got.wrong["until"] = "add.wrong.order"
	}
	if k.name == "allergy" && got.text["severity"] != "" && got.text["happens"] == "" {
		got.wrong["happens"] = "add.wrong.happens"
	}
	switch step := form.Get("step"); {
	case len(got.wrong) > 0:
		return got, true, a.showForm(w, r, k, form, got, p)
	case step == "change":
		return got, true, a.showForm(w, r, k, form, answers{}, p)
	case step != "keep":
		p.Kind, p.Key, p.Check = k.name, form.Get("key"), true
		p.Rows, p.Keep = a.rows(r, k.name, k.fields, got), typed(k.fields, form)
		return got, true, a.render(w, r, "addcheck", a.pages.T(r, "add.check.title"), p)
	}
	return got, false, nil
}

// AddWrite takes what was written: looks at it, shows it once more, keeps it.
func (a *App) AddWrite(w http.ResponseWriter, r *http.Request, v *store.View) error {
	k := kindOf(r.PathValue("kind"))
	if k == nil {
		return record.Safef(record.NotFound, "there is no such form")
	}
	got, done, err := a.steps(w, r, k, formPage{Action: "/app/add/" + k.name, Back: "/app/add"})
	if done || err != nil {
		return err
	}
	res, err := k.resource(got.text, v.PatientID(), nil)
	if err != nil {
		return err
	}
	ref := fhir.Ref{Type: k.typ, ID: writtenID(r.PostForm.Get("key"), res.Bytes())}
	_, err = v.Apply(r.Context(), []change.Change{{Verb: change.Update, Ref: ref, Resource: res, URL: ref.String(), IfNoneMatch: "*"}}, store.ApplyOptions{})
	if err != nil && record.KindOf(err) != record.Precondition { // it came already, and may have been corrected since
		return err
	}
	return a.on(w, r, hrefOf(ref))
}

// changed says what to do when an entry is not any more as the person saw it.
func changed(err error) error {
	var e *record.Error
	if errors.As(err, &e) && (e.Kind == record.Precondition || e.Kind == record.Conflict) {
		return record.Safef(record.Precondition, "this entry was changed just now, perhaps by sending this twice: go back to the entry, and look at what it says")
	}
	return err
}

// lineText is what was typed into one field of an entry's own forms.
func lineText(form url.Values, name string) string {
	return strings.TrimSpace(strings.ReplaceAll(form.Get(name), "\r\n", "\n"))
}
