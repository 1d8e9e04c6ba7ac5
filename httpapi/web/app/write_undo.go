package app

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"carehold/record"
	"carehold/record/store"
)

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
