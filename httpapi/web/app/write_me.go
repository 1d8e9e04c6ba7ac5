package app

import (
	"net/http"
	"net/url"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/store"
)

// me is who the person is, as they write it themself, where no file said it. It is not
// among kinds: there is one Patient, of the record's own id.
var me = &kind{name: "me", typ: "Patient", fields: []field{
	{name: "given", sort: aLine, required: true, most: mostLine},
	{name: "family", sort: aLine, required: true, most: mostLine},
	{name: "born", sort: aDate, required: true, past: true},
	{name: "gender", sort: aChoice, choices: []string{"female", "male", "other"}},
}, build: func(v map[string]string, patient string) object {
	o := object{"resourceType": "Patient", "id": patient, "name": []any{object{"family": v["family"], "given": []any{v["given"]}}}, "birthDate": v["born"]}
	set(o, "gender", v["gender"], v["gender"] != "")
	return o
}}

// Details is where the person writes who they are: a summary has to say it. What is there
// already is shown, and corrected, as any entry is.
func (a *App) Details(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref := fhir.Ref{Type: "Patient", ID: v.PatientID()}
	there, err := a.saysWhose(r.Context(), v)
	if err != nil {
		return err
	}
	p, to := formPage{Action: "/app/settings/details", Back: "/app/settings"}, hrefOf(ref)
	if r.URL.Query().Has("share") { // from the wizard, which has kept what was chosen
		p, to = formPage{Action: "/app/settings/details?share", Back: "/app/share"}, "/app/share"
	}
	if there {
		return a.on(w, r, to)
	}
	if r.Method != http.MethodPost {
		return a.showForm(w, r, me, url.Values{"key": {newKey()}}, answers{}, p)
	}
	got, done, err := a.steps(w, r, me, p)
	if done || err != nil {
		return err
	}
	res, err := me.resource(got.text, ref.ID, nil)
	if err != nil {
		return err
	}
	_, err = v.Apply(r.Context(), []change.Change{{Verb: change.Update, Ref: ref, Resource: res, URL: ref.String(), IfNoneMatch: "*"}}, store.ApplyOptions{})
	if err != nil && record.KindOf(err) != record.Precondition { // it came already
		return err
	}
	return a.on(w, r, to)
}
