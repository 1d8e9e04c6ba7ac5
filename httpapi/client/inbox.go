package client

import (
	"context"
	"encoding/hex"
	"strconv"

	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/holder"
)

var _ holder.Inbox = (*Client)(nil)

// Waiting fetches what waits for the person, sealed, from an id on.
func (c *Client) Waiting(ctx context.Context, token string, from [16]byte) (list []holder.InboxRow, next [16]byte, more bool, err error) {
	path := "/holder/v1/inbox"
	if from != ([16]byte{}) {
		path += "?from=" + hex.EncodeToString(from[:])
	}
	_, b, err := c.do(ctx, call{method: "GET", path: path, token: token, max: maxPage})
	if err != nil {
		return nil, next, false, err
	}
	var m message.Inbox
	if err := decode(b, &m); err != nil {
		return nil, next, false, err
	}
	for _, x := range m.Items {
		list = append(list, holder.InboxRow{ID: x.ID, Blob: x.Sealed})
	}
	if m.Next != nil {
		next, more = *m.Next, true
	}
	return list, next, more, nil
}

func waitingPath(id [16]byte) string { return "/holder/v1/inbox/" + hex.EncodeToString(id[:]) }

// TakeIn has an entry made of what waits.
func (c *Client) TakeIn(ctx context.Context, token string, id [16]byte, x holder.Taking) (holder.TakenIn, error) {
	q := message.InboxAnswer{Type: x.Type, Resource: x.JSON, Grant: message.ID(x.Grant), Certificate: x.Certificate, Opening: x.Opening[:]}
	if x.Section != 0 {
		q.Section = x.Section.String()
	}
	var m message.TakenIn
	if err := c.json(ctx, "POST", waitingPath(id), token, q, &m); err != nil {
		return holder.TakenIn{}, err
	}
	section, err := record.ParseSection(m.Section)
	return holder.TakenIn{Type: m.Type, ID: m.ID, Version: record.Version(m.Version), Section: section, Unchanged: m.Unchanged,
		Deleted: m.Deleted, Unverified: m.Unverified,
		By: grant.Party{Name: m.By, Organisation: m.Organisation, Role: m.Role, Number: m.Number, Register: m.Register}}, err
}

// Looked removes a notice that was seen.
func (c *Client) Looked(ctx context.Context, token string, id [16]byte) error {
	return c.json(ctx, "POST", waitingPath(id), token, message.InboxAnswer{Looked: true}, nil)
}

// Dismiss removes what waits.
func (c *Client) Dismiss(ctx context.Context, token string, id [16]byte) error {
	return c.json(ctx, "DELETE", waitingPath(id), token, nil, nil)
}

// Annotate puts the person's words on an entry, as a new version of it, which it
// returns. seen is the version that they are about; 0 is whichever is newest.
func (s *Session) Annotate(ctx context.Context, ref fhir.Ref, seen record.Version, text string, dispute bool) (record.Version, error) {
	var m message.Noted
	err := s.c.json(ctx, "POST", notePath(ref), s.token, message.Note{Text: text, Dispute: dispute, Version: uint64(seen)}, &m)
	return record.Version(m.Version), err
}

// Withdraw takes them off it again.
func (s *Session) Withdraw(ctx context.Context, ref fhir.Ref, seen record.Version) (record.Version, error) {
	path := notePath(ref)
	if seen != 0 {
		path += "?version=" + strconv.FormatUint(uint64(seen), 10)
	}
	var m message.Noted
	err := s.c.json(ctx, "DELETE", path, s.token, nil, &m)
	return record.Version(m.Version), err
}

func notePath(ref fhir.Ref) string { return "/holder/v1/entries/" + ref.String() + "/note" }
