package main

import (
	"context"
	"errors"
	"fmt"

	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/holder"
)

type acceptedItem struct {
	Item       string `json:"item"`
	Kind       string `json:"kind"`
	Ref        string `json:"ref,omitempty"`
	Section    string `json:"section,omitempty"`
	Version    uint64 `json:"version,omitempty"`
	Unchanged  bool   `json:"unchanged,omitempty"`  // it was taken in before
	Deleted    bool   `json:"deleted,omitempty"`    // and deleted since
	Unverified bool   `json:"unverified,omitempty"` // the entry names nobody
	Disputed   bool   `json:"disputed,omitempty"`
	DryRun     bool   `json:"dry_run,omitempty"`
}

func (u *unlocked) acceptOne(ctx context.Context, i holder.Item, to record.Section, dispute string) error {
	if i.Damaged {
		return damagedIn([]holder.Item{i})
	}
	if i.Notice() {
		return u.look(ctx, i, dispute)
	}
	a := u.app
	t, err := u.TakeIn(ctx, u.token, i, to)
	if err != nil {
		return notTaken(itemGone(err, i), i)
	}
	ref := fhir.Ref{Type: t.Type, ID: t.ID}
	short := shortRef(ref)
	var notSaid error
	if dispute != "" && !t.Deleted {
		if t.Version, err = u.session.Annotate(ctx, ref, t.Version, dispute, true); err != nil {
			notSaid = coded(exitPartly, fmt.Errorf("it is in your record, as %s, without your words: %w", short, err), `carehold dispute `+short+` "TEXT" says them`)
		}
	}
	if a.json {
		x := acceptedItem{Item: itemID(i), Kind: kindOf(i), Ref: ref.String(), Section: t.Section.String(), Version: uint64(t.Version),
			Unchanged: t.Unchanged, Deleted: t.Deleted, Unverified: t.Unverified, Disputed: dispute != "" && !t.Deleted && notSaid == nil}
		return errors.Join(a.item(x), notSaid)
	}
	switch {
	case t.Deleted:
		a.paragraph("", fmt.Sprintf("%s was taken in before, as %s, and you have deleted it since: it stays deleted.", called(i), short))
	case t.Unchanged:
		a.paragraph("", fmt.Sprintf("%s was in your record already, as %s.", called(i), short))
	default:
		a.paragraph("", fmt.Sprintf("Taken in: %s. It is %s, filed in %s.", called(i), short, t.Section))
		a.paragraph("", whoCanRead(readers(u.Grants(), t.Type, t.Section), " now"))
	}
	if t.Unverified {
		a.paragraph("", "Who wrote it cannot be proved any more, for the keys of your record were made new since: the entry names nobody.")
	}
	if dispute != "" && !t.Deleted && notSaid == nil {
		a.tellDisputed(short)
	}
	if t.Section != sectionFor(i, to) && !t.Unchanged {
		a.note("It was filed with all of your record in view, so not in %s.", i.Section)
	}
	return notSaid
}

// notTaken says what can be done with what no record holds.
func notTaken(err error, i holder.Item) error {
	if record.KindOf(err) == record.Unprocessed {
		return hinted(err, "it cannot be taken in as it is: ask who wrote it to write it again, and remove it with carehold inbox dismiss "+shortItem(i))
	}
	return err
}

// look removes a notice, after what was to be said of its entry was.
func (u *unlocked) look(ctx context.Context, i holder.Item, dispute string) error {
	a := u.app
	x := acceptedItem{Item: itemID(i), Kind: kindOf(i)}
	if dispute != "" {
		w := writtenIn(i)[0]
		info, err := u.wordsFor(ctx, w.ref)
		if err != nil {
			return err
		}
		v, err := u.session.Annotate(ctx, w.ref, record.Version(info.Version), dispute, true)
		if err != nil {
			return changedMeanwhile(err, w.ref)
		}
		x.Ref, x.Section, x.Version, x.Disputed = w.ref.String(), info.Section, uint64(v), true
	}
	if err := u.Looked(ctx, u.token, i); err != nil {
		return itemGone(err, i)
	}
	if a.json {
		return a.item(x)
	}
	a.paragraph("", "Looked at: "+howMany(writtenIn(i), i.More)+". It stays in your record.")
	if dispute != "" {
		a.tellDisputed(shortRef(writtenIn(i)[0].ref))
	}
	return nil
}
