package fetch

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"

	"carehold/record"
)

// Request is one request.
type Request struct {
	Method string // GET or POST
	URL    string
	Accept string
	Body   []byte // of a POST, sent as application/json; it may hold a passcode, and is cleared afterwards
}

// Response is the answer to it. Whoever asked closes Body.
type Response struct {
	Status     int
	Location   string // the header, of a redirect
	RetryAfter string // the header

	CacheControl string // the headers, with commas between; for whoever keeps what came
	Age          string // the header
	Body         io.ReadCloser
}

// Fetch makes one request. An error is for what gave no answer at all.
type Fetch interface {
	Fetch(context.Context, Request) (*Response, error)
}

// Answer is an answer that has been read.
type Answer struct {
	Status     int
	RetryAfter string

	CacheControl string
	Age          string
	Body         []byte // of at most the limit
}

const (
	maxURL       = 4 << 10
	maxRedirects = 3
)

// Get fetches what is at an address, following redirects to https alone.
func Get(ctx context.Context, f Fetch, address, accept string, limit int) (Answer, error) {
	for range maxRedirects + 1 {
		answer, to, err := once(ctx, f, Request{Method: "GET", URL: address, Accept: accept}, limit)
		if err != nil || to == "" {
			return answer, err
		}
		if address, err = follow(address, to); err != nil {
			return Answer{}, err
		}
	}
	return Answer{}, record.Safef(record.Unavailable, "the server sent us from one address to the next, more than %d times; try again later", maxRedirects)
}

// Post sends JSON. Redirects are not followed: what is sent may be a passcode, and
// is for the server that was named.
func Post(ctx context.Context, f Fetch, address string, body []byte, limit int) (Answer, error) {
	answer, to, err := once(ctx, f, Request{Method: "POST", URL: address, Accept: "application/json", Body: body}, limit)
	if err == nil && to != "" {
		return Answer{}, record.Safef(record.Unavailable, "the server wants this sent to another address, and that is not done: ask whoever made the link for a new one")
	}
	return answer, err
}

func once(ctx context.Context, f Fetch, r Request, limit int) (a Answer, to string, err error) {
	if err := Check(r.URL); err != nil {
		return a, "", err
	}
	resp, err := f.Fetch(ctx, r)
	if err != nil {
		if e, ok := errors.AsType[*record.Error](err); ok {
			return a, "", e
		}
		// The cause may quote the address, which is a secret: it is not shown.
		return a, "", &record.Error{Kind: record.Unavailable, Err: err,
			Safe: "the server could not be reached: check that you are online, and try again"}
	}
	defer resp.Body.Close()
	a.Status, a.RetryAfter, a.CacheControl, a.Age = resp.Status, resp.RetryAfter, resp.CacheControl, resp.Age
	if redirect(resp.Status) {
		if resp.Location == "" {
			return Answer{}, "", record.Safef(record.Unavailable, "the server sent us to another address and did not say which; try again later")
		}
		return a, resp.Location, nil
	}
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil {
		return Answer{}, "", &record.Error{Kind: record.Unavailable, Err: err, Safe: "the connection broke before everything was here: try again"}
	}
	if len(a.Body) > limit {
		return Answer{}, "", record.Safef(record.TooLarge, "the server sends more than the %d bytes that are taken here", limit)
	}
	return a, "", nil
}

func redirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// follow is the address that a Location means. From https there is no way down.
func follow(from, to string) (string, error) {
	base, err := url.Parse(from)
	if err != nil {
		return "", refused
	}
	next, err := base.Parse(to)
	if err != nil || next.Scheme != "https" && !(base.Scheme == "http" && next.Host == base.Host) {
		return "", record.Safef(record.Unavailable, "the server sent us to an address that is not https, and we did not go: tell whoever made the link")
	}
	next.Fragment = ""
	return next.String(), nil
}

var refused = record.Safef(record.Invalid, "the address is not one that is asked: it must be https, with a server's name and without a user's")

// Check reports why an address is not asked: it must be https. Plain http is taken
// to this very machine alone, where somebody tries a server out.
func Check(address string) error {
	if len(address) > maxURL || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return refused
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return refused
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return refused
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
