package app

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"carehold/httpapi/web"
	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// actPage is a page on which something is done with one entry.
type actPage struct {
	Href, Name, Word string
	Version          uint64
	Text, Error      string
	Most             int
	Dispute          bool
	Said             []said
	Sections         []sectionChoice
	Now, Suggested   string
	Own, CanMistake  bool
	Deleted          bool
}

type sectionChoice struct {
	Name, Label, What string
	Sensitive, This   bool
}

// act is the entry that something is done with, as it is now.
func (a *App) act(r *http.Request, v *store.View) (fhir.Ref, store.Info, *fhir.Resource, actPage, error) {
	ref, err := refOf(r)
	d := actPage{Href: hrefOf(ref), Most: mostText}
	if err != nil {
		return ref, store.Info{}, nil, d, err
	}
	info, err := v.Why(r.Context(), ref)
	if err != nil {
		return ref, info, nil, d, err
	}
	d.Version = uint64(info.Version)
	d.Word, d.Deleted = a.word(r, ref.Type), info.Header.Deleted
	d.Name = d.Word
	if info.Header.Deleted {
		return ref, info, nil, d, nil
	}
	e, err := v.Read(r.Context(), ref, 0)
	if err != nil {
		return ref, info, nil, d, err
	}
	if s := a.shown(r, &e); s.Title != "" {
		d.Name = short(s.Title, 120)
	}
	res, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return ref, info, nil, d, err
	}
	d.Said = a.said(r, res)
	d.Own = ownEntry(info)
	d.CanMistake = d.Own && mistakes[ref.Type] != "" && !a.shown(r, &e).Mistake
	return ref, info, res, d, nil
}

// ownEntry reports whether the person wrote an entry here themself, and nobody else had a
// hand in it.
func ownEntry(info store.Info) bool {
	return info.Header.Author.Self && info.Header.Origin.IsZero() && info.Before == nil
}

var errGone = record.Safef(record.Gone, "this entry was removed")

// seen is the version that the person saw when they decided.
func seen(r *http.Request) (record.Version, error) {
	n, err := strconv.ParseUint(r.PostForm.Get("version"), 10, 32)
	if err != nil || n == 0 {
		return 0, errForm
	}
	return record.Version(n), nil
}

// Note asks for a note on an entry, and writes it; Dispute the same for what is wrong.
func (a *App) Note(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return a.say(w, r, v, false)
}

// Dispute says that an entry is wrong.
func (a *App) Dispute(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return a.say(w, r, v, true)
}

func (a *App) say(w http.ResponseWriter, r *http.Request, v *store.View, dispute bool) error {
	ref, _, res, d, err := a.act(r, v)
	if err != nil {
		return err
	}
	if res == nil {
		return errGone
	}
	if ref.Type == "Binary" || ref.Type == "Bundle" || ref.Type == "Parameters" {
		return record.Safef(record.Unprocessed, "FHIR has no place for your words on a file: write them on the letter that it belongs to")
	}
	d.Dispute = dispute
	page := web.Page{File: "note", Title: a.pages.T(r, "add.note.head"), Nav: "record"}
	if dispute {
		page.Title = a.pages.T(r, "add.dispute.title")
	}
	if r.Method == http.MethodPost {
		version, err := seen(r)
		if err != nil {
			return err
		}
		d.Text, d.Version = r.PostForm.Get("text"), uint64(version)
		said := lineText(r.PostForm, "text")
		wrong, with := field{sort: aText, most: mostText}.check(&said)
		switch {
		case wrong == "" && said == "":
			wrong = "add.wrong.words"
		case wrong == "" && len(said) > store.MaxWords:
			wrong, with = "add.wrong.bytes", []any{"most", store.MaxWords}
		}
		if wrong == "" {
			if _, err := v.Annotate(r.Context(), ref, version, said, dispute); err != nil {
				return changed(err)
			}
			return a.on(w, r, d.Href)
		}
		d.Error = a.pages.T(r, wrong, with...)
		page.Error, page.Status = true, http.StatusUnprocessableEntity
	}
	page.Data = d
	return a.pages.Render(w, r, page)
}

// Withdraw takes the person's words off an entry.
func (a *App) Withdraw(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, _, res, d, err := a.act(r, v)
	if err != nil {
		return err
	}
	if res == nil || len(d.Said) == 0 {
		return a.on(w, r, d.Href)
	}
	if r.Method == http.MethodPost {
		version, err := seen(r)
		if err != nil {
			return err
		}
		if _, err := v.Withdraw(r.Context(), ref, version); err != nil {
			return changed(err)
		}
		return a.on(w, r, d.Href)
	}
	return a.pages.Render(w, r, web.Page{File: "notewithdraw", Title: a.pages.T(r, "add.withdraw.title"), Nav: "record", Data: d})
}

// Move files an entry in another part of the record.
func (a *App) Move(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, info, res, d, err := a.act(r, v)
	if err != nil {
		return err
	}
	if res == nil {
		return errGone
	}
	page := web.Page{File: "move", Title: a.pages.T(r, "add.move.title"), Nav: "record"}
	if r.Method == http.MethodPost {
		to, err := record.ParseSection(r.PostForm.Get("to"))
		if err == nil {
			if _, err := v.Move(r.Context(), []fhir.Ref{ref}, to); err != nil {
				return changed(err)
			}
			return a.on(w, r, d.Href)
		}
		d.Error = a.pages.T(r, "add.wrong.choice")
		page.Error, page.Status = true, http.StatusUnprocessableEntity
	}
	name := func(s record.Section) string { return a.pages.T(r, "record.section."+s.String()) }
	d.Now = name(info.Section)
	if info.Suggested.Valid() && info.Suggested != info.Section {
		d.Suggested = name(info.Suggested)
	}
	for _, s := range record.Sections() {
		x := sectionChoice{Name: s.String(), Label: name(s), Sensitive: s.Sensitive(), This: s == info.Section}
		if x.Sensitive {
			x.What = a.pages.T(r, "add.move."+s.String())
		}
		d.Sections = append(d.Sections, x)
	}
	page.Data = d
	return a.pages.Render(w, r, page)
}

// mistakes is where types say that they were entered in error (R4).
var mistakes = map[string]string{"Observation": "status", "MedicationStatement": "status", "Communication": "status", "Appointment": "status",
	"DocumentReference": "status", "AllergyIntolerance": "verificationStatus"}

// Remove deletes an entry, or marks it as a mistake. What was there stays in older
// versions, so it can be put back.
func (a *App) Remove(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, _, res, d, err := a.act(r, v)
	if err != nil {
		return err
	}
	page := web.Page{File: "remove", Title: a.pages.T(r, "add.remove.title"), Nav: "record", Data: d}
	if d.Deleted {
		page.File, page.Title = "removed", a.pages.T(r, "add.removed.title")
	}
	if ref.Type == "Patient" && ref.ID == v.PatientID() {
		return record.Safef(record.Unprocessed, "these are your own details, which every entry points to: they can be corrected, and not removed")
	}
	if r.Method != http.MethodPost || d.Deleted {
		return a.pages.Render(w, r, page)
	}
	version, err := seen(r)
	if err != nil {
		return err
	}
	c := change.Change{Verb: change.Delete, Ref: ref, URL: ref.String(), IfMatch: etag(version)}
	switch how := r.PostForm.Get("how"); {
	case how == "mistake" && d.CanMistake:
		patched, err := mistaken(res, ref)
		if err != nil {
			return err
		}
		c.Verb, c.Resource = change.Update, patched
	case how == "delete":
	default:
		d.Error = a.pages.T(r, "add.wrong.choice")
		page.Data, page.Error, page.Status = d, true, http.StatusUnprocessableEntity
		return a.pages.Render(w, r, page)
	}
	if _, err := v.Apply(r.Context(), []change.Change{c}, store.ApplyOptions{}); err != nil {
		return changed(err)
	}
	if c.Verb == change.Delete {
		return a.on(w, r, d.Href+"/remove")
	}
	return a.on(w, r, d.Href)
}

func etag(v record.Version) string { return `W/"` + v.String() + `"` }

// mistaken is an entry of the person's own, marked as one.
func mistaken(res *fhir.Resource, ref fhir.Ref) (*fhir.Resource, error) {
	patch := `[{"op":"replace","path":"/status","value":"entered-in-error"}]`
	if ref.Type == "AllergyIntolerance" { // ait-2: then it has no clinical status
		status, err := json.Marshal(coded(terminology+"allergyintolerance-verification", "entered-in-error"))
		if err != nil {
			return nil, record.Safef(record.Internal, "encoding a status")
		}
		patch = `[{"op":"add","path":"/verificationStatus","value":` + string(status) + `}`
		if res.Root().Get("clinicalStatus").Valid() {
			patch += `,{"op":"remove","path":"/clinicalStatus"}`
		}
		patch += "]"
	}
	p, err := change.ParseJSONPatch([]byte(patch))
	if err != nil {
		return nil, err
	}
	return p.Apply(res)
}

// Restore puts an entry back that was removed: as it was before.
func (a *App) Restore(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, info, _, d, err := a.act(r, v)
	if err != nil {
		return err
	}
	if !d.Deleted || info.Version < 2 {
		return a.on(w, r, d.Href)
	}
	e, err := v.Read(r.Context(), ref, info.Version-1)
	if err != nil {
		return err
	}
	res, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return err
	}
	c := change.Change{Verb: change.Update, Ref: ref, Resource: res, URL: ref.String()}
	if _, err := v.Apply(r.Context(), []change.Change{c}, store.ApplyOptions{}); err != nil {
		return changed(err)
	}
	return a.on(w, r, d.Href)
}

// written finds the form that an entry was written with, and what was typed into it: only
// where the form would make just this of it.
func written(res *fhir.Resource, patient string) (*kind, map[string]string) {
	want := words(res)
	for _, k := range append(slices.Clip(kinds), me) {
		if k.typ != res.Type() {
			continue
		}
		values := k.values(res)
		for name, text := range values {
			if text == "" {
				delete(values, name)
			}
		}
		got, err := k.resource(values, patient, nil)
		if err == nil && words(got) == want {
			return k, values
		}
	}
	return nil, nil
}

// words are what a resource says, in one order, without what the record itself puts on it.
func words(res *fhir.Resource) string {
	o := object{}
	d := json.NewDecoder(strings.NewReader(string(res.Bytes())))
	d.UseNumber()
	if d.Decode(&o) != nil {
		return string(res.Bytes())
	}
	for _, name := range []string{"id", "meta", "extension"} {
		delete(o, name)
	}
	b, err := json.Marshal(o)
	if err != nil {
		return string(res.Bytes())
	}
	return string(b)
}

// values are what was typed to make a resource.
func (k *kind) values(res *fhir.Resource) map[string]string {
	root := res.Root()
	get := func(names ...string) string {
		n := root
		for _, name := range names {
			if name == "*" {
				first := fhir.Node{}
				for x := range n.All() {
					first = x
					break
				}
				n = first
				continue
			}
			n = n.Get(name)
		}
		return n.Text()
	}
	note := get("note", "*", "text")
	switch k.name {
	case "medicine":
		return map[string]string{"what": get("medicationCodeableConcept", "text"), "how": get("dosage", "*", "text"), "why": get("reasonCode", "*", "text"),
			"from": get("effectivePeriod", "start"), "until": get("effectivePeriod", "end"), "note": note}
	case "allergy":
		return map[string]string{"what": get("code", "text"), "sort": get("category", "*"), "happens": get("reaction", "*", "manifestation", "*", "text"),
			"severity": get("reaction", "*", "severity"), "since": get("onsetDateTime"), "note": note}
	case "me":
		return map[string]string{"given": get("name", "*", "given", "*"), "family": get("name", "*", "family"), "born": get("birthDate"), "gender": get("gender")}
	case "note":
		return map[string]string{"title": get("topic", "text"), "text": get("payload", "*", "contentString"), "when": get("sent")}
	case "about":
		topic := ""
		for name, text := range aboutTopics {
			if text == get("code", "text") {
				topic = name
			}
		}
		return map[string]string{"topic": topic, "text": get("valueString")}
	case "appointment":
		start, end := get("start"), get("end")
		v := map[string]string{"what": get("description"), "note": get("comment")}
		if len(start) >= 16 && len(end) >= 16 {
			v["day"], v["time"], v["until"] = start[:10], start[11:16], end[11:16]
		}
		var others []string
		for p := range root.Get("participant").All() {
			if t := p.Get("actor").Get("display").Text(); t != "" {
				others = append(others, t)
			}
		}
		if len(others) > 0 {
			v["who"] = others[0]
		}
		if len(others) > 1 {
			v["where"] = others[1]
		}
		return v
	case "pressure":
		v := map[string]string{"day": get("effectiveDateTime"), "note": note}
		for c := range root.Get("component").All() {
			name := "top"
			if v["top"] != "" {
				name = "bottom"
			}
			v[name] = c.Get("valueQuantity").Get("value").Text()
		}
		return v
	}
	return map[string]string{"value": get("valueQuantity", "value"), "day": get("effectiveDateTime"), "note": note}
}

// Correct lets the person write anew what they wrote.
func (a *App) Correct(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, info, res, d, err := a.act(r, v)
	if err != nil {
		return err
	}
	switch {
	case res == nil:
		return errGone
	case !d.Own: // what somebody else wrote is theirs: say that it is wrong
		return a.on(w, r, d.Href+"/dispute")
	}
	k, values := written(res, v.PatientID())
	if k == nil {
		return a.pages.Render(w, r, web.Page{File: "correct", Title: a.pages.T(r, "add.correct.title"), Nav: "record", Data: d})
	}
	p := formPage{Action: d.Href + "/correct", Back: d.Href, Ref: ref, Version: uint64(info.Version)}
	if r.Method != http.MethodPost {
		form := spread(k.fields, values)
		form.Set("key", newKey())
		return a.showForm(w, r, k, form, answers{}, p)
	}
	version, err := seen(r)
	if err != nil {
		return err
	}
	p.Version = uint64(version)
	got, done, err := a.steps(w, r, k, p)
	if done || err != nil {
		return err
	}
	more := object{}
	if raw, ok := res.Value("extension"); ok { // what the person said about it stays on it
		more["extension"] = json.RawMessage(raw)
	}
	next, err := k.resource(got.text, v.PatientID(), more)
	if err != nil {
		return err
	}
	c := change.Change{Verb: change.Update, Ref: ref, Resource: next, URL: ref.String(), IfMatch: etag(version)}
	if _, err := v.Apply(r.Context(), []change.Change{c}, store.ApplyOptions{}); err != nil {
		if record.KindOf(err) == record.Precondition && words(res) == words(next) { // it was sent twice
			return a.on(w, r, d.Href)
		}
		return changed(err)
	}
	return a.on(w, r, d.Href)
}
