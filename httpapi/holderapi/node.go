package holderapi

import (
	"net/http"

	"carehold/httpapi/message"
)

// Node says which server this is. A device pins the verifier when it enrols.
func (a *API) Node(w http.ResponseWriter, r *http.Request) error {
	return answer(w, message.Node{Store: message.ID(a.store.ID()), Verifier: a.store.Verifier(), Time: a.store.Now(), Version: a.version})
}
