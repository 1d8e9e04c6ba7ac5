package fhirapi

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"carehold/record/change"
)

// answer is what a request that changes nothing comes to: a response of its own, or
// an entry of a batch's.
type answer struct {
	status   int
	etag     string
	modified time.Time
	fullURL  string                // of the one resource that was read
	body     []byte                // the whole of it
	stream   func(io.Writer) error // or how it is written, when it may be large
	size     int                   // about what that comes to, when all of it is written
}

// aboutEach is about what surrounds an entry in a Bundle.
const aboutEach = 512

// send answers a request. HEAD is answered as GET is: net/http leaves out the body.
func (x *answer) send(w http.ResponseWriter) error {
	h := w.Header()
	if x.etag != "" {
		h.Set("ETag", x.etag)
	}
	if !x.modified.IsZero() {
		h.Set("Last-Modified", x.modified.UTC().Format(http.TimeFormat))
	}
	switch {
	case x.stream != nil:
		h.Set("Content-Type", ContentType)
		w.WriteHeader(x.status)
		return gone(x.stream(w))
	case x.body != nil:
		return write(w, x.status, x.body)
	}
	w.WriteHeader(x.status)
	return nil
}

// entry is the answer inside a batch's.
func (x *answer) entry() (change.BundleEntry, error) {
	e := change.BundleEntry{FullURL: x.fullURL, Resource: x.body, Status: statusLine(x.status), ETag: x.etag, Modified: x.modified}
	if x.stream != nil {
		var b bytes.Buffer
		b.Grow(x.size) // growing to it would need twice the room
		if err := x.stream(&b); err != nil {
			return change.BundleEntry{}, err
		}
		if e.Resource = b.Bytes(); len(e.Resource) < b.Cap()/2 { // _elements: what is held is what is weighed
			e.Resource = bytes.Clone(e.Resource)
		}
	}
	return e, nil
}
