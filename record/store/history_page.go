package store

import (
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
	n, size := 0, 0
	for n < min(len(h.kept), h.q.Limit) && (n == 0 || size+h.kept[n].size <= maxPageBytes) {
		size += h.kept[n].size
		n++
	}
	more := n < len(h.kept) && n > 0
	h.kept = h.kept[:n]
	err := h.v.take(ctx, size)
	if err != nil {
		return HistoryPage{}, err
	}
	if p.Versions, err = h.v.openAll(r, h.d, h.kept); err != nil {
		return HistoryPage{}, err
	}
	if more {
		p.Next, err = h.v.nextPage(ofHistory, h.q.Asked, h.kept[n-1].position())
	}
	return p, err
}

// openAll opens versions in the order they are given. The versions of one entry
// are reached from its newest, so each entry is gone through once.
func (v *View) openAll(r kv.Reader, d *rows.Directory, list []*moment) ([]Entry, error) {
	out := make([]Entry, len(list))
	wanted := make(map[record.EntryID][]int)
	for i, m := range list {
		wanted[m.entry] = append(wanted[m.entry], i)
	}
	for _, m := range list {
		places := wanted[m.entry]
		if places == nil {
			continue // done with an earlier one
		}
		wanted[m.entry] = nil
		l, there, err := d.Lookup(v.s.known.Reader(r), m.entry)
		if err == nil && !there {
			err = errMemo
		}
		if err != nil {
			return nil, err
		}
		err = rows.Walk(r, l, func(ver rows.Version) (bool, error) {
			at := slices.IndexFunc(places, func(i int) bool { return list[i].version == ver.At.Version() })
			if at < 0 {
				return true, nil
			}
			e, mine, err := v.open(r, ver)
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
			return nil, err
		}
	}
	return out, nil
}
