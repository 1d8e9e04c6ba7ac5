package holder

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
)

const (
	maxTries   = 100 // of a change that other devices were faster than
	maxUnknown = 6   // of a change whose outcome nobody could tell
)

// errUnknown is for a change that may or may not have been made.
func errUnknown(err error) error {
	e := record.Safef(record.Unavailable,
		"the connection broke, and whether the change was made cannot be told now: unlock again and look before you repeat it")
	e.Err = err
	return e
}

// change makes one statement of what fn drafts, and returns what fn returned
// then. fn may be called several times, each time on a new copy of the newest
// keyring. If it drafts nothing and there is nothing to tidy, no statement is
// made.
func change[T any](ctx context.Context, h *Holder, fn func(*draft) (T, error)) (T, error) {
	var results []T // of each try: it may be an earlier one that landed
	landed, err := h.change(ctx, func(d *draft) error {
		result, err := fn(d)
		results = append(results, result)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return results[landed], nil
}

// attempt is a statement that was sent.
type attempt struct {
	seq     record.Seq
	hash    statement.Hash
	refused bool // the server said that it does not follow
}

// change is what change does, but for what is returned: it says which call of fn
// it was that landed, from 0.
func (h *Holder) change(ctx context.Context, fn func(*draft) error) (landed int, err error) {
	h.changing.Lock()
	defer h.changing.Unlock()
	var sent []attempt
	unknown, refused := 0, 0
	for try := 0; ; try++ {
		switch s := h.state(); {
		case s.waiting != nil:
			return 0, ErrWaiting
		case s.ring.version > ringVersion:
			return 0, ErrNewerRing
		}
		d := h.draft()
		d.refused = refused
		d.tidy()
		err := fn(d)
		if err == nil && d.changed && d.ring.moved != nil && !d.reopens {
			err = errClosed(d.ring.moved.url)
		}
		if err != nil || !d.changed {
			d.discard()
		}
		if try == 0 && errors.Is(err, record.NotFound) {
			// What it is about may be another device's, newer than this keyring.
			if err := h.reloadSurely(ctx); err != nil {
				return 0, err
			}
			continue
		}
		if err != nil || !d.changed {
			return try, err
		}
		signed, err := d.finish()
		if err != nil {
			d.discard()
			return 0, err
		}
		message := signed.Marshal()
		if len(message) > statement.MaxSize {
			d.discard()
			return 0, record.Safef(record.TooLarge, "the record has too many live grants for another change: end some first")
		}
		now := attempt{seq: d.ring.seq, hash: statement.HashOf(signed.Body)}
		receipt, err := h.srv.Submit(ctx, message, "")
		if err == nil {
			return try, h.took(d, now.hash, receipt)
		}
		d.discard()
		// Not by this identity, says the server: another device may have brought a new
		// one. If the keyring knows of none, it is so.
		stranger := errors.Is(err, record.Unauthorized)
		now.refused = stranger || errors.Is(err, record.Conflict)
		if !now.refused && definite(err) {
			return 0, err
		}
		// Whatever was sent may have been taken, even where the answer is a
		// conflict: the connection may have sent it twice.
		sent = append(sent, now)
		if lost := h.reloadSurely(ctx); lost != nil {
			if definite(lost) {
				return 0, lost
			}
			return 0, errUnknown(lost)
		}
		sure := true
		for i, a := range sent {
			switch h.taken(a.seq, a.hash) {
			case yes:
				return i, nil
			case perhaps: // a conflict is as good as a no
				sure = sure && a.refused
			}
		}
		switch {
		case !now.refused:
			unknown++
		case h.state().ring.seq < now.seq:
			refused++
		default:
			refused = 0
		}
		switch {
		case !sure:
			return 0, errUnknown(err)
		case stranger && h.state().ring.seq < now.seq, unknown >= maxUnknown || try >= maxTries:
			return 0, err
		}
		if stop := pause(ctx, try); stop != nil {
			return 0, stop
		}
	}
}

// took makes the draft's keyring the current one. Not on the receipt of another change: who
// answers with that one may have kept this one back.
func (h *Holder) took(d *draft, hash statement.Hash, r Receipt) error {
	if r.Seq != d.ring.seq {
		d.discard()
		return damaged("the server answered with the receipt of another change, and whether this one was made cannot be told: unlock again and look before you repeat it")
	}
	h.mu.Lock()
	h.opener = d.opener
	h.mu.Unlock()
	// What the server could not show before the change it has not shown by taking it.
	h.adopt(state{ring: d.ring, root: d.root, hash: hash, note: r.Checkpoint, live: d.live, doubt: h.state().doubt})
	head, err := audit.VerifyCheckpoint(r.Checkpoint, d.ring.verifier, d.ring.store, d.ring.person)
	if err != nil {
		return damaged("the change was made, but " + err.Error())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.signed(d.ring, head, false)
	return nil
}

type answer int

const (
	no answer = iota
	yes
	perhaps
)

// taken tells whether a statement is among those the current keyring follows.
func (h *Holder) taken(n record.Seq, hash statement.Hash) answer {
	s := h.state()
	if n > s.ring.seq {
		return no
	}
	got, known := s.hash, true
	if n < s.ring.seq {
		got, known = s.ring.hashOf(n)
	}
	switch {
	case !known:
		return perhaps
	case got == hash:
		return yes
	}
	return no
}

// reloadSurely fetches the keyring, again and again while the network fails.
func (h *Holder) reloadSurely(ctx context.Context) error {
	for try := 0; ; try++ {
		err := h.reload(ctx)
		if err == nil || definite(err) || try >= maxUnknown {
			return err
		}
		if stop := pause(ctx, try); stop != nil {
			return err
		}
	}
}

// definite reports whether err says that nothing was done. Everything else,
// every error from the network included, leaves that open.
func definite(err error) bool {
	switch record.KindOf(err) {
	case record.Internal, record.Unavailable, record.Conflict:
		return errors.Is(err, record.Integrity) // *audit.Tampered has no kind of its own
	}
	return true
}

// pause waits a little longer each time, and not the same on each device.
func pause(ctx context.Context, try int) error {
	most := min(5*time.Millisecond<<min(try, 10), 400*time.Millisecond)
	t := time.NewTimer(time.Duration(rand.Int64N(int64(most))))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
