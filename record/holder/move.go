package holder

import (
	"context"
	"slices"
	"strings"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
)

func errClosed(url string) error {
	return record.Errorf(record.Unprocessed, "this record is closed at this server: it has moved to %s, and is changed there", url)
}

// Moved says where a closed record went, from the keyring: no server can send a
// device elsewhere. "" while it is not closed.
func (h *Holder) Moved() (url string, at time.Time) {
	if m := h.state().ring.moved; m != nil {
		return m.url, m.at
	}
	return "", time.Time{}
}

// CloseHere closes the record at this server, for it moves to another: every grant
// ends, nothing is changed here any more, and what there is stays for its person to
// read. Closing it again changes where it goes.
func (h *Holder) CloseHere(ctx context.Context, to string) error {
	if err := checkURL(to); err != nil {
		return err
	}
	return h.closeFor(ctx, to, "closed this record here: it moves to "+to)
}

func (h *Holder) closeFor(ctx context.Context, to, said string) error {
	_, err := change(ctx, h, func(d *draft) (struct{}, error) {
		d.reopens = true
		if m := d.ring.moved; m != nil && m.url == to {
			return struct{}{}, nil
		}
		var ended []record.GrantID
		for i := range d.ring.grants {
			if g := &d.ring.grants[i]; g.ended.IsZero() && !g.grant.Self {
				d.end(g, Left)
				ended = append(ended, g.grant.ID)
			}
		}
		d.ring.moved = &moved{url: to, at: d.now.Truncate(time.Second)}
		d.did(audit.CloseHere, said, ended...)
		return struct{}{}, nil
	})
	return err
}

// Reopen opens a record again that was closed here. The grants that ended with the
// closing stay ended.
func (h *Holder) Reopen(ctx context.Context) error {
	_, err := change(ctx, h, func(d *draft) (struct{}, error) {
		d.reopens = true
		if d.ring.moved == nil {
			return struct{}{}, nil
		}
		d.ring.moved = nil
		d.did(audit.Reopen, "opened this record here again")
		return struct{}{}, nil
	})
	return err
}

// checkURL takes the address of a server: https, or this machine. It is as strict as
// it can be without the package net/url, which the core for the browser does without.
func checkURL(text string) error {
	rest, secure := strings.CutPrefix(text, "https://")
	if !secure {
		rest, _ = strings.CutPrefix(text, "http://")
		secure = len(rest) < len(text) && slices.ContainsFunc(loopback, func(host string) bool {
			port, here := strings.CutPrefix(rest, host)
			return here && (port == "" || port[0] == ':' || port[0] == '/')
		})
	}
	if !secure || rest == "" || len(text) > statement.MaxURL || strings.ContainsFunc(rest, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("@?#\\\"<>", c) }) {
		return record.Safef(record.Invalid, "this is not the address of a server: it is https:// and a name")
	}
	return nil
}

var loopback = []string{"localhost", "127.0.0.1", "[::1]"}
