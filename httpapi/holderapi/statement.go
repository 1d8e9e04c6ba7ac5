package holderapi

import (
	"io"
	"net/http"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/statement"
)

// Statement applies a signed change. Its signature is its authority; the first
// one of a person brings an invite besides, as its bearer token.
func (a *API) Statement(w http.ResponseWriter, r *http.Request, invite crypto.Credential) error {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	signed, err := statement.Parse(b)
	if err != nil {
		if record.KindOf(err) == record.Internal { // wire's own errors have no kind
			err = record.Safef(record.Invalid, "this is not a statement")
		}
		return err
	}
	receipt, err := a.store.Apply(r.Context(), signed, invite)
	if err != nil {
		return err
	}
	return answer(w, message.Receipt{Seq: uint64(receipt.Seq), Checkpoint: receipt.Checkpoint})
}
