package holderapi

import (
	"net/http"
	"strconv"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/store"
)

// Note puts words of the person's on an entry.
func (a *API) Note(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := reference(r)
	if err != nil {
		return err
	}
	var q message.Note
	if err := message.Read(r.Body, &q); err != nil {
		return err
	}
	res, err := v.Annotate(r.Context(), ref, record.Version(q.Version), q.Text, q.Dispute)
	if err != nil {
		return err
	}
	return answer(w, noted(res))
}

// Withdraw takes them back.
func (a *API) Withdraw(w http.ResponseWriter, r *http.Request, v *store.View) error {
	ref, err := reference(r)
	if err != nil {
		return err
	}
	q, err := query(r, "version")
	if err != nil {
		return err
	}
	seen := uint64(0)
	if text, given := q["version"]; given {
		if seen, err = strconv.ParseUint(text[0], 10, 40); err != nil || seen == 0 {
			return record.Safef(record.Invalid, "a version is a number, from 1").At("version")
		}
	}
	res, err := v.Withdraw(r.Context(), ref, record.Version(seen))
	if err != nil {
		return err
	}
	return answer(w, noted(res))
}

func noted(res store.Result) message.Noted {
	return message.Noted{Type: res.Ref.Type, ID: res.Ref.ID, Version: uint64(res.Version)}
}
