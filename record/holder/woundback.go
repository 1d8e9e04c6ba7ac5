package holder

import (
	"context"
	"slices"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
)

// ErrOlder is for a server that shows less than this device has seen, or another past:
// one that was put back to an older state, whoever did it. Nothing goes on by itself:
// see LookBack.
var ErrOlder error = damaged("the server shows an older keyring than this device has seen")

// older is ErrOlder where the past is another one.
func older(why string) error {
	return &record.Error{Kind: record.Integrity, Safe: why, Err: ErrOlder}
}

// WoundBack is what a server no longer has of what this device had seen, at the same
// store: its operator put an older copy there and accepted the loss, or somebody says
// so who has the node's key. No device can tell which. The log there has grown since,
// by this device's own asking too: where the two part can be told by the peaks that
// the device remembers, and no closer.
type WoundBack struct {
	Same    uint64     // of the entries that this device had checked, at least so many are there, from the first on
	Entries uint64     // that were seen, and are not shown to be there: at most so many are missing
	Changes record.Seq // of the person's own that this device knew of, and are not shown to be there: at most so many are missing
	Newest  time.Time  // of the entries that are the same; zero where none can be told
	Taken   time.Time  // when the operator accepted a loss, as the log says; zero where it does not
	Forked  bool       // changes were made there that this device did not see
}

// LookBack opens a record at a server that Unlock refuses for what the device
// remembers, to see what is missing. Only where it is: the same record, at the same
// store, signed by the same node, and a keyring and a log that are sound without the
// memory. Nothing of m is forgotten by it: the Holder it returns remembers what there
// is now, and whoever keeps that has taken the loss, which is for the person to say.
func LookBack(ctx context.Context, srv Server, slot crypto.Credential, m Memory) (*Holder, WoundBack, error) {
	h, err := Unlock(ctx, srv, slot, Memory{Person: m.Person})
	if err != nil {
		return nil, WoundBack{}, err
	}
	w, err := h.lookBack(ctx, m)
	if err != nil {
		h.Close()
		return nil, w, err
	}
	return h, w, nil
}

func (h *Holder) lookBack(ctx context.Context, m Memory) (out WoundBack, err error) {
	s := h.state()
	if s.waiting != nil || m.Person != s.ring.person || m.Store != s.ring.store || m.Verifier != s.ring.verifier {
		return out, damaged("this is not the server that this device knows")
	}
	token, _, err := h.signIn(ctx)
	if err != nil {
		return out, err
	}
	defer func() { _, _ = h.srv.SignOut(ctx, token) }() // or it ends by itself
	met := prefixes(m.Log.Frontier)
	var entries []audit.Entry
	var changes []uint64 // which entries are of changes: the n-th is of change n
	w := h.walker(token, Checked{}, func(e audit.Entry) { entries = append(entries, e) })
	fetch := w.fetch
	w.fetch = func(ctx context.Context, from uint64) (LogPage, error) {
		page, err := fetch(ctx, from)
		for i, leaf := range page.Leaves {
			for _, p := range met {
				p.Add(leaf)
			}
			if _, own := audit.DeviceSeq(leaf); own {
				changes = append(changes, from+uint64(i))
			}
		}
		return page, err
	}
	if err := w.run(ctx); err != nil {
		return out, err
	}
	if err := h.settle(ctx, w, h.reload); err != nil {
		return out, err
	}
	for size, p := range met {
		if _, err := p.Finish(w.head); err == nil {
			out.Same = max(out.Same, size)
		}
	}
	for _, e := range inOrder(entries) {
		switch {
		case e.Index < out.Same:
			out.Newest = e.Event.Time
		case e.Writer == audit.ByNode && e.Event.Action == audit.LossTaken:
			out.Taken = e.Event.Time // one that was seen before is not this one's
		}
	}
	out.Entries = m.Newest().Size - out.Same
	there := record.Seq(0) // changes that are surely the same
	for there < record.Seq(len(changes)) && changes[there] < out.Same {
		there++
	}
	now := h.state() // settle may have loaded a newer one
	hash, known := now.hash, now.ring.seq == m.Seq
	if !known {
		hash, known = now.ring.hashOf(m.Seq)
	}
	if n := uint64(m.Seq); !known && n < uint64(len(changes)) { // longer ago than the keyring remembers: the next change says
		for _, e := range entries {
			if e.Index == changes[n] && e.Event.State != nil {
				hash, known = *e.Event.State, true
			}
		}
	}
	out.Forked = known && hash != m.Hash
	if m.Seq > there && (!known || out.Forked) {
		out.Changes = m.Seq - there
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mem.Log, h.mem.Came, h.mem.Looked = w.at, m.Came, time.Now().UTC()
	return out, nil
}

// prefixes are the beginnings of a log that its peaks tell, each to be met or not.
func prefixes(f audit.Frontier) map[uint64]*audit.Checker {
	all := map[uint64]*audit.Checker{}
	for size := f.Size; size > 0; size &= size - 1 {
		head := within(audit.Frontier{Size: f.Size, Peaks: slices.Clone(f.Peaks)}, size)
		all[size] = audit.NewChecker(audit.Frontier{}, head)
	}
	return all
}
