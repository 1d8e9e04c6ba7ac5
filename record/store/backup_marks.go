package store

import (
	"fmt"
	"sync"
	"time"

	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/wire"
)

// The node remembers its last backups that were finished, so that an increment
// follows one that is there. A full one is made by itself when there is none, when
// its chain has maxIncrements or is older than maxChainAge.
const (
	maxMarks      = 64
	maxIncrements = 30
	maxChainAge   = 30 * 24 * time.Hour
)

// partName stands for the name of a backup that lacks a row which did not fit. No
// increment follows it, or the row would be lost to those as well.
const partName = "-"

var backupKey = []byte{kindNode, 'b'} // the backups that were finished

// mark is one of them.
type mark struct {
	id, base rows.Hash
	from, to uint64
	time     time.Time
	name     string
	size     int64
}

// backups are those that were written, and of which nobody has said yet that they
// are on a disk.
type backups struct {
	mu      sync.Mutex
	pending []mark
}

func (b *backups) wrote(m mark) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending = append(b.pending, m)
	if len(b.pending) > maxMarks {
		b.pending = b.pending[1:]
	}
}

func (b *backups) take(id rows.Hash) (mark, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, m := range b.pending {
		if m.id == id {
			b.pending = append(b.pending[:i:i], b.pending[i+1:]...)
			return m, true
		}
	}
	return mark{}, false
}

func marshalMarks(list []mark) []byte {
	var w wire.Builder
	for _, m := range list {
		var x wire.Builder
		x.Bytes(1, m.id[:])
		x.Uint(2, m.from)
		x.Uint(3, m.to)
		if m.from != 0 {
			x.Bytes(4, m.base[:])
		}
		x.Uint(5, uint64(m.time.UnixMilli()))
		x.String(6, m.name)
		x.Uint(7, uint64(m.size))
		w.Bytes(1, x.Finish())
	}
	return w.Finish()
}

// parseMarks reads the row. One that cannot be read is as good as none: the next
// backup is a full one.
func parseMarks(row []byte) (list []mark, ok bool) {
	d := wire.Decode("backups", row)
	for _, b := range d.List(1) {
		x := wire.Decode("backup", b)
		var m mark
		x.Fixed(1, m.id[:])
		m.from, m.to = x.Uint(2), x.Uint(3)
		if m.from != 0 {
			x.Fixed(4, m.base[:])
		}
		m.time = time.UnixMilli(int64(x.Uint(5))).UTC()
		m.name, m.size = x.String(6), int64(x.Uint(7))
		if x.Finish() != nil {
			return nil, false
		}
		list = append(list, m)
	}
	return list, d.Finish() == nil
}

func marksOf(r kv.Reader) []mark {
	row, err := r.Get(backupKey)
	if err != nil {
		return nil
	}
	list, ok := parseMarks(row)
	if !ok {
		return nil
	}
	return list
}

// baseFor is what the next backup follows: the newest one that is there with all
// that it follows itself. nil is a full one, and why.
func (s *Store) baseFor(opt BackupOptions, now time.Time) (base *mark, why string, err error) {
	var list []mark
	err = s.engine.View(nodePartition, func(r kv.Reader) error {
		list = marksOf(r)
		return nil
	})
	if err != nil || opt.Full {
		return nil, "", err
	}
	if len(list) == 0 {
		return nil, "this is the first", nil
	}
	have := make(map[BackupFile]bool)
	for _, f := range opt.Have {
		have[f] = true
	}
	known := make(map[rows.Hash]mark)
	for _, m := range list {
		known[m.id] = m
	}
	why = "the last one, and what it follows, is not in that folder as it was written"
	if list[len(list)-1].name == partName {
		why = "the last one could not hold all"
	}
	for i := len(list) - 1; i >= 0; i-- {
		n, m := 0, list[i]
		ok := have[BackupFile{m.name, m.size}]
		for ok && m.from != 0 {
			n++
			m, ok = known[m.base]
			ok = ok && have[BackupFile{m.name, m.size}]
		}
		switch {
		case !ok:
			continue
		case n >= maxIncrements:
			return nil, fmt.Sprintf("the last full one has %d increments", n), nil
		case now.Sub(m.time) > maxChainAge:
			return nil, "the last full one is of " + m.time.Format(time.DateOnly), nil
		}
		return &list[i], "", nil
	}
	return nil, why, nil
}

// backupStatus tells of the last backup that was finished.
func (s *Store) backupStatus(r kv.Reader, st *Status) {
	if list := marksOf(r); len(list) > 0 {
		last := list[len(list)-1]
		st.LastBackup, st.BackupLacks = last.time, last.name == partName
	}
}
