package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"sync"

	"carehold/record"
	"carehold/record/store"
)

// bodies bounds how much of ordinary bodies is in memory that came with a token, and
// have no place among the requests being served yet: they are read before they have
// one, or forty that are sent a byte and no more would be all that a record serves.
// A record has a quarter of the room, of which the person's own have a quarter that
// nobody else gets and one grant a quarter at most.
type bodies struct {
	all  int
	each share

	mu   sync.Mutex
	held int
	by   map[who]int // nobody has 0
}

func newBodies(all int64) *bodies {
	each := int(all / 4)
	return &bodies{all: int(all), each: share{each / 4, each - each/4, each}, by: make(map[who]int)}
}

// whoOf is whose a View's requests are.
func whoOf(v *store.View) who {
	g := v.Grant()
	if g.Self {
		return who{record: g.Person}
	}
	return who{g.Person, g.ID}
}

// take counts n more bytes; with n below 0 as many less.
func (b *bodies) take(x who, n int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := share{b.each.grant - n + 1, b.each.others - n + 1, b.each.all - n + 1}
	if n > 0 && (b.held+n > b.all || !left.more(b.by, x)) {
		return record.Safef(record.Unavailable, "too much is being sent at the moment")
	}
	b.held += n
	x.count(b.by, n)
	return nil
}

// readFirst reads the whole of a body, which is ordinary, into memory that grows as it
// comes: what a Content-Length claims may never be sent. forget overwrites it and gives
// back its room.
func (b *bodies) readFirst(r *http.Request, route *Route, x who) (forget func(), err error) {
	const first = 16 << 10
	most := int(min(route.Body, ordinaryBody)) + 1 // one more shows that it has ended
	if r.ContentLength >= 0 {
		most = int(r.ContentLength) + 1
	}
	var buf []byte
	forget = func() {
		clear(buf[:cap(buf)])
		_ = b.take(x, -cap(buf)) // less is never refused
	}
	for {
		if len(buf) == cap(buf) {
			grown := max(2*cap(buf), first)
			if 2*grown > most {
				grown = most
			}
			if grown == cap(buf) { // more than was said: the handler's reader says so
				r.Body = readOn{io.MultiReader(bytes.NewReader(buf), r.Body), r.Body}
				return forget, nil
			}
			if err := b.take(x, grown); err != nil {
				forget()
				return nil, err
			}
			old := buf
			buf = append(make([]byte, 0, grown), old...)
			clear(old)
			_ = b.take(x, -cap(old))
		}
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			r.Body = readOn{bytes.NewReader(buf), r.Body}
			return forget, nil
		}
		if err != nil {
			forget()
			return nil, err
		}
	}
}

// readOn reads what is there already, and closes what it came from.
type readOn struct {
	io.Reader
	io.Closer
}
