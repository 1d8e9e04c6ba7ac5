package rows

import (
	"encoding/binary"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
)

// logCheck computes the log's tree anew. It does so for each of the perfect
// subtrees that the size falls into, so that damage is told by where it is.
type logCheck struct {
	size  uint64
	trees []subtree
	at    int // in trees
	next  uint64
}

type subtree struct {
	from, to uint64
	peak     audit.Hash
	f        audit.Frontier
	broken   bool // a leaf is missing, which was told
}

func (c *logCheck) begin(f audit.Frontier) {
	c.size = f.Size
	from := uint64(0)
	for bit := 63; bit >= 0; bit-- {
		if f.Size>>bit&1 == 1 {
			c.trees = append(c.trees, subtree{from: from, to: from + 1<<bit, peak: f.Peaks[len(c.trees)]})
			from += 1 << bit
		}
	}
}

func (c *logCheck) row(v *Verifier, key, leaf []byte) {
	if !v.headOK {
		return // not judged
	}
	if len(key) != 9 {
		v.leftOver(key)
		return
	}
	index := binary.BigEndian.Uint64(key[1:])
	if index >= c.size {
		v.leftOver(key)
		return
	}
	c.missing(v, index)
	c.next = index + 1
	for c.trees[c.at].to <= index {
		c.at++
	}
	t := &c.trees[c.at]
	if t.broken {
		return
	}
	t.f.Append(audit.LeafHash(leaf))
	v.got.Leaves++
	v.got.Used += uint64(len(leaf))
	if c.next == t.to && t.f.Peaks[0] != t.peak {
		v.got.Add(Finding{Part: PartLog, From: t.from, To: t.to})
	}
}

// missing tells of leaves that are not there, up to one that is.
func (c *logCheck) missing(v *Verifier, to uint64) {
	if c.next >= to {
		return
	}
	v.got.Add(Finding{Part: PartLog, Missing: true, From: c.next, To: to})
	for i := range c.trees {
		t := &c.trees[i]
		t.broken = t.broken || t.from < to && c.next < t.to
	}
}

func (c *logCheck) end(v *Verifier) { c.missing(v, c.size) }

// nearSize is what a back row has at least: a sealed link for each section.
const nearSize = record.NumSections * 105

// backsCheck counts the links to earlier epochs, of which there must be one for
// each but the first. Whether they open only a key can tell.
type backsCheck struct {
	top uint32   // there is a row of each epoch from 2 to this
	odd []uint32 // and of these, after a gap
}

func (b *backsCheck) row(v *Verifier, key, row []byte) {
	if len(key) != 5 {
		v.leftOver(key)
		return
	}
	n := binary.BigEndian.Uint32(key[1:])
	if n == max(b.top, 1)+1 && (len(row) == nearSize || len(row) == keys.BackRowSize(record.Epoch(n))) {
		b.top = n
		v.got.Used += uint64(len(row))
		return
	}
	if len(b.odd) < MaxFindings {
		b.odd = append(b.odd, n)
	}
}

func (b *backsCheck) end(v *Verifier) {
	epoch := uint32(v.got.Epoch)
	for n := epoch + 1; n > 1 && n <= b.top; n++ {
		v.leftOver(BackKey(record.Epoch(n)))
	}
	for _, n := range b.odd {
		if n > epoch {
			v.leftOver(BackKey(record.Epoch(n)))
		}
	}
	if epoch == 0 || max(b.top, 1) < epoch {
		v.got.Add(Finding{Part: PartEpoch, Missing: true, Number: uint64(max(b.top, 1) + 1)})
	}
}
