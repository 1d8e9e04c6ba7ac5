package store

import (
	"context"

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
				res, err := fhir.Parse(e.Body, fhir.Limits{})
				if err != nil {
					return false, rows.Damaged("entry")
				}
				for _, to := range targets(res) {
					if to.Type == "Binary" {
						l.files[to.ID] = true
					}
				}
				return true, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
