//go:build js && wasm

package main

import (
	"context"
	"encoding/hex"
	"sync"
	"syscall/js"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

// seen are the questions that the page was shown, so that it answers what was looked at
// by its id alone. What was looked at with other keys, before they were locked, is
// fetched again.
type seen struct {
	mu  sync.Mutex
	all map[crypto.CapsuleID]holder.Request
}

func (s *seen) keep(list ...holder.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[crypto.CapsuleID]holder.Request{}
	}
	for _, r := range list {
		s.all[r.ID] = r
	}
}

// request is the one of this id. One that came with a code is found by that alone.
func (s *seen) request(ctx context.Context, h *holder.Holder, token string, name js.Value, code string) (r holder.Request, err error) {
	var which crypto.CapsuleID
	if err := id(name, which[:]); err != nil {
		return r, err
	}
	s.mu.Lock()
	r, known := s.all[which]
	s.mu.Unlock()
	if known {
		return r, nil
	}
	var list []holder.Request
	if code != "" {
		r, err = h.Lookup(ctx, token, code)
		list = []holder.Request{r}
	} else {
		list, err = h.Requests(ctx, token)
	}
	if err != nil {
		return r, err
	}
	for _, r := range list {
		if r.ID == which {
			return r, nil
		}
	}
	return r, record.Safef(record.NotFound, "this request does not wait any more: it was answered, or has run out")
}

// asking are the ops with which a person is asked for access, and answers.
func asking(h *holder.Holder) map[string]any {
	var s seen
	return map[string]any{
		"addresses": js.FuncOf(func(js.Value, []js.Value) any {
			out := []any{}
			for _, a := range h.Addresses() {
				out = append(out, address(a, h.Now()))
			}
			return out
		}),
		"newAddress": promised(func(ctx context.Context, args []js.Value) (any, error) {
			until, err := moment(arg(args, 1))
			if err != nil {
				return nil, err
			}
			a, err := h.NewAddress(ctx, str(arg(args, 0)), until)
			if err != nil {
				return nil, err
			}
			return address(a, h.Now()), nil
		}),
		"closeAddress": promised(func(ctx context.Context, args []js.Value) (any, error) {
			var which crypto.CapsuleID
			if err := id(arg(args, 1), which[:]); err != nil {
				return nil, err
			}
			return nil, h.CloseAddress(ctx, str(arg(args, 0)), which)
		}),
		"requests": promised(func(ctx context.Context, args []js.Value) (any, error) {
			list, err := h.Requests(ctx, str(arg(args, 0)))
			if err != nil {
				return nil, err
			}
			s.keep(list...)
			out := []any{}
			for _, r := range list {
				out = append(out, asked(r))
			}
			return out, nil
		}),
		"lookup": promised(func(ctx context.Context, args []js.Value) (any, error) {
			r, err := h.Lookup(ctx, str(arg(args, 0)), str(arg(args, 1)))
			if err != nil {
				return nil, err
			}
			s.keep(r)
			return asked(r), nil
		}),
		"approve": promised(func(ctx context.Context, args []js.Value) (any, error) {
			with := arg(args, 2)
			r, err := s.request(ctx, h, str(arg(args, 0)), arg(args, 1), text(with, "code"))
			if err != nil {
				return nil, err
			}
			give, err := request(with)
			if err != nil {
				return nil, err
			}
			if give.To.Name == "" {
				give.To = r.Question.To
			}
			g, err := h.Approve(ctx, r, give, text(with, "words"))
			if err != nil {
				return nil, err
			}
			return map[string]any{"id": g.ID.String(), "until": iso(g.Until)}, nil
		}),
		"refuse": promised(func(ctx context.Context, args []js.Value) (any, error) {
			with := arg(args, 2)
			r, err := s.request(ctx, h, str(arg(args, 0)), arg(args, 1), text(with, "code"))
			if err != nil {
				return nil, err
			}
			return nil, h.Refuse(ctx, str(arg(args, 0)), r, text(with, "words"))
		}),
		"drop": promised(func(ctx context.Context, args []js.Value) (any, error) {
			r, err := s.request(ctx, h, str(arg(args, 0)), arg(args, 1), "")
			if err != nil {
				return nil, err
			}
			return nil, h.Drop(ctx, str(arg(args, 0)), r)
		}),
	}
}

func address(a holder.AddressInfo, now time.Time) any {
	return map[string]any{"id": hex.EncodeToString(a.ID[:]), "label": a.Label, "until": iso(a.Until), "created": iso(a.Created),
		"closed": iso(a.Closed), "open": a.Open(now), "path": "/ask/" + a.Segment}
}

// asked is a question as a page shows it: what is asked for, and what a yes would give.
// None of it is proved but what app has of one that is verified.
func asked(r holder.Request) any {
	out := map[string]any{"id": hex.EncodeToString(r.ID[:]), "expires": iso(r.Expires), "damaged": r.Damaged}
	if r.Damaged {
		return out
	}
	q := r.Question
	scope, _ := grant.ParseRequested(q.Scope) // what is wrong with it, approving says
	scopes := scope.Scopes
	if len(scopes) == 0 {
		scopes = []grant.Scope{{Type: "*", Verbs: grant.Read | grant.Search}}
	}
	all := grant.With(q.Sections)
	if q.Sections == 0 {
		all = grant.Proposed(scopes)
	}
	p := r.Proposal()
	for name, v := range map[string]any{
		"name": q.To.Name, "organisation": q.To.Organisation, "role": q.To.Role, "number": q.To.Number, "register": q.To.Register,
		"purpose": q.Purpose, "words": q.Words, "asked": iso(q.At), "seconds": float64(q.Lasts / time.Second), "where": r.Where,
		"sections": names(all &^ record.SensitiveSections), "sensitive": names(all & record.SensitiveSections), "scopes": grant.FormatScopes(scopes),
		"knowsName": scope.OpenID, "comesBack": scope.Offline || scope.Online, "bound": q.Bound != [32]byte{}, "client": q.Client,
		"proposal": map[string]any{"sections": names(p.Sections), "scopes": grant.FormatScopes(p.Scopes), "purpose": p.Purpose, "lasts": float64(p.Lasts / time.Second)},
		"app":      nil,
	} {
		out[name] = v
	}
	if q.Client != "" {
		out["app"] = map[string]any{"name": r.App.Name, "organisation": r.App.Organisation, "uri": r.App.URI, "host": r.App.Host,
			"verified": r.App.Verified && q.Verified, "redirect": r.App.Redirect}
	}
	return out
}

// names are those of sections.
func names(set record.SectionSet) []any {
	out := []any{}
	for _, s := range set.List() {
		out = append(out, s.String())
	}
	return out
}
