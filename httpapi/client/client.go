package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"carehold/httpapi/message"
	"carehold/record"
)

// Options are how a server is spoken to.
type Options struct {
	// Roots are the certificate authorities that are believed. Nil: the system's.
	Roots *x509.CertPool

	// Transport is used instead of net/http's own, in tests.
	Transport http.RoundTripper

	// Timeout is for one request, its answer included; 60 s.
	Timeout time.Duration

	// Wait is how long after a line broke what is large goes on, and each time that
	// nothing moved twice as long; 250 ms.
	Wait time.Duration
}

// How large an answer may be.
const (
	maxAnswer = 64 << 20 // of the holder's door, a page of a search
	maxError  = 64 << 10
)

// Client speaks to one server. It is a holder.Server.
type Client struct {
	base    string
	http    *http.Client
	timeout time.Duration
	wait    time.Duration
}

// New makes a client of the server at that URL.
func New(server string, o Options) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(server, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, record.Errorf(record.Invalid, "%q is not the address of a server: https:// and its name", server)
	}
	switch {
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
	case u.Scheme == "http":
		return nil, record.Errorf(record.Invalid, "%q would send keys and records in the clear: use https://", server)
	default:
		return nil, record.Errorf(record.Invalid, "%q is not the address of a server: https:// and its name", server)
	}
	if o.Timeout <= 0 {
		o.Timeout = 60 * time.Second
	}
	if o.Wait <= 0 {
		o.Wait = 250 * time.Millisecond
	}
	t := o.Transport
	if t == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.DialContext = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
		own.ResponseHeaderTimeout = 0 // Timeout is for the whole, and an import takes long
		own.MaxResponseHeaderBytes = 64 << 10
		own.TLSClientConfig = &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
		if u.Scheme == "http" {
			own.Proxy = nil // this machine is not reached through another
		}
		t = own
	}
	return &Client{
		base: u.String(), timeout: o.Timeout, wait: o.Wait,
		http: &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error {
			return record.Safef(record.Unavailable, "the server answered with a redirect, which is not followed: use the address it is really at")
		}},
	}, nil
}

// loopback reports whether a host is this machine. Only names that resolve
// nowhere else count: localhost is reserved (RFC 6761 §6.3).
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// Base is the server's address, without a slash at its end.
func (c *Client) Base() string { return c.base }

// call is one request.
type call struct {
	method, path string
	token        string
	typ          string // media type of the body
	body         []byte
	header       http.Header
	max          int64         // bytes of the answer; 0: maxAnswer
	timeout      time.Duration // 0: the client's
}

// retries is how often a request is sent again that the server did not take:
// 429 says that nothing has been done.
const retries = 3

// maxWait is how long a Retry-After is waited for.
const maxWait = 10 * time.Second

// do sends a call and returns the answer's header and body. Statuses from 400 on
// are errors.
func (c *Client) do(ctx context.Context, q call) (http.Header, []byte, error) {
	for try := 0; ; try++ {
		h, b, err := c.once(ctx, q)
		if try == retries || !errors.Is(err, record.TooMany) || h.Get("Retry-After") == "" {
			return h, b, err
		}
		seconds, parse := strconv.Atoi(h.Get("Retry-After"))
		wait := time.Duration(seconds) * time.Second
		if parse != nil || wait <= 0 || wait > maxWait {
			return h, b, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (c *Client) once(ctx context.Context, q call) (http.Header, []byte, error) {
	if q.timeout == 0 {
		q.timeout = c.timeout
	}
	if q.max == 0 {
		q.max = maxAnswer
	}
	ctx, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	r, err := http.NewRequestWithContext(ctx, q.method, c.base+q.path, body)
	if err != nil {
		return nil, nil, record.Safef(record.Invalid, "this request cannot be made")
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	if q.typ != "" {
		r.Header.Set("Content-Type", q.typ)
	}
	if q.token != "" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	r.Header.Set("User-Agent", "carehold")
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, nil, unreached(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 400 {
		b, _ := io.ReadAll(io.LimitReader(answer.Body, maxError))
		return answer.Header, nil, refused(answer, b)
	}
	b, err := io.ReadAll(io.LimitReader(answer.Body, q.max+1))
	if err != nil {
		return nil, nil, unreached(err)
	}
	if int64(len(b)) > q.max {
		return nil, nil, record.Safef(record.TooLarge, "the server's answer is larger than %d bytes", q.max)
	}
	return answer.Header, b, nil
}

// unreached is the error of a request without an answer. url.Error's text has
// the URL, which can hold an id, so only its cause is kept.
func unreached(err error) error {
	if e, ok := errors.AsType[*record.Error](err); ok {
		return e // the redirect
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &record.Error{Kind: record.Unavailable, Safe: "the server cannot be reached",
		Shown: "the server cannot be reached: " + plain(err.Error()), Err: err}
}

// json sends a message and reads the answer into out, if there is one to read.
func (c *Client) json(ctx context.Context, method, path, token string, in, out any) error {
	q := call{method: method, path: path, token: token}
	if in != nil {
		var b bytes.Buffer
		if err := message.Write(&b, in); err != nil {
			return err
		}
		q.typ, q.body = "application/json", b.Bytes()
		defer clear(q.body)
	}
	_, b, err := c.do(ctx, q)
	if err != nil || out == nil {
		return err
	}
	if err := message.ReadAnswer(bytes.NewReader(b), out); err != nil {
		return &record.Error{Kind: record.Unavailable, Safe: "the server's answer cannot be understood: is this a Carehold server?", Err: err}
	}
	return nil
}

// Asset fetches what the server sends to every browser alike: a script, a style, the
// core. It is no more than most bytes; record.TooLarge if the server has more.
func (c *Client) Asset(ctx context.Context, path string, most int64) ([]byte, error) {
	_, b, err := c.do(ctx, call{method: http.MethodGet, path: path, max: most})
	return b, err
}
