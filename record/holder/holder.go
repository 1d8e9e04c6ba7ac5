package holder

import (
	"context"
	"sync"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
	"carehold/record/statement"
)

// Holder is an unlocked record. It is safe for several goroutines; changes go
// one at a time. Close it: it holds every key of the record.
type Holder struct {
	srv Server

	changing sync.Mutex // held through a change, and by whoever loads the keyring

	mu     sync.Mutex // guards what follows, never held while the server is asked
	opener opener
	now    state
	mem    Memory
	node   Node          // who the server says it is
	ahead  time.Duration // the server's clock less this device's
}

// state is a keyring and what belongs to it. Its keyring is never changed: a
// change is drafted on a copy.
type state struct {
	ring *ring
	root crypto.Key
	hash statement.Hash // of the statement the keyring came with
	head statement.Head // of the log as the server signed it with that
	note []byte         // its checkpoint, for receipts
	met  bool           // and showed that it goes on from the newest that was seen

	doubt error // *audit.Tampered: it did not show that
	live  map[record.GrantID]LiveGrant

	waiting *Waiting // the person must say that it goes on: nothing else is done
	carried *Carried // another device has said so, and nothing that this one saw was lost
}

// Close overwrites the keys. The Holder must not be used again.
func (h *Holder) Close() {
	h.changing.Lock()
	defer h.changing.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now.root.Destroy()
	h.now.ring.destroy()
	h.opener.key.KEK.Destroy()
}

// Person names the record.
func (h *Holder) Person() record.PersonID { return h.state().ring.person }

// Epoch is the epoch that entries are sealed under now.
func (h *Holder) Epoch() record.Epoch { return h.state().ring.epoch() }

// Now is the time by the server's clock, which is what grants are measured by.
func (h *Holder) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock()
}

// clock is Now for whoever holds mu.
func (h *Holder) clock() time.Time { return time.Now().Add(h.ahead).UTC() }

// Memory is what to remember of this record on this device; keep it after each
// operation, the failed ones included.
func (h *Holder) Memory() Memory {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.mem
}

// Doubt is why the log may not go on from what this device has seen: *audit.Tampered,
// or nil. The server could not show that it does, because some of it is damaged there,
// or because it is another, of a server that was put back to an older state. Which of
// them, Check says. Nobody is kept from their record by it, but should be told before
// they do anything; what the device has seen it goes on remembering.
func (h *Holder) Doubt() error { return h.state().doubt }

// SignIn opens a session: what a person needs to read and write their record,
// read its log and stop grants. Sessions cannot give anything to anybody.
func (h *Holder) SignIn(ctx context.Context) (token string, until time.Time, err error) {
	if h.Waiting() != nil {
		return "", time.Time{}, ErrWaiting
	}
	return h.signIn(ctx)
}

func (h *Holder) signIn(ctx context.Context) (token string, until time.Time, err error) {
	h.mu.Lock()
	r := h.now.ring
	self := r.self().grant.ID
	key := keys.GrantKey(r.newest().grants, self)
	h.mu.Unlock()
	defer key.Destroy()
	return h.srv.SignIn(ctx, r.person, self, key)
}

// A Reader is a Server at which a session can be opened that reads the log.
type Reader interface {
	// SignInToRead is SignIn, with the message of keys.Reading.
	SignInToRead(ctx context.Context, p record.PersonID, g record.GrantID, key crypto.Key, reading []byte) (token string, until time.Time, err error)
}

// SignInToRead opens a session to which the server shows the log, as AuditEvents, and
// what the person decided, as Consents. For that it is given what opens the log, for as
// long as the session is presented: it can then read who looked at what. A session that
// is for anything else does without.
func (h *Holder) SignInToRead(ctx context.Context) (token string, until time.Time, err error) {
	srv, can := h.srv.(Reader)
	switch {
	case !can:
		return "", time.Time{}, record.Safef(record.Unsupported, "a session that reads the log cannot be opened from here")
	case h.Waiting() != nil:
		return "", time.Time{}, ErrWaiting
	}
	h.mu.Lock()
	r := h.now.ring
	self := r.self().grant.ID
	key := keys.GrantKey(r.newest().grants, self)
	reading := r.reading()
	h.mu.Unlock()
	defer key.Destroy()
	defer clear(reading)
	return srv.SignInToRead(ctx, r.person, self, key, reading)
}

// reading is what opens the log: the grants that are live first, then those that ended
// last.
func (r *ring) reading() []byte {
	var out keys.Reading
	for _, g := range r.gens {
		out.Generations = append(out.Generations, keys.Generation{Audit: g.audit, Box: g.box})
	}
	for _, live := range []bool{true, false} {
		for i := len(r.grants) - 1; i >= 0; i-- {
			if g := &r.grants[i]; g.ended.IsZero() == live {
				out.Grants = append(out.Grants, keys.Noted{Grant: g.grant, Generation: g.gen, Ended: g.ended, Why: uint8(g.why)})
			}
		}
	}
	return out.Marshal()
}

// Strike stops a grant at once, from a session. Its keys are renewed with the
// next change; Tidy is one.
func (h *Holder) Strike(ctx context.Context, token string, id record.GrantID) error {
	if err := h.srv.Strike(ctx, token, id); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if l, there := h.now.live[id]; there {
		l.Struck = true
		h.now.live[id] = l
	}
	return nil
}

func (h *Holder) state() state {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// adopt makes a keyring the current one, and overwrites the one before.
func (h *Holder) adopt(s state) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.now
	h.now = s
	if s.waiting == nil { // what waits is not believed yet
		h.mem.follow(s)
		if s.head.Size > 0 {
			h.signed(s.ring, s.head, s.met)
		}
	}
	if old.ring != nil && old.ring != s.ring {
		old.ring.destroy()
		old.root.Destroy() // never the new one: each state has its own copy
	}
}
