package rows

import (
	"runtime/debug"
	"slices"
	"sync"

	"carehold/record"
	"carehold/record/kv"
)

// Known remembers rows by their hash, as they are at rest: the account, the live
// list, the directory's segments, a grant's row. A request reads them three times,
// and the next one again. Since a head names each by its hash, and is read and
// authenticated every time, a row that is remembered is the right one or is not asked
// for: there is nothing to make invalid. Nothing in it opens anything, and whoever
// verifies what is on the disk reads the disk.
//
// The rows of entries that pages showed are remembered too, apart from those, for
// whoever looks at a list looks at it again; they are sealed, here as on the disk.
type Known struct {
	rows    generations
	entries generations
}

const (
	knownMost    = 6 << 20   // bytes of a generation: the segments of ten records of 10,000 entries
	knownLargest = 256 << 10 // of a row: one for many thousand entries would drive out the others

	entriesMost  = 16 << 20 // the pages of a hundred people
	entriesShare = 64       // and of the memory there is for the program no more than this part
)

var entriesRoom = sync.OnceValue(func() int { return int(min(entriesMost, debug.SetMemoryLimit(-1)/entriesShare)) })

// Reader is r, with what it reads by hash remembered.
func (k *Known) Reader(r kv.Reader) kv.Reader { return &knownReader{r, k} }

// Forget empties it.
func (k *Known) Forget() {
	k.rows.forget()
	k.entries.forget()
}

// Version is ReadVersion, with what it reads remembered. The Version may be others' too,
// and is not to be changed.
func (k *Known) Version(r kv.Getter, id record.EntryID, at Stamp, want Hash) (Version, error) {
	if row := k.entries.row(want, entriesRoom()); row != nil {
		return parseVersion(row, id, at)
	}
	v, row, err := readVersion(r, id, at, want)
	if err == nil && len(row) <= knownLargest {
		k.entries.keep(want, slices.Clone(row), entriesRoom())
	}
	return v, err
}

// Walk is Walk, with what it reads remembered.
func (k *Known) Walk(r kv.Getter, l Line, fn func(v Version) (more bool, err error)) error {
	return walk(l, fn, func(id record.EntryID, at Stamp, want Hash) (Version, error) { return k.Version(r, id, at, want) })
}

// generations are rows by their hash, in two generations: what was asked for since the
// newer one began, and what was before. When the newer has as much as it may have it
// becomes the older, and the older is dropped.
type generations struct {
	mu         sync.Mutex
	size       int // of the newer
	newer, old map[Hash][]byte
}

func (g *generations) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.size, g.newer, g.old = 0, nil, nil
}

func (g *generations) row(h Hash, most int) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	if row, there := g.newer[h]; there {
		return row
	}
	row, there := g.old[h]
	if there {
		g.put(h, row, most)
	}
	return row
}

func (g *generations) keep(h Hash, row []byte, most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, there := g.newer[h]; !there {
		g.put(h, row, most)
	}
}

func (g *generations) put(h Hash, row []byte, most int) {
	if g.size += len(row) + len(h); g.size > most || g.newer == nil {
		g.size = len(row) + len(h)
		g.newer, g.old = map[Hash][]byte{}, g.newer
	}
	g.newer[h] = row
}

type knownReader struct {
	kv.Reader
	known *Known
}

// recall returns the row of that hash, if r is a reader that remembers it. It may be
// others' too, and is not to be changed.
func recall(r kv.Reader, h Hash) []byte {
	if k, is := r.(*knownReader); is {
		return k.known.rows.row(h, knownMost)
	}
	return nil
}

// remember has r remember a row that has that hash.
func remember(r kv.Reader, h Hash, row []byte) {
	if k, is := r.(*knownReader); is && len(row) <= knownLargest {
		k.known.rows.keep(h, row, knownMost)
	}
}
