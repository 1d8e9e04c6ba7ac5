package holder

import (
	"slices"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
)

// A record that was restored from a backup, or brought to another server, is not
// where this device knew it. Nothing is believed of that but what the keyring and
// the old node's signature show, and nothing is done before the person has said that
// it goes on: see CarryOn.

// ErrWaiting is for everything but CarryOn while the record waits for it.
var ErrWaiting error = record.Safef(record.Unprocessed,
	"this record was restored from a backup or brought here from another server: it waits until you carry it on")

// ErrWouldLose is for CarryOn where something that was seen is not there, and the
// person has not said that it may be lost.
var ErrWouldLose error = record.Safef(record.Unprocessed,
	"something that your devices have seen of this record is not there any more: say that it may be lost, or look for a newer backup first")

// Waiting says what it would mean to carry the record on, as far as this device can
// know. A way to unlock that was removed after the backup was made is back: look at
// Slots. What was changed after it is as it was before.
type Waiting struct {
	From statement.Head // the log, as the old server signed it: up to there it is believed
	Seen statement.Head // the newest that this device, or the keyring, had seen of it

	Store   record.StoreID // it comes from
	Entries uint64         // of the log that were seen, and are not there
	Changes record.Seq     // of the person's own that this device knew of, and are not there
	Forked  bool           // what is there does not lead to what this device had seen, whatever was lost

	// Settled: another device has carried it on, and lost what this one had seen. There
	// is nothing left to do but to accept that here.
	Settled time.Time

	before record.Seq // the newest statement that was seen of the store it comes from
}

// Lost reports whether anything that was seen is not there.
func (w Waiting) Lost() bool { return w.Entries > 0 || w.Changes > 0 || w.Forked }

// Carried says that another device of the person's has carried the record on, and
// that this one went along: nothing was lost that had not been accepted there.
type Carried struct {
	At      time.Time
	Entries uint64 // of the log that were lost, as the other device accepted it
}

// Waiting is nil but while the record waits for CarryOn.
func (h *Holder) Waiting() *Waiting { return h.state().waiting }

// Carried is nil but where another device has carried the record on since this one
// was last here.
func (h *Holder) Carried() *Carried { return h.state().carried }

// waits looks at a record that names another store than the one that was asked.
func (s *state) waits(m Memory, got RingState, head statement.Head) error {
	r := s.ring
	switch {
	case got.From == (record.StoreID{}):
		return damaged("this is not the server that the record was made on")
	case got.From != r.store:
		return damaged("the server says that the record comes from another server than its keyring says")
	}
	signed, err := audit.VerifyCheckpoint(got.Note, r.verifier, r.store, r.person)
	if err != nil {
		return damaged("the server cannot show how the record's log was signed where it comes from")
	}
	if err := notShorter(signed, r.seen); err != nil {
		return err
	}
	if head.Size < signed.Size {
		return &audit.Tampered{Why: "entries that were there are gone", Seen: signed, Now: head}
	}
	w := &Waiting{Store: r.store, From: signed, Seen: signed, before: r.seq}
	s.waiting = w
	switch o := r.origin(m.Store); {
	case m.Store == (record.StoreID{}): // a device that has seen nothing
	case m.Store == r.store && m.Verifier == r.verifier:
		w.lost(m, signed.Size, r.seq)
		hash, known := s.hash, got.Seq == m.Seq
		if !known {
			hash, known = r.hashOf(m.Seq)
		}
		w.Forked = known && hash != m.Hash || other(m.Head(), signed) || other(m.Signed, signed)
	case o != nil && o.verifier == m.Verifier: // it was carried on before, and this device was not there
		w.lost(m, o.size, o.seq-1)
	case slices.Contains(m.Came, r.store): // restored once more: what this device saw of the first time is void
		w.lost(m, signed.Size, r.seq)
		w.Forked = true
	default:
		return damaged("this is not the server that this device knows")
	}
	return nil
}

// other reports whether two heads of one size are not of one log.
func other(a, b statement.Head) bool { return a.Size == b.Size && a.Size > 0 && a != b }

// lost counts what a device had seen behind the place from which a record went on.
func (w *Waiting) lost(m Memory, size uint64, seq record.Seq) {
	if seen := m.Newest(); seen.Size > w.Seen.Size {
		w.Seen = seen
	}
	w.before = max(w.before, m.Seq)
	if seen := m.Newest().Size; seen > size {
		w.Entries = seen - size
	}
	if m.Seq > seq {
		w.Changes = m.Seq - seq
	}
}

// cameAlong looks at a record that another device has carried on, from a store that
// this one remembers.
func (s *state) cameAlong(m Memory) error {
	r := s.ring
	again := false
	o := r.origin(m.Store)
	for i := len(m.Came) - 1; o == nil && i >= 0; i-- {
		o, again = r.origin(m.Came[i]), true
	}
	if o == nil || !again && o.verifier != m.Verifier {
		return damaged("this is not the server that this device knows")
	}
	if hash, known := r.hashOf(m.Seq); !again && m.Seq < o.seq && known && hash != m.Hash {
		return damaged("the keyring does not follow the one this device has seen")
	}
	w := &Waiting{Store: o.store, From: statement.Head{Size: o.size}, Seen: o.seen, Forked: again, Settled: o.at}
	w.lost(m, o.size, o.seq-1)
	if again || m.Seq > max(o.seenSeq, o.seq-1) || m.Newest().Size > max(o.seen.Size, o.size) {
		s.waiting = w
		return nil
	}
	s.carried = &Carried{At: o.at}
	if o.seen.Size > o.size {
		s.carried.Entries = o.seen.Size - o.size
	}
	return nil
}
