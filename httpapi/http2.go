package httpapi

import (
	"net/http"
	"net/netip"
)

// maxStreams is how many requests one HTTP/2 connection may have open.
const maxStreams = 64

// http2 is what a connection of HTTP/2 may use. Go's defaults are for few
// connections and much memory: a stranger would have a megabyte kept for nine
// bytes, and a connection for as long as they like.
func (l Limits) http2() *http.HTTP2Config {
	// What was sent and not read, of all its requests together. A quarter of the
	// memory is for that, if every connection is full; less than 64 KiB cannot be
	// said. RFC 9113 §6.9.2.
	unread := int(min(max(l.Memory/4/int64(l.Connections), 1<<16-1), 1<<20))
	return &http.HTTP2Config{
		MaxConcurrentStreams:          maxStreams,
		MaxReceiveBufferPerConnection: unread,
		MaxReceiveBufferPerStream:     unread,
		MaxReadFrameSize:              1 << 14, // room is made for a frame when its head has come; RFC 9113 §4.2 has none smaller
		// A request's own time ends by a frame that tells the client so. To one whose
		// line is full it cannot be told, and without this nothing would end.
		WriteByteTimeout: 2 * l.BodyTime,
	}
}

// streams are the requests of HTTP/2, each counted as a connection of HTTP/1 is,
// which has one: nobody has more at once because they come in one connection.
type streams struct {
	next           http.Handler
	open, refusing *connections
	trusted        []netip.Prefix
}

func newStreams(next http.Handler, l Limits, trusted []netip.Prefix) *streams {
	return &streams{next, newConnections(l.Connections, l.ConnectionsEach, nil), newConnections(l.Connections, l.ConnectionsEach, nil), trusted}
}

func (s *streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor < 2 {
		s.next.ServeHTTP(w, r)
		return
	}
	from := clientAddress(r, s.trusted)
	bounded := !within(from, s.trusted)
	if leave, ok := s.open.enter(from, bounded); ok {
		defer leave()
		s.next.ServeHTTP(w, r)
	} else if leave, ok := s.refusing.enter(from, bounded); ok {
		defer leave()
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable) // without a body, which would wait for the client's window
	} else {
		panic(http.ErrAbortHandler) // RST_STREAM, for which nothing here waits
	}
	// The end of an answer is sent after the handler: what waits for the client to
	// read it must wait here, where it is counted.
	_ = http.NewResponseController(w).Flush()
}
