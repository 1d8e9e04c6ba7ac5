package client

import (
	"context"
	"io"
	"net/http"
	"os"
	"time"

	"carehold/httpapi/message"
	"carehold/record"
)

// stalled is how long a record that is copied may stand still.
const stalled = 60 * time.Second

// Copy writes the whole record as the server keeps it, sealed, in the frames of a
// backup (package record/backup), which says by itself whether it is whole.
func (s *Session) Copy(ctx context.Context, w io.Writer) error {
	answer, done, err := s.c.move(ctx, "GET", s.token, nil)
	if err != nil {
		return err
	}
	defer done()
	if _, err := io.Copy(w, answer.Body); err != nil {
		return unreached(err)
	}
	return nil
}

// Take brings a copy of a record to this server, on an invite.
func (c *Client) Take(ctx context.Context, invite string, f *os.File) (t message.Taken, err error) {
	answer, done, err := c.move(ctx, "POST", invite, f)
	if err != nil {
		return t, err
	}
	defer done()
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxError))
	if err != nil {
		return t, unreached(err)
	}
	err = decode(b, &t)
	return t, err
}

// TryInvite asks whether an invite would admit a record, by sending none: the server
// looks at the invite before anything else.
func (c *Client) TryInvite(ctx context.Context, invite string) error {
	_, _, err := c.do(ctx, call{method: "POST", path: "/holder/v1/record", token: invite, typ: "application/octet-stream", body: []byte{0}})
	switch record.KindOf(err) {
	case record.Invalid, record.Unprocessed, record.Integrity: // of what was sent
		return nil
	}
	return err
}

// move makes a request that may take as long as bytes move. f is what is sent.
func (c *Client) move(ctx context.Context, method, token string, f *os.File) (*http.Response, func(), error) {
	ctx, cancel := context.WithCancel(ctx)
	watch := &watched{}
	watch.timer = time.AfterFunc(c.patience(), cancel)
	watch.wait = c.patience()
	done := func() { watch.timer.Stop(); cancel() }
	var body io.Reader
	var size int64
	if f != nil {
		info, err := f.Stat()
		if err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
		if err != nil {
			done()
			return nil, nil, err
		}
		size, body = info.Size(), watch.over(io.NopCloser(f))
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/holder/v1/record", body)
	if err != nil {
		done()
		return nil, nil, record.Safef(record.Invalid, "this request cannot be made")
	}
	if f != nil {
		r.ContentLength = size
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("User-Agent", "carehold")
	answer, err := c.http.Do(r)
	if err != nil {
		done()
		return nil, nil, unreached(err)
	}
	answer.Body = watch.over(answer.Body)
	if answer.StatusCode >= 400 {
		defer done()
		defer answer.Body.Close()
		b, _ := io.ReadAll(io.LimitReader(answer.Body, maxError))
		return nil, nil, refused(answer, b)
	}
	return answer, func() { answer.Body.Close(); done() }, nil
}

// patience is how long nothing may move. A server verifies a copy twice before it
// answers that it has it.
func (c *Client) patience() time.Duration { return max(stalled, c.timeout) * 10 }

// watched is a body that ends its request when nothing has moved for long.
type watched struct {
	io.ReadCloser
	timer *time.Timer
	wait  time.Duration
}

func (w *watched) over(r io.ReadCloser) io.ReadCloser {
	return &watched{ReadCloser: r, timer: w.timer, wait: w.wait}
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.timer.Reset(w.wait)
	}
	return n, err
}
