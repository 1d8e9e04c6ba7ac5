package main

import (
	"errors"
	"strings"

	"carehold/record"
	"carehold/record/store"
)

// What to do about an error that says nothing of it. A person asks whoever runs
// the server; whoever that is cannot ask themselves.

func (a *app) integrityHint() string {
	if a.operating {
		return `change nothing here: copy the data folder as it is, and restore the last good backup into a new one ("carehold restore"; docs/operations.md, "Restore")`
	}
	return "do not change anything now; keep this device's file, and ask whoever runs the server what happened"
}

// isClosed reports whether a record was not changed because it has moved.
func isClosed(err error) bool {
	return errors.Is(err, record.Unprocessed) && strings.Contains(err.Error(), "this record is closed") && strings.Contains(err.Error(), "it has moved to")
}

// closedHint says how the record is changed again. It names no address: an error may
// be a server's words, and no server sends a device elsewhere.
func (a *app) closedHint() string {
	if d, err := a.loadDevice(); err == nil {
		if j, err := loadJournal(d); err == nil && j != nil {
			return `the move is not done: "carehold move-record" goes on with it, and "carehold move-record --cancel" opens the record again here`
		}
	}
	return `when the move is done, this device follows with "carehold device server ADDRESS"; if it was stopped in the middle, it goes on, or is taken back, on the device that began it`
}

// waitHint is for what does not go now. Much of it does not go in a minute either.
func (a *app) waitHint(err error) string {
	text := err.Error()
	full := strings.Contains(text, "disk") && strings.Contains(text, "full")
	clock := strings.Contains(text, "clock is wrong")
	switch {
	case errors.Is(err, record.TooMany):
		return "try again in a minute"
	case !a.operating && (full || clock || strings.Contains(text, "failed write")):
		return "tell whoever runs the server: it goes on when they have mended that"
	case !a.operating:
		return "try again in a minute; if it stays so, tell whoever runs the server"
	case errors.Is(err, store.ErrNoNodeKey):
		return `put it back, or say where it is with --node-key; if it is gone, "carehold restore" makes a new store of a backup (docs/lost.md)`
	case isOpenElsewhere(err):
		return `wait until that one is done; "systemctl status carehold" says whether it is the server`
	case clock:
		return `set this machine's clock right; if it is right now, and was wrong before: "carehold clock --accept"`
	case full:
		return "make room on that disk, but never in the store's own folder"
	case strings.Contains(text, "failed write"):
		return "look at the disk (dmesg), then start the server again"
	}
	return "" // it says itself what to do
}
