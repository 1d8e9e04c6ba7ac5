package holderapi

import (
	"net/http"

	"carehold/record/store"
)

// DropAddress removes an address of the person's: nobody is asked there any more.
func (a *API) DropAddress(w http.ResponseWriter, r *http.Request, v *store.View) error {
	address, err := capsule(r)
	if err != nil {
		return err
	}
	if err := v.DropAddress(r.Context(), address); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
