package store

import (
	"context"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
)

// scan opens the newest version of every entry the View holds, in one pass over
// one snapshot, in the order of the entries' names. The directory leads: a row
// it does not name is not there, and one it names that is missing is damage.
func (v *View) scan(ctx context.Context, fn func(l line, e Entry) (more bool, err error)) error {
	return v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		_, d, err := v.directory(r)
		if err != nil {
			return err
		}
		for n := range rows.Segments {
			lines, err := d.Segment(r, n)
			if err != nil {
				return err
			}
			if more, err := v.scanSegment(ctx, r, n, lines, fn); err != nil || !more {
				return err
			}
		}
		return nil
	})
}

// scanSegment opens what the View holds of one segment.
func (v *View) scanSegment(ctx context.Context, r kv.Reader, n int, lines []line, fn func(line, Entry) (bool, error)) (more bool, err error) {
	return v.scanRows(ctx, r, n, lines, func(l line, ver rows.Version) (bool, error) {
		// Whose it is shows in row 0: a large document of another section is not read.
		e, mine, err := v.open(r, ver)
		if err != nil || !mine {
			return err == nil, err
		}
		return fn(l, e)
	})
}

// scanRows walks the segment's lines and the entry rows side by side, both in the
// order of the names, and gives row 0 of each entry's newest version, verified. It ends
// when nobody waits for it any more.
func (v *View) scanRows(ctx context.Context, r kv.Reader, n int, lines []line, fn func(line, rows.Version) (bool, error)) (more bool, err error) {
	next := 0
	more = true
	from := []byte{rows.KindEntry, byte(n << 2)}
	err = r.Scan([]byte{rows.KindEntry}, from, func(key, value []byte) (bool, error) {
		id, at, ok := rows.ParseEntryKey(key)
		if !ok {
			return false, rows.Damaged("entry")
		}
		if rows.SegmentOf(id) != n || next == len(lines) {
			return false, nil
		}
		if id != lines[next].Entry || at != lines[next].Stamp {
			return true, nil // an older version, or a row that no directory names
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		l := lines[next]
		next++
		ver, err := rows.ParseVersion(append([]byte(nil), value...), l.Entry, l.Stamp, l.Hash)
		if err != nil {
			return false, err
		}
		more, err = fn(l, ver)
		return more, err
	})
	if err == nil && more && next < len(lines) {
		return false, rows.Damaged("entry")
	}
	return more, err
}

// all opens everything, for the person's own lists: deleted entries too.
func (v *View) all(ctx context.Context, fn func(Entry)) error {
	return v.scan(ctx, func(_ line, e Entry) (bool, error) {
		fn(e)
		return true, nil
	})
}

// List tells of every entry, without its content.
func (v *View) List(ctx context.Context) (list []Info, err error) {
	err = v.own(ctx, audit.Event{Action: audit.Search}, func(ev *audit.Event) error {
		list = nil
		err := v.all(ctx, func(e Entry) { list = append(list, info(e)) })
		ev.More = uint64(len(list))
		return err
	})
	return list, err
}

func info(e Entry) Info {
	return Info{Ref: e.Ref, Version: e.Version, Section: e.Section, Header: e.Header, Size: e.size()}
}

// own runs what only the person may do with their whole record, and logs it.
func (v *View) own(ctx context.Context, ev audit.Event, fn func(*audit.Event) error) error {
	if !v.grant.Self {
		return v.onlyPerson(ctx)
	}
	if err := v.left(); err != nil {
		return err
	}
	return v.retry(ctx, func() error {
		e := ev
		if err := fn(&e); err != nil {
			return err
		}
		return v.commit(ctx, e, nil)
	})
}

// Preview counts what a grant would show, before it is made: by section and type,
// with a few examples.
func (v *View) Preview(ctx context.Context, g grant.Grant) (p Preview, err error) {
	err = v.own(ctx, audit.Event{Action: audit.Preview}, func(ev *audit.Event) error {
		p, err = v.preview(ctx, g)
		ev.More = uint64(p.Total)
		return err
	})
	return p, err
}

// maxExamples is how many entries of a section a preview names.
const maxExamples = 3

func (v *View) preview(ctx context.Context, g grant.Grant) (Preview, error) {
	var p Preview
	at := make(map[record.Section]*PreviewSection)
	for _, s := range record.Sections() {
		at[s] = &PreviewSection{Section: s, Granted: g.Sections.Has(s), Types: make(map[string]int)}
	}
	examples := make(map[record.Section]map[string]bool)
	limit := newLimits(g.Scopes, v.s.opts.FHIRBase)
	err := v.all(ctx, func(e Entry) {
		m := record.Meta{Type: e.Ref.Type, Section: e.Section}
		s := at[e.Section]
		if e.Header.Deleted {
			return
		}
		if !s.Granted || !limit.previews(g, m, &e) {
			if !s.Granted {
				s.Total++ // what stays closed is counted too: the person should see both
			}
			return
		}
		s.Total++
		s.Types[e.Ref.Type]++
		p.Total++
		if examples[e.Section] == nil {
			examples[e.Section] = make(map[string]bool)
		}
		if len(s.Examples) < maxExamples && !examples[e.Section][e.Ref.Type] {
			examples[e.Section][e.Ref.Type] = true // of different types, while there are
			s.Examples = append(s.Examples, e.Ref)
		}
	})
	for _, s := range record.Sections() {
		p.Sections = append(p.Sections, *at[s])
	}
	return p, err
}
