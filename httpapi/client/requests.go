package client

import (
	"context"
	"encoding/hex"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
	"carehold/record/holder"
)

var _ holder.Asking = (*Client)(nil)

const requestsPath = "/holder/v1/requests"

// Asked fetches what came in at the person's addresses.
func (c *Client) Asked(ctx context.Context, token string) ([]holder.Sealed, error) {
	var m message.Requests
	if err := c.json(ctx, "GET", requestsPath, token, nil, &m); err != nil {
		return nil, err
	}
	var all []holder.Sealed
	for _, r := range m.Requests {
		all = append(all, holder.Sealed{ID: crypto.CapsuleID(r.ID), Hour: r.Hour, Box: r.Sealed})
	}
	return all, nil
}

// Lookup fetches the question that waits under a code.
func (c *Client) Lookup(ctx context.Context, token, code string) (holder.Coded, error) {
	var m message.Coded
	err := c.json(ctx, "POST", requestsPath+"/lookup", token, message.Lookup{Code: code}, &m)
	return holder.Coded{ID: crypto.CapsuleID(m.ID), Question: m.Question, Expires: m.Expires, App: holder.App{Name: m.Client.Name,
		Organisation: m.Client.Organisation, URI: m.Client.URI, Host: m.Client.Host, Verified: m.Client.Verified, Redirect: m.Redirect}}, err
}

// PutAnswer leaves an answer for who asked.
func (c *Client) PutAnswer(ctx context.Context, token string, a record.Capsule) error {
	return c.json(ctx, "POST", requestsPath+"/"+hex.EncodeToString(a.ID[:])+"/answer", token, message.Answer{Hour: a.Hour, Blob: a.Blob}, nil)
}

// DropAsked removes a question that came in at an address.
func (c *Client) DropAsked(ctx context.Context, token string, request crypto.CapsuleID) error {
	return c.json(ctx, "DELETE", requestsPath+"/"+hex.EncodeToString(request[:]), token, nil, nil)
}

// DropAddress removes an address of the person's.
func (c *Client) DropAddress(ctx context.Context, token string, address crypto.CapsuleID) error {
	return c.json(ctx, "DELETE", "/holder/v1/addresses/"+hex.EncodeToString(address[:]), token, nil, nil)
}
