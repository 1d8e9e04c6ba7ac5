//go:build js && wasm

package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"syscall/js"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
	"carehold/record/statement"
)

// server is a holder.Server over the function that the page gave.
type server struct{ request js.Value }

var _ holder.Server = server{}

func (s server) call(ctx context.Context, method, path, token string, json any, body []byte) (js.Value, error) {
	if s.request.Type() != js.TypeFunction {
		return js.Undefined(), record.Safef(record.Invalid, "the server must be a function: see server.mjs")
	}
	r := map[string]any{"method": method, "path": path, "token": token, "json": json}
	if body != nil {
		r["bytes"] = uint8Array(body)
	}
	return await(ctx, js.Global().Get("Promise").Call("resolve", s.request.Invoke(r)))
}

func (s server) Node(ctx context.Context) (n holder.Node, err error) {
	v, err := s.call(ctx, "GET", "/holder/v1/node", "", nil, nil)
	if err != nil {
		return n, err
	}
	n.Verifier = text(v, "verifier")
	n.Time, err = moment(get(v, "time"))
	if err == nil {
		err = id(get(v, "store"), n.Store[:])
	}
	return n, odd(err)
}

// odd is for an answer that is not one.
func odd(err error) error {
	if err == nil {
		return nil
	}
	return record.Safef(record.Unavailable, "the server's answer cannot be understood: is this a Carehold server?")
}

func (s server) Slot(ctx context.Context, slot crypto.CapsuleID) (record.Capsule, error) {
	v, err := s.call(ctx, "POST", "/holder/v1/slot", "", map[string]any{"id": hex.EncodeToString(slot[:])}, nil)
	return record.Capsule{ID: slot, Hour: uint32(number(get(v, "hour"))), Blob: blob(get(v, "blob"))}, err
}

func (s server) Ring(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, seen uint64) (r holder.RingState, err error) {
	v, err := s.call(ctx, "POST", "/holder/v1/ring", "", map[string]any{"person": p.String(), "slot": hex.EncodeToString(slot[:]), "seen": int64(seen)}, nil)
	if err != nil {
		return r, err
	}
	r = holder.RingState{Seq: record.Seq(number(get(v, "seq"))), Blob: blob(get(v, "blob")), Wrap: blob(get(v, "wrap")),
		Epoch: record.Epoch(number(get(v, "epoch"))), Checkpoint: blob(get(v, "checkpoint"))}
	if err := id(get(v, "hash"), r.Hash[:]); err != nil {
		return r, odd(err)
	}
	if r.Proof, err = hashes(v); err != nil {
		return r, err
	}
	if from := get(v, "from"); from.Type() == js.TypeString {
		if err := id(from, r.From[:]); err != nil {
			return r, odd(err)
		}
		r.Note = blob(get(v, "note"))
	}
	for _, line := range list(get(v, "live")) {
		g := holder.LiveGrant{Self: boolean(get(line, "self")), Struck: boolean(get(line, "struck")), Suspended: boolean(get(line, "suspended"))}
		if err := id(get(line, "grant"), g.Grant[:]); err != nil {
			return r, odd(err)
		}
		if g.Until, err = moment(get(line, "until")); err != nil {
			return r, odd(err)
		}
		r.Live = append(r.Live, g)
	}
	return r, nil
}

func (s server) Submit(ctx context.Context, signed []byte, invite string) (holder.Receipt, error) {
	v, err := s.call(ctx, "POST", "/holder/v1/statements", invite, nil, signed)
	return holder.Receipt{Seq: record.Seq(number(get(v, "seq"))), Checkpoint: blob(get(v, "checkpoint"))}, err
}

// SignIn sends the key itself: it is the proof that this device opened the
// keyring, and for the session's time the server acts with it.
func (s server) SignIn(ctx context.Context, p record.PersonID, g record.GrantID, key crypto.Key) (string, time.Time, error) {
	return s.SignInToRead(ctx, p, g, key, nil)
}

// SignInToRead sends what opens the log as well, for as long as the session is presented.
func (s server) SignInToRead(ctx context.Context, p record.PersonID, g record.GrantID, key crypto.Key, reading []byte) (string, time.Time, error) {
	q := map[string]any{"person": p.String(), "grant": g.String(), "key": base64.StdEncoding.EncodeToString(key.Bytes())}
	if reading != nil {
		q["reading"] = base64.StdEncoding.EncodeToString(reading)
	}
	v, err := s.call(ctx, "POST", "/holder/v1/sessions", "", q, nil)
	if err != nil {
		return "", time.Time{}, err
	}
	until, err := moment(get(v, "until"))
	return text(v, "token"), until, odd(err)
}

func (s server) Log(ctx context.Context, token string, from uint64) (holder.LogPage, error) {
	v, err := s.call(ctx, "GET", "/holder/v1/log?from="+strconv.FormatUint(from, 10), token, nil, nil)
	return page(v), err
}

func (s server) RingLog(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, from uint64) (holder.LogPage, error) {
	v, err := s.call(ctx, "POST", "/holder/v1/ring/log", "",
		map[string]any{"person": p.String(), "slot": hex.EncodeToString(slot[:]), "from": float64(from)}, nil)
	return page(v), err
}

func page(v js.Value) holder.LogPage {
	p := holder.LogPage{From: number(get(v, "from")), Frontier: blob(get(v, "frontier")),
		Size: number(get(v, "size")), Checkpoint: blob(get(v, "checkpoint"))}
	for _, leaf := range list(get(v, "leaves")) {
		p.Leaves = append(p.Leaves, blob(leaf))
	}
	return p
}

func (s server) Consistency(ctx context.Context, token string, from statement.Head) ([]audit.Hash, []byte, error) {
	path := "/holder/v1/log/proof?size=" + strconv.FormatUint(from.Size, 10) + "&root=" + hex.EncodeToString(from.Root[:])
	v, err := s.call(ctx, "GET", path, token, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	proof, err := hashes(v)
	return proof, blob(get(v, "checkpoint")), err
}

// hashes reads a proof.
func hashes(v js.Value) (proof []audit.Hash, err error) {
	for _, x := range list(get(v, "proof")) {
		var h audit.Hash
		if err := id(x, h[:]); err != nil {
			return nil, odd(err)
		}
		proof = append(proof, h)
	}
	return proof, nil
}

func (s server) SignOut(ctx context.Context, token string) ([]byte, error) {
	v, err := s.call(ctx, "DELETE", "/holder/v1/sessions", token, nil, nil)
	if err != nil {
		return nil, err
	}
	return blob(get(v, "checkpoint")), nil
}

func (s server) Strike(ctx context.Context, token string, g record.GrantID) error {
	_, err := s.call(ctx, "POST", "/holder/v1/strikes", token, map[string]any{"grant": g.String()}, nil)
	return err
}

var _ holder.Asking = server{}

func (s server) Asked(ctx context.Context, token string) (all []holder.Sealed, err error) {
	v, err := s.call(ctx, "GET", "/holder/v1/requests", token, nil, nil)
	if err != nil {
		return nil, err
	}
	for _, x := range list(get(v, "requests")) {
		q := holder.Sealed{Hour: uint32(number(get(x, "hour"))), Box: blob(get(x, "sealed"))}
		if err := id(get(x, "id"), q.ID[:]); err != nil {
			return nil, odd(err)
		}
		all = append(all, q)
	}
	return all, nil
}

func (s server) Lookup(ctx context.Context, token, code string) (c holder.Coded, err error) {
	v, err := s.call(ctx, "POST", "/holder/v1/requests/lookup", token, map[string]any{"code": code}, nil)
	if err != nil {
		return c, err
	}
	app := get(v, "client")
	c = holder.Coded{Question: blob(get(v, "question")), App: holder.App{Name: text(app, "name"), Organisation: text(app, "organisation"),
		URI: text(app, "uri"), Host: text(app, "host"), Verified: boolean(get(app, "verified")), Redirect: text(v, "redirect")}}
	if c.Expires, err = moment(get(v, "expires")); err == nil {
		err = id(get(v, "id"), c.ID[:])
	}
	return c, odd(err)
}

func (s server) PutAnswer(ctx context.Context, token string, a record.Capsule) error {
	_, err := s.call(ctx, "POST", "/holder/v1/requests/"+hex.EncodeToString(a.ID[:])+"/answer", token,
		map[string]any{"hour": float64(a.Hour), "blob": base64.StdEncoding.EncodeToString(a.Blob)}, nil)
	return err
}

func (s server) DropAsked(ctx context.Context, token string, request crypto.CapsuleID) error {
	_, err := s.call(ctx, "DELETE", "/holder/v1/requests/"+hex.EncodeToString(request[:]), token, nil, nil)
	return err
}

func (s server) DropAddress(ctx context.Context, token string, address crypto.CapsuleID) error {
	_, err := s.call(ctx, "DELETE", "/holder/v1/addresses/"+hex.EncodeToString(address[:]), token, nil, nil)
	return err
}
