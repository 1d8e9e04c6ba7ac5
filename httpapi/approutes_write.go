package httpapi

import (
	"net/http"

	"carehold/httpapi/web"
	"carehold/httpapi/web/app"
	"carehold/record"
	"carehold/record/store"
)

// appWriteRoutes are the pages on which the person adds to their record, changes what is
// there, and sets how it is opened.
func (s *Server) appWriteRoutes() []Route {
	a := s.app
	const entry = "/app/entry/{type}/{id}"
	get := func(path string, serve func(http.ResponseWriter, *http.Request, *store.View) error) Route {
		return Route{Method: "GET", Path: path, Door: DoorApp, Kinds: themself, Rate: RateOrdinary, View: s.page(serve)}
	}
	post := func(path string, serve func(http.ResponseWriter, *http.Request, *store.View) error) Route {
		return Route{Method: "POST", Path: path, Door: DoorApp, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: form, View: s.page(serve)}
	}
	return []Route{
		get("/app/add", a.Add), get("/app/add/{kind}", a.AddForm), post("/app/add/{kind}", a.AddWrite),
		{Method: "POST", Path: "/app/import", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, Body: app.MaxUpload + smallBody, Types: multipart, Stream: true, View: s.upload(a.Upload)},
		get("/app/import/{id}", a.Review), post("/app/import/{id}", a.Keep), post("/app/import/{id}/discard", a.Discard),
		get("/app/imports", a.Imports), get("/app/imports/{id}/undo", a.UndoImport), post("/app/imports/{id}/undo", a.UndoImport),

		get(entry+"/note", a.Note), post(entry+"/note", a.Note),
		get(entry+"/dispute", a.Dispute), post(entry+"/dispute", a.Dispute),
		get(entry+"/withdraw", a.Withdraw), post(entry+"/withdraw", a.Withdraw),
		get(entry+"/move", a.Move), post(entry+"/move", a.Move),
		get(entry+"/correct", a.Correct), post(entry+"/correct", a.Correct),
		get(entry+"/remove", a.Remove), post(entry+"/remove", a.Remove), post(entry+"/restore", a.Restore),

		get("/app/settings", a.Settings), get("/app/settings/devices", a.Devices), get("/app/settings/recovery", a.Recovery),
		get("/app/settings/export", a.Export), get("/app/settings/delete", a.Delete),
		{Method: "POST", Path: "/app/settings/export", Door: DoorApp, Kinds: themself, Rate: RateOrdinary, Body: smallBody, Types: form, Stream: true, View: s.page(a.Exported)},
	}
}

var multipart = []string{"multipart/form-data"}

// upload serves a form with files in it. It is read as it comes, and the handler looks for
// the form's word in its first part, before it reads any file.
func (s *Server) upload(serve func(http.ResponseWriter, *http.Request, *store.View) error) func(http.ResponseWriter, *http.Request, *store.View) error {
	return func(w http.ResponseWriter, r *http.Request, v *store.View) error {
		cookie, err := r.Cookie(s.web.CookieName())
		if err != nil {
			return record.Unauthorized
		}
		return serve(w, web.WithVisit(r, web.Visit{Until: v.Until(), Form: web.FormWord(cookie.Value), Person: v.Person().String()}), v)
	}
}
