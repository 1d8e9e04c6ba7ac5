//go:build js && wasm

package main

import (
	"context"
	"encoding/hex"
	"maps"
	"syscall/js"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/holder"
)

// object is a holder as JavaScript has it.
func object(h *holder.Holder, srv server) map[string]any {
	all := own(h)
	for _, more := range []map[string]any{changes(h), asking(h), inbox(h, srv)} {
		maps.Copy(all, more)
	}
	return all
}

// own are the ops of the record itself, and of the ways into it.
func own(h *holder.Holder) map[string]any {
	at := func(fn func() any) js.Func { return js.FuncOf(func(js.Value, []js.Value) any { return fn() }) }
	return map[string]any{
		"person": h.Person().String(),
		"memory": at(func() any { return uint8Array(h.Memory().Marshal()) }),
		// What another device of the person's begins with, which then checks all of the log:
		// short enough to be shown as a code.
		"handover": at(func() any {
			m := h.Memory()
			return uint8Array(holder.Memory{Person: m.Person, Store: m.Store, Verifier: m.Verifier, Seq: m.Seq, Hash: m.Hash,
				Signed: m.Newest(), Looked: m.Looked}.Marshal())
		}),
		"epoch": at(func() any { return float64(h.Epoch()) }),
		"now":   at(func() any { return iso(h.Now()) }),
		"slots": at(func() any { return slots(h.Slots()) }),
		"doubt": at(func() any {
			if err := h.Doubt(); err != nil {
				return err.Error()
			}
			return nil
		}),
		"close": at(func() any { h.Close(); return nil }),

		// The record was restored or moved: what it would mean to carry it on, or null; and
		// the same after the whole log was looked at, with the time to which it goes.
		"waiting": at(func() any { return waiting(h, time.Time{}) }),
		"examine": promised(func(ctx context.Context, _ []js.Value) (any, error) {
			newest, err := h.Examine(ctx)
			if err != nil {
				return nil, err
			}
			return waiting(h, newest), nil
		}),
		"carryOn": promised(func(ctx context.Context, args []js.Value) (any, error) {
			return nil, h.CarryOn(ctx, boolean(arg(args, 0)))
		}),

		// The record is gone after this, and the holder opens nothing.
		"deleteRecord": promised(func(ctx context.Context, _ []js.Value) (any, error) { return nil, h.Delete(ctx) }),

		"refresh": promised(func(ctx context.Context, _ []js.Value) (any, error) { return nil, h.Refresh(ctx) }),
		"signIn": promised(func(ctx context.Context, _ []js.Value) (any, error) {
			token, until, err := h.SignIn(ctx)
			return map[string]any{"token": token, "until": iso(until)}, err
		}),
		"signInToRead": promised(func(ctx context.Context, _ []js.Value) (any, error) {
			token, until, err := h.SignInToRead(ctx)
			return map[string]any{"token": token, "until": iso(until)}, err
		}),
		"grant": promised(func(ctx context.Context, args []js.Value) (any, error) {
			req, err := request(arg(args, 0))
			if err != nil {
				return nil, err
			}
			i, err := h.Grant(ctx, req)
			return issued(i), err
		}),
		"issueToken": promised(func(ctx context.Context, args []js.Value) (any, error) {
			var g record.GrantID
			if err := id(arg(args, 0), g[:]); err != nil {
				return nil, err
			}
			until, err := moment(arg(args, 2))
			if err != nil {
				return nil, err
			}
			i, err := h.IssueToken(ctx, g, str(arg(args, 1)), until)
			return issued(i), err
		}),
		"signOut": promised(func(ctx context.Context, args []js.Value) (any, error) {
			return nil, h.SignOut(ctx, str(arg(args, 0)))
		}),
		"strike": promised(func(ctx context.Context, args []js.Value) (any, error) {
			var g record.GrantID
			if err := id(arg(args, 1), g[:]); err != nil {
				return nil, err
			}
			return nil, h.Strike(ctx, str(arg(args, 0)), g)
		}),
		"tidy": promised(func(ctx context.Context, _ []js.Value) (any, error) {
			ended, err := h.Tidy(ctx)
			return grants(ended), err
		}),

		"addPassphrase": promised(func(ctx context.Context, args []js.Value) (any, error) {
			secret := crypto.SecretString(str(arg(args, 0)))
			defer secret.Destroy()
			key, err := h.AddPassphraseSlot(ctx, secret, str(arg(args, 1)))
			if err != nil {
				return nil, err
			}
			return key.Text(), nil
		}),
		"addPasskey": promised(func(ctx context.Context, args []js.Value) (any, error) {
			prf := bytesOf(arg(args, 0))
			defer clear(prf)
			return nil, h.AddPasskeySlot(ctx, prf, str(arg(args, 1)))
		}),
		"replaceRecovery": promised(func(ctx context.Context, _ []js.Value) (any, error) {
			code, err := h.ReplaceRecovery(ctx)
			if err != nil {
				return nil, err
			}
			return code.Text(), nil
		}),
		"removeSlot": promised(func(ctx context.Context, args []js.Value) (any, error) {
			var slot crypto.CapsuleID
			if err := id(arg(args, 0), slot[:]); err != nil {
				return nil, err
			}
			return nil, h.RemoveSlot(ctx, slot)
		}),
		"evict": promised(func(ctx context.Context, args []js.Value) (any, error) {
			list, err := ids(arg(args, 0))
			if err != nil {
				return nil, err
			}
			keep := make([]crypto.CapsuleID, len(list))
			for i, x := range list {
				keep[i] = x
			}
			return nil, h.Evict(ctx, keep...)
		}),

		"check": promised(func(ctx context.Context, args []js.Value) (any, error) {
			r, err := h.Check(ctx, str(arg(args, 0)))
			return report(r), err
		}),
		"checkNew": promised(func(ctx context.Context, args []js.Value) (any, error) {
			r, err := h.CheckNew(ctx, str(arg(args, 0)))
			return report(r), err
		}),
		"history": promised(func(ctx context.Context, args []js.Value) (any, error) {
			list, err := h.History(ctx, str(arg(args, 0)), number(arg(args, 1)))
			if err != nil {
				return nil, err
			}
			return history(list, h.Grants()), nil
		}),
	}
}

func waiting(h *holder.Holder, newest time.Time) any {
	w := h.Waiting()
	if w == nil {
		return nil
	}
	return map[string]any{"lost": w.Lost(), "newest": iso(newest), "looked": iso(h.Memory().Looked), "size": float64(w.From.Size), "seen": float64(w.Seen.Size), "lostEntries": float64(w.Entries),
		"lostChanges": float64(w.Changes), "forked": w.Forked, "settled": iso(w.Settled)}
}

// request reads what a person decided.
func request(v js.Value) (r holder.GrantRequest, err error) {
	r = holder.GrantRequest{
		To:      grant.Party{Name: text(v, "name"), Role: text(v, "role"), Organisation: text(v, "organisation"), Number: text(v, "number"), Register: text(v, "register")},
		Purpose: text(v, "purpose"), Daily: uint32(number(get(v, "daily"))), Label: text(v, "label"), Lasts: lasting(v),
		Beyond: boolean(get(v, "beyond")), Unbound: boolean(get(v, "unbound")),
	}
	if r.Sections, err = sections(get(v, "sections")); err != nil {
		return r, err
	}
	if r.Scopes, err = grant.ParseScopes(text(v, "scopes")); err != nil {
		return r, err
	}
	r.Until, err = moment(get(v, "until"))
	return r, err
}

func issued(i holder.Issued) any {
	return map[string]any{"id": i.Grant.ID.String(), "token": i.Token, "until": iso(i.Until)}
}

func report(r holder.CheckReport) any {
	return map[string]any{"from": float64(r.From), "size": float64(r.Head.Size), "statements": float64(r.Statements)}
}

var slotNames = map[crypto.Kind]string{crypto.SlotPassphrase: "passphrase", crypto.SlotPasskey: "passkey", crypto.SlotRecovery: "recovery"}

func slots(all []holder.SlotInfo) any {
	out := make([]any, len(all))
	for i, s := range all {
		out[i] = map[string]any{"id": hex.EncodeToString(s.ID[:]), "kind": slotNames[s.Kind], "label": s.Label, "created": iso(s.Created), "this": s.This}
	}
	return out
}

var writers = map[audit.Writer]string{audit.ByDevice: "device", audit.ByGrant: "grant", audit.ByNode: "server"}

func history(all []audit.Entry, grants []holder.Granted) any {
	out := make([]any, len(all))
	for i, e := range all {
		entries := []any{}
		for _, ref := range e.Event.Entries {
			entries = append(entries, ref)
		}
		out[i] = map[string]any{
			"index": float64(e.Index), "time": iso(e.Event.Time), "writer": writers[e.Writer], "action": float64(e.Event.Action),
			"refused": e.Event.Outcome == audit.Refused, "grant": e.Event.Grant.String(),
			"entries": entries, "more": float64(e.Event.More), "sentence": holder.Describe(e, grants),
		}
	}
	return out
}
