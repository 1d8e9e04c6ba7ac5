//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"carehold/httpapi/client"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/fhir"
	"carehold/record/holder"
)

// what an examination found there.
type found struct{ entries, leaves int }

// examine compares a server's store with what everybody was told.
func examine(ctx context.Context, address string, all []*person, told []account) (f found, err error) {
	for i, p := range all {
		one, e := examineOne(ctx, address, p, told[i])
		f.entries += one.entries
		f.leaves += one.leaves
		if e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", p.name, e))
		}
	}
	return f, err
}

func takeAll(all []*person) (told []account) {
	for _, p := range all {
		told = append(told, p.ledger.take())
	}
	return told
}

func examineOne(ctx context.Context, address string, p *person, told account) (f found, err error) {
	road := newRoad(address)
	defer road.close()
	c, err := road.client()
	if err != nil {
		return f, err
	}
	memory, err := holder.ParseMemory(told.memory)
	if err != nil {
		return f, err
	}
	slot := p.recovery.Slot()
	defer slot.Destroy()
	h, err := holder.Unlock(ctx, c, slot, memory)
	if err != nil {
		return f, fmt.Errorf("unlocking: %w", err)
	}
	defer h.Close()
	token, _, err := h.SignIn(ctx)
	if err != nil {
		return f, fmt.Errorf("signing in: %w", err)
	}
	me := c.With(token)
	n, err := examineEntries(ctx, me, told)
	f.entries = n
	leaves, e := examineLog(ctx, h, token, p, told)
	f.leaves = leaves
	return f, errors.Join(err, e, examineGrants(ctx, c, h, told))
}

// examineEntries: each entry says an attempt that was made, and none that is older
// than the one acknowledged; an import is there wholly or not at all.
func examineEntries(ctx context.Context, me *client.Session, told account) (n int, err error) {
	value := map[string]int{}
	err = me.Search(ctx, "Observation", func(e client.Found) error {
		var o struct {
			ID            string
			ValueQuantity struct{ Value int }
		}
		if err := json.Unmarshal(e.Resource, &o); err != nil {
			return err
		}
		value[o.ID] = o.ValueQuantity.Value
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("searching: %w", err)
	}
	err = examineDocument(ctx, me, told.entries[documentRef.ID])
	for id, a := range told.entries {
		if id == documentRef.ID {
			continue
		}
		if v, there := value[id]; !there && a.sure > 0 || there && (v < a.sure || v > a.tried) {
			err = errors.Join(err, fmt.Errorf("%s is at attempt %d, acknowledged was %d of %d", id, v, a.sure, a.tried))
		}
	}
	for tag, sure := range told.imports {
		n := 0
		for k := range importSize {
			if v, there := value[fmt.Sprintf("i-%d-%d", tag, k)]; there && v == k {
				n++
			}
		}
		if n != importSize && (n != 0 || sure) {
			err = errors.Join(err, fmt.Errorf("of import %d (acknowledged: %v) %d entries are there", tag, sure, n))
		}
	}
	return len(value), err
}

// examineLog reads the whole log, and counts a leaf for each answer.
func examineLog(ctx context.Context, h *holder.Holder, token string, p *person, told account) (int, error) {
	list, err := h.History(ctx, token, 0)
	if err != nil {
		return 0, fmt.Errorf("the log: %w", err)
	}
	reads, changes := 0, 0
	for _, e := range list {
		switch {
		case e.Event.Outcome != audit.Done:
		case e.Event.Action == audit.Read && e.Event.Grant == p.reads.Grant.ID:
			reads++
		case e.Event.Action == audit.Change, e.Event.Action == audit.Delete:
			changes++
		}
	}
	if reads < told.reads.sure || reads > told.reads.tried {
		err = fmt.Errorf("the log has %d reads; %d were answered, %d asked for", reads, told.reads.sure, told.reads.tried)
	}
	if changes < told.changes.sure || changes > told.changes.tried {
		err = errors.Join(err, fmt.Errorf("the log has %d changes; %d were acknowledged, %d asked for", changes, told.changes.sure, told.changes.tried))
	}
	return len(list), err
}

// examineGrants: what was made is there, what was stopped is over, and so says the
// server to whoever has the token. Of the stopped ones the newest are tried.
func examineGrants(ctx context.Context, c *client.Client, h *holder.Holder, told account) (err error) {
	state := map[record.GrantID]holder.State{}
	for _, g := range h.Grants() {
		state[g.Grant.ID] = g.State
	}
	ref := fhir.Ref{Type: "Observation", ID: entryID(0)}
	tries := 3
	for _, g := range slices.Backward(told.grants) {
		switch s, there := state[g.id]; {
		case !there:
			err = errors.Join(err, errors.New("a grant that was acknowledged is not there"))
			continue
		case g.stopped == stopped && s == holder.Live:
			err = errors.Join(err, errors.New("a grant whose end was acknowledged is live"))
		case g.stopped == live && s != holder.Live:
			err = errors.Join(err, fmt.Errorf("a live grant is %v", s))
		}
		if g.stopped == stopping || g.stopped == stopped && tries == 0 {
			continue
		}
		_, e := c.With(g.token).Read(ctx, ref)
		if g.stopped == stopped {
			tries--
			if !errors.Is(e, record.Unauthorized) {
				err = errors.Join(err, fmt.Errorf("the token of a stopped grant: %v", e))
			}
		} else if e != nil {
			err = errors.Join(err, fmt.Errorf("the token of a live grant: %w", e))
		}
	}
	return err
}

// examineFolder opens a store in this process and examines it.
func examineFolder(ctx context.Context, data string, all []*person, told []account) (f found, err error) {
	s, err := inside(data)
	if err != nil {
		return f, fmt.Errorf("opening: %w", err)
	}
	f, err = examine(ctx, s.address, all, told)
	return f, errors.Join(err, s.stop())
}
