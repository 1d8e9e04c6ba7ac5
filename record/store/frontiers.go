package store

import (
	"slices"
	"sync"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/rows"
)

// A page of a log begins with the frontier before it. A device that reads a whole
// log asks for one page after another, and to hash all that is before each of them
// made a check of 500,000 leaves 60 million hashes. So the frontiers where the last
// pages began and ended are remembered, in memory alone.

// How many frontiers are kept, of one person and of all: a few hundred bytes each,
// and 5 KB at the most. Whoever asks for pages in every order costs nobody else
// theirs, but for the oldest.
const (
	frontiersEach = 8
	frontiersAll  = 256
)

// frontiers remembers them. The zero one is empty.
type frontiers struct {
	mu   sync.Mutex
	kept []keptFrontier // the last used is the last
}

// keptFrontier is a frontier of the log that had this head. A record can be taken
// away while the store is open, and another log come under the same name, which
// may be shorter, longer or of the same size. So it is good for no head but one that
// its own has grown into.
type keptFrontier struct {
	person   record.PersonID
	at, head audit.Frontier
}

// nearest is the longest that is kept of a person's and not longer than that.
func (f *frontiers) nearest(id record.PersonID, size uint64) (k keptFrontier) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.kept {
		if x.person == id && x.at.Size <= size && x.at.Size > k.at.Size {
			k = x
		}
	}
	return k
}

// keep remembers a frontier, in the place of the person's oldest, or of all's.
func (f *frontiers) keep(id record.PersonID, at, head audit.Frontier) {
	if at.Size == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(func(x keptFrontier) bool { return x.person == id && x.at.Size == at.Size }, 1)
	f.drop(func(x keptFrontier) bool { return x.person == id }, frontiersEach)
	f.drop(func(keptFrontier) bool { return true }, frontiersAll)
	f.kept = append(f.kept, keptFrontier{id, own(at), own(head)})
}

// drop removes the oldest of them when there are that many, or more.
func (f *frontiers) drop(of func(keptFrontier) bool, many int) {
	n := 0
	for _, x := range f.kept {
		if of(x) {
			n++
		}
	}
	if n >= many {
		oldest := slices.IndexFunc(f.kept, of)
		f.kept = slices.Delete(f.kept, oldest, oldest+1)
	}
}

// own is the frontier with peaks that no other's Append writes behind.
func own(f audit.Frontier) audit.Frontier {
	f.Peaks = slices.Clone(f.Peaks)
	return f
}

// before is the frontier of the first entries of a person's log, computed from the
// nearest one that is known.
func (s *Store) before(r kv.Reader, p *person, size uint64) (audit.Frontier, error) {
	f := shared(p.Head.Log, size)
	if k := s.frontiers.nearest(p.ID, size); k.at.Size > f.Size && k.grown(r, p.Head.Log) {
		f = own(k.at)
	}
	err := extend(r, &f, size)
	return f, err
}

// grown reports whether the log that a frontier was read of has become the log with
// that head, by the leaves that were added. To hash these is all it costs; it is
// not done when they are more than those that were to be saved.
func (k keptFrontier) grown(r kv.Reader, now audit.Frontier) bool {
	then := own(k.head)
	if then.Size > now.Size || now.Size-then.Size > k.at.Size {
		return false
	}
	err := extend(r, &then, now.Size)
	return err == nil && slices.Equal(then.Peaks, now.Peaks)
}

// extend goes on with the leaves there are, up to a size.
func extend(r kv.Reader, f *audit.Frontier, size uint64) error {
	return rows.Leaves(r, f.Size, size, func(leaf []byte) bool {
		f.Append(audit.LeafHash(leaf))
		return true
	})
}

// shared is as much of the frontier of a log's first entries as the head has
// itself: the perfect subtrees, from the left, that both sizes fall into.
func shared(head audit.Frontier, size uint64) (f audit.Frontier) {
	for bit := 63; bit >= 0 && head.Size>>bit&1 == size>>bit&1; bit-- {
		if size>>bit&1 == 1 {
			f.Peaks = append(f.Peaks, head.Peaks[len(f.Peaks)])
			f.Size += 1 << bit
		}
	}
	return f
}
