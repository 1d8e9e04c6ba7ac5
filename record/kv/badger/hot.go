package badger

import "sync"

// hot remembers the anchored rows that were read or written lately: the heads above
// all, which every request reads four times over and writes once. Badger looks for
// a row in every table that may have it, and a head is in many, an older one in each.
//
// The engine alone writes the store, so it knows what the newest of a row is. One is
// kept with the commit that wrote it, and given to a snapshot only if the snapshot is
// not older than that: so to nobody is shown anything but what Badger would show.
// What verifies the disk reads the disk (ViewDamaged, Changes), and where a table is
// damaged all do.
//
// It holds two generations, as rows.Known does: when the newer is full it becomes the
// older, and the older is dropped.
type hot struct {
	mu         sync.Mutex
	ts         uint64 // the last commit that is known of here
	size       int    // of the newer
	newer, old map[string]hotRow
}

type hotRow struct {
	value []byte // nobody's to change
	ts    uint64 // of the commit that wrote it, or of a later one
}

const (
	hotMost    = 4 << 20  // bytes of a generation: some six thousand heads
	hotLargest = 16 << 10 // of a row
)

// get returns a copy of a row as a snapshot sees it, and whether it is known here.
func (h *hot) get(key []byte, at uint64) (value []byte, ok bool) {
	if h == nil {
		return nil, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	row, ok := h.newer[string(key)]
	if !ok {
		if row, ok = h.old[string(key)]; ok {
			h.put(string(key), row)
		}
	}
	if !ok || row.ts > at {
		return nil, false
	}
	return append([]byte{}, row.value...), true
}

// found remembers what a snapshot was given by Badger. If anything was committed since,
// it may not be the newest any more, and is not taken.
func (h *hot) found(key, value []byte, at uint64) {
	if h == nil || len(value) > hotLargest {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ts == at {
		h.put(string(key), hotRow{append([]byte{}, value...), at})
	}
}

// committed takes over what a commit wrote. It is called before there is any snapshot
// of that commit.
func (h *hot) committed(ts uint64, b *batch, anchors func(key string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ts = ts
	for p, part := range b.parts {
		for key, c := range part.rows {
			if !anchors(key) {
				continue
			}
			row := string(rowKey(p, []byte(key)))
			if c.gone || len(c.value) > hotLargest {
				delete(h.newer, row)
				delete(h.old, row)
			} else {
				h.put(row, hotRow{c.value, ts})
			}
		}
	}
}

func (h *hot) put(key string, row hotRow) {
	if h.newer == nil || h.size > hotMost {
		h.size, h.newer, h.old = 0, map[string]hotRow{}, h.newer
	}
	if before, there := h.newer[key]; there {
		h.size -= len(key) + len(before.value)
	}
	h.size += len(key) + len(row.value)
	h.newer[key] = row
}

// forget drops all of it.
func (h *hot) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.size, h.newer, h.old = 0, nil, nil
}
