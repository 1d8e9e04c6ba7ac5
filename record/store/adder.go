package store

import (
	"bytes"
	"context"
	"strings"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/fhir"
	"carehold/record/filing"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/search"
)

// Adder is what a token of a grant to add only opens: a way into the inbox, and no View.
// The grant's row has no key of the record (docs/format.md §9), so whatever runs here
// could not read it. It does not look at it either: what it answers follows from the
// grant, from what was sent and from how much room there is, and it reads the same rows
// whatever the record holds. It is for one goroutine.
type Adder struct {
	v   *View // without a hold
	ids map[string]WaitingID
}

// OpenAdder opens the Adder of a token, as OpenBound opens the View of another.
func (s *Store) OpenAdder(ctx context.Context, c crypto.Credential, key [32]byte) (*Adder, error) {
	v, err := s.open(ctx, c, key)
	if err != nil {
		return nil, err
	}
	if v.hold != nil {
		v.Close()
		return nil, record.Safef(record.Internal, "an Adder was asked for where there is a View")
	}
	return &Adder{v: v, ids: make(map[string]WaitingID)}, nil
}

// Close overwrites the Adder's keys.
func (a *Adder) Close() { a.v.Close() }

// Grant is the grant it stands on.
func (a *Adder) Grant() grant.Grant { return a.v.Grant() }

// OnStop has fn called when the grant is stopped meanwhile.
func (a *Adder) OnStop(fn func()) { a.v.OnStop(fn) }

// Refuse logs that something else was asked of a grant to add only, and returns the one
// answer to that: the same whatever was asked for, and whether it is there or not.
func (a *Adder) Refuse(ctx context.Context) error {
	err := a.v.retry(ctx, func() error {
		return a.v.commit(ctx, audit.Event{Action: audit.Used, Outcome: audit.Refused, Reason: audit.NoVerb}, nil)
	})
	if err != nil {
		return err
	}
	return ErrAdds
}

// NewID draws the FHIR id that a contribution has, should it be taken in: Create takes
// no others.
func (a *Adder) NewID(string) string {
	id := newWaiting(false)
	name := keys.FHIRID(id)
	a.ids[name] = id
	return name
}

// contributionsDaily is how many one grant may leave in a day: less than may wait of its
// at once.
const contributionsDaily = 200

var (
	errInboxFull  error = record.Safef(record.TooMany, "there is no room for this where it would wait for the person: try again when they have looked through what waits")
	errGrantWaits error = record.Safef(record.TooMany, "what this grant has added has all the room that one grant may have where it waits for the person: try again when they have looked through it")
	errMayWait    error = record.Safef(record.TooLarge, "what is written under a grant to add only has at most %d KiB: send it in parts, or ask for a grant that reads and writes", MayWait>>10)
	errWaitsDay   error = record.Safef(record.TooMany, "this grant has added its %d entries for today: try again tomorrow", contributionsDaily)
)

// Create leaves resources in the person's inbox, all of them or none. The changes are
// creates, planned with NewID. Each is filed by itself and the others that come with
// it: it must belong to what was granted.
func (a *Adder) Create(ctx context.Context, changes []change.Change) (results []Result, err error) {
	err = a.v.retry(ctx, func() error {
		results, err = a.create(ctx, changes)
		return err
	})
	return results, err
}

func (a *Adder) create(ctx context.Context, changes []change.Change) ([]Result, error) {
	v := a.v
	if err := v.left(); err != nil {
		return nil, err
	}
	ev := audit.Event{Action: audit.Contribute}
	items := make([]filing.Item, len(changes))
	for i, c := range changes {
		if err := a.check(c); err != nil {
			return nil, a.logRefused(ctx, changes, atEntry(changes, i, err))
		}
		items[i] = filing.Item{Ref: c.Ref, Resource: c.Resource, Targets: targets(c.Resource)}
		ev.Entries = append(ev.Entries, named(c.Ref, 1))
	}
	filed := filing.File(items, nil) // nil: nothing of the record is known
	now := v.s.time().Truncate(time.Millisecond)
	results := make([]Result, len(changes))
	for i, c := range changes {
		if err := a.may(c, filed[i]); err != nil {
			return nil, a.logRefused(ctx, changes, atEntry(changes, i, err))
		}
		results[i] = Result{Ref: c.Ref, Time: now, Section: filed[i].Section, Created: true}
	}
	return results, a.leave(ctx, changes, filed, now, ev)
}

// check is what an ordinary create refuses by the resource alone.
func (a *Adder) check(c change.Change) error {
	switch {
	case c.Err != nil:
		return c.Err
	case c.Verb != change.Create || c.Query != "":
		return ErrAdds
	case c.Ref.Type == "Patient":
		return record.Safef(record.Forbidden, "a record has one Patient, which the person writes: this grant does not include creating another")
	case !grant.Covers(a.v.grant, grant.ActCreate, c.Ref.Type):
		return record.Errorf(record.Forbidden, "this grant does not include creating %s", c.Ref.Type)
	case c.Resource.Type() != c.Ref.Type:
		return record.Safef(record.Unprocessed, "the resource is of another type than where it is put")
	case len(c.Resource.Bytes()) > MayWait:
		return errMayWait
	}
	if why, ok := change.Storable(c.Ref.Type); !ok {
		return record.Safef(record.Unprocessed, "a record cannot hold this: %s", why)
	}
	if _, ours := a.ids[c.Ref.ID]; !ours {
		return record.Safef(record.Internal, "a contribution has an id that nobody drew")
	}
	if _, _, claims := c.Resource.Claim(); claims {
		return record.Safef(record.Unprocessed, "a grant to add only sends no uploads: put the content into the resource")
	}
	if err := a.v.ownTags(c.Resource); err != nil {
		return err
	}
	if err := ownWords(nil, c.Resource); err != nil {
		return err
	}
	if c.Resource.Values() > fewValues && len(search.Index(c.Resource)) > mostSearched {
		return record.Safef(record.TooLarge, "there is more to search for in this (codes, dates, references, texts) than one entry may have, which is %d KiB: write it as several", mostSearched>>10)
	}
	return nil
}

// notFiledHere says where something would go, why, where not, and what to do.
const notFiledHere = "this would be filed under %s, which is not in this grant: %s; if it belongs elsewhere, say so in it (such as by a category, which for measurements is vital-signs), or ask the person for %s as well"

// may asks the policy, with where the resource is filed by itself.
func (a *Adder) may(c change.Change, f filing.Filed) error {
	v := a.v
	m := record.Meta{Type: c.Ref.Type, Section: f.Section}
	d := v.decide(grant.ActCreate, m)
	if d == grant.Depends {
		if d = v.decideOn(grant.ActCreate, m, factsOf(c.Ref, c.Resource.Bytes())); d == grant.Hidden {
			return v.outside("creating", c.Ref.Type)
		}
	}
	switch d {
	case grant.Allowed:
		return nil
	case grant.Ended:
		return errUnauthorized
	case grant.Forbidden:
		return record.Errorf(record.Forbidden, "this grant does not include creating %s", c.Ref.Type)
	}
	return record.Errorf(record.Forbidden, notFiledHere, f.Section, strings.TrimSuffix(f.Why.String(), "."), f.Section)
}

// leave puts the rows into one commit with the log.
func (a *Adder) leave(ctx context.Context, changes []change.Change, filed []filing.Filed, now time.Time, ev audit.Event) error {
	v := a.v
	owner, err := v.s.person(v.person)
	if err != nil {
		return err
	}
	box, size, cost := owner.Account.Box, 0, 0
	var set rowSet
	for i, c := range changes {
		id := a.ids[c.Ref.ID]
		row, err := v.sealWaiting(box, id, keys.Contribution{Grant: v.grant.ID, Time: now,
			Type: c.Ref.Type, JSON: c.Resource.Bytes(), Section: filed[i].Section, Why: filed[i].Why.Rule, Certificate: v.certificate})
		if err != nil {
			return err
		}
		set = append(set, struct{ key, value []byte }{rows.InboxKey(id), row})
		size += waitingSize(row)
		cost += waitingSize(row) + kv.RowCost
	}
	if cost > v.s.engine.MaxUpdate()-reserve {
		return a.logRefused(ctx, changes, record.Safef(record.TooLarge, "this is more than may wait together: send it as several"))
	}
	counted := false
	err = v.commit(ctx, ev, func(tx kv.Tx, p *person, _ *audit.Event) error {
		if err := p.closed(); err != nil {
			return err
		}
		if !bytes.Equal(p.Account.Box, box) {
			return errStale
		}
		if p.full(uint64(size)) {
			return errFull
		}
		count, err := v.s.countInbox(tx, p.ID, v.grant.ID)
		if err != nil {
			return err
		}
		if err := count.full(v.grant.ID, false, len(set), size); err != nil {
			return err
		}
		if !v.s.daily.takeMany(contributions, v.token.Grant, v.s.time(), contributionsDaily, uint32(len(set))) {
			return errWaitsDay
		}
		counted = true
		for _, row := range set {
			id, _ := waitingOf(row.key)
			count.add(v.grant.ID, id, 1, waitingSize(row.value))
			p.Head.Used += uint64(len(row.value))
		}
		set.put(tx)
		return nil
	})
	if err != nil && counted {
		v.s.forgetInbox(v.person)
	}
	switch err {
	case errFull, errInboxFull, errGrantWaits, errWaitsDay:
		return a.logRefused(ctx, changes, err)
	}
	return err
}

// logRefused logs that something was to be added and was not.
func (a *Adder) logRefused(ctx context.Context, changes []change.Change, why error) error {
	ev := audit.Event{Action: audit.Contribute, Outcome: audit.Refused, Reason: audit.BadRequest}
	for _, c := range changes { // by their types: of the ids nobody will hear again
		if name := (fhir.Ref{Type: c.Ref.Type}); name.Type != "" && len(ev.Entries) < noticeNames {
			ev.Entries = append(ev.Entries, name.Type)
		}
	}
	switch record.KindOf(why) {
	case record.Forbidden:
		ev.Reason = audit.NoVerb
	case record.Invalid, record.Unprocessed, record.Unsupported, record.TooLarge, record.TooMany, record.NotAllowed, record.NotFound:
	default:
		return why // a fault: nothing was refused
	}
	if err := a.v.commit(ctx, ev, nil); err != nil {
		return err
	}
	return why
}

// Refused logs a create that was refused before it came to Create, by what was sent.
func (a *Adder) Refused(ctx context.Context, typ string, why error) error {
	err := a.v.retry(ctx, func() error {
		if err := a.logRefused(ctx, []change.Change{{Ref: fhir.Ref{Type: typ}}}, why); err != why {
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	return why
}
