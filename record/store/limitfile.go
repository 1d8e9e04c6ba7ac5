package store

import (
	"context"
	"slices"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
)

// A Binary has nothing that a limit could ask for: what it is stands in the entry that it
// is the file of. So under a grant that narrows what carries files (letters of one
// category, say) a Binary is read if an entry that may be read points to it as it is
// now. It is read and not found: no search, history or $everything lists it there, and
// nothing changes it. What that takes is one pass through the record, as a search takes
// of which nothing is kept, and a place among those; under no other grant.
//
// Whoever may write such entries could have one point to any file they know the id of.
// So what the grant itself made point to a file does not count, but for a file of which
// all was written under it. Otherwise the file stays as it was, there or not.

// findFiles finds, before a Binary is read under such a grant, which may be.
func (v *View) findFiles(ctx context.Context, ref fhir.Ref) error {
	if ref.Type != "Binary" || !v.grant.NarrowsFiles() {
		return nil
	}
	leave, err := v.cold(ctx)
	if err != nil {
		return err
	}
	defer leave()
	l := v.limited()
	l.files = make(map[string]bool)
	return v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		_, d, err := v.directory(r)
		if err != nil {
			return err
		}
		own := false // an entry points to it that the grant made do so
		for n := range d {
			lines, err := d.Segment(v.s.known.Reader(r), n)
			if err != nil {
				return err
			}
			_, err = v.scanRows(ctx, r, n, lines, func(at line, ver rows.Version) (bool, error) {
				h, section, mine, err := v.header(r, at, ver)
				if err != nil || !mine || h.Deleted || !grant.CarriesFiles(h.Type) {
					return err == nil, err
				}
				e, _, err := v.open(r, ver)
				if err != nil {
					return false, err
				}
				defer clear(e.Body)
				if v.decideFor(grant.ActRead, record.Meta{Type: h.Type, Section: section}, &e) != grant.Allowed {
					return true, nil
				}
				there, err := pointsTo(&e, ref)
				if err != nil || !there {
					return err == nil, err
				}
				by, err := v.whoPointed(ctx, r, at, ref)
				if by == v.token.Grant {
					own = true
				} else if err == nil {
					l.files[ref.ID] = true
				}
				return err == nil, err
			})
			if err != nil {
				return err
			}
		}
		if own && !l.files[ref.ID] {
			l.files[ref.ID], err = v.wroteAll(ctx, r, d, ref)
		}
		return err
	})
}

// pointsTo reports whether a version has a file.
func pointsTo(e *Entry, file fhir.Ref) (bool, error) {
	res, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return false, rows.Damaged("entry")
	}
	return slices.ContainsFunc(targets(res), func(to fhir.Ref) bool { return to.Type == file.Type && to.ID == file.ID }), nil
}

// whoPointed finds the grant under which an entry was made to point to a file: that of
// the first version since which all do.
func (v *View) whoPointed(ctx context.Context, r kv.Reader, l line, file fhir.Ref) (by record.GrantID, err error) {
	err = v.walkOpen(ctx, r, l, func(e *Entry) (bool, error) {
		if e.Header.Deleted {
			return false, nil
		}
		there, err := pointsTo(e, file)
		if there {
			by = e.Header.Author.Grant
		}
		return there, err
	})
	return by, err
}

// wroteAll reports whether every version of an entry was written under the View's grant.
func (v *View) wroteAll(ctx context.Context, r kv.Reader, d *rows.Directory, ref fhir.Ref) (all bool, err error) {
	l, there, err := d.Lookup(v.s.known.Reader(r), v.hold.EntryID(ref.Type, ref.ID))
	if err != nil || !there {
		return false, err
	}
	all = true
	err = rows.Walk(r, l, func(ver rows.Version) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		h, _, mine, err := v.header(r, l, ver)
		all = all && err == nil && mine && h.Author.Grant == v.token.Grant
		return all, err
	})
	return all, err
}

// walkOpen opens an entry's versions, the newest first, and overwrites each.
func (v *View) walkOpen(ctx context.Context, r kv.Reader, l line, fn func(*Entry) (more bool, err error)) error {
	return rows.Walk(r, l, func(ver rows.Version) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		e, mine, err := v.open(r, ver)
		if err == nil && !mine {
			err = rows.Damaged("entry")
		}
		if err != nil {
			return false, err
		}
		defer clear(e.Body)
		return fn(&e)
	})
}
