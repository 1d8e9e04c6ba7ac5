package holder

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
)

// CheckReport is what a check that found nothing wrong looked at.
type CheckReport struct {
	From       uint64 // the first entry that was fetched
	Head       statement.Head
	Statements record.Seq // how many changes of the person's own are in the log
}

// Check fetches the whole log and checks all of it. What it finds wrong is
// *audit.Tampered: errors.Is(err, record.Integrity).
func (h *Holder) Check(ctx context.Context, token string) (CheckReport, error) {
	return h.check(ctx, token, Checked{}, nil)
}

// CheckNew checks what came after the last check that this device remembers.
func (h *Holder) CheckNew(ctx context.Context, token string) (CheckReport, error) {
	return h.check(ctx, token, h.Memory().Log, nil)
}

// History returns the log from a place on, opened and checked: against what the
// server signed, and from the first entry on against all that Check does.
func (h *Holder) History(ctx context.Context, token string, from uint64) ([]audit.Entry, error) {
	var list []audit.Entry
	keep := func(e audit.Entry) { list = append(list, e) }
	if from == 0 {
		_, err := h.check(ctx, token, Checked{}, keep)
		return inOrder(list), err
	}
	w := h.walker(token, Checked{Frontier: audit.Frontier{Size: from}}, keep)
	w.partial = true
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	if err := h.settle(ctx, w, h.Refresh); err != nil {
		return nil, err
	}
	if seen := h.Memory().Newest(); seen.Size > 0 && seen.Size < from {
		// What this device saw lies before what was fetched: let the server prove it.
		if err := h.consistent(ctx, token, seen); err != nil {
			return nil, err
		}
	}
	return inOrder(list), nil
}

func (h *Holder) check(ctx context.Context, token string, from Checked, each func(audit.Entry)) (CheckReport, error) {
	w := h.walker(token, from, each)
	if err := w.run(ctx); err != nil {
		return CheckReport{}, err
	}
	if err := h.settle(ctx, w, h.Refresh); err != nil {
		return CheckReport{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mem.Unmet = slices.DeleteFunc(slices.Clone(h.mem.Unmet), func(u statement.Head) bool {
		return u.Size > from.Frontier.Size && slices.Contains(w.unmet, u)
	})
	h.now.doubt = nil
	if w.at.Frontier.Size >= h.mem.Log.Frontier.Size { // another check may have got further
		h.mem.Log, h.mem.Looked = w.at, time.Now().UTC()
	}
	return CheckReport{From: from.Frontier.Size, Head: w.head, Statements: w.at.Seq}, nil
}

// consistent asks for the proof that a head seen before is the beginning of the
// log as it is.
func (h *Holder) consistent(ctx context.Context, token string, seen statement.Head) error {
	proof, checkpoint, err := h.srv.Consistency(ctx, token, seen)
	if err != nil {
		return err
	}
	r := h.state().ring
	now, err := audit.VerifyCheckpoint(checkpoint, r.verifier, r.store, r.person)
	if err != nil {
		return &audit.Tampered{Why: err.Error(), Seen: seen}
	}
	return audit.CheckConsistency(proof, seen, now)
}

// SignOut ends a session, and remembers how far the log had come then: what was done
// in it is missed where it goes missing. That all goes on from what was seen before,
// the next Check says.
func (h *Holder) SignOut(ctx context.Context, token string) error {
	checkpoint, err := h.srv.SignOut(ctx, token)
	if err != nil || len(checkpoint) == 0 {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.now
	if s.waiting != nil {
		return nil
	}
	head, err := audit.VerifyCheckpoint(checkpoint, s.ring.verifier, s.ring.store, s.ring.person)
	if err != nil {
		return &audit.Tampered{Why: err.Error(), Seen: h.mem.Newest()}
	}
	if err := notShorter(head, h.mem.Head(), h.mem.Signed); err != nil {
		return err
	}
	h.signed(s.ring, head, false)
	return nil
}

// signed remembers a head that the server signed, for whoever holds mu. Not where
// the record is closed: what is looked at there is no part of what goes on elsewhere.
// met says that the server has shown that it goes on from the newest that was seen;
// where it could not, that is kept in mind as it was.
func (h *Holder) signed(r *ring, head statement.Head, met bool) {
	if r.moved != nil || h.mem.Store != r.store || h.now.doubt != nil {
		return
	}
	h.mem.sign(head, met)
	h.mem.Looked = time.Now().UTC()
}

// walk goes through the log once. It is for one goroutine.
type walk struct {
	h       *Holder
	ring    *ring // as it was when the walk began
	reader  *audit.Reader
	each    func(audit.Entry)
	fetch   func(ctx context.Context, from uint64) (LogPage, error)
	node    Node // who signs the log
	partial bool // begins at a frontier that the server says, in the middle

	seen    []statement.Head // heads that were seen before
	unmet   []statement.Head // and those that were seen between
	checks  []*audit.Checker // one for each that must lie on the way
	at      Checked
	started bool
	head    statement.Head
	newest  time.Time    // of what the old server signed, where the record waits
	closed  []closedLeaf // what the keyring could not open yet
}

// closedLeaf may have been written under a grant that another device has made
// since the keyring was loaded.
type closedLeaf struct {
	index uint64
	leaf  []byte
}

func (h *Holder) walker(token string, from Checked, each func(audit.Entry)) *walk {
	h.mu.Lock()
	defer h.mu.Unlock()
	from.Frontier.Peaks = slices.Clone(from.Frontier.Peaks)
	r := h.now.ring
	return &walk{h: h, ring: r, reader: r.reader(), each: each, at: from, seen: []statement.Head{h.mem.Head(), h.mem.Signed, r.seen}, unmet: h.mem.Unmet,
		node:  Node{Store: r.store, Verifier: r.verifier},
		fetch: func(ctx context.Context, from uint64) (LogPage, error) { return h.srv.Log(ctx, token, from) }}
}

func (w *walk) tampered(format string, args ...any) error {
	return &audit.Tampered{Why: fmt.Sprintf(format, args...), Seen: w.h.Memory().Head(), Now: w.head}
}

// run fetches page after page until it has all that the last page's checkpoint
// is signed for.
func (w *walk) run(ctx context.Context) error {
	for {
		from := w.at.Frontier.Size
		page, err := w.fetch(ctx, from)
		if err != nil {
			return err
		}
		w.head = statement.Head{Size: page.Size}
		if err := w.vouched(page); err != nil {
			return err
		}
		if err := w.begin(page); err != nil {
			return err
		}
		last := from + uint64(len(page.Leaves))
		switch {
		case page.From != from || last > page.Size:
			return w.tampered("the server showed other entries than it was asked for")
		case len(page.Leaves) == 0 && page.Size > from:
			return w.tampered("the server did not show every entry it signed for")
		}
		for i, leaf := range page.Leaves {
			if err := w.take(from+uint64(i), leaf); err != nil {
				return err
			}
		}
		if last == page.Size {
			return w.finish()
		}
	}
}

// vouched demands of each page that the node signed for a log of that length, so that
// nobody else has a device fetch without an end.
func (w *walk) vouched(page LogPage) error {
	head, err := audit.VerifyCheckpoint(page.Checkpoint, w.node.Verifier, w.node.Store, w.ring.person)
	switch {
	case err != nil:
		return w.tampered("%s", err.Error())
	case head.Size != page.Size:
		return w.tampered("the server signed for another number of entries than it showed")
	}
	w.head = head
	return nil
}

// begin makes the checkers, which need the first page when it is the server who
// says what was before it.
func (w *walk) begin(page LogPage) error {
	if w.started {
		return nil
	}
	w.started = true
	if w.partial {
		f, whole := audit.ParseFrontier(w.at.Frontier.Size, page.Frontier)
		if !whole {
			return w.tampered("the server could not say what was before")
		}
		w.at.Frontier = f
	}
	start := statement.Head{}
	if w.at.Frontier.Size > 0 {
		start = w.at.Frontier.Head()
	}
	for _, seen := range append(w.seen, start) {
		// A head before the start cannot lie on the way: it was met when the
		// start was, and where the start is the server's, consistent asks.
		if seen.Size >= start.Size {
			f := w.at.Frontier
			f.Peaks = slices.Clone(f.Peaks)
			w.checks = append(w.checks, audit.NewChecker(f, seen))
		}
	}
	if !w.partial && w.at.Seq == w.ring.seq && w.at.Trail != w.ring.trail {
		return w.tampered("your own changes are not those in the keyring")
	}
	return nil
}

// take checks one leaf.
func (w *walk) take(index uint64, leaf []byte) error {
	for _, c := range w.checks {
		c.Add(leaf)
	}
	w.at.Frontier.Append(audit.LeafHash(leaf))
	for _, u := range w.unmet {
		if u.Size == w.at.Frontier.Size && u != w.at.Frontier.Head() {
			return w.tampered("what this device saw before is not part of it")
		}
	}
	e, err := w.reader.Open(index, leaf)
	if err != nil {
		w.closed = append(w.closed, closedLeaf{index, leaf})
	} else if w.each != nil {
		w.each(e)
	}
	n, device := audit.DeviceSeq(leaf)
	if !device || w.partial {
		return nil
	}
	if n != w.at.Seq+1 {
		return w.tampered("entry %d should be of your change %d, and is of %d", index, w.at.Seq+1, n)
	}
	if err != nil && n <= w.ring.seq {
		return w.tampered("entry %d, of your change %d, opens with none of your keys", index, n)
	}
	if hash, known := w.ring.hashOf(n - 1); err == nil && known && (e.Event.State == nil || *e.Event.State != hash) {
		return w.tampered("entry %d, of your change %d, does not follow the change before it", index, n)
	}
	w.at.Seq, w.at.Trail = n, follow(w.at.Trail, leaf)
	if n == w.ring.seq && w.at.Trail != w.ring.trail {
		return w.tampered("your own changes are not those in the keyring")
	}
	return nil
}

// finish compares what was computed with what the server signed.
func (w *walk) finish() error {
	for _, c := range w.checks {
		if _, err := c.Finish(w.head); err != nil {
			return err
		}
	}
	if !w.partial && w.at.Seq < w.ring.seq {
		return w.tampered("the entries of your changes %d to %d are missing", w.at.Seq+1, w.ring.seq)
	}
	return nil
}

// settle looks again at what the keyring could not account for: another device
// may have changed it while the log was fetched. What the newest keyring does not
// account for either was forged or damaged.
func (h *Holder) settle(ctx context.Context, w *walk, load func(context.Context) error) error {
	if len(w.closed) == 0 && w.at.Seq <= w.ring.seq {
		return nil
	}
	if err := load(ctx); err != nil {
		return err
	}
	h.mu.Lock()
	newer := h.now.ring
	w.reader = newer.reader()
	h.mu.Unlock()
	switch {
	case w.at.Seq > newer.seq:
		return w.tampered("the log has changes of yours that the keyring knows nothing of")
	case !w.partial && w.at.Seq == newer.seq && w.at.Trail != newer.trail:
		return w.tampered("your own changes are not those in the keyring")
	}
	for _, c := range w.closed {
		e, err := w.reader.Open(c.index, c.leaf)
		if err != nil {
			return w.tampered("entry %d opens with none of your keys: it is damaged or forged", c.index)
		}
		if w.each != nil {
			w.each(e)
		}
	}
	return nil
}

// inOrder puts what settle opened late in its place.
func inOrder(list []audit.Entry) []audit.Entry {
	slices.SortFunc(list, func(a, b audit.Entry) int { return cmp.Compare(a.Index, b.Index) })
	return list
}
