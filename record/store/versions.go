package store

import (
	"errors"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
)

// Two limits keep a record so that it can be backed up, verified and moved: the row
// of a segment fits a frame of a backup, and the versions are fewer than a check
// without the store has memory for, with room for those that a move or an import
// that was cut off has left behind.
var (
	maxLines    = rows.MaxLines
	maxVersions = uint64(rows.MaxVersions / 4 * 3)
)

// leastVersion is less than any version takes at rest: its key, the hash before it,
// and its seal with a header. What takes less room than so many needs no counting.
const leastVersion = 128

var (
	errManyEntries error = record.Safef(record.TooLarge, "this record has as many entries as it can hold: what is there can still be changed and read; begin a record at another server for what is new")
	errVersions    error = record.Safef(record.TooLarge, "this record has as many versions of entries as it can hold: what is there can still be read and shared; begin a record at another server for what is new")
)

// roomFor refuses a segment that no backup could hold.
func roomFor(before, after []line) error {
	if len(after) > maxLines && len(after) > len(before) {
		return errManyEntries
	}
	return nil
}

// versionsFit refuses more versions than a record may have. The directory knows how
// many there are: an entry has all versions from its newest to the first.
func versionsFit(r kv.Reader, d *rows.Directory, used, more uint64) error {
	if more == 0 || used < maxVersions*leastVersion {
		return nil
	}
	sum := more
	for n := range d {
		lines, err := d.Segment(r, n)
		if errors.Is(err, record.Integrity) {
			continue // what is damaged keeps nobody from writing elsewhere
		}
		if err != nil {
			return err
		}
		for _, l := range lines {
			sum += uint64(l.Stamp.Version())
		}
	}
	if sum > maxVersions {
		return errVersions
	}
	return nil
}

// added is how many versions lines have more than those that they take the place of.
func added(old []line, lines map[record.EntryID]line) (n uint64) {
	for id, l := range lines {
		n += uint64(l.Stamp.Version())
		if was, there := rows.Find(old, id); there {
			n -= uint64(was.Stamp.Version())
		}
	}
	return n
}
