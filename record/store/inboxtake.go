package store

import (
	"context"
	"errors"
	"strings"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/fhir/r4"
	"carehold/record/filing"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// TakingIn is a contribution as a device of the person's opened it. The server cannot
// open what waits, so it takes the content from the device, whose record it is; but who
// wrote it is not for the device to say: the certificate is the grant's, signed by the
// person, and is looked at here. And it is what waited, or is not taken: beside the row
// stands a commitment, which only who opened it can answer, with Opening.
type TakingIn struct {
	Type        string
	JSON        []byte
	Grant       record.GrantID
	Certificate []byte
	Opening     [32]byte
	Section     record.Section // where the person wants it; 0: where the filing rules put it
}

// TakenIn is what came of it.
type TakenIn struct {
	Result
	Author     entry.Author
	Unverified bool // who wrote it cannot be told any more: Author names nobody
}

// TakeIn makes an entry of a contribution, and removes it from the inbox, in one commit.
// Its FHIR id is the one that was told when it was written, its author who wrote it, and
// it is filed with the whole record in view. Sent again it does nothing: the id says
// whether it is there.
func (v *View) TakeIn(ctx context.Context, id WaitingID, x TakingIn) (out TakenIn, err error) {
	switch {
	case !v.grant.Self:
		return out, v.onlyPerson(ctx)
	case id.Notice():
		return out, record.Safef(record.Unprocessed, "this is a notice: what it tells of is in the record already")
	case x.Section != 0 && !x.Section.Valid():
		return out, record.Safef(record.Invalid, "there is no such section; the sections are %s", record.SectionNames())
	case len(x.JSON) > MayWait:
		return out, errMayWait // nothing of that size was ever left here
	}
	if err := storableType(x.Type); err != nil {
		return out, err
	}
	r, err := fhir.Parse(x.JSON, fhir.Limits{})
	if err != nil {
		return out, err
	}
	if err := ownWords(nil, r); err != nil { // anybody may have sealed it, past Adder.check
		return out, err
	}
	unlock, err := v.turn(ctx)
	if err != nil {
		return out, err
	}
	defer unlock()
	err = v.retry(ctx, func() error {
		out, err = v.takeIn(ctx, id, x, r)
		return err
	})
	return out, err
}

func storableType(typ string) error {
	if why, ok := change.Storable(typ); !ok {
		return record.Safef(record.Unprocessed, "a record cannot hold this: %s", why)
	}
	return nil
}

func (v *View) takeIn(ctx context.Context, id WaitingID, x TakingIn, r *fhir.Resource) (out TakenIn, err error) {
	pl, err := v.newPlanner()
	if err != nil {
		return out, err
	}
	ref := fhir.Ref{Type: x.Type, ID: keys.FHIRID(id)}
	if _, e, _, exists, mine, err := pl.head(ref); err != nil {
		return out, err
	} else if exists && mine {
		return v.takenBefore(ctx, id, e)
	}
	if err := v.waits(id, x); err != nil {
		return out, err
	}
	if r, err = pl.aboutThePerson(r); err != nil {
		return out, err
	}
	author, verified := v.contributor(x)
	pl.room += 2 * len(x.JSON)
	c := change.Change{Verb: change.Create, Ref: ref, Resource: r}
	w, err := pl.draft(c)
	if err != nil {
		return out, err
	}
	work := []*draft{w}
	if err := pl.file(work); err != nil {
		return out, err
	}
	if x.Section != 0 {
		w.filed = filing.Filed{Section: x.Section, Why: filing.Reason{Rule: movedByPerson}}
	}
	o, res, err := pl.finish(w, entry.Origin{})
	if err != nil {
		return out, err
	}
	if o == nil {
		return out, record.Safef(record.Internal, "a contribution changed nothing")
	}
	h := &o.versions[0].header
	h.Author, h.Taken, h.Moved = author, true, x.Section != 0
	o.taken = &id
	pl.results[w.id] = res
	moved, along, err := pl.alongWith(ctx, work)
	if err != nil {
		return out, err
	}
	ops := append([]op{*o}, moved...)
	ev := audit.Event{Action: audit.TakenIn, Entries: []string{named(ref, res.Version)}, About: about(author)}
	if err := v.write(ctx, ops, pl.dir, ev, along...); err != nil {
		return out, err
	}
	pl.claimed(ctx, work)
	return TakenIn{Result: res, Author: author, Unverified: !verified}, nil
}

// aboutThePerson is a contribution with a reference to the record's Patient, where it has
// none to anybody: who may only add is not told the Patient's id, so cannot write it, and
// no search by patient would find what they left. What it says of the person besides, a
// name or a number, stays; a reference to somebody else is left as it is.
func (pl *planner) aboutThePerson(r *fhir.Resource) (*fhir.Resource, error) {
	name := r4.About(r.Type())
	who := r.Root().Get(name)
	if name == "" || who.Valid() && who.Kind() != '{' {
		return r, nil
	}
	if typ := who.Get("type").Text(); typ != "" && typ != "Patient" {
		return r, nil
	}
	if err := pl.theirNumber(who.Get("identifier")); err != nil || who.Get("reference").Valid() {
		return r, err
	}
	return fhir.Parse(r.WithReference(name, "Patient/"+pl.v.PatientID()), fhir.Limits{})
}

// theirNumber refuses what names its patient by the number of somebody else: of a system
// in which the record's Patient has numbers, and this is none of them.
func (pl *planner) theirNumber(identifier fhir.Node) error {
	system, value := identifier.Get("system").Text(), digits(identifier.Get("value").Text())
	if system == "" || value == "" {
		return nil
	}
	_, e, exists, mine, err := pl.current(pl.v.hold.EntryID("Patient", pl.v.PatientID()))
	if err != nil || !exists || !mine || e.Header.Deleted {
		return err
	}
	patient, err := fhir.Parse(e.Body, fhir.Limits{})
	if err != nil {
		return err
	}
	others := false
	for x := range patient.Root().Get("identifier").All() {
		if x.Get("system").Text() == system {
			if digits(x.Get("value").Text()) == value {
				return nil
			}
			others = true
		}
	}
	if !others {
		return nil
	}
	return record.Errorf(record.Unprocessed, "this is about somebody with another number than yours (%s): it may be somebody else's. Ask who sent it, and dismiss it if it is", system).At(identifier.Path())
}

// digits are a number without what it is grouped by for reading.
func digits(s string) string { return strings.NewReplacer(" ", "", "-", "").Replace(s) }

func about(a entry.Author) []record.GrantID {
	if a.Grant == (record.GrantID{}) {
		return nil
	}
	return []record.GrantID{a.Grant}
}

// errNotTheSame: what was sent is not what waits under this id.
var errNotTheSame error = record.Safef(record.Unprocessed, "this is not what waits in the inbox under this id: get the inbox again, open it, and send back all of it as it is")

// waits reports whether this is what waits under an id.
func (v *View) waits(id WaitingID, x TakingIn) error {
	c := keys.Contribution{Grant: x.Grant, Type: x.Type, JSON: x.JSON, Certificate: x.Certificate, Opening: x.Opening}
	is, err := c.Commitment(v.person, id)
	if err != nil {
		return errNotTheSame
	}
	return v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		row, err := r.Get(rows.InboxKey(id))
		if errors.Is(err, kv.ErrNotFound) {
			return errNotWaiting
		}
		if w, ok := rows.ParseWaiting(id, row); err == nil && (!ok || !w.Commitment.Equal(is[:])) {
			return errNotTheSame
		}
		return err
	})
}

// errTakenPlace: who wrote what waits was told the id that it will have, and somebody who
// writes to the record put something else there.
var errTakenPlace error = record.Safef(record.Conflict, "your record has another entry under the id that this was to have, which somebody wrote there: this still waits. Look at both; what you want of this you can write yourself, and then remove it")

// takenBefore answers for what was taken in already. Its row may be there again: a
// backup does not tell which rows were removed since the one before it.
func (v *View) takenBefore(ctx context.Context, id WaitingID, e Entry) (TakenIn, error) {
	first := e
	if e.Version > 1 {
		var err error
		if first, err = v.fetch(ctx, e.Ref, 1); err != nil {
			return TakenIn{}, err
		}
	}
	if !first.Header.Taken {
		return TakenIn{}, errTakenPlace
	}
	res := Result{Ref: e.Ref, Version: e.Version, Time: e.Header.Time, Section: e.Section, Unchanged: true, Deleted: e.Header.Deleted}
	out := TakenIn{Result: res, Author: e.Header.Author, Unverified: e.Header.Taken && e.Header.Author.Name == ""}
	dropped := false
	err := v.commit(ctx, audit.Event{Action: audit.TakenIn, Entries: []string{named(e.Ref, e.Version)}}, func(tx kv.Tx, p *person, ev *audit.Event) error {
		err := v.s.dropWaiting(tx, p, id)
		if dropped = err == nil; errors.Is(err, errNotWaiting) { // a request that was sent again: it shows what it made
			ev.Action, err = audit.Read, nil
		}
		return err
	})
	if err != nil && dropped {
		v.s.forgetInbox(v.person)
	}
	return out, err
}

// contributor is who wrote what waits, by the certificate of the grant. It is good if the
// person signed it with the identity that is theirs now. Whoever made all keys new since,
// because they were not theirs alone any more, has no way to tell a certificate of before
// from one that was forged with what was stolen: then nobody is named, not by the grant's
// id either, which a session alone could have made up.
func (v *View) contributor(x TakingIn) (a entry.Author, verified bool) {
	g, err := grant.Verify(x.Certificate, v.signing)
	if err != nil || g.ID != x.Grant || g.Person != v.person || !g.WriteOnly() || len(x.Certificate) < crypto.SignatureSize {
		return entry.Author{}, false
	}
	return authorOf(g), true
}
