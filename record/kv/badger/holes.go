package badger

import (
	"bytes"
	"context"
)

// A hole is what a damaged block keeps from being known: the rows from its first
// key to the first of the next block, as old as its table or older. Badger may say
// of them that they are not there, and with a damaged key they may seem to be
// others. So within a hole only what was written since is believed.
type hole struct {
	from, to []byte // Badger's keys; a nil to is the end
	version  uint64 // the newest in the table
}

type holes []hole

// hides reports whether a row, found at that version or (0) not found, may be
// another or be there after all.
func (h holes) hides(key []byte, found uint64) bool {
	for _, x := range h {
		if found <= x.version && bytes.Compare(key, x.from) >= 0 && (x.to == nil || bytes.Compare(key, x.to) <= 0) {
			return true
		}
	}
	return false
}

// among reports whether rows with the prefix, from a key on, may be missing.
func (h holes) among(prefix, from []byte) bool {
	for _, x := range h {
		before := bytes.Compare(x.from, prefix) > 0 && !bytes.HasPrefix(x.from, prefix) // all of them are before the hole
		if !before && (x.to == nil || bytes.Compare(from, x.to) <= 0) {
			return true
		}
	}
	return false
}

func (e *Engine) known() holes {
	if h := e.holes.Load(); h != nil {
		return *h
	}
	return nil
}

// look reads the tables of a store that was closed, once it is open: it would
// take too long before, and what is at rest is damaged seldom.
func (e *Engine) look(ctx context.Context) {
	defer close(e.looked)
	s, err := checkTables(ctx, e.dir, true)
	if err != nil || s.damaged == 0 {
		return // what cannot be read at all is told where it is read
	}
	e.opts.Log.Error("tables of the store are damaged: what is in them cannot be read; restore the last backup", "damaged", s.damaged, "tables", s.tables)
	e.holes.Store(&s.holes)
	e.damaged.Store(int64(s.damaged))
}
