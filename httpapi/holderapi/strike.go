package holderapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/store"
)

// Strike stops a grant at once. Its keys are renewed by the next statement.
func (a *API) Strike(w http.ResponseWriter, r *http.Request, v *store.View) error {
	var q message.Strike
	if err := message.Read(r.Body, &q); err != nil {
		return err
	}
	if err := v.Strike(r.Context(), record.GrantID(q.Grant)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
