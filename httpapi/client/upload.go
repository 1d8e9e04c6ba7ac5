package client

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"

	"carehold/record"
)

// Upload is how a content is sent that a change then claims.
type Upload struct {
	// Name is that of one which was begun before, as Begun was told: it goes on. An
	// upload that is not there any more, or is of another size, is begun anew.
	Name string

	// Begun is told the name of one that is begun, before anything of it is sent.
	// May be nil.
	Begun func(name string) error

	// Moved is told how much is there. May be nil.
	Moved func(there int64)
}

// sentAtOnce is what one request sends: not so little that asking takes longer than
// sending, and not so much that a session falls asleep over it.
const sentAtOnce = 16 << 20

// uploadName is what the server calls one: nothing else of its answer is believed, so
// that no answer can lead the token elsewhere.
var uploadName = regexp.MustCompile(`^[0-9a-f]{32}$`)

const uploads = "/fhir/Binary/$upload"

// UploadURI is what a Binary claims an upload by.
func UploadURI(name string) string { return "Binary/$upload/" + name }

// Upload sends a content and returns the name of the upload. When a connection breaks
// it asks where the server is, and goes on from there.
func (s *Session) Upload(ctx context.Context, content io.ReaderAt, size int64, u Upload) (name string, err error) {
	t := tries{wait: s.c.wait}
	name, offset, best := u.Name, int64(-1), int64(0)
	for {
		switch {
		case name != "" && offset < 0:
			offset, err = s.uploadOffset(ctx, name, size)
			if err != nil && record.KindOf(err) == record.NotFound {
				name, best = "", 0
				continue
			}
		case name == "":
			if name, err = s.beginUpload(ctx, size); err == nil {
				offset = 0
				if u.Begun != nil {
					if err := u.Begun(name); err != nil {
						return "", err
					}
				}
			}
		case offset == size:
			return name, nil
		default:
			if offset, err = s.sendPiece(ctx, name, content, offset, size); err != nil {
				offset = -1 // and so it is asked for
			}
		}
		if err != nil {
			if err = t.again(ctx, err); err != nil {
				return "", err
			}
			continue
		}
		if offset > best {
			best = offset
			t.moved()
		}
		if u.Moved != nil && offset >= 0 {
			u.Moved(offset)
		}
	}
}

var resumable = http.Header{"Tus-Resumable": {"1.0.0"}}

func (s *Session) beginUpload(ctx context.Context, size int64) (string, error) {
	h := resumable.Clone()
	h.Set("Upload-Length", strconv.FormatInt(size, 10))
	answer, _, err := s.c.do(ctx, call{method: "POST", path: uploads, token: s.token, header: h})
	if err != nil {
		return "", err
	}
	at := answer.Get("Location")
	if len(at) < 32 || !uploadName.MatchString(at[len(at)-32:]) {
		return "", noSense()
	}
	return at[len(at)-32:], nil
}

// uploadOffset asks how much is there.
func (s *Session) uploadOffset(ctx context.Context, name string, size int64) (int64, error) {
	if !uploadName.MatchString(name) {
		return 0, record.Safef(record.NotFound, "no such upload")
	}
	h, _, err := s.c.do(ctx, call{method: "HEAD", path: uploads + "/" + name, token: s.token, header: resumable})
	if err != nil {
		return 0, err
	}
	if h.Get("Upload-Length") != strconv.FormatInt(size, 10) {
		return 0, record.Safef(record.NotFound, "the upload is of another size")
	}
	return offsetIn(h, size)
}

func (s *Session) sendPiece(ctx context.Context, name string, content io.ReaderAt, offset, size int64) (int64, error) {
	h := resumable.Clone()
	h.Set("Content-Type", "application/offset+octet-stream")
	h.Set("Upload-Offset", strconv.FormatInt(offset, 10))
	n := min(size-offset, sentAtOnce)
	answer, end, err := s.c.exchange(ctx, piece{method: "PATCH", path: uploads + "/" + name, token: s.token, header: h,
		body: io.NewSectionReader(content, offset, n), size: n})
	if err != nil {
		return offset, err
	}
	defer end()
	next, err := offsetIn(answer.Header, size)
	if err == nil && (next <= offset || next > offset+n) {
		err = noSense()
	}
	return next, err
}

// CancelUpload removes what was sent and not claimed.
func (s *Session) CancelUpload(ctx context.Context, name string) error {
	if !uploadName.MatchString(name) {
		return nil
	}
	_, _, err := s.c.do(ctx, call{method: "DELETE", path: uploads + "/" + name, token: s.token, header: resumable})
	return err
}

func offsetIn(h http.Header, size int64) (int64, error) {
	n, err := strconv.ParseInt(h.Get("Upload-Offset"), 10, 64)
	if err != nil || n < 0 || n > size {
		return 0, noSense()
	}
	return n, nil
}

func noSense() error {
	return record.Safef(record.Unavailable, "the server's answer cannot be understood: is this a Carehold server?")
}
