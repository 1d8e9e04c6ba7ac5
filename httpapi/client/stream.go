package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"carehold/httpapi/problem"
	"carehold/record"
)

// How often what is large goes on after a connection broke: so many times in a row in
// which nothing moved, each after a longer wait.
const (
	maxTries = 8
	longWait = 15 * time.Second
)

// tries counts the times in a row in which nothing moved.
type tries struct {
	n    int
	wait time.Duration
}

func (t *tries) moved() { t.n = 0 }

// again waits before the next try. It returns the error when that was the last one, or
// when trying again makes no sense.
func (t *tries) again(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if t.n++; t.n > maxTries || !passing(err) {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(t.wait<<(t.n-1), longWait)):
		return nil
	}
}

// passing are the errors that the next try may not have: no answer, a server that is
// busy or starting, an upload that a request nobody waits for is still writing.
func passing(err error) bool {
	if _, ours := errors.AsType[*record.Error](err); !ours {
		return true // of the connection
	}
	switch record.KindOf(err) {
	case record.Unavailable, record.TooMany, record.Internal, record.Conflict, problem.Locked:
		return true
	}
	return false
}

// piece is one request of those that something large is moved by.
type piece struct {
	method, path string
	token        string
	header       http.Header
	body         io.Reader
	size         int64 // of the body
}

// exchange makes a request that may take as long as bytes move. close ends it.
func (c *Client) exchange(ctx context.Context, p piece) (answer *http.Response, end func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	watch := &watched{wait: max(stalled, c.timeout)}
	watch.timer = time.AfterFunc(watch.wait, cancel)
	stop := func() { watch.timer.Stop(); cancel() }
	var body io.Reader
	if p.body != nil {
		body = watch.over(io.NopCloser(p.body))
	}
	r, err := http.NewRequestWithContext(ctx, p.method, c.base+p.path, body)
	if err != nil {
		stop()
		return nil, nil, record.Safef(record.Invalid, "this request cannot be made")
	}
	r.ContentLength = p.size
	for name, values := range p.header {
		r.Header[name] = values
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("User-Agent", "carehold")
	if answer, err = c.http.Do(r); err != nil {
		stop()
		return nil, nil, unreached(err)
	}
	came := watch.over(answer.Body)
	answer.Body = came
	end = func() { came.Close(); stop() }
	if answer.StatusCode >= 400 {
		defer end()
		b, _ := io.ReadAll(io.LimitReader(answer.Body, maxError))
		return nil, nil, refused(answer, b)
	}
	return answer, end, nil
}
