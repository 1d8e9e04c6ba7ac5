package holderapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/store"
)

// Inbox lists what waits, sealed.
func (a *API) Inbox(w http.ResponseWriter, r *http.Request, v *store.View) error {
	q, err := query(r, "from")
	if err != nil {
		return err
	}
	var from message.ID
	if text, given := q["from"]; given {
		if err := from.UnmarshalText([]byte(text[0])); err != nil {
			return err
		}
	}
	page, err := v.Inbox(r.Context(), store.WaitingID(from), 0)
	if err != nil {
		return err
	}
	m := message.Inbox{Items: make([]message.InboxItem, len(page.Waiting))}
	for i, x := range page.Waiting {
		m.Items[i] = message.InboxItem{ID: message.ID(x.ID), Sealed: x.Sealed}
	}
	if page.More {
		next := message.ID(page.Next)
		m.Next = &next
	}
	return answer(w, m)
}

// TakeIn takes in what waits, or removes a notice that was looked at.
func (a *API) TakeIn(w http.ResponseWriter, r *http.Request, v *store.View) error {
	id, err := item(r)
	if err != nil {
		return err
	}
	var q message.InboxAnswer
	if err := message.Read(r.Body, &q); err != nil {
		return err
	}
	if q.Looked {
		if q.Type != "" || q.Resource != nil {
			return record.Safef(record.Invalid, "something is looked at, or it is taken in: not both").At("looked")
		}
		if err := v.Looked(r.Context(), id); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	x := store.TakingIn{Type: q.Type, JSON: q.Resource, Grant: record.GrantID(q.Grant), Certificate: q.Certificate}
	if copy(x.Opening[:], q.Opening) != len(q.Opening) || len(q.Opening) != len(x.Opening) {
		return record.Safef(record.Invalid, "the opening of what waits is 32 bytes, which stand with it in its box").At("opening")
	}
	if q.Section != "" {
		if x.Section, err = record.ParseSection(q.Section); err != nil {
			return err
		}
	}
	out, err := v.TakeIn(r.Context(), id, x)
	if err != nil {
		return err
	}
	by := out.Author
	return answer(w, message.TakenIn{Type: out.Ref.Type, ID: out.Ref.ID, Version: uint64(out.Version), Time: out.Time,
		Section: out.Section.String(), Unchanged: out.Unchanged, Deleted: out.Deleted, Unverified: out.Unverified,
		By: by.Name, Organisation: by.Organisation, Role: by.Role, Number: by.Number, Register: by.Register})
}

// Dismiss removes what waits.
func (a *API) Dismiss(w http.ResponseWriter, r *http.Request, v *store.View) error {
	id, err := item(r)
	if err != nil {
		return err
	}
	if err := v.Dismiss(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// item is what the URL names of the inbox.
func item(r *http.Request) (store.WaitingID, error) {
	var id message.ID
	err := id.UnmarshalText([]byte(r.PathValue("item")))
	return store.WaitingID(id), err
}
