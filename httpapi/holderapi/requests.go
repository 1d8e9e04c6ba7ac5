package holderapi

import (
	"net/http"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/store"
)

// Requests lists the questions that came in at the person's addresses, sealed as they
// are: their device opens them.
func (a *API) Requests(w http.ResponseWriter, r *http.Request, v *store.View) error {
	asks, err := v.Asks(r.Context())
	if err != nil {
		return err
	}
	m := message.Requests{Requests: []message.Asked{}}
	for _, q := range asks {
		m.Requests = append(m.Requests, message.Asked{ID: message.ID(q.ID), Hour: q.Hour, Sealed: q.Sealed})
	}
	return answer(w, m)
}

// Answer leaves a no for who asked, sealed to them. A yes comes with the statement that
// makes the grant.
func (a *API) Answer(w http.ResponseWriter, r *http.Request, v *store.View) error {
	request, err := capsule(r)
	if err != nil {
		return err
	}
	var m message.Answer
	if err := message.Read(r.Body, &m); err != nil {
		return err
	}
	if err := v.PutAnswer(r.Context(), record.Capsule{ID: request, Hour: m.Hour, Blob: m.Blob}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// DropRequest removes a question, unanswered.
func (a *API) DropRequest(w http.ResponseWriter, r *http.Request, v *store.View) error {
	request, err := capsule(r)
	if err != nil {
		return err
	}
	if err := v.DropAsk(r.Context(), request); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
