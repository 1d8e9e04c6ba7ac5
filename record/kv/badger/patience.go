package badger

import (
	"time"

	bdb "github.com/dgraph-io/badger/v4"

	"carehold/record"
)

const (
	// commitPatience is how long a commit may take. A card that tidies up inside
	// takes seconds, a table that must be merged first a minute; a disk that
	// hangs takes for ever.
	commitPatience = 3 * time.Minute

	// closePatience is how long a store that has failed may take to close: Badger
	// waits for ever for what it cannot write.
	closePatience = 2 * time.Second
)

var errNoAnswer = record.Safef(record.Unavailable, "the disk does not answer")

// write commits and anchors, and returns when both are done, when one has failed,
// or when there is nothing to wait for any more.
func (e *Engine) write(txn *bdb.Txn, ts uint64, r commitRecord, rows *aside) (stage string, err error) {
	type outcome struct {
		stage string
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		defer txn.Discard()
		if err := rows.write(); err != nil {
			done <- outcome{"apart", err}
			return
		}
		if err := txn.CommitAt(ts, nil); err != nil {
			done <- outcome{"commit", err}
			return
		}
		if err := e.wal.commit(); err != nil {
			done <- outcome{"sync", err}
			return
		}
		done <- outcome{"anchor", e.anchor.write(r)}
	}()
	late := time.NewTimer(e.patience)
	defer late.Stop()
	select {
	case o := <-done:
		return o.stage, o.err
	case <-e.failed: // in the background
	case <-late.C:
	}
	return "commit", errNoAnswer
}

// closeBadger closes Badger, and leaves it as it is if it has failed and does not
// come to an end.
func (e *Engine) closeBadger() error {
	closed := make(chan error, 1)
	go func() { closed <- e.db.Close() }()
	var late <-chan time.Time
	failed := e.failed
	for {
		select {
		case err := <-closed:
			if err != nil {
				err = unreadable(err)
			}
			return err
		case <-failed:
			late, failed = time.After(closePatience), nil
		case <-late:
			return errNoAnswer
		}
	}
}
