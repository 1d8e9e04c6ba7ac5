package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
	"testing"
	"time"

	"carehold/record"
	"carehold/record/holder"
)

// TestExitCode has the contract of docs/cli.md: what an error is decides, and that
// something was changed or lost goes before whatever else is said about it.
func TestExitCode(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	damage := fmt.Errorf("after 3 of 9: %w", record.Safef(record.Integrity, "an entry does not open"))
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		want int
	}{
		"integrity":                       {t.Context(), damage, 7},
		"integrity with a hint":           {t.Context(), hinted(damage, "go on"), 7},
		"integrity with another code":     {t.Context(), coded(exitFailed, damage, ""), 7},
		"integrity together with a fault": {t.Context(), errors.Join(errors.New("closing"), damage), 7},
		"integrity and a Ctrl-C":          {stopped, damage, 7},
		"a Ctrl-C":                        {stopped, context.Canceled, 130},
		"no way in":                       {t.Context(), holder.ErrNoSlot, 4},
		"not there":                       {t.Context(), record.Safef(record.NotFound, "x"), 5},
		"not in the grant":                {t.Context(), record.Safef(record.Forbidden, "x"), 6},
		"usage":                           {t.Context(), usagef("x"), 2},
		"anything else":                   {t.Context(), errors.New("x"), 1},
	} {
		if got := exitCode(c.ctx, c.err); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestUnreachable: a name that leads nowhere is no address, and what says so has none.
func TestUnreachable(t *testing.T) {
	to := &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 443}
	nowhere := &net.DNSError{Err: "no such host", Name: "nope.invalid", IsNotFound: true}
	for _, c := range []struct{ op, text, hint string }{
		{"name", "the server cannot be reached: the name nope.invalid leads nowhere", "is the address right, and is this computer online"},
		{"refused", "the server cannot be reached at 203.0.113.7:443", "is the server running, and is its address right"},
		{"nothing known", "the server cannot be reached", ""},
	} {
		err := map[string]error{
			"name":          &net.OpError{Op: "dial", Net: "tcp", Err: nowhere},
			"refused":       &net.OpError{Op: "dial", Net: "tcp", Addr: to, Err: syscall.ECONNREFUSED},
			"nothing known": &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("x")},
		}[c.op]
		err = fmt.Errorf("asking: %w", &url.Error{Op: "Get", URL: "https://nope.invalid/x", Err: err})
		if got := errorText(err); got != c.text {
			t.Errorf("%s: %q, want %q", c.op, got, c.text)
		}
		if got := quietApp().hintOf(exitFailed, err); got != c.hint {
			t.Errorf("%s: the hint is %q, want %q", c.op, got, c.hint)
		}
	}
}

// TestSince: how long ago is said as a grant says how long it lasts.
func TestSince(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{"5min": 5 * time.Minute, "12h": 12 * time.Hour, "7d": 168 * time.Hour} {
		if got, err := parseSince(text, now); err != nil || !got.Equal(now.Add(-want)) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"min", "5 min", "2026-13-01", "soon"} {
		if got, err := parseSince(text, now); err == nil {
			t.Errorf("%s is %v", text, got)
		}
	}
}
