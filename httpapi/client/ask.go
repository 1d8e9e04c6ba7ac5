package client

import (
	"context"
	"strings"

	"carehold/crypto"
	"carehold/httpapi/message"
	"carehold/record"
)

// Ask asks a person for access, at an address they have shown: the server's base, /ask/ and
// 49 characters, or the end of that alone. What comes back is a secret of whoever asks: keep
// it until Answer has the person's answer. Whether there is such an address nobody is told,
// so it comes back for one that is closed, too. A Session sends bearer tokens: name a key
// (JKT) only if you send the requests with its proofs yourself.
func (c *Client) Ask(ctx context.Context, address string, q message.Asking) (message.AskedFor, error) {
	var m message.AskedFor
	base, segment, whole := strings.Cut(address, "/ask/")
	if !whole {
		segment = address
	} else if base != "" && base != c.base {
		return m, record.Safef(record.Invalid, "this address is on another server: make a Client for that one")
	}
	a, err := crypto.ParseToken("chd" + string(crypto.Address) + "_" + segment)
	if err != nil {
		return m, record.Safef(record.Invalid, "this is no address: it ends in 49 letters and digits")
	}
	a.Destroy()
	err = c.json(ctx, "POST", "/ask/"+segment, "", q, &m)
	return m, err
}

// Answer looks for the person's answer to what was asked for. Approved, it has a token for
// With, which is told once: with Status "fetched", it was told before.
func (c *Client) Answer(ctx context.Context, request string) (message.Told, error) {
	var m message.Told
	err := c.json(ctx, "POST", "/ask/answer", request, nil, &m)
	return m, err
}
