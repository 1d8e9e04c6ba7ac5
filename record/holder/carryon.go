package holder

import (
	"context"
	"errors"
	"slices"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
)

// CarryOn lets a record go on where it was restored or brought to. The whole log is
// checked first: it must be the one that the keyring and, where it was seen, this
// device know. Then one statement starts an epoch, ends every grant there was, and
// names the new server. loseSeen is the person's word that what Waiting says is
// missing may be lost; without it nothing is done where anything is.
func (h *Holder) CarryOn(ctx context.Context, loseSeen bool) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	for try := 0; ; try++ {
		s := h.state()
		switch {
		case s.waiting == nil && try == 0:
			return errNotWaiting
		case s.waiting == nil:
			return nil // this device's statement was taken, or another's
		case s.ring.version > ringVersion:
			return ErrNewerRing
		case s.waiting.Forked && !loseSeen:
			return h.forked()
		case s.waiting.Lost() && !loseSeen:
			return ErrWouldLose
		}
		w, err := h.look(ctx, !s.waiting.Forked)
		if err != nil && try < maxUnknown && h.overtaken(ctx, s) {
			continue
		}
		if err != nil {
			return err
		}
		if !s.waiting.Settled.IsZero() {
			return h.settleFor(ctx, w)
		}
		d := h.carryOn(w)
		signed, err := d.finish()
		if err != nil {
			d.discard()
			return err
		}
		receipt, err := h.srv.Submit(ctx, signed.Marshal(), "")
		if err == nil {
			h.remember(w)
			return h.took(d, statement.HashOf(signed.Body), receipt)
		}
		d.discard()
		if definite(err) {
			return err
		}
		// Perhaps it was taken, perhaps another device was first: the keyring says.
		if lost := h.reloadSurely(ctx); lost != nil {
			if definite(lost) {
				return lost
			}
			return errUnknown(lost)
		}
		if try >= maxUnknown {
			return err
		}
		if stop := pause(ctx, try); stop != nil {
			return stop
		}
	}
}

// overtaken reports whether another device has carried the record on meanwhile: then
// the log is longer than the keyring knew, and no more to be had without a session.
func (h *Holder) overtaken(ctx context.Context, was state) bool {
	return h.reload(ctx) == nil && h.state().ring.seq > was.ring.seq
}

var errNotWaiting error = record.Safef(record.Unprocessed, "this record does not wait to be carried on")

// forked is the error where what is there is another past than this device saw.
func (h *Holder) forked() error {
	return &audit.Tampered{Why: "what this device saw before is not part of it", Seen: h.Memory().Head(), Now: h.Waiting().From}
}

// Examine fetches the log of a record that waits, and checks it as CarryOn does. It
// tells when the last entry was written that the old server signed: what was done
// after that is not there. Where the log is sound by the keyring and is not the one
// that this device saw, Waiting is Forked from then on; where another device has
// carried it on meanwhile, Waiting is nil.
func (h *Holder) Examine(ctx context.Context) (newest time.Time, err error) {
	h.changing.Lock()
	defer h.changing.Unlock()
	s := h.state()
	if s.waiting == nil {
		return newest, errNotWaiting
	}
	w, err := h.look(ctx, !s.waiting.Forked)
	if err != nil && h.overtaken(ctx, s) {
		return newest, nil
	}
	if _, tampered := errors.AsType[*audit.Tampered](err); tampered && !s.waiting.Forked {
		anyway, sound := h.look(ctx, false)
		if sound != nil {
			return newest, sound
		}
		is := *s.waiting
		is.Forked = true
		h.mu.Lock()
		h.now.waiting = &is
		h.mu.Unlock()
		w, err = anyway, nil
	}
	if err != nil {
		return newest, err
	}
	return w.newest, nil
}

// look walks through the log of a record that waits. asSeen is whether it must be
// the one that this device had seen; the keyring's word is never left out.
func (h *Holder) look(ctx context.Context, asSeen bool) (*walk, error) {
	s := h.state()
	at := s.waiting
	var w *walk
	token := ""
	if !at.Settled.IsZero() {
		var err error
		if token, _, err = h.signIn(ctx); err != nil {
			return nil, err
		}
	}
	w = h.walker(token, Checked{}, func(e audit.Entry) {
		if e.Index < at.From.Size {
			w.newest = e.Event.Time
		}
	})
	w.seen, w.unmet = []statement.Head{s.ring.seen}, nil
	if at.Settled.IsZero() {
		w.node = h.node
		w.fetch = func(ctx context.Context, from uint64) (LogPage, error) {
			return h.srv.RingLog(ctx, s.ring.person, h.opener.key.ID, from)
		}
		w.seen = append(w.seen, at.From)
	}
	if m := h.Memory(); asSeen && m.Store == at.Store {
		w.seen = append(w.seen, within(m.Log.Frontier, at.From.Size))
		if m.Signed.Size <= at.From.Size {
			w.seen = append(w.seen, m.Signed)
		}
		w.unmet = slices.DeleteFunc(slices.Clone(m.Unmet), func(u statement.Head) bool { return u.Size > at.From.Size })
	}
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	if at.Settled.IsZero() && len(w.closed) > 0 {
		return nil, w.tampered("entry %d opens with none of your keys: it is damaged or forged", w.closed[0].index)
	}
	if at.Settled.IsZero() && w.at.Seq > s.ring.seq {
		return nil, w.tampered("the log has changes of yours that the keyring knows nothing of")
	}
	return w, nil
}

// within is the greatest head, no larger than size, that the peaks of a frontier
// tell: the beginning of a log that was seen can be met, though its end is gone.
func within(f audit.Frontier, size uint64) statement.Head {
	for f.Size > size {
		f.Size &= f.Size - 1 // the last peak is over as many leaves as the lowest one bit says
		f.Peaks = f.Peaks[:len(f.Peaks)-1]
	}
	if f.Size == 0 {
		return statement.Head{}
	}
	return f.Head()
}

// carryOn drafts the statement.
func (h *Holder) carryOn(w *walk) *draft {
	d := h.draft()
	r, at := d.ring, h.state().waiting
	d.carry = &statement.CarryOn{From: at.Store, Verifier: h.node.Verifier, Seen: at.Seen}
	var ended []record.GrantID
	for i := range r.grants {
		if g := &r.grants[i]; g.ended.IsZero() {
			d.end(g, Left)
			if !g.grant.Self {
				ended = append(ended, g.grant.ID)
			}
		}
	}
	r.came = append(r.came, origin{store: r.store, verifier: r.verifier, seq: r.seq + 1, seen: at.Seen, seenSeq: at.before,
		at: d.now.Truncate(time.Second), size: at.From.Size})
	for i := range r.addresses { // whose capsules are in no backup and in no copy
		if a := &r.addresses[i]; a.closed.IsZero() {
			a.closed = d.now.Truncate(time.Second)
		}
	}
	r.store, r.verifier, r.moved, r.seen = h.node.Store, h.node.Verifier, nil, w.at.Frontier.Head()
	d.newSelf()
	d.renew = true
	d.did(audit.CarryOn, "carried this record on after it was restored or moved", ended...)
	return d
}

// remember is that a walk is over: this device has seen that much of the log.
func (h *Holder) remember(w *walk) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := &h.mem
	if m.Store != (record.StoreID{}) {
		m.Came = append(m.Came, m.Store)
	}
	m.Store, m.Log, m.Signed, m.Unmet, m.Looked = h.node.Store, w.at, statement.Head{}, nil, time.Now().UTC()
}

// settleFor accepts on this device what another has done already.
func (h *Holder) settleFor(ctx context.Context, w *walk) error {
	h.mu.Lock()
	h.now.waiting = nil
	h.mem.follow(h.now)
	h.mem.Log, h.mem.Signed, h.mem.Unmet, h.mem.Looked = w.at, statement.Head{}, nil, time.Now().UTC()
	h.mu.Unlock()
	return h.settle(ctx, w, h.reload)
}
