package holder

import (
	"context"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/statement"
)

// Opener opens what a copy of the record holds, with the keys of all sections and
// epochs. It hands out none of them. It is for one goroutine; Close it.
type Opener struct{ hold *keys.Hold }

// Opener makes one of the keyring as it is now.
func (h *Holder) Opener() *Opener {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.now.ring
	return &Opener{keys.WholeHold(r.person, r.id, r.epochs)}
}

// Close overwrites its keys.
func (o *Opener) Close() { o.hold.Destroy() }

// EntryID is the name of an entry's rows.
func (o *Opener) EntryID(typ, id string) record.EntryID { return o.hold.EntryID(typ, id) }

// Back reports whether the back row of an epoch leads where it should.
func (o *Opener) Back(e record.Epoch, row []byte) error { return o.hold.CheckBack(e, row) }

// Version opens a version by the stamp it is sealed under and all its rows, without
// what the first is chained with: the section it is in, and the padded-off plaintext
// of package entry.
func (o *Opener) Version(id record.EntryID, stamp record.Version, rows [][]byte) (record.Section, []byte, error) {
	if len(rows) == 0 {
		return 0, nil, crypto.ErrOpen
	}
	section, epoch, ok := o.hold.Recognise(id, stamp, rows[0])
	if !ok {
		return 0, nil, crypto.ErrOpen
	}
	plain, err := o.hold.OpenEntry(section, epoch, id, stamp, rows)
	return section, plain, err
}

// Account is what a copy says of who the record is.
type Account struct {
	Signing crypto.PublicKey
	Box     []byte
	Seq     record.Seq
	Last    statement.Hash
}

// Follows reports whether a copy's account and the number of its epochs are those
// of the keyring.
func (h *Holder) Follows(a Account, epochs record.Epoch) error {
	s := h.state()
	public := s.ring.newest().public()
	switch {
	case a.Signing != public.Signing || string(a.Box) != string(public.Box):
		return damaged("the identity in it is not yours")
	case a.Seq != s.ring.seq || a.Last != s.hash:
		return damaged("it is not of the keyring that this device has")
	case epochs != s.ring.epoch():
		return damaged("it and the keyring disagree about the epoch")
	}
	return nil
}

// CopyReport is what a check of a copy's log found.
type CopyReport struct {
	CheckReport
	Directory *[32]byte // the root of the directory after the newest change; nil without one
}

// CheckCopy checks all of a log that is at hand, as Check does of the one that is
// fetched.
func (h *Holder) CheckCopy(ctx context.Context, fetch func(from uint64) (LogPage, error)) (CopyReport, error) {
	var out CopyReport
	newest := uint64(0)
	w := h.walker("", Checked{}, func(e audit.Entry) {
		if len(e.Event.Dir) == 32 && (out.Directory == nil || e.Index > newest) {
			dir := [32]byte(e.Event.Dir)
			out.Directory, newest = &dir, e.Index
		}
	})
	w.fetch = func(_ context.Context, from uint64) (LogPage, error) { return fetch(from) }
	if err := w.run(ctx); err != nil {
		return out, err
	}
	if err := h.settle(ctx, w, h.Refresh); err != nil {
		return out, err
	}
	out.CheckReport = CheckReport{Head: w.head, Statements: w.at.Seq}
	return out, nil
}
