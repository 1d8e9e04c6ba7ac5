package store

import (
	"bytes"
	"context"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/kv"
	"carehold/record/rows"
)

// notThere is the answer for an entry that does not exist and for one that does
// not exist for this grant: the same bytes.
func notThere(ref fhir.Ref) error {
	return record.Errorf(record.NotFound, "there is no %s in this record, or not in what was shared", ref)
}

// gone is the answer for an entry that was deleted.
func gone(e Entry) error {
	return record.Errorf(record.Gone, "%s was deleted on %s", e.Ref, e.Header.Time.Format(time.DateOnly))
}

// Read returns one entry: its newest version, or for v > 0 that version. It
// returns once the log entry is on the disk. record.NotFound when it is not
// there or not in the grant's sections, record.Gone when it was deleted,
// record.Forbidden when the grant has the section and not the verb.
func (v *View) Read(ctx context.Context, ref fhir.Ref, version record.Version) (e Entry, err error) {
	err = v.retry(ctx, func() error {
		e, err = v.read(ctx, ref, version)
		return err
	})
	return e, err
}

func (v *View) read(ctx context.Context, ref fhir.Ref, version record.Version) (Entry, error) {
	act := grant.ActRead
	if version > 0 {
		act = grant.ActVersion
	}
	asked := ref.String()
	if version > 0 {
		asked += "/_history/" + version.String()
	}
	if err := v.findFiles(ctx, ref); err != nil {
		return Entry{}, err
	}
	had := v.weight
	found, err := v.fetchAny(ctx, ref, version)
	ev := audit.Event{Action: audit.Read, Entries: []string{asked}}
	var answer error
	switch {
	case errors.Is(err, record.NotFound):
		ev.Outcome, ev.Reason, answer = audit.Refused, audit.OutsideGrant, notThere(ref)
	case err != nil && !errors.Is(err, record.TooLarge):
		return Entry{}, err
	default:
		found.Ref = ref
		decided, failed := v.decideRead(ctx, act, &found, version, err)
		if failed != nil {
			return Entry{}, failed
		}
		switch decided {
		case grant.Allowed:
			if err != nil { // which tells that it is there
				ev.Outcome, ev.Reason, answer = audit.Refused, audit.BadRequest, err
				break
			}
			if found.Header.Deleted {
				ev.Outcome, ev.Reason, answer = audit.Refused, audit.WasDeleted, gone(found)
				break
			}
			ev.Entries[0] = ref.String() + "/_history/" + found.Version.String()
		case grant.Forbidden:
			ev.Outcome, ev.Reason = audit.Refused, audit.NoVerb
			answer = record.Errorf(record.Forbidden, "this grant does not include reading %s", ref.Type)
		case grant.Ended:
			return Entry{}, errUnauthorized
		default:
			ev.Outcome, ev.Reason, answer = audit.Refused, audit.OutsideGrant, notThere(ref)
		}
	}
	if answer == nil && v.weight == had { // a small one
		switch err := v.take(ctx, len(found.Body), 0); {
		case errors.Is(err, record.TooLarge):
			ev.Outcome, ev.Reason, answer = audit.Refused, audit.BadRequest, err
		case err != nil:
			return Entry{}, err
		}
	}
	if err := v.commit(ctx, ev, nil); err != nil {
		return Entry{}, err
	}
	if answer != nil {
		return Entry{}, answer
	}
	return found, nil
}

// fetch reads and opens a version; record.NotFound when it is not there or not in
// the sections the View holds. Nothing is decided or logged yet.
func (v *View) fetch(ctx context.Context, ref fhir.Ref, version record.Version) (e Entry, err error) {
	id := v.hold.EntryID(ref.Type, ref.ID)
	var mine bool
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		_, d, err := v.directory(r)
		if err != nil {
			return err
		}
		l, there, err := d.Lookup(v.s.known.Reader(r), id)
		if err != nil {
			return err
		}
		if !there || version > l.Stamp.Version() {
			v.hold.Miss()
			return notThere(ref)
		}
		if version == 0 {
			version = l.Stamp.Version()
		}
		e, mine, err = v.version(ctx, r, l, version)
		return err
	})
	switch {
	case err != nil:
		return Entry{}, err
	case !mine:
		return Entry{}, notThere(ref)
	case e.Ref != ref:
		return Entry{}, rows.Damaged("entry") // sealed for this name, and names itself otherwise
	}
	return e, nil
}

// version walks to a version of an entry and opens it, and none on the way. A large one
// takes room before it is opened.
func (v *View) version(ctx context.Context, r kv.Reader, l line, version record.Version) (e Entry, mine bool, err error) {
	err = rows.Walk(r, l, func(ver rows.Version) (more bool, err error) {
		switch {
		case ver.At.Version() == version:
			// Whose it is shows in row 0: of a large one of another section nothing more
			// is read, or the time it takes would tell that it is there.
			_, _, mine, err = v.recognise(l.Entry, ver.At, ver.First)
			if err == nil && !mine && ver.At != l.Stamp {
				err = rows.Damaged("entry") // all versions of an entry are in one section
			}
			if err != nil || !mine {
				return false, err
			}
			if ver.Count() > 1 {
				had, size := v.weight, v.opensTo(ver)
				if err := v.take(ctx, size, size); err != nil {
					return false, err
				}
				defer v.taken(had, size)
			}
			e, mine, err = v.open(r, ver)
			return false, err
		case ver.At == l.Stamp: // which the newest tells before any work is done for others
			_, _, more, err = v.recognise(l.Entry, ver.At, ver.First)
			return more, err
		default:
			return true, nil
		}
	})
	return e, mine, err
}

// directory reads the person's directory as it is now. errStale when an epoch has
// begun since the View was opened: it has no keys of what is written from then on,
// which would look like damage; errUnauthorized when the grant was stopped since.
func (v *View) directory(r kv.Reader) (*person, *rows.Directory, error) {
	p, d, err := v.s.loadWithDirectory(r, v.person)
	if err == nil && !p.Live.Valid(v.token.Grant, v.s.time()) {
		err = errUnauthorized
	}
	if err == nil && p.Live.Epoch != v.hold.Epoch() {
		err = errStale
	}
	return p, d, err
}

func (s *Store) loadWithDirectory(r kv.Reader, id record.PersonID) (*person, *rows.Directory, error) {
	p, err := s.load(r, id)
	if errors.Is(err, errNoPerson) {
		return nil, nil, errUnauthorized
	}
	if err != nil {
		return nil, nil, err
	}
	d, err := p.Directory(s.known.Reader(r))
	return p, d, err
}

// recognise tells where a version is. mine is false, and nothing else, when it is
// in a section the View does not hold. A View that holds every section finds
// every row its own, so one that is not is damaged.
func (v *View) recognise(id record.EntryID, at stamp, first []byte) (s record.Section, e record.Epoch, mine bool, err error) {
	if err := v.hold.Reach(id, at.Sealed(), first); err != nil {
		return s, e, false, rows.Damaged("epoch of an entry")
	}
	if s, e, mine = v.hold.Recognise(id, at.Sealed(), first); !mine && v.hold.Sections().Whole() {
		return s, e, false, rows.Damaged("entry")
	}
	return s, e, mine, nil
}

// open recognises a version and opens it. A content behind the JSON is not touched.
func (v *View) open(r kv.Reader, ver rows.Version) (e Entry, mine bool, err error) {
	return v.openTo(nil, r, ver)
}

// openTo is open into what the entries of one answer lie in; nil: by itself.
func (v *View) openTo(p *plains, r kv.Reader, ver rows.Version) (e Entry, mine bool, err error) {
	section, epoch, mine, err := v.recognise(ver.ID, ver.At, ver.First)
	if err != nil || !mine {
		return e, false, err
	}
	plain, err := v.plain(p, r, ver, section, epoch)
	if err != nil {
		return e, true, err
	}
	h, json, err := entry.Parse(plain)
	if err != nil {
		return e, true, rows.Damaged("entry")
	}
	e = Entry{Ref: fhir.Ref{Type: h.Type, ID: h.ID}, Version: ver.At.Version(), Section: section, Header: h}
	if h.Content != nil { // where it is: the row itself may be overwritten
		e.rows, e.epoch = ver, epoch
		e.rows.First = bytes.Clone(ver.First)
	}
	if !h.Deleted {
		e.Body = json
	}
	return e, true, nil
}

// opensTo is about what opening a version takes, which is the View's: of one with a
// content no more than stands before that.
func (v *View) opensTo(ver rows.Version) int {
	if s, e, mine, err := v.recognise(ver.ID, ver.At, ver.First); err == nil && mine {
		if first, err := v.hold.OpenFirst(s, e, ver.ID, ver.At.Sealed(), ver.First); err == nil && entry.HasContent(first) {
			return len(first)
		}
	}
	return sizeOf(ver)
}

// plain opens the plaintext of a version; of one with a content, its first part,
// which holds all that stands before that.
func (v *View) plain(p *plains, r kv.Reader, ver rows.Version, s record.Section, e record.Epoch) ([]byte, error) {
	damaged := func(err error) error {
		if errors.Is(err, crypto.ErrOpen) {
			return rows.Damaged("entry")
		}
		return err
	}
	if ver.Count() > 1 {
		first, err := v.hold.OpenFirst(s, e, ver.ID, ver.At.Sealed(), ver.First)
		if err != nil || entry.HasContent(first) {
			return first, damaged(err)
		}
	}
	sealed, err := ver.Rows(r)
	if err != nil {
		return nil, err
	}
	if p == nil {
		plain, err := v.hold.OpenEntry(s, e, ver.ID, ver.At.Sealed(), sealed)
		return plain, damaged(err)
	}
	size := 0
	for _, row := range sealed {
		size += len(row)
	}
	all, plain, err := v.hold.OpenEntryTo(p.room(size), s, e, ver.ID, ver.At.Sealed(), sealed)
	if err == nil {
		p.use(all)
	}
	return plain, damaged(err)
}

// history opens the versions of an entry that is the View's, newest first, until
// fn has what it wants. l is the entry as the caller's plan has it.
func (v *View) history(l line, fn func(r kv.Reader, ver rows.Version, e Entry) (more bool, err error)) error {
	return v.walk(l, func(r kv.Reader, ver rows.Version) (bool, error) {
		e, mine, err := v.open(r, ver)
		if err != nil {
			return false, err
		}
		if !mine {
			return false, rows.Damaged("entry") // all versions of an entry are in one section
		}
		return fn(r, ver, e)
	})
}

// walk is history that opens nothing.
func (v *View) walk(l line, fn func(r kv.Reader, ver rows.Version) (more bool, err error)) error {
	return v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		_, d, err := v.directory(r)
		if err != nil {
			return err
		}
		if now, there, err := d.Lookup(r, l.Entry); err != nil {
			return err
		} else if !there || now != l {
			return errStale
		}
		return rows.Walk(r, l, func(ver rows.Version) (bool, error) { return fn(r, ver) })
	})
}

// atRest is what a version's rows take, keys and values. Of many, all but the first and
// the last are of one length (docs/format.md, 10): those between are not read.
func atRest(r kv.Reader, ver rows.Version) (uint64, error) {
	size := uint64(len(ver.Prev) + len(ver.First) + len(rows.EntryKey(ver.ID, ver.At)))
	last := ver.Count() - 1
	for i := 1; i <= last; i++ {
		row, err := ver.Part(r, i)
		if err != nil {
			return 0, err
		}
		part := uint64(len(rows.PartKey(ver.ID, ver.At, i)) + len(row))
		size += part
		if i == 1 && last > 2 {
			size += part * uint64(last-2)
			i = last - 1
		}
	}
	return size, nil
}
