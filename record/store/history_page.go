package store

import (
	"bytes"
	"context"
	"slices"

	"carehold/record"
	"carehold/record/entry"
	"carehold/record/kv"
	"carehold/record/rows"
)

// header opens a version's header alone. mine is false when it is not in the View's
// sections.
func (v *View) header(r kv.Reader, l line, ver rows.Version) (h entry.Header, s record.Section, mine bool, err error) {
	s, epoch, mine, err := v.recognise(l.Entry, ver.At, ver.First)
	if err != nil || !mine {
		return h, s, false, err
	}
	plain, err := v.hold.OpenFirst(s, epoch, l.Entry, ver.At.Sealed(), ver.First)
	if err != nil {
		return h, s, true, rows.Damaged("entry")
	}
	if h, _, err = entry.Parse(plain); err != nil && ver.Count() > 1 {
		// A header that goes on in the next row: so long no header is, but it may be.
		e, _, err := v.open(r, ver)
		return e.Header, s, true, err
	}
	if err != nil {
		return h, s, true, rows.Damaged("entry")
	}
	return h, s, true, nil
}

// page opens the versions that were kept, up to where the page ends.
func (h *historian) page(ctx context.Context, r kv.Reader) (HistoryPage, error) {
	p := HistoryPage{Total: h.total}
	slices.SortFunc(h.kept, func(a, b *moment) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	n, size, largest := 0, 0, 0
	for n < min(len(h.kept), h.q.Limit) && (n == 0 || size+h.kept[n].size <= maxPageBytes) {
		size, largest = size+h.kept[n].size, max(largest, h.kept[n].size)
		n++
	}
	more := n < len(h.kept) && n > 0
	h.kept = h.kept[:n]
	had := h.v.weight
	err := h.v.take(ctx, size, largest)
	if err != nil {
		return HistoryPage{}, err
	}
	defer h.v.taken(had, size)
	if p.Versions, err = h.v.openAll(r, h.d, h.kept, &p.plains); err != nil {
		p.Release()
		return HistoryPage{}, err
	}
	if more {
		p.Next, err = h.v.nextPage(ofHistory, h.q.Asked, h.kept[n-1].position())
	}
	return p, err
}

// openAll opens versions, and returns them in the order they are given. The versions of
// one entry are reached from its newest, so each entry is gone through once; and the
// entries as their rows lie.
func (v *View) openAll(r kv.Reader, d *rows.Directory, list []*moment, to *plains) ([]Entry, error) {
	out := make([]Entry, len(list))
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(list[a].entry[:], list[b].entry[:]) })
	known := v.s.known.Reader(r)
	err := kv.Neighbours(r, []byte{rows.KindEntry}, func(near kv.Getter) error {
		for len(order) > 0 {
			id, n := list[order[0]].entry, 1
			for n < len(order) && list[order[n]].entry == id {
				n++
			}
			places := order[:n]
			order = order[n:]
			l, there, err := d.Lookup(known, id)
			if err == nil && !there {
				err = errMemo
			}
			if err != nil {
				return err
			}
			err = v.s.known.Walk(near, l, func(ver rows.Version) (bool, error) {
				at := slices.IndexFunc(places, func(i int) bool { return list[i].version == ver.At.Version() })
				if at < 0 {
					return true, nil
				}
				e, mine, err := v.openTo(to, r, ver)
				if err == nil && !mine {
					err = rows.Damaged("entry")
				}
				if err != nil {
					return false, err
				}
				out[places[at]] = e
				places = slices.Delete(places, at, at+1)
				return len(places) > 0, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}
