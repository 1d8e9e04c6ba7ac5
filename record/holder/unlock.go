package holder

import (
	"context"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/statement"
)

// ErrNoSlot is for a passphrase, passkey or recovery code that opens nothing. A
// server cannot tell a mistyped passphrase from a slot that never was.
var ErrNoSlot error = record.Safef(record.Unauthorized,
	"this opens no record here: it may be mistyped, or this way in may have been removed")

// Unlock opens the record that a slot leads to. m is what this device remembers
// of it; a server that shows anything older is refused with record.Integrity.
func Unlock(ctx context.Context, srv Server, slot crypto.Credential, m Memory) (*Holder, error) {
	h := &Holder{srv: srv, opener: newOpener(slot), mem: m}
	capsule, err := srv.Slot(ctx, h.opener.key.ID)
	if errors.Is(err, record.NotFound) {
		return nil, ErrNoSlot
	}
	if err != nil {
		return nil, err
	}
	person, err := keys.OpenSlot(h.opener.key, capsule)
	if err != nil {
		return nil, damaged("the server's answer was not made for this way in")
	}
	if m.Person != (record.PersonID{}) && m.Person != person {
		return nil, damaged("this way in leads to another record than the one this device knows")
	}
	node, err := srv.Node(ctx)
	if err != nil {
		return nil, err
	}
	h.ahead = time.Until(node.Time)
	if m.Store != (record.StoreID{}) && m.Store != node.Store || m.Verifier != "" && m.Verifier != node.Verifier {
		return nil, damaged("this is not the server that this device knows")
	}
	s, err := h.load(ctx, person)
	if err != nil {
		return nil, err
	}
	if s.ring.store != node.Store || s.ring.verifier != node.Verifier {
		return nil, damaged("this is not the server that the record was made on")
	}
	h.adopt(s)
	return h, nil
}

// damaged is for what cannot come from an honest server.
func damaged(why string) error { return record.Safef(record.Integrity, "%s", why) }

// Refresh fetches the keyring again, to show what other devices have changed.
// Changes do it by themselves where they need to.
func (h *Holder) Refresh(ctx context.Context) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	return h.reload(ctx)
}

// reload is Refresh for whoever holds changing.
func (h *Holder) reload(ctx context.Context) error {
	was := h.state().ring
	s, err := h.load(ctx, was.person)
	if err != nil {
		return err
	}
	if s.ring.store != was.store || s.ring.verifier != was.verifier {
		return damaged("the keyring names another server than before")
	}
	h.adopt(s)
	return nil
}

// load fetches the keyring and opens it, if it is not older than what this
// device has seen.
func (h *Holder) load(ctx context.Context, person record.PersonID) (s state, err error) {
	h.mu.Lock()
	slot, m := h.opener, h.mem
	h.mu.Unlock()
	got, err := h.srv.Ring(ctx, person, slot.key.ID)
	if errors.Is(err, record.NotFound) {
		return s, ErrNoSlot // removed by another device
	}
	if err != nil {
		return s, err
	}
	if got.Seq < m.Seq {
		return s, damaged("the server shows an older keyring than this device has seen")
	}
	if got.Seq == m.Seq && got.Hash != m.Hash {
		return s, damaged("the server shows another keyring than this device has seen")
	}
	root, err := slot.unwrap(person, got.Wrap)
	if err != nil {
		return s, damaged("the root key cannot be opened by this way in")
	}
	defer func() {
		if err != nil {
			root.Destroy()
		}
	}()
	r, err := openRing(root, person, got.Seq, got.Blob)
	if errors.Is(err, ErrNewerRing) {
		return s, err
	}
	if err != nil {
		return s, damaged("the keyring cannot be opened")
	}
	s = state{ring: r, root: root, hash: got.Hash, live: map[record.GrantID]LiveGrant{}}
	for _, l := range got.Live {
		s.live[l.Grant] = l
	}
	if hash, known := r.hashOf(m.Seq); known && m.Seq > 0 && hash != m.Hash {
		return s, damaged("the keyring does not follow the one this device has seen")
	}
	if got.Epoch != r.epoch() {
		return s, damaged("the server and the keyring disagree about the epoch")
	}
	head, err := audit.VerifyCheckpoint(got.Checkpoint, r.verifier, r.store, person)
	if err != nil {
		return s, damaged(err.Error())
	}
	for _, seen := range []statement.Head{m.Head(), r.seen} {
		if head.Size < seen.Size {
			return s, &audit.Tampered{Why: "entries that were there are gone", Seen: seen, Now: head}
		}
		if head.Size == seen.Size && head != seen {
			return s, &audit.Tampered{Why: "what was seen before is not part of it", Seen: seen, Now: head}
		}
	}
	return s, nil
}
