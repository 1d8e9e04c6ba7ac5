package holderapi

import (
	"net/http"
	"strconv"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/store"
)

// PutLinkFile keeps a file of a link, sealed as the device sent it; file 0 is the list
// of the others.
func (a *API) PutLinkFile(w http.ResponseWriter, r *http.Request, v *store.View) error {
	link, err := capsule(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PathValue("file"))
	if err != nil {
		return record.Safef(record.Invalid, "a file of a link has a number")
	}
	if err := v.PutLinkFile(r.Context(), link, n, r.Body); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// DropLink removes the files of a link.
func (a *API) DropLink(w http.ResponseWriter, r *http.Request, v *store.View) error {
	link, err := capsule(r)
	if err != nil {
		return err
	}
	if err := v.DropLink(r.Context(), link); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// capsule is the one named in the URL.
func capsule(r *http.Request) (crypto.CapsuleID, error) {
	var id message.ID
	err := id.UnmarshalText([]byte(r.PathValue("capsule")))
	return crypto.CapsuleID(id), err
}
