package store

import (
	"context"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
)

// maxGathered is how much of a record is brought together at once, in bytes.
const maxGathered = 128 << 20

// gatheredAtOnce is how much is brought together before room is taken for it.
const gatheredAtOnce = 1 << 20

// Gather brings together the newest version of every entry that the grant lets be
// found and read, in the order of their names, for what is made of the whole of it: a
// summary; of those that it needs. It is one pass over one snapshot, and one search in
// the log, under the name of what it is for, which names the entries. It goes through
// the rows themselves, so few do it at a time, in shares (cold.go).
func (v *View) Gather(ctx context.Context, as string, needs func(resourceType string, s record.Section) bool) (list []Entry, err error) {
	if err := v.left(); err != nil {
		return nil, err
	}
	leave, err := v.cold(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	err = v.retry(ctx, func() error {
		list, err = v.everything(ctx, as, needs)
		return err
	})
	return list, err
}

func (v *View) everything(ctx context.Context, as string, needs func(string, record.Section) bool) ([]Entry, error) {
	ev := audit.Event{Action: audit.Search, Query: as}
	if !v.coversAny(grant.ActSearch, "") || !v.coversAny(grant.ActRead, "") {
		ev.Outcome, ev.Reason = audit.Refused, audit.NoVerb
		if err := v.commit(ctx, ev, nil); err != nil {
			return nil, err
		}
		return nil, record.Safef(record.Forbidden, "this grant does not include searching and reading, which %s needs", as)
	}
	var list []Entry
	size, grown := 0, 0
	err := v.scan(ctx, func(_ line, e Entry) (bool, error) {
		if e.Header.Deleted || !needs(e.Ref.Type, e.Section) {
			return true, nil
		}
		m := record.Meta{Type: e.Ref.Type, Section: e.Section}
		if v.decide(grant.ActRead, m) != grant.Allowed || v.decide(grant.ActSearch, m) != grant.Allowed {
			return true, nil
		}
		if size += len(e.Body); size > maxGathered {
			return false, record.Safef(record.TooLarge, "this record is larger than %s can be made of: ask for its parts, by searches", as)
		}
		if grown += len(e.Body); grown >= gatheredAtOnce {
			if err := v.take(ctx, grown, len(e.Body)); err != nil {
				return false, err
			}
			grown = 0
		}
		list = append(list, e)
		ev.Entries = append(ev.Entries, named(e.Ref, e.Version))
		return true, nil
	})
	if err == nil {
		err = v.take(ctx, grown, grown)
	}
	if err != nil {
		return nil, err
	}
	return list, v.commit(ctx, ev, nil)
}
