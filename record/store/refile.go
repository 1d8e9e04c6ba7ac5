package store

import (
	"context"
	"slices"
	"time"

	"carehold/record"
	"carehold/record/entry"
	"carehold/record/kv"
	"carehold/record/rows"
)

// refile is the filing of an entry elsewhere: all its versions are sealed anew. Of those
// there may be any number, and of any size, whoever wrote them. So a plan holds what
// names them, and each is opened when its turn comes to be sealed; its rows are written
// early, before the next is opened.
type refile struct {
	to     record.Section
	moved  bool // by the person
	why    string
	hashes []hash    // of the versions, from the first
	since  time.Time // when that was written
}

// moveOp is the move of an entry to a section, which the person chose or that rule. It
// looks at the headers of its versions, and each may refuse one, by what it is and takes.
func (v *View) moveOp(l line, to record.Section, moved bool, why string, each func(h entry.Header, size uint64) error) (*op, error) {
	generation := l.Stamp.Generation() + 1
	if generation >= 1<<24 {
		return nil, record.Safef(record.Unprocessed, "this entry has been moved too often")
	}
	f := &refile{to: to, moved: moved, why: why}
	o := &op{id: l.Entry, old: l, at: rows.NewStamp(generation, l.Stamp.Version()), refile: f}
	at := l.Hash
	err := v.walk(l, func(r kv.Reader, ver rows.Version) (bool, error) {
		h, _, mine, err := v.header(r, l, ver)
		if err == nil && !mine {
			err = rows.Damaged("entry") // all versions of an entry are in one section
		}
		if err != nil {
			return false, err
		}
		size, err := atRest(r, ver)
		if err != nil {
			return false, err
		}
		if each != nil {
			if err := each(h, size); err != nil {
				return false, err
			}
		}
		for i := range ver.Count() {
			o.drop = append(o.drop, rows.RowKey(l.Entry, ver.At, i))
		}
		o.freed += size
		f.hashes, f.since = append(f.hashes, at), h.Time
		at = ver.Prev
		return true, nil
	})
	slices.Reverse(f.hashes)
	return o, err
}

// sealMoved makes the rows of all versions of an entry that is filed elsewhere, and
// writes them as they come.
func (v *View) sealMoved(ctx context.Context, o *op, batch *staging, chain *hash) error {
	for i := range o.refile.hashes {
		if err := ctx.Err(); err != nil {
			return err // nobody waits for it any more
		}
		ver, err := v.reopen(o, i)
		if err != nil {
			return err
		}
		if err := v.sealVersion(ctx, o.id, ver, true, batch, chain); err != nil {
			return err
		}
		garbage.passed(len(ver.json))
		clear(ver.json)
	}
	return nil
}

// reopen opens one of the versions that are moved, as it is to be.
func (v *View) reopen(o *op, i int) (out version, err error) {
	f, n := o.refile, record.Version(i+1)
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		if err := v.stillLive(r); err != nil { // there may be very many
			return err
		}
		ver, err := rows.ReadVersion(r, o.id, o.old.Stamp.At(n), f.hashes[i])
		if err != nil {
			return err
		}
		e, mine, err := v.open(r, ver)
		if err == nil && !mine {
			err = rows.Damaged("entry")
		}
		if err != nil {
			return err
		}
		e.Header.Moved, e.Header.Why = f.moved, f.why
		out = version{at: o.at.At(n), section: f.to, header: e.Header, json: e.Body, content: v.contentOf(e)}
		return nil
	})
	return out, err
}
