package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"carehold/record"
	"carehold/record/fhir"
)

// Content is what is known of the content of a Binary without reading it.
type Content struct {
	Type string // as it is served: what a browser would run is application/octet-stream
	Size int64
	tag  string
}

// Content asks for the size and type of a Binary's content.
func (s *Session) Content(ctx context.Context, ref fhir.Ref, v record.Version) (Content, error) {
	h, _, err := s.c.do(ctx, call{method: "HEAD", path: contentPath(ref, v), token: s.token, header: raw})
	if err != nil {
		return Content{}, err
	}
	return contentOf(h, h.Get("Content-Length"))
}

// Part fetches some elements of an entry, which then is marked as a part.
func (s *Session) Part(ctx context.Context, ref fhir.Ref, v record.Version, elements ...string) ([]byte, error) {
	return s.get(ctx, contentPath(ref, v)+"?_elements="+strings.Join(elements, ","))
}

var raw = http.Header{"Accept": {"*/*"}}

func contentPath(ref fhir.Ref, v record.Version) string {
	path := "/fhir/" + ref.String()
	if v != 0 {
		path += "/_history/" + v.String()
	}
	return path
}

func contentOf(h http.Header, size string) (Content, error) {
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 0 || h.Get("ETag") == "" {
		return Content{}, noSense()
	}
	return Content{Type: plain(h.Get("Content-Type")), Size: n, tag: h.Get("ETag")}, nil
}

// Download writes the content of a Binary. When a connection breaks it goes on from
// where that was, if the version is still the same: what was written is the beginning
// of it. moved is told how much is written, and may be nil.
func (s *Session) Download(ctx context.Context, ref fhir.Ref, v record.Version, w io.Writer, moved func(written int64)) (c Content, err error) {
	t := tries{wait: s.c.wait}
	var written int64
	for begun := false; !begun || written < c.Size; {
		var n int64
		n, c, err = s.fetchFrom(ctx, contentPath(ref, v), written, begun, c, w, moved)
		if written += n; n > 0 {
			t.moved()
		}
		begun = begun || err == nil || n > 0
		if failed, ok := err.(*writeError); ok {
			return c, failed.error
		}
		if err == nil && written < c.Size {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			if err = t.again(ctx, err); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}

// writeError is of where a content is written to: trying again does not mend it.
type writeError struct{ error }

// fetchFrom writes what comes of one request for the rest.
func (s *Session) fetchFrom(ctx context.Context, path string, from int64, again bool, was Content, w io.Writer, moved func(int64)) (n int64, c Content, err error) {
	h := raw.Clone()
	if again {
		h.Set("Range", fmt.Sprintf("bytes=%d-", from))
		h.Set("If-Range", was.tag)
	}
	answer, end, err := s.c.exchange(ctx, piece{method: "GET", path: path, token: s.token, header: h})
	if err != nil {
		return 0, was, err
	}
	defer end()
	size := strconv.FormatInt(answer.ContentLength, 10)
	if again {
		at, whole, ok := strings.Cut(answer.Header.Get("Content-Range"), "/")
		if answer.StatusCode == http.StatusOK || answer.Header.Get("ETag") != was.tag {
			return 0, was, record.Safef(record.Precondition, "the document was changed while it was fetched: begin again")
		}
		if !ok || !strings.HasPrefix(at, fmt.Sprintf("bytes %d-", from)) {
			return 0, was, noSense()
		}
		size = whole
	}
	if c, err = contentOf(answer.Header, size); err != nil {
		return 0, was, err
	}
	if again && c.Size != was.Size {
		return 0, was, noSense()
	}
	buf := make([]byte, 64<<10)
	for {
		k, err := answer.Body.Read(buf)
		if from+n+int64(k) > c.Size {
			return n, c, noSense()
		}
		if k > 0 {
			if _, werr := w.Write(buf[:k]); werr != nil {
				return n, c, &writeError{werr}
			}
			n += int64(k)
			if moved != nil {
				moved(from + n)
			}
		}
		switch {
		case err == io.EOF:
			return n, c, nil
		case err != nil:
			return n, c, unreached(err)
		}
	}
}
