package holderapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/store"
)

// Imports lists the imports, as the versions they wrote remember them.
func (a *API) Imports(w http.ResponseWriter, r *http.Request, v *store.View) error {
	list, err := v.Imports(r.Context())
	if err != nil {
		return err
	}
	m := message.Imports{Imports: make([]message.Import, len(list))}
	for i, x := range list {
		m.Imports[i] = message.Import{ID: message.ID(x.ID), Source: x.Source, Time: x.Time, Entries: x.Entries, Counts: x.Counts}
	}
	return answer(w, m)
}

// Undo takes an import back.
func (a *API) Undo(w http.ResponseWriter, r *http.Request, v *store.View) error {
	id, err := record.ParseImportID(r.PathValue("import"))
	if err != nil {
		return err
	}
	u, err := v.Undo(r.Context(), id)
	if err != nil {
		return err
	}
	return answer(w, message.Undone{Deleted: u.Deleted, Restored: u.Restored, Kept: refs(u.Kept)})
}
