package client

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
	"carehold/record/statement"
)

var _ holder.Server = (*Client)(nil)

// Node says which server this is.
func (c *Client) Node(ctx context.Context) (holder.Node, error) {
	var m message.Node
	err := c.json(ctx, "GET", "/holder/v1/node", "", nil, &m)
	return holder.Node{Store: record.StoreID(m.Store), Verifier: m.Verifier, Time: m.Time}, err
}

// Version is the version of the program that the server runs.
func (c *Client) Version(ctx context.Context) (string, error) {
	var m message.Node
	err := c.json(ctx, "GET", "/holder/v1/node", "", nil, &m)
	return m.Version, err
}

// Slot fetches the capsule of an unlock slot.
func (c *Client) Slot(ctx context.Context, id crypto.CapsuleID) (record.Capsule, error) {
	var m message.Slot
	err := c.json(ctx, "POST", "/holder/v1/slot", "", message.SlotRequest{ID: message.ID(id)}, &m)
	return record.Capsule{ID: id, Hour: m.Hour, Blob: m.Blob}, err
}

// Ring fetches a keyring.
func (c *Client) Ring(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, seen uint64) (holder.RingState, error) {
	var m message.Ring
	err := c.json(ctx, "POST", "/holder/v1/ring", "", message.RingRequest{Person: message.ID(p), Slot: message.ID(slot), Seen: seen}, &m)
	if err != nil {
		return holder.RingState{}, err
	}
	r := holder.RingState{Seq: record.Seq(m.Seq), Blob: m.Blob, Wrap: m.Wrap, Hash: statement.Hash(m.Hash),
		Epoch: record.Epoch(m.Epoch), Checkpoint: m.Checkpoint, Proof: hashes(m.Proof)}
	if m.From != nil {
		r.From, r.Note = record.StoreID(*m.From), m.Note
	}
	for _, g := range m.Live {
		r.Live = append(r.Live, holder.LiveGrant{Grant: record.GrantID(g.Grant), Until: g.Until, Self: g.Self, Struck: g.Struck, Suspended: g.Suspended})
	}
	return r, nil
}

// RingLog fetches a run of the log of a record that waits to be carried on.
func (c *Client) RingLog(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, from uint64) (holder.LogPage, error) {
	var m message.Log
	err := c.json(ctx, "POST", "/holder/v1/ring/log", "",
		message.RingLogRequest{Person: message.ID(p), Slot: message.ID(slot), From: from}, &m)
	return holder.LogPage{From: m.From, Frontier: m.Frontier, Leaves: m.Leaves, Size: m.Size, Checkpoint: m.Checkpoint}, err
}

// Submit sends a signed statement.
func (c *Client) Submit(ctx context.Context, signed []byte, invite string) (holder.Receipt, error) {
	_, b, err := c.do(ctx, call{method: "POST", path: "/holder/v1/statements", token: invite, typ: "application/octet-stream", body: signed})
	if err != nil {
		return holder.Receipt{}, err
	}
	var m message.Receipt
	err = decode(b, &m)
	return holder.Receipt{Seq: record.Seq(m.Seq), Checkpoint: m.Checkpoint}, err
}

// SignIn opens a session.
func (c *Client) SignIn(ctx context.Context, p record.PersonID, g record.GrantID, key crypto.Key) (string, time.Time, error) {
	return c.SignInToRead(ctx, p, g, key, nil)
}

// SignInToRead opens a session that reads the log: it brings what opens it.
func (c *Client) SignInToRead(ctx context.Context, p record.PersonID, g record.GrantID, key crypto.Key, reading []byte) (string, time.Time, error) {
	var m message.Session
	// The key itself goes to the server: it is the proof that this device opened
	// the keyring, and for the session's time the server acts with it.
	err := c.json(ctx, "POST", "/holder/v1/sessions", "",
		message.SessionRequest{Person: message.ID(p), Grant: message.ID(g), Key: key.Bytes(), Reading: reading}, &m)
	return m.Token, m.Until, err
}

// Log fetches a run of the log.
func (c *Client) Log(ctx context.Context, token string, from uint64) (holder.LogPage, error) {
	var m message.Log
	err := c.json(ctx, "GET", "/holder/v1/log?from="+strconv.FormatUint(from, 10), token, nil, &m)
	return holder.LogPage{From: m.From, Frontier: m.Frontier, Leaves: m.Leaves, Size: m.Size, Checkpoint: m.Checkpoint}, err
}

// Consistency fetches the proof that the log has only grown.
func (c *Client) Consistency(ctx context.Context, token string, from statement.Head) ([]audit.Hash, []byte, error) {
	var m message.Proof
	q := url.Values{"size": {strconv.FormatUint(from.Size, 10)}, "root": {message.Hash(from.Root).String()}}
	if err := c.json(ctx, "GET", "/holder/v1/log/proof?"+q.Encode(), token, nil, &m); err != nil {
		return nil, nil, err
	}
	return hashes(m.Proof), m.Checkpoint, nil
}

func hashes(list []message.Hash) []audit.Hash {
	out := make([]audit.Hash, len(list))
	for i, h := range list {
		out[i] = audit.Hash(h)
	}
	return out
}

// SignOut ends a session, and returns the checkpoint of the log as it was left.
func (c *Client) SignOut(ctx context.Context, token string) ([]byte, error) {
	var m message.SignedOut
	err := c.json(ctx, "DELETE", "/holder/v1/sessions", token, nil, &m)
	return m.Checkpoint, err
}

// Strike stops a grant at once.
func (c *Client) Strike(ctx context.Context, token string, g record.GrantID) error {
	return c.json(ctx, "POST", "/holder/v1/strikes", token, message.Strike{Grant: message.ID(g)}, nil)
}
