package store

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"carehold/record/audit"
	"carehold/record/fhir"
	"carehold/record/kv"
)

// One file of an export: what is in it, and its entries one after the other.

// Exported is a file that may be fetched, and was logged as fetched.
type Exported struct {
	Deleted []fhir.Ref // of a file of what was deleted, and all there is to it

	v    *View
	on   footing
	list []*moment
}

// ExportFile lists and logs what a file has. record.NotFound for one that no export has.
func (v *View) ExportFile(ctx context.Context, x Export, f ExportFile, types []string, since time.Time) (*Exported, error) {
	if err := v.left(); err != nil {
		return nil, err
	}
	out, had := &Exported{v: v}, v.weight
	err := v.retry(ctx, func() error {
		if f.Type != "" {
			types = []string{f.Type}
		}
		var list []exported
		err := v.asOf(ctx, x.At, since, wanted(types), func(e *exported) {
			if part := partOf(e.entry); e.deleted == f.Deleted && part >= f.From && part <= f.To && len(list) <= maxExported {
				e.ref.ID, e.ref.Type = strings.Clone(e.ref.ID), strings.Clone(e.ref.Type)
				list = append(list, *e)
			}
		})
		if err == nil && len(list) > maxExported {
			err = ErrNoExport
		}
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b exported) int { return bytes.Compare(a.entry[:], b.entry[:]) })
		ev := audit.Event{Action: audit.Search, Query: f.Type}
		if f.Deleted {
			ev.Query = exportQuery
		}
		out.Deleted, out.list, out.on = nil, nil, v.footing()
		largest := 0
		for i := range list {
			ev.Entries = append(ev.Entries, named(list[i].ref, list[i].version))
			if f.Deleted {
				out.Deleted = append(out.Deleted, list[i].ref)
				continue
			}
			out.list, largest = append(out.list, &list[i].moment), max(largest, list[i].size)
		}
		if v.weight == had {
			if err := v.take(ctx, max(exportedAtOnce, largest), largest); err != nil {
				return err
			}
		}
		return v.commit(ctx, ev, nil)
	})
	return out, err
}

// exportedAtOnce is how much of a file is opened at a time, but for one that is larger.
const exportedAtOnce = 256 << 10

// Each opens the file's entries in their order, a few at a time, and overwrites them
// when fn is through. When the grant ends meanwhile, so does the file.
func (x *Exported) Each(ctx context.Context, fn func(Entry) error) error {
	for list := x.list; len(list) > 0; {
		n, size := 0, 0
		for n < len(list) && (n == 0 || size+list[n].size <= exportedAtOnce) {
			size += list[n].size
			n++
		}
		if err := x.some(ctx, list[:n], fn); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

func (x *Exported) some(ctx context.Context, list []*moment, fn func(Entry) error) error {
	var entries []Entry
	var opened plains
	defer func() { opened.release() }()
	err := x.v.retry(ctx, func() error {
		opened.release()
		return x.v.s.engine.View(kv.Partition(x.v.person), func(r kv.Reader) error {
			if err := x.v.stillSame(r); err != nil { // it may take an hour to be fetched
				return err
			}
			if _, err := x.v.moved(&x.on); err != nil {
				return err
			}
			_, d, err := x.v.directory(r)
			if err == nil {
				entries, err = x.v.openAll(r, d, list, &opened)
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}
