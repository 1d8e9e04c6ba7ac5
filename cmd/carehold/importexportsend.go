package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"carehold/record"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/export"
	"carehold/record/fhir"
	"carehold/record/holder"
)

// run sends everything.
func (x *exportImport) run(ctx context.Context) error {
	if x.waves > 0 {
		var before []fhir.Ref
		for ref := range x.entries {
			if x.there[ref].Version > 0 {
				before = append(before, ref)
			}
		}
		if err := x.unfinished.begin(x.first.ID, before); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(x.Grants(), func(g holder.Granted) bool { return g.State == holder.Live && !g.Grant.Self }) {
		x.app.warn("what you had moved to another section yourself is moved there again at the end: until then those you share this record with may see it where it is filed by itself")
	}
	for wave := range x.waves {
		x.report = &x.first
		if wave > 0 {
			x.report = &x.later
		}
		if err := x.wave(ctx, wave); err != nil {
			if x.first.written() > 0 { // the next try moves nothing that this one brought
				_ = x.sections(context.WithoutCancel(ctx), false) // the first error says it all
			}
			return err
		}
	}
	if err := x.sections(ctx, true); err != nil {
		return err
	}
	if err := x.provenance(ctx); err != nil {
		return err
	}
	return x.unfinished.end()
}

// wave sends of each entry the version that is next. All that come first go together,
// so that they are filed together.
func (x *exportImport) wave(ctx context.Context, wave int) error {
	take := func(v export.Version) error {
		ref := x.ourRef(v.Ref)
		c := x.entries[ref]
		at := c.from + wave
		if at >= len(c.versions) || c.versions[at] != v.Version {
			return nil
		}
		if wave > 0 && x.there[ref].Version == 0 {
			return nil // the version before was refused, and so is what follows from it
		}
		if v.Deleted {
			x.gone = append(x.gone, ref)
			return nil
		}
		r, err := x.carries(x.rewritten(v.Resource))
		if err != nil {
			return err
		}
		ch := change.Change{Verb: change.Update, Ref: ref, Resource: r, URL: ref.String()}
		if d, apart := x.files[binaryVersion{v.Ref, record.Version(v.Version)}]; apart {
			x.held = append(x.held, &claimed{ch, d})
			return nil
		}
		if wave == 0 && x.waits(ch) {
			return nil
		}
		return x.add(ctx, ch)
	}
	for _, folder := range []string{"", "history/"} {
		if err := x.each(folder, take); err != nil {
			return err
		}
	}
	if err := x.flush(ctx); err != nil {
		return err
	}
	if err := x.claims(ctx); err != nil {
		return err
	}
	return x.remove(ctx)
}

// add puts a change into the next transaction.
func (x *exportImport) add(ctx context.Context, c change.Change) error {
	size := len(c.Resource.Bytes())
	most := x.most
	if most == 0 {
		most = pieceEntries
	}
	if n := len(x.batch); n > 0 && (n == most || x.bytes+size > pieceBytes) {
		if err := x.flush(ctx); err != nil {
			return err
		}
	}
	x.batch, x.bytes = append(x.batch, c), x.bytes+size
	return nil
}

// flush sends the transaction. A Ctrl-C is heard before it: what was sent goes in.
func (x *exportImport) flush(ctx context.Context) error {
	if len(x.batch) == 0 {
		return nil
	}
	if ctx.Err() != nil {
		text := "interrupted before anything was sent"
		if n := x.first.written() + x.later.written(); n > 0 {
			text = "interrupted when " + plural(n, "entry was", "entries were") + " in"
		}
		return coded(exitInterrupted, errors.New(text), "the same command again goes on; carehold imports undo "+shortID(x.first.ID.String())+" takes back what is there")
	}
	changes := x.batch
	x.batch, x.bytes = nil, 0
	return x.transact(ctx, changes)
}

// transact sends one transaction.
func (x *exportImport) transact(ctx context.Context, changes []change.Change) error {
	for i, c := range changes {
		changes[i].Index = i
		if e := x.entries[c.Ref]; e != nil && x.report == &x.first {
			x.first.Types[c.Ref.Type]++
			x.first.Sections[e.section.String()]++
		}
	}
	x.sending(x.report, changes, 0, len(changes))
	if err := x.transaction(context.WithoutCancel(ctx), x.report, changes); err != nil {
		return hinted(err, "what was done so far stays; the same command again goes on")
	}
	return nil
}

// remove deletes what was deleted. It is no part of the import: an import brings.
func (x *exportImport) remove(ctx context.Context) error {
	for len(x.gone) > 0 {
		n := min(len(x.gone), pieceEntries)
		var body bytes.Buffer
		w := change.NewBundleWriter(&body, change.BundleHead{Type: "transaction"})
		for _, ref := range x.gone[:n] {
			if err := w.Entry(change.BundleEntry{Method: "DELETE", URL: ref.String()}); err != nil {
				return err
			}
		}
		if err := w.Close(); err != nil {
			return err
		}
		if _, err := x.session.Transaction(context.WithoutCancel(ctx), body.Bytes(), entry.Origin{}); err != nil {
			return hinted(fmt.Errorf("what was deleted could not be deleted again: %w", err), "what was done so far stays; the same command again goes on")
		}
		x.gone = x.gone[n:]
	}
	return nil
}
