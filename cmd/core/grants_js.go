//go:build js && wasm

package main

import (
	"context"
	"encoding/hex"
	"syscall/js"
	"time"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
	"carehold/record/keys"
)

// changes are the ops that change grants, or tell of them.
func changes(h *holder.Holder) map[string]any {
	each := func(do func(context.Context, ...record.GrantID) error) js.Func {
		return promised(func(ctx context.Context, args []js.Value) (any, error) {
			list, err := ids(arg(args, 0))
			if err != nil {
				return nil, err
			}
			of := make([]record.GrantID, len(list))
			for i, x := range list {
				of[i] = x
			}
			return nil, do(ctx, of...)
		})
	}
	return map[string]any{
		"grants":  js.FuncOf(func(js.Value, []js.Value) any { return grants(h.Grants()) }),
		"links":   js.FuncOf(func(js.Value, []js.Value) any { return grants(h.Links()) }),
		"revoke":  each(h.Revoke),
		"suspend": each(h.Suspend),
		"resume":  each(h.Resume),
		"amend": promised(func(ctx context.Context, args []js.Value) (any, error) {
			var g record.GrantID
			if err := id(arg(args, 0), g[:]); err != nil {
				return nil, err
			}
			a, err := amendment(arg(args, 1))
			if err != nil {
				return nil, err
			}
			is, err := h.Amend(ctx, g, a)
			if err != nil {
				return nil, err
			}
			return granted(is), nil
		}),
		"receipt": promised(func(_ context.Context, args []js.Value) (any, error) {
			var g record.GrantID
			if err := id(arg(args, 0), g[:]); err != nil {
				return nil, err
			}
			b, err := h.Receipt(g)
			return string(b), err
		}),
		"prepareLink": js.FuncOf(func(js.Value, []js.Value) any { return newLink(h) }),
	}
}

// amendment reads {add, drop, scopes, lasts | until | open, unbound}.
func amendment(v js.Value) (a holder.Amend, err error) {
	a = holder.Amend{Open: boolean(get(v, "open")), Unbound: boolean(get(v, "unbound")), Lasts: lasting(v)}
	if a.Add, err = sections(get(v, "add")); err != nil {
		return a, err
	}
	if a.Drop, err = sections(get(v, "drop")); err != nil {
		return a, err
	}
	if said := text(v, "scopes"); said != "" {
		if a.Scopes, err = grant.ParseScopes(said); err != nil {
			return a, err
		}
	}
	a.Until, err = moment(get(v, "until"))
	return a, err
}

// lasting is lasts: seconds from now.
func lasting(v js.Value) time.Duration {
	return time.Duration(min(number(get(v, "lasts")), 1<<32)) * time.Second
}

func sections(v js.Value) (set record.SectionSet, err error) {
	for _, name := range list(v) {
		s, err := record.ParseSection(str(name))
		if err != nil {
			return 0, err
		}
		set = set.With(s)
	}
	return set, nil
}

func grants(all []holder.Granted) any {
	out := make([]any, len(all))
	for i, g := range all {
		out[i] = granted(g)
	}
	return out
}

func granted(g holder.Granted) any {
	tokens := []any{}
	for _, t := range g.Tokens {
		x := map[string]any{"id": hex.EncodeToString(t.ID[:]), "label": t.Label, "until": iso(t.Until), "created": iso(t.Created),
			"link": t.Link, "backend": t.Backend}
		if t.Link {
			x["snapshot"], x["passcode"] = t.Flags&keys.LinkDirect != 0, t.Flags&keys.LinkPasscode != 0
		}
		tokens = append(tokens, x)
	}
	return map[string]any{
		"id": g.Grant.ID.String(), "name": g.Grant.To.Name, "role": g.Grant.To.Role, "organisation": g.Grant.To.Organisation,
		"sections": names(g.Grant.Sections), "scopes": grant.FormatScopes(g.Grant.Scopes), "purpose": g.Grant.Purpose,
		"from": iso(g.Grant.From), "until": iso(g.Grant.Until), "daily": float64(g.Grant.Daily), "client": g.Grant.Client,
		"state": g.State.String(), "ended": iso(g.Ended), "why": g.Why.String(), "paused": iso(g.Paused), "link": g.Link(), "tokens": tokens,
	}
}
