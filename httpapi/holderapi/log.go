package holderapi

import (
	"net/http"
	"strconv"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/statement"
	"carehold/record/store"
)

// Log serves a run of the log, as many entries as fit, still sealed.
func (a *API) Log(w http.ResponseWriter, r *http.Request, v *store.View) error {
	values, err := query(r, "from", "limit")
	if err != nil {
		return err
	}
	from, err := number(values.Get("from"), "from")
	if err != nil {
		return err
	}
	limit, err := number(values.Get("limit"), "limit")
	if err != nil {
		return err
	}
	p, err := v.Log(r.Context(), from, int(min(limit, store.MaxLeaves)))
	if err != nil {
		return err
	}
	return answer(w, logPage(p))
}

func logPage(p store.LogPage) message.Log {
	m := message.Log{From: p.From, Frontier: p.Frontier, Leaves: p.Leaves, Size: p.Size, Checkpoint: p.Checkpoint}
	if m.Leaves == nil {
		m.Leaves = [][]byte{}
	}
	return m
}

// Proof proves that the log as a device saw it is the beginning of the log now.
func (a *API) Proof(w http.ResponseWriter, r *http.Request, v *store.View) error {
	values, err := query(r, "size", "root")
	if err != nil {
		return err
	}
	var from statement.Head
	if from.Size, err = number(values.Get("size"), "size"); err != nil {
		return err
	}
	var root message.Hash
	if err := root.UnmarshalText([]byte(values.Get("root"))); err != nil {
		return record.Safef(record.Invalid, "a root has 64 characters, 0 to 9 and a to f").At("root")
	}
	from.Root = root
	proof, checkpoint, err := v.Consistency(r.Context(), from)
	if err != nil {
		return err
	}
	m := message.Proof{Proof: []message.Hash{}, Checkpoint: checkpoint}
	for _, h := range proof {
		m.Proof = append(m.Proof, message.Hash(h))
	}
	return answer(w, m)
}

// number reads a parameter that may be left out, for 0.
func number(text, name string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 62)
	if err != nil {
		return 0, record.Safef(record.Invalid, "this is a number from 0").At(name)
	}
	return n, nil
}
