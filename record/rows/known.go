package rows

import (
	"sync"

	"carehold/record/kv"
)

// Known remembers rows by their hash, as they are at rest: the account, the live
// list, the directory's segments, a grant's row. A request reads them three times,
// and the next one again. Since a head names each by its hash, and is read and
// authenticated every time, a row that is remembered is the right one or is not asked
// for: there is nothing to make invalid. Nothing in it opens anything, and whoever
// verifies what is on the disk reads the disk.
//
// It holds two generations: what was asked for since the newer one began, and what
// was before. When the newer is full it becomes the older, and the older is dropped.
type Known struct {
	mu         sync.Mutex
	size       int // of the newer
	newer, old map[Hash][]byte
}

const (
	knownMost    = 6 << 20   // bytes of a generation: the segments of ten records of 10,000 entries
	knownLargest = 256 << 10 // of a row: one for many thousand entries would drive out the others
)

// Reader is r, with what it reads by hash remembered.
func (k *Known) Reader(r kv.Reader) kv.Reader { return &knownReader{r, k} }

// Forget empties it.
func (k *Known) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.size, k.newer, k.old = 0, nil, nil
}

func (k *Known) row(h Hash) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	if row, there := k.newer[h]; there {
		return row
	}
	row, there := k.old[h]
	if there {
		k.put(h, row)
	}
	return row
}

func (k *Known) keep(h Hash, row []byte) {
	if len(row) > knownLargest {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, there := k.newer[h]; !there {
		k.put(h, row)
	}
}

func (k *Known) put(h Hash, row []byte) {
	if k.size += len(row) + len(h); k.size > knownMost || k.newer == nil {
		k.size = len(row) + len(h)
		k.newer, k.old = map[Hash][]byte{}, k.newer
	}
	k.newer[h] = row
}

type knownReader struct {
	kv.Reader
	known *Known
}

// recall returns the row of that hash, if r is a reader that remembers it. It may be
// others' too, and is not to be changed.
func recall(r kv.Reader, h Hash) []byte {
	if k, is := r.(*knownReader); is {
		return k.known.row(h)
	}
	return nil
}

// remember has r remember a row that has that hash.
func remember(r kv.Reader, h Hash, row []byte) {
	if k, is := r.(*knownReader); is {
		k.known.keep(h, row)
	}
}
