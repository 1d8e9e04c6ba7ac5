package store

import "sync"

// plains hold what the entries of one answer open to, one behind the other: a page has
// hundreds, and each in memory of its own is what the garbage collector would be busy
// with. What is in the clear is overwritten when the answer is through, before others
// use the room.
type plains struct {
	chunks [][]byte // each as far as it is used
}

// chunkSize is what a page of fifty takes, mostly. Larger ones are not kept.
const chunkSize = 256 << 10

var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// room returns the end of what is used, with room for so many bytes behind it.
func (p *plains) room(n int) []byte {
	if last := len(p.chunks) - 1; last >= 0 && cap(p.chunks[last])-len(p.chunks[last]) >= n {
		return p.chunks[last]
	}
	var c []byte
	if n > chunkSize {
		c = make([]byte, 0, n)
	} else {
		c = chunks.Get().(*[chunkSize]byte)[:0]
	}
	p.chunks = append(p.chunks, c)
	return c
}

// use keeps what was appended to room.
func (p *plains) use(b []byte) { p.chunks[len(p.chunks)-1] = b }

// release overwrites everything, and lets go of it.
func (p *plains) release() {
	for _, c := range p.chunks {
		clear(c)
		if cap(c) == chunkSize {
			chunks.Put((*[chunkSize]byte)(c[:chunkSize]))
		}
	}
	p.chunks = nil
}
