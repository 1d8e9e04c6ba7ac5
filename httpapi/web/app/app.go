// Package app is the person's own screens: their record, what they share, what was done
// with it. Each handler takes the View that the session opened, and nothing else reads.
package app

import (
	"net/http"

	"carehold/httpapi/web"
	"carehold/record/store"
)

// App serves the screens.
type App struct {
	pages *web.Pages
	store *store.Store
	waits waiting // files between being sent and being kept
}

// New makes the screens of a server.
func New(pages *web.Pages, st *store.Store) *App { return &App{pages: pages, store: st} }

// Awake keeps a session awake while somebody is typing: a page that is being filled in
// asks for it now and then.
func (a *App) Awake(w http.ResponseWriter, r *http.Request, v *store.View) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
