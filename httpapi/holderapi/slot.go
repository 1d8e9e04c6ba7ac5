package holderapi

import (
	"net/http"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
)

// Slot looks up the capsule of an unlock slot by its derived id.
func (a *API) Slot(w http.ResponseWriter, r *http.Request) error {
	var q message.SlotRequest
	if err := message.Read(r.Body, &q); err != nil {
		return err
	}
	c, err := a.store.Slot(r.Context(), crypto.CapsuleID(q.ID))
	if err != nil {
		return err
	}
	return answer(w, message.Slot{Hour: c.Hour, Blob: c.Blob})
}

// Ring looks up a person's keyring for one of their slots.
func (a *API) Ring(w http.ResponseWriter, r *http.Request) error {
	var q message.RingRequest
	if err := message.Read(r.Body, &q); err != nil {
		return err
	}
	ring, err := a.store.Ring(r.Context(), record.PersonID(q.Person), crypto.CapsuleID(q.Slot), q.Seen)
	if err != nil {
		return err
	}
	m := message.Ring{Seq: uint64(ring.Seq), Blob: ring.Blob, Wrap: ring.Wrap, Hash: message.Hash(ring.Hash),
		Epoch: uint32(ring.Epoch), Live: []message.LiveGrant{}, Checkpoint: ring.Checkpoint}
	if ring.From != (record.StoreID{}) {
		from := message.ID(ring.From)
		m.From, m.Note = &from, ring.Note
	}
	for _, x := range ring.Proof {
		m.Proof = append(m.Proof, message.Hash(x))
	}
	for _, g := range ring.Live {
		m.Live = append(m.Live, message.LiveGrant{Grant: message.ID(g.Grant), Until: g.Until, Self: g.Self, Struck: g.Struck, Suspended: g.Suspended})
	}
	return answer(w, m)
}

// RingLog serves a part of the log of a record that waits to be carried on, to one
// of its slots.
func (a *API) RingLog(w http.ResponseWriter, r *http.Request) error {
	var q message.RingLogRequest
	if err := message.Read(r.Body, &q); err != nil {
		return err
	}
	p, err := a.store.RingLog(r.Context(), record.PersonID(q.Person), crypto.CapsuleID(q.Slot), q.From)
	if err != nil {
		return err
	}
	return answer(w, logPage(p))
}
