package holderapi

import (
	"net/http"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/store"
)

// SignIn makes a session of a self-grant, by the grant's key.
func (a *API) SignIn(w http.ResponseWriter, r *http.Request) error {
	var q message.SessionRequest
	err := message.Read(r.Body, &q)
	defer clear(q.Key)
	defer clear(q.Reading)
	if err != nil {
		return err
	}
	gk, err := crypto.KeyFrom(q.Key)
	if err != nil {
		return record.Safef(record.Invalid, "a key has 32 bytes").At("key")
	}
	defer gk.Destroy()
	token, until, err := a.store.SignInToRead(r.Context(), record.PersonID(q.Person), record.GrantID(q.Grant), gk, q.Reading)
	if err != nil {
		return err
	}
	defer token.Destroy()
	v, err := a.store.Open(r.Context(), token)
	if err != nil {
		return err
	}
	defer v.Close()
	return answer(w, message.Session{Token: token.Token(), Until: until, Patient: v.PatientID()})
}

// Session tells of the session that asks: until when, and which Patient the
// record is of, before there is one.
func (a *API) Session(w http.ResponseWriter, r *http.Request, v *store.View) error {
	return answer(w, message.Session{Until: v.Until(), Patient: v.PatientID()})
}

// SignOut ends the session, and says how far the log has come.
func (a *API) SignOut(w http.ResponseWriter, r *http.Request, v *store.View) error {
	checkpoint, err := v.SignOut(r.Context())
	if err != nil {
		return err
	}
	return answer(w, message.SignedOut{Checkpoint: checkpoint})
}
