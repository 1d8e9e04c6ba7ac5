package rows

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sort"

	"carehold/record"
	"carehold/record/keys"
)

// index remembers of the versions that went by what is needed to judge them once
// the directory's segments come, which is after them.
type index struct {
	entries  []entryAt
	versions []versionAt
	large    []partsOf
	prev     Hash // that the last row has
}

// entryAt is where the rows of an entry begin in the list of versions.
type entryAt struct {
	id    record.EntryID
	first int
}

type versionAt struct {
	at     Stamp
	sum    Hash
	large  int32 // in the list of those with other rows; -1: none
	bad    bool  // not a version at all
	linked bool  // the next row is the version before it, as its prev has it; or it is the first
	named  bool  // by the directory, or not to be judged
	size   uint32
}

// partsOf is what a version's other rows must be.
type partsOf struct {
	sum  Hash // over their hashes
	n    int
	seen bool
}

// row takes row 0 of a version; false for a key that is none.
func (x *index) row(key, value []byte) bool {
	id, at, ok := ParseEntryKey(key)
	if !ok {
		return false
	}
	v := versionAt{at: at, sum: HashOf(value), large: -1, size: uint32(len(key) + len(value))}
	last := len(x.versions) - 1
	same := len(x.entries) > 0 && x.entries[len(x.entries)-1].id == id
	if same && x.versions[last].at == at+1 && at.Version() > 0 {
		x.versions[last].linked = x.prev == v.sum
	}
	if !same {
		x.entries = append(x.entries, entryAt{id, len(x.versions)})
	}
	v.bad = true
	if len(value) >= prevSize {
		x.prev = Hash(value[:prevSize])
		if sums, err := keys.Parts(value[prevSize:]); err == nil && at.Version() > 0 {
			v.bad = false
			if len(sums) > 0 {
				v.large = int32(len(x.large))
				h := sha256.New()
				for i := range sums {
					h.Write(sums[i][:])
				}
				x.large = append(x.large, partsOf{sum: Hash(h.Sum(nil)), n: len(sums)})
			}
		}
		v.linked = at.Version() == 1 && x.prev == (Hash{})
	}
	x.versions = append(x.versions, v)
	return true
}

// of gives the versions of an entry, newest first.
func (x *index) of(id record.EntryID) []versionAt {
	i := sort.Search(len(x.entries), func(i int) bool { return bytes.Compare(x.entries[i].id[:], id[:]) >= 0 })
	if i == len(x.entries) || x.entries[i].id != id {
		return nil
	}
	return x.versions[x.entries[i].first:x.until(i)]
}

func (x *index) until(i int) int {
	if i+1 < len(x.entries) {
		return x.entries[i+1].first
	}
	return len(x.versions)
}

// find looks a version up among those of its entry.
func find(list []versionAt, at Stamp) (int, bool) {
	i := sort.Search(len(list), func(i int) bool { return list[i].at <= at })
	return i, i < len(list) && list[i].at == at
}

// line judges an entry from its newest version down.
func (x *index) line(v *Verifier, l Line) {
	list := x.of(l.Entry)
	i, there := find(list, l.Stamp)
	found := func(n record.Version, missing bool) {
		v.got.Add(Finding{Part: PartEntry, Missing: missing, Entry: hex.EncodeToString(l.Entry[:]), Version: uint64(n)})
		for i := range list { // what hung on it is not judged, and not left over
			list[i].named = list[i].named || list[i].at.Generation() == l.Stamp.Generation() && list[i].at < l.Stamp
		}
	}
	if !there || list[i].sum != l.Hash {
		if there {
			list[i].named = true
		}
		found(l.Stamp.Version(), !there)
		return
	}
	v.got.Entries++
	for n := l.Stamp.Version(); ; n-- {
		list[i].named = true
		if list[i].bad {
			found(n, false)
			return
		}
		v.got.Versions++
		v.got.Used += uint64(list[i].size)
		if n == 1 && list[i].linked {
			return
		}
		if n == 1 {
			found(n, false) // a first version that says there was one before
			return
		}
		if !list[i].linked {
			_, there := find(list, l.Stamp.At(n-1))
			found(n-1, !there)
			return
		}
		i++
	}
}

// end finds what no line has named, and which versions lack rows.
func (x *index) end(v *Verifier) {
	for i, e := range x.entries {
		for _, ver := range x.versions[e.first:x.until(i)] {
			switch {
			case v.unsure[SegmentOf(e.id)]:
			case !ver.named:
				v.leftOver(EntryKey(e.id, ver.at))
			case ver.large >= 0 && !x.large[ver.large].seen:
				v.got.Add(Finding{Part: PartEntry, Missing: true, Entry: hex.EncodeToString(e.id[:]), Version: uint64(ver.at.Version())})
			}
		}
	}
}

// partsCheck holds the other rows of one version after the other against row 0.
type partsCheck struct {
	id   record.EntryID
	at   Stamp
	want *partsOf // nil: not judged, or nothing names it
	sum  hash.Hash
	next int
	left bool // nothing names it
	any  bool
	size uint64
}

func (p *partsCheck) row(v *Verifier, key, value []byte) {
	id, at, i, ok := ParsePartKey(key)
	if !ok {
		v.leftOver(key)
		return
	}
	if !p.any || id != p.id || at != p.at {
		p.end(v)
		p.begin(v, id, at)
	}
	if p.left || p.want != nil && i > p.want.n {
		v.leftOver(key)
		return
	}
	if p.want != nil && i == p.next {
		h := HashOf(value)
		p.sum.Write(h[:])
		p.next++
		p.size += uint64(len(key) + len(value))
	}
}

func (p *partsCheck) begin(v *Verifier, id record.EntryID, at Stamp) {
	*p = partsCheck{id: id, at: at, next: 1, any: true, sum: sha256.New()}
	if v.directory == nil || v.over || v.unsure[SegmentOf(id)] {
		return
	}
	list := v.index.of(id)
	i, there := find(list, at)
	switch {
	case !there || !list[i].named || list[i].large < 0 && !list[i].bad:
		p.left = true
	case list[i].large >= 0:
		p.want = &v.index.large[list[i].large]
	}
}

func (p *partsCheck) end(v *Verifier) {
	if p.want == nil {
		return
	}
	p.want.seen = true
	if p.next != p.want.n+1 || Hash(p.sum.Sum(nil)) != p.want.sum {
		v.got.Add(Finding{Part: PartEntry, Missing: p.next != p.want.n+1, Entry: hex.EncodeToString(p.id[:]), Version: uint64(p.at.Version())})
	}
	v.got.Used += p.size
	p.want = nil
}
