package badger

import (
	"fmt"
	"time"

	"carehold/record"
)

// Rollback means that the database is not what was last committed to it.
type Rollback struct {
	Anchor   uint64 // the commit the anchor names; 0: it names none
	Database uint64 // the commit the database names; 0: it names none
	Reason   string

	AnchorTime, DatabaseTime time.Time // of those commits; zero: not known
	Damaged, Tables          int       // how many tables are damaged, and that may be all
}

func (r *Rollback) Error() string {
	damaged := ""
	if r.Damaged > 0 {
		damaged = fmt.Sprintf("; %d of the database's %d tables are damaged", r.Damaged, r.Tables)
	}
	return fmt.Sprintf("the store is not the one that was last written: %s (anchor %s, database %s)%s",
		r.Reason, commitText(r.Anchor, r.AnchorTime), commitText(r.Database, r.DatabaseTime), damaged)
}

func commitText(seq uint64, at time.Time) string {
	switch {
	case seq == 0:
		return "at no commit that is known"
	case at.IsZero():
		return fmt.Sprintf("at commit %d", seq)
	}
	return fmt.Sprintf("of %s, commit %d", at.UTC().Format(time.RFC3339), seq)
}

// Unwrap makes it a record.Integrity, with a text that may be logged.
func (r *Rollback) Unwrap() error { return record.Safef(record.Integrity, "%s", r.Error()) }

// ErrKey: the store is another key's. Nothing of it can be judged with this one,
// so that there is no loss to accept either: that would make it nobody's.
var ErrKey error = record.Safef(record.Integrity, "nothing that the store remembers of its last commit was made with it")

// evidence is what opening the store found.
type evidence struct {
	anchored, stored     commitRecord // zero where there is none
	hasAnchor, hasRecord bool
	foreign              bool // the database names a commit, under another key
	hasRows              bool
	rows                 sum // over the anchored rows as they are
	heads                sum // over the heads alone, as the first version had it
	begun                uint64
}

// unfinished reports whether Create was interrupted: nothing was acknowledged yet.
func (v evidence) unfinished() bool {
	return !v.hasRows && !v.hasAnchor && (!v.hasRecord || v.stored.seq == 1)
}

// judge returns nil if the database is as it was left.
func (v evidence) judge(key macKey) error {
	if v.foreign && !v.hasAnchor {
		return ErrKey
	}
	reason := ""
	switch {
	case !v.hasAnchor:
		reason = "the anchor is missing or damaged"
	case !v.hasRecord:
		reason = "the database has no record of its last commit, or one this node did not make"
	case v.stored.seq < v.anchored.seq:
		reason = "the database is older than the anchor"
	case v.stored.seq > v.anchored.seq+1:
		reason = "the anchor is older than the database"
	case v.stored.seq == v.anchored.seq && v.stored != v.anchored:
		reason = "the database and the anchor are of different histories"
	case !v.fits(key):
		reason = "at least one row is not the one that was last written"
	default:
		return nil
	}
	return &Rollback{Anchor: v.anchored.seq, Database: v.stored.seq, Reason: reason,
		AnchorTime: v.anchored.time(), DatabaseTime: v.stored.time()}
}

// fits reports whether the rows there are are those of the last commit.
func (v evidence) fits(key macKey) bool {
	rows := v.rows
	if v.stored.old {
		rows = v.heads
	}
	return key.record(v.stored.seq, v.stored.at, rows).state == v.stored.state
}
