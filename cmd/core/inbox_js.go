//go:build js && wasm

package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"sync"
	"syscall/js"

	"carehold/record"
	"carehold/record/grant"
	"carehold/record/holder"
)

var _ holder.Inbox = server{}

func (s server) Waiting(ctx context.Context, token string, from [16]byte) (list []holder.InboxRow, next [16]byte, more bool, err error) {
	path := "/holder/v1/inbox"
	if from != [16]byte{} {
		path += "?from=" + hex.EncodeToString(from[:])
	}
	v, err := s.call(ctx, "GET", path, token, nil, nil)
	if err != nil {
		return nil, next, false, err
	}
	for _, x := range listOf(v, "items") {
		row := holder.InboxRow{Blob: blob(get(x, "sealed"))}
		if err := id(get(x, "id"), row.ID[:]); err != nil {
			return nil, next, false, odd(err)
		}
		list = append(list, row)
	}
	if at := get(v, "next"); at.Type() == js.TypeString {
		more, err = true, id(at, next[:])
	}
	return list, next, more, odd(err)
}

func listOf(v js.Value, name string) []js.Value { return list(get(v, name)) }

func waitingPath(id [16]byte) string { return "/holder/v1/inbox/" + hex.EncodeToString(id[:]) }

func (s server) TakeIn(ctx context.Context, token string, which [16]byte, x holder.Taking) (t holder.TakenIn, err error) {
	q := map[string]any{"type": x.Type, "resource": base64.StdEncoding.EncodeToString(x.JSON), "grant": x.Grant.String(),
		"certificate": base64.StdEncoding.EncodeToString(x.Certificate), "opening": base64.StdEncoding.EncodeToString(x.Opening[:])}
	if x.Section != 0 {
		q["section"] = x.Section.String()
	}
	v, err := s.call(ctx, "POST", waitingPath(which), token, q, nil)
	if err != nil {
		return t, err
	}
	section, err := record.ParseSection(text(v, "section"))
	return holder.TakenIn{Type: text(v, "type"), ID: text(v, "id"), Version: record.Version(number(get(v, "version"))), Section: section,
		Unchanged: boolean(get(v, "unchanged")), Deleted: boolean(get(v, "deleted")), Unverified: boolean(get(v, "unverified")),
		By: grant.Party{Name: text(v, "by"), Organisation: text(v, "organisation"), Role: text(v, "role"), Number: text(v, "number"), Register: text(v, "register")}}, odd(err)
}

func (s server) Looked(ctx context.Context, token string, which [16]byte) error {
	_, err := s.call(ctx, "POST", waitingPath(which), token, map[string]any{"looked": true}, nil)
	return err
}

func (s server) Dismiss(ctx context.Context, token string, which [16]byte) error {
	_, err := s.call(ctx, "DELETE", waitingPath(which), token, nil, nil)
	return err
}

// waitsFor are the things in the inbox that the page was shown.
type waitsFor struct {
	mu  sync.Mutex
	all map[[16]byte]holder.Item
}

func (w *waitsFor) fetch(ctx context.Context, h *holder.Holder, token string) ([]holder.Item, error) {
	list, err := h.Inbox(ctx, token)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = map[[16]byte]holder.Item{}
	for _, i := range list {
		w.all[i.ID] = i
	}
	return list, nil
}

func (w *waitsFor) item(ctx context.Context, h *holder.Holder, token string, name js.Value) (i holder.Item, err error) {
	var which [16]byte
	if err := id(name, which[:]); err != nil {
		return i, err
	}
	w.mu.Lock()
	i, known := w.all[which]
	w.mu.Unlock()
	if known {
		return i, nil
	}
	list, err := w.fetch(ctx, h, token)
	if err != nil {
		return i, err
	}
	for _, i := range list {
		if i.ID == which {
			return i, nil
		}
	}
	return i, record.Safef(record.NotFound, "this does not wait any more: it was taken in or removed, perhaps on another device")
}

// inbox are the ops with which a person looks at what others wrote.
func inbox(h *holder.Holder, srv server) map[string]any {
	var w waitsFor
	return map[string]any{
		"inbox": promised(func(ctx context.Context, args []js.Value) (any, error) {
			list, err := w.fetch(ctx, h, str(arg(args, 0)))
			if err != nil {
				return nil, err
			}
			out := []any{}
			for _, i := range list {
				out = append(out, item(i))
			}
			return out, nil
		}),
		"takeIn": promised(func(ctx context.Context, args []js.Value) (any, error) {
			token, with := str(arg(args, 0)), arg(args, 2)
			var to record.Section
			if name := text(with, "section"); name != "" {
				var err error
				if to, err = record.ParseSection(name); err != nil {
					return nil, err
				}
			}
			i, err := w.item(ctx, h, token, arg(args, 1))
			if err != nil {
				return nil, err
			}
			t, err := h.TakeIn(ctx, token, i, to)
			if err != nil {
				return nil, err
			}
			out := map[string]any{"type": t.Type, "id": t.ID, "version": float64(t.Version), "section": t.Section.String(), "unchanged": t.Unchanged,
				"deleted": t.Deleted, "unverified": t.Unverified, "name": t.By.Name, "role": t.By.Role, "organisation": t.By.Organisation, "disputed": false}
			if words := text(with, "dispute"); words != "" && !t.Deleted {
				v, err := srv.call(ctx, "POST", "/holder/v1/entries/"+t.Type+"/"+t.ID+"/note", token,
					map[string]any{"text": words, "dispute": true, "version": float64(t.Version)}, nil)
				if err != nil { // it is in the record all the same, and the page must say so
					out["notSaid"] = err.Error()
					return out, nil
				}
				out["version"], out["disputed"] = float64(number(get(v, "version"))), true
			}
			return out, nil
		}),
		"looked": promised(func(ctx context.Context, args []js.Value) (any, error) {
			i, err := w.item(ctx, h, str(arg(args, 0)), arg(args, 1))
			if err != nil {
				return nil, err
			}
			return nil, h.Looked(ctx, str(arg(args, 0)), i)
		}),
		"dismiss": promised(func(ctx context.Context, args []js.Value) (any, error) {
			i, err := w.item(ctx, h, str(arg(args, 0)), arg(args, 1))
			if err != nil {
				return nil, err
			}
			return nil, h.Dismiss(ctx, str(arg(args, 0)), i)
		}),
	}
}

// item is what waits, as a page shows it. json is what somebody else wrote.
func item(i holder.Item) any {
	entries := []any{}
	for _, e := range i.Entries {
		entries = append(entries, e)
	}
	section := ""
	if i.Section != 0 {
		section = i.Section.String()
	}
	return map[string]any{"id": hex.EncodeToString(i.ID[:]), "damaged": i.Damaged, "notice": i.Notice(), "time": iso(i.Time), "grant": i.Grant.String(),
		"name": i.By.Name, "role": i.By.Role, "organisation": i.By.Organisation, "known": i.Known, "noRoom": i.NoRoom,
		"entries": entries, "more": float64(i.More),
		"type": i.Type, "json": string(i.JSON), "entry": i.FHIRID, "section": section, "why": i.Why}
}
