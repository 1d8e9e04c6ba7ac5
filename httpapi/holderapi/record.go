package holderapi

import (
	"errors"
	"net/http"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/store"
)

// Copy streams the whole record as it is at rest, sealed, in the frames of a backup.
// An answer that breaks off is cut, and its end is signed: half of one is no copy.
func (a *API) Copy(w http.ResponseWriter, r *http.Request, v *store.View) error {
	w.Header().Set("Content-Type", "application/octet-stream")
	err := v.CopyRecord(r.Context(), w)
	if err != nil {
		w.Header().Del("Content-Type") // in case nothing was written
	}
	return err
}

// Take takes a record in that was copied at another server, on an invite, which is
// looked at before any of the body is read.
func (a *API) Take(w http.ResponseWriter, r *http.Request, invite crypto.Credential) error {
	if invite.IsZero() {
		return record.Unauthorized
	}
	t, err := a.store.TakeRecord(r.Context(), r.Body, invite)
	if e, ok := errors.AsType[*record.Error](err); ok && e.Kind == record.Integrity {
		// What is damaged is what was sent, not what is kept here.
		err = &record.Error{Kind: record.Unprocessed, Safe: e.Safe, Shown: e.Shown, Err: e.Err}
	}
	if err != nil {
		return err
	}
	return answer(w, message.Taken{Person: message.ID(t.Person), Entries: t.Entries, Seq: uint64(t.Seq), Checkpoint: t.Checkpoint, Again: t.Again})
}
