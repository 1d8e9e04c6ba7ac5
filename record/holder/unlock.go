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
// of it; a server that shows anything older is refused with record.Integrity. Where
// the record was restored or moved, see Waiting and Carried.
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
	h.node, h.ahead = node, time.Until(node.Time)
	s, err := h.load(ctx, person)
	if err != nil {
		return nil, err
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
	was := h.state()
	s, err := h.load(ctx, was.ring.person)
	if err != nil {
		return err
	}
	if was.waiting == nil && s.waiting != nil {
		return damaged("the keyring names another server than before")
	}
	h.adopt(s)
	return nil
}

// load fetches the keyring and opens it, if it is not older than what this
// device has seen.
func (h *Holder) load(ctx context.Context, person record.PersonID) (s state, err error) {
	h.mu.Lock()
	slot, m, node := h.opener, h.mem, h.node
	h.mu.Unlock()
	got, err := h.srv.Ring(ctx, person, slot.key.ID, m.Newest().Size)
	if errors.Is(err, record.NotFound) {
		return s, ErrNoSlot // removed by another device
	}
	if err != nil {
		return s, err
	}
	// Before it is opened: whoever unlocks with a slot that is gone is told this.
	if m.Store == node.Store && got.Seq < m.Seq {
		return s, ErrOlder
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
	if got.Epoch != r.epoch() {
		return s, damaged("the server and the keyring disagree about the epoch")
	}
	head, err := audit.VerifyCheckpoint(got.Checkpoint, node.Verifier, node.Store, person)
	if err != nil {
		return s, damaged(err.Error())
	}
	s.head, s.note = head, got.Checkpoint
	if r.store == node.Store && r.verifier == node.Verifier {
		return s, s.follows(m, got, head)
	}
	return s, s.waits(m, got, head)
}

// follows demands that the keyring, and how far the log has come, are no older than
// what this device has seen: here, or at a store that the record was at before.
func (s *state) follows(m Memory, got RingState, head statement.Head) error {
	r := s.ring
	if got.From != (record.StoreID{}) {
		return damaged("the server says that this record was restored, and the keyring that it is where it was")
	}
	if m.Store != (record.StoreID{}) && (m.Store != r.store || m.Verifier != r.verifier) {
		if err := s.cameAlong(m); err != nil {
			return err
		}
		m = Memory{} // it is of another store: what it says of the log, a check compares
	}
	if got.Seq == m.Seq && got.Hash != m.Hash {
		return older("the server shows another keyring than this device has seen")
	}
	if hash, known := r.hashOf(m.Seq); known && m.Seq > 0 && hash != m.Hash {
		return older("the keyring does not follow the one this device has seen")
	}
	if err := notShorter(head, m.Head(), m.Signed, r.seen); err != nil {
		return err
	}
	if seen := m.Newest(); seen.Size > 0 && seen.Size < head.Size {
		s.doubt = audit.CheckConsistency(got.Proof, seen, head)
		s.met = s.doubt == nil
	}
	return nil
}

// notShorter demands that a log is no shorter than it was seen.
func notShorter(head statement.Head, all ...statement.Head) error {
	for _, seen := range all {
		if head.Size < seen.Size {
			return &audit.Tampered{Why: "entries that were there are gone", Seen: seen, Now: head}
		}
		if head.Size == seen.Size && head != seen && seen.Size > 0 {
			return &audit.Tampered{Why: "what was seen before is not part of it", Seen: seen, Now: head}
		}
	}
	return nil
}
