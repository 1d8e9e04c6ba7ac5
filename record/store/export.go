package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// An export is a copy of the record as it was at a moment, in files: $export of HL7's
// Bulk Data Access. Nothing is made for it beforehand. What it is of is in its token,
// sealed as the links to further pages are, and each file is opened when it is fetched,
// by whoever may: the person, and who was granted everything. So there is nothing to
// keep, nothing to sweep away, and it ends with its grant.
//
// A file has what is of one type in a part of all entries' names, as many as an entry of
// the log names. So the log says of each file what was in it, to the version, before
// the first byte is handed out.

// Export is what an export's token says.
type Export struct {
	ID    [16]byte
	Asked Asked
	At    time.Time // the moment it is of
	Until time.Time // when it ends
}

// ExportFile names one of its files.
type ExportFile struct {
	Type     string
	Deleted  bool // of all types: what was deleted
	From, To int  // the parts of the entries' names, the last one too
	Count    int
}

// ExportParts is how many parts the names of entries have: a hundred thousand of one
// type lie twenty or thirty in each.
const ExportParts = 1 << 12

// exportLasts is how long an export can be fetched, and exportQuery what the log calls
// what is not of one type.
const (
	exportLasts = 24 * time.Hour
	exportQuery = "$export"
)

// ErrNoExport is the one answer to a token of no export, and to a file that none has.
var ErrNoExport error = record.Safef(record.NotFound, "there is no such export, or not any more: begin another")

// BeginExport begins one: as of now. What anybody is writing meanwhile is waited for, so
// that all that is in it was written at its moment or before, and all that is not, after.
func (v *View) BeginExport(ctx context.Context, a Asked) (token string, err error) {
	if err := v.left(); err != nil {
		return "", err
	}
	if !v.grant.Whole() {
		err := v.retry(ctx, func() error {
			return v.commit(ctx, audit.Event{Action: audit.Search, Query: exportQuery, Outcome: audit.Refused, Reason: audit.NoVerb}, nil)
		})
		if err != nil {
			return "", err
		}
		return "", record.Safef(record.Forbidden, "only the person, and a grant to everything, can export the record: ask for what was shared with Patient/$everything")
	}
	if err := v.Spend(); err != nil {
		return "", err
	}
	at, err := v.settled(ctx)
	if err != nil {
		return "", err
	}
	id := crypto.RandomID()
	position := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli()))
	return v.nextPage(ofExport, a, append(position, id[:]...))
}

// settled is a moment of which all is written: nobody has the turn to write in it, and
// what is written next has a later one.
func (v *View) settled(ctx context.Context) (time.Time, error) {
	unlock, err := v.turn(ctx)
	if err != nil {
		return time.Time{}, err
	}
	defer unlock()
	now, err := v.s.checkClock()
	at := now.Truncate(time.Millisecond)
	for range 10 { // a clock that stands still is a test's
		if err != nil || now.Truncate(time.Millisecond).After(at) {
			break
		}
		time.Sleep(time.Millisecond / 2)
		now, err = v.s.checkClock()
	}
	return at.UTC(), err
}

// OpenExport opens an export's token. What is not one, has ended, or is another
// grant's is record.NotFound, all alike.
func (v *View) OpenExport(token string) (x Export, err error) {
	a, list, position, err := v.openPage(token)
	switch {
	case errors.Is(err, record.Unauthorized):
		return x, err
	case err != nil || list != ofExport || len(position) != 8+len(x.ID) || !v.grant.Whole():
		return x, ErrNoExport
	}
	x.Asked, x.At = a, time.UnixMilli(int64(binary.BigEndian.Uint64(position))).UTC()
	copy(x.ID[:], position[8:])
	x.Until = x.At.Add(exportLasts)
	for _, end := range []time.Time{v.grant.Until, v.token.Until} {
		if !end.IsZero() && end.Before(x.Until) {
			x.Until = end
		}
	}
	if now := v.s.time(); !now.Before(x.Until) {
		return x, ErrNoExport
	}
	return x, nil
}

// ExportFiles lists the files of an export, of some types or for nil of all. With since
// they have what was written after it alone, and there are those of what was deleted.
func (v *View) ExportFiles(ctx context.Context, x Export, types []string, since time.Time) (files []ExportFile, err error) {
	if err := v.left(); err != nil {
		return nil, err
	}
	err = v.retry(ctx, func() error {
		ev := audit.Event{Action: audit.Search, Query: exportQuery}
		counts := make(map[string]*[ExportParts]int) // by type; "" of what was deleted
		err := v.asOf(ctx, x.At, since, wanted(types), func(e *exported) {
			key := e.ref.Type
			if e.deleted {
				key = ""
			}
			if !e.deleted || !since.IsZero() {
				if counts[key] == nil {
					counts[key] = new([ExportParts]int)
				}
				counts[key][partOf(e.entry)]++
				ev.More++
			}
		})
		if err != nil {
			return err
		}
		files = nil
		for typ, parts := range counts {
			files = append(files, filesOf(typ, parts)...)
		}
		slices.SortFunc(files, func(a, b ExportFile) int {
			return cmp.Or(strings.Compare(a.Type, b.Type), a.From-b.From)
		})
		return v.commit(ctx, ev, nil)
	})
	return files, err
}

// filesOf puts as many parts into a file as the log can name the entries of.
func filesOf(typ string, parts *[ExportParts]int) (files []ExportFile) {
	f := ExportFile{Type: typ, Deleted: typ == ""}
	for i, n := range parts {
		if f.Count > 0 && f.Count+n > maxExported {
			files = append(files, f)
			f.From, f.Count = i, 0
		}
		f.To, f.Count = i, f.Count+n
	}
	return append(files, f)
}

// maxExported is how many entries a file has. Tests have less.
var maxExported = audit.MaxEntries

func wanted(types []string) func(string) bool {
	return func(typ string) bool { return types == nil || slices.Contains(types, typ) }
}

// partOf is the part that an entry's name is in.
func partOf(id record.EntryID) int { return int(id[0])<<4 | int(id[1])>>4 }

// exported is a version that was the newest at the moment of an export.
type exported struct {
	moment
	ref     fhir.Ref
	deleted bool
}

// asOf goes through the versions that were the newest at a moment, of the entries of
// some types, and of these through what was written after since.
func (v *View) asOf(ctx context.Context, at, since time.Time, types func(string) bool, fn func(*exported)) error {
	each := func(e *exported, s record.Section) {
		m := record.Meta{Type: e.ref.Type, Section: s}
		if (since.IsZero() || e.at > since.UnixMilli()) && types(e.ref.Type) &&
			v.decide(grant.ActRead, m) == grant.Allowed && v.decide(grant.ActSearch, m) == grant.Allowed {
			fn(e)
		}
	}
	return v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.directory(r)
		if err != nil {
			return err
		}
		// older finds what was the newest then among what is older now.
		older := func(l line) error {
			return rows.Walk(r, l, func(ver rows.Version) (bool, error) {
				if err := ctx.Err(); err != nil || ver.At == l.Stamp {
					return true, err
				}
				h, s, mine, err := v.header(r, l, ver)
				if err != nil || !mine || h.Time.After(at) {
					return mine, err
				}
				each(&exported{moment{l.Entry, h.Time.UnixMilli(), ver.At.Version(), v.opensTo(ver)}, fhir.Ref{Type: h.Type, ID: h.ID}, h.Deleted}, s)
				return false, nil
			})
		}
		m, err := v.recall(ctx, r, p.Head.Dir, d, search.Index)
		if err != nil {
			return err
		}
		if m != nil {
			known := v.s.known.Reader(r)
			return v.headers(m, types, func(h *header) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				if !h.updated().After(at) {
					each(&exported{moment{h.entry, h.time, h.stamp.Version(), int(h.body)}, h.ref, h.deleted}, h.section)
					return nil
				}
				l, there, err := d.Lookup(known, h.entry)
				if err == nil && !there {
					err = errMemo
				}
				if err != nil {
					return err
				}
				return older(l)
			})
		}
		leave, err := v.cold(ctx)
		if err != nil {
			return err
		}
		defer leave()
		for n := range d {
			lines, err := d.Segment(v.s.known.Reader(r), n)
			if err != nil {
				return err
			}
			_, err = v.scanRows(ctx, r, n, lines, func(l line, newest rows.Version) (bool, error) {
				h, s, mine, err := v.header(r, l, newest)
				switch {
				case err != nil || !mine || !types(h.Type):
					return err == nil, err
				case h.Time.After(at):
					err = older(l)
				default:
					each(&exported{moment{l.Entry, h.Time.UnixMilli(), l.Stamp.Version(), v.opensTo(newest)}, fhir.Ref{Type: h.Type, ID: h.ID}, h.Deleted}, s)
				}
				return err == nil, err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
