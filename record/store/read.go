package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
)

// notThere is the answer for an entry that does not exist and for one that does
// not exist for this grant: the same bytes.
func notThere(ref fhir.Ref) error {
	return record.Errorf(record.NotFound, "there is no %s in this record, or not in what was shared", ref)
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
	found, err := v.fetch(ref, version)
	ev := audit.Event{Action: audit.Read, Entries: []string{asked}}
	var answer error
	switch {
	case errors.Is(err, record.NotFound):
		ev.Outcome, ev.Reason, answer = audit.Refused, audit.OutsideGrant, notThere(ref)
	case err != nil:
		return Entry{}, err
	default:
		switch v.decide(act, record.Meta{Type: ref.Type, Section: found.Section}) {
		case grant.Allowed:
			ev.Entries[0] = ref.String() + "/_history/" + found.Version.String()
			if found.Header.Deleted {
				answer = record.Errorf(record.Gone, "%s was deleted on %s", ref, found.Header.Time.Format(time.DateOnly))
			}
		case grant.Forbidden:
			ev.Outcome, ev.Reason = audit.Refused, audit.NoVerb
			answer = record.Errorf(record.Forbidden, "this grant does not include reading %s", ref.Type)
		case grant.Ended:
			return Entry{}, errUnauthorized
		default:
			ev.Outcome, ev.Reason, answer = audit.Refused, audit.OutsideGrant, notThere(ref)
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
func (v *View) fetch(ref fhir.Ref, version record.Version) (e Entry, err error) {
	id := v.hold.EntryID(ref.Type, ref.ID)
	var rows [][]byte
	var at stamp
	var newest []byte // row 0 of the newest version, when an older one is asked for
	var last stamp
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.s.loadWithDirectory(r, v.person)
		if err != nil {
			return err
		}
		l, there, err := p.lookup(r, d, id)
		if err != nil {
			return err
		}
		if !there || version > l.stamp.version() {
			return notThere(ref)
		}
		at, last = l.stamp, l.stamp
		if version > 0 {
			at = at.at(version)
		}
		if at != last {
			if newest, err = r.Get(entryKey(id, last)); errors.Is(err, kv.ErrNotFound) {
				return damaged("entry")
			}
			if err != nil {
				return err
			}
		}
		if rows, err = versionRows(r, id, at); err != nil {
			return err
		}
		if at == l.stamp && hashRows(rows) != l.hash {
			return damaged("entry")
		}
		return nil
	})
	if err != nil {
		return Entry{}, err
	}
	e, mine, err := v.open(id, at, rows)
	switch {
	case err != nil:
		return Entry{}, err
	case !mine:
		// All versions of an entry are in one section: one that is not the View's,
		// of an entry that is, is damaged.
		if newest != nil {
			if _, _, held := v.hold.Recognise(id, last.sealed(), newest); held {
				return Entry{}, damaged("entry")
			}
		}
		return Entry{}, notThere(ref)
	case e.Ref != ref:
		return Entry{}, damaged("entry") // sealed for this name, and names itself otherwise
	}
	return e, nil
}

func (s *Store) loadWithDirectory(r kv.Reader, id record.PersonID) (*person, *directory, error) {
	p, err := s.load(r, id)
	if errors.Is(err, errNoPerson) {
		return nil, nil, errUnauthorized
	}
	if err != nil {
		return nil, nil, err
	}
	d, err := p.loadDirectory(r)
	return p, d, err
}

// versionRows reads all the rows of a version that the directory says exists.
func versionRows(r kv.Reader, id record.EntryID, at stamp) ([][]byte, error) {
	first, err := r.Get(entryKey(id, at))
	if errors.Is(err, kv.ErrNotFound) {
		return nil, damaged("entry")
	}
	if err != nil {
		return nil, err
	}
	return withParts(r, id, at, first)
}

// withParts adds the further rows of a large version to its first.
func withParts(r kv.Reader, id record.EntryID, at stamp, first []byte) ([][]byte, error) {
	n, err := keys.RowCount(first)
	if err != nil {
		return nil, damaged("entry")
	}
	rows := make([][]byte, 1, n)
	rows[0] = first
	for i := 1; i < n; i++ {
		part, err := r.Get(partKey(id, at, i))
		if errors.Is(err, kv.ErrNotFound) {
			return nil, damaged("entry")
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, part)
	}
	return rows, nil
}

// hashRows is what the directory keeps of a version: SHA-256 of its rows, one
// after another.
func hashRows(rows [][]byte) (sum hash) {
	h := sha256.New()
	for _, row := range rows {
		h.Write(row)
	}
	h.Sum(sum[:0])
	return sum
}

// open recognises a version and opens it. mine is false, and nothing else, when
// it is in a section the View does not hold. A View that holds every section
// finds every row its own, so one that is not is damaged.
func (v *View) open(id record.EntryID, at stamp, rows [][]byte) (e Entry, mine bool, err error) {
	if err := v.hold.Reach(id, at.sealed(), rows[0]); err != nil {
		return e, false, damaged("epoch of an entry")
	}
	section, epoch, mine := v.hold.Recognise(id, at.sealed(), rows[0])
	if !mine && v.hold.Sections().Whole() {
		return e, false, damaged("entry")
	}
	if !mine {
		return e, false, nil
	}
	plain, err := v.hold.OpenEntry(section, epoch, id, at.sealed(), rows)
	if err != nil {
		return e, true, damaged("entry")
	}
	h, json, err := entry.Parse(plain)
	if err != nil {
		return e, true, damaged("entry")
	}
	e = Entry{Ref: fhir.Ref{Type: h.Type, ID: h.ID}, Version: at.version(), Section: section, Header: h}
	if !h.Deleted {
		e.Body = json
	}
	return e, true, nil
}
