package store

import (
	"context"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/fhir"
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
	err = v.GatherInto(ctx, as, needs, func(all []Entry) (map[fhir.Ref]bool, error) {
		list = all
		return nil, nil
	})
	return list, err
}

// GatherInto is Gather for what shows less than it is made of: into makes it, and says
// which entries it shows. The log names those, before anybody has it; nil are all.
func (v *View) GatherInto(ctx context.Context, as string, needs func(resourceType string, s record.Section) bool, into func([]Entry) (shown map[fhir.Ref]bool, err error)) error {
	if err := v.left(); err != nil {
		return err
	}
	leave, err := v.cold(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return v.retry(ctx, func() error { return v.everything(ctx, as, needs, into) })
}

func (v *View) everything(ctx context.Context, as string, needs func(string, record.Section) bool, into func([]Entry) (map[fhir.Ref]bool, error)) error {
	ev := audit.Event{Action: audit.Search, Query: as}
	if !v.coversAny(grant.ActSearch, "") || !v.coversAny(grant.ActRead, "") {
		ev.Outcome, ev.Reason = audit.Refused, audit.NoVerb
		if err := v.commit(ctx, ev, nil); err != nil {
			return err
		}
		return record.Safef(record.Forbidden, "this grant does not include searching and reading, which %s needs", as)
	}
	var list []Entry
	size, grown := 0, 0
	err := v.scan(ctx, func(_ line, e Entry) (bool, error) {
		if e.Header.Deleted || !needs(e.Ref.Type, e.Section) {
			return true, nil
		}
		if !v.bothFor(&e) {
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
		return true, nil
	})
	if err == nil {
		err = v.take(ctx, grown, grown)
	}
	if err != nil {
		return err
	}
	shown, failed := into(list)
	for _, e := range list {
		if failed == nil && (shown == nil || shown[e.Ref]) {
			ev.Entries = append(ev.Entries, named(e.Ref, e.Version))
		}
	}
	if err := v.commit(ctx, ev, nil); err != nil { // of what was made of nothing, too: it was asked for
		return err
	}
	return failed
}
