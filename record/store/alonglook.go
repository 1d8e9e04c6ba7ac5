package store

import (
	"bytes"
	"context"
	"time"

	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/kv"
	"carehold/record/rows"
)

// writtenSlack is how far clocks may have been apart.
const writtenSlack = time.Hour

// leaveOthers lets those of the grant's own files stay to which an entry of anybody
// else's points, among those that it may search. The ids of the files were random, so
// only what was written since the oldest of them can.
//
// The person waits meanwhile. So it is one pass for all the files of a change, which has
// the time of one that is no search's: what was not looked at by then is not known, and
// the change is refused. To let the files stay would file a letter more strictly than
// what it is a letter of.
func (pl *planner) leaveOthers(ctx context.Context, list []*companion) error {
	v := pl.v
	p := pointing{at: make(map[fhir.Ref]*companion)}
	var since time.Time
	for _, c := range list {
		if c.op == nil {
			continue
		}
		if t := c.op.refile.since; since.IsZero() || t.Before(since) {
			since = t
		}
		p.at[c.ref] = c
		p.ids = append(p.ids, []byte(c.ref.ID))
	}
	if pl.whole || len(p.at) == 0 {
		return nil
	}
	looking, cancel := context.WithTimeout(ctx, v.patience())
	defer cancel()
	err := v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		person, d, err := v.directory(r)
		if err == nil && person.Head.Dir != pl.dir {
			err = errStale
		}
		if err != nil {
			return err
		}
		return v.writtenSince(looking, r, pl.dir, d, since.Add(-writtenSlack), func(e Entry) {
			if e.Header.Author.Grant != v.grant.ID && !filing.MentionsOnly(e.Ref.Type) {
				p.look(e.Body)
			}
		})
	})
	if err != nil && looking.Err() != nil && ctx.Err() == nil {
		return errUnlooked
	}
	return err
}

// writtenSince goes through the entries that the View may search and that were written
// since: by what is kept for searches, or through the rows.
func (v *View) writtenSince(ctx context.Context, r kv.Reader, root hash, d *rows.Directory, since time.Time, fn func(Entry)) error {
	if kept := v.s.memos.get(memoKey{v.person, v.token.Grant}, v.hold.Epoch()); kept != nil && !kept.beyond && kept.changed(d) <= fewChanged {
		p, err := v.pass(ctx, r, root, d, nil)
		if err != nil {
			return err
		}
		if p != nil {
			defer p.close()
			for _, x := range p.all {
				if err := ctx.Err(); err != nil {
					return err
				}
				if x.Updated.Before(since) {
					continue
				}
				if err := v.openNewest(r, d, x.Ref, fn); err != nil {
					return err
				}
			}
			return nil
		}
	}
	leave, err := v.cold(ctx)
	if err != nil {
		return err
	}
	defer leave()
	may := make(map[string]*searchable)
	for n := range rows.Segments {
		lines, err := d.Segment(r, n)
		if err != nil {
			return err
		}
		_, err = v.scanSegment(ctx, r, n, lines, func(_ line, e Entry) (bool, error) {
			if _, known := may[e.Ref.Type]; !known {
				s := v.searchable(e.Ref.Type)
				may[e.Ref.Type] = &s
			}
			if !e.Header.Deleted && !e.Header.Time.Before(since) && may[e.Ref.Type].shows(&e) {
				fn(e)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (v *View) openNewest(r kv.Reader, d *rows.Directory, ref fhir.Ref, fn func(Entry)) error {
	l, there, err := d.Lookup(r, v.hold.EntryID(ref.Type, ref.ID))
	if err != nil || !there {
		return err
	}
	ver, err := rows.ReadVersion(r, l.Entry, l.Stamp, l.Hash)
	if err != nil {
		return err
	}
	e, mine, err := v.open(r, ver)
	if err == nil && mine && !e.Header.Deleted {
		fn(e)
	}
	return err
}

// pointing are files, and what is looked for of them.
type pointing struct {
	at  map[fhir.Ref]*companion
	ids [][]byte
}

// look lets those files stay that an entry points to, by its JSON. To parse it takes
// long: most have none of the ids in them.
func (p *pointing) look(json []byte) {
	if !p.names(json) {
		return
	}
	r, err := fhir.Parse(json, fhir.Limits{})
	if err != nil {
		return
	}
	for _, ref := range targets(r) {
		if c := p.at[ref]; c != nil {
			c.op = nil
		}
	}
}

// names reports whether one of the ids may be in a JSON text.
func (p *pointing) names(json []byte) bool {
	for _, id := range p.ids {
		if bytes.Contains(json, id) {
			return true
		}
	}
	return escapesID(json)
}

// escapesID reports whether a character that an id may have is written as \u00xx
// (RFC 8259 §7; FHIR R4 §2.24.0.1, id): the bytes do not show such an id.
func escapesID(json []byte) bool {
	for {
		i := bytes.Index(json, []byte(`\u00`))
		if i < 0 || len(json) < i+6 {
			return false
		}
		switch c := json[i+4]; {
		case c == '3' && '0' <= json[i+5] && json[i+5] <= '9', '4' <= c && c <= '7', c == '2' && bytes.IndexByte([]byte("dDeE"), json[i+5]) >= 0:
			return true
		}
		json = json[i+6:]
	}
}
