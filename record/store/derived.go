package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/change"
	"carehold/record/derived"
	"carehold/record/entry"
	"carehold/record/fhir"
	"carehold/record/grant"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// What the record knows of itself is shown as FHIR too (package derived): who wrote a
// version, what the person decided, who looked. None of it is kept, and the View makes
// it as far as it reaches:
//
//	Provenance   of each version that the View may read
//	Consent      to a grantee their own; to a session that reads the log, all
//	AuditEvent   to a grantee the log entries of their own grant, but of the openings of
//	             a link; to a session those of its own; to one that reads the log
//	             (keys.Reading), all
//
// Reading and searching it is logged like anything else.

// deriver makes it, in one snapshot.
type deriver struct {
	v       *View
	r       kv.Reader
	p       *person
	d       *rows.Directory
	about   derived.About
	reading keys.Reading
	reader  *audit.Reader
	names   *keys.LeafNames // for who is not to know the places in the log
	grants  map[record.GrantID]keys.Noted
}

func (v *View) deriver(r kv.Reader, p *person, d *rows.Directory) (*deriver, error) {
	x := &deriver{v: v, r: r, p: p, d: d, reader: audit.NewReader(v.person), grants: map[record.GrantID]keys.Noted{},
		about: derived.About{Patient: v.hold.PatientID(), Store: v.s.id, Base: v.s.opts.FHIRBase}}
	if !v.grant.Self {
		names := keys.NamesOf(v.token.Audit)
		x.names = &names
	}
	if v.token.Reading == nil {
		x.reader.AddGrant(v.token.Grant, v.token.Audit)
		x.grants[v.grant.ID] = keys.Noted{Grant: v.grant}
		return x, nil
	}
	var err error
	if x.reading, err = keys.ParseReading(v.token.Reading, v.person); err != nil {
		return nil, record.Safef(record.Internal, "what a session brought cannot be read")
	}
	for n, g := range x.reading.Generations {
		var ids []record.GrantID
		for _, noted := range x.reading.Grants {
			if int(noted.Generation) == n {
				ids = append(ids, noted.Grant.ID)
				x.grants[noted.Grant.ID] = noted
			}
		}
		x.reader.AddGeneration(g.Audit, ids)
		x.reader.AddBox(crypto.NewBoxKey(g.Box))
	}
	return x, nil
}

// close overwrites what the session brought, and what opened the log.
func (x *deriver) close() {
	x.reading.Destroy()
	x.reader.Destroy()
}

// writable refuses to write under a name of what is derived, whether there is anything
// of the name or not.
func writable(verb change.Verb, ref fhir.Ref) error {
	switch verb {
	case change.Create, change.Update, change.Patch, change.Delete:
		if _, is := derived.Parse(ref); is {
			return record.Errorf(record.NotAllowed, "%s is a name of what is made from the record and not written: it can be read", ref)
		}
	}
	return nil
}

// errNotDerived: there is nothing of that name, for this View.
var errNotDerived = errors.New("nothing derived has this name")

// fetchAny is fetch, of what is derived too. A real entry goes first.
func (v *View) fetchAny(ctx context.Context, ref fhir.Ref, version record.Version) (Entry, error) {
	e, err := v.fetch(ctx, ref, version)
	name, ok := derived.Parse(ref)
	if !ok || !errors.Is(err, record.NotFound) {
		return e, err
	}
	err = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, d, err := v.directory(r)
		if err != nil {
			return err
		}
		x, err := v.deriver(r, p, d)
		if err != nil {
			return err
		}
		defer x.close()
		e, err = x.version(ctx, name, version)
		return err
	})
	if errors.Is(err, errNotDerived) {
		err = notThere(ref)
	}
	return e, err
}

// named makes the one of a name.
func (x *deriver) named(ctx context.Context, name derived.Name) (e Entry, err error) {
	switch name.Type {
	case derived.TypeProvenance:
		err = errNotDerived
		there := x.versions(ctx, name.Entry, func(made Entry, of record.Version) bool {
			if of == name.Version {
				e, err = made, nil
			}
			return err != nil
		})
		if there != nil {
			return e, there
		}
		return e, err
	case derived.TypeConsent:
		return x.consent(name.Grant)
	case derived.TypeAuditEvent:
		return x.event(name)
	}
	return e, errNotDerived
}

// version makes one version of the one of a name; 0 is the newest. All have one, but a
// Consent that ended has the one before too.
func (x *deriver) version(ctx context.Context, name derived.Name, version record.Version) (Entry, error) {
	e, err := x.named(ctx, name)
	switch {
	case err != nil || version == 0 || version == e.Version:
		return e, err
	case version == 1: // of 2
		live := derived.Decision{Grant: x.grants[name.Grant].Grant, Live: true}
		return made(name, e.Section, live.Grant.From, derived.Consent(x.about, live)), nil
	}
	return Entry{}, errNotDerived
}

// made is something derived as an entry of the record.
func made(name derived.Name, s record.Section, at time.Time, body []byte) Entry {
	ref := name.Ref()
	return Entry{Ref: ref, Version: 1, Section: s, Header: entry.Header{Type: ref.Type, ID: ref.ID, Time: at}, Body: body}
}

// versions makes the Provenance of each version of an entry, newest first, until fn has
// what it wants. Of an entry that the View may not read there is none.
func (x *deriver) versions(ctx context.Context, id record.EntryID, fn func(e Entry, of record.Version) (more bool)) error {
	l, there, err := x.d.Lookup(x.v.s.known.Reader(x.r), id)
	if err != nil {
		return err
	}
	if !there {
		x.v.hold.Miss()
		return nil
	}
	var only *seen // of an entry that is seen by what is in it
	return rows.Walk(x.r, l, func(ver rows.Version) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		h, s, mine, err := x.v.header(x.r, l, ver)
		if err != nil || !mine {
			return false, err
		}
		switch m := (record.Meta{Type: h.Type, Section: s}); x.v.decide(grant.ActVersion, m) {
		case grant.Allowed:
		case grant.Depends:
			if only == nil {
				all, err := x.v.seen(ctx, x.r, l, 0, grant.ActVersion, m)
				if err != nil {
					return false, err
				}
				only = &all
			}
			if only.of(ver.At.Version()) != grant.Allowed {
				return only.now == grant.Allowed, nil
			}
		default:
			return false, nil
		}
		name := derived.Name{Type: derived.TypeProvenance, Entry: id, Version: ver.At.Version()}
		body := derived.Provenance(x.about, derived.Version{Entry: id, Ref: fhir.Ref{Type: h.Type, ID: h.ID}, Version: name.Version, Header: h, Section: s,
			Own: x.v.grant.ID, Person: x.v.grant.Self})
		return fn(made(name, s, h.Time, body), name.Version), nil
	})
}

// consent makes the Consent of a grant.
func (x *deriver) consent(id record.GrantID) (Entry, error) {
	n, there := x.grants[id]
	if !there || n.Grant.Self {
		return Entry{}, errNotDerived // the person's own is none that they gave to somebody
	}
	d := derived.Decision{Grant: n.Grant, Ended: n.Ended, Why: derived.EndReason(n.Why)}
	if id == x.v.grant.ID {
		d.Certificate = x.v.certificate
	}
	now := x.v.s.time()
	if listed, there := x.p.Live.Find(id); d.Ended.IsZero() {
		switch {
		case x.p.Live.Valid(id, now):
			d.Live = true
		case n.Grant.Ended(now):
			d.Ended, d.Why = n.Grant.Until, derived.EndReason(derived.RanOut)
		case there && listed.Struck:
			d.Why = derived.EndReason(derived.Struck)
		}
	}
	at := n.Grant.From
	if !d.Ended.IsZero() {
		at = d.Ended
	}
	e := made(derived.Name{Type: derived.TypeConsent, Grant: id}, record.Identity, at, derived.Consent(x.about, d))
	if !d.Live {
		e.Version = 2
	}
	return e, nil
}

// event makes the AuditEvent of a log entry that the View opens.
func (x *deriver) event(name derived.Name) (Entry, error) {
	index := name.Index
	if name.Hidden != (x.names != nil) {
		return Entry{}, errNotDerived
	}
	if x.names != nil {
		index = x.names.Index(index)
	}
	if index >= x.p.Head.Log.Size {
		return Entry{}, errNotDerived
	}
	leaf, err := x.r.Get(rows.LeafKey(index))
	if errors.Is(err, kv.ErrNotFound) {
		err = rows.Damaged("log")
	}
	if err != nil {
		return Entry{}, err
	}
	opened, err := x.reader.Open(index, leaf)
	if err != nil || !x.shows(opened) {
		return Entry{}, errNotDerived
	}
	return x.told(opened), nil
}

// shows reports whether the View is told of a log entry that it opens. Who opened a link
// said so to the person, and not to others who have a token of the link's grant.
func (x *deriver) shows(e audit.Entry) bool {
	return x.v.grant.Self || e.Event.Action != audit.Opened
}

// told is an opened log entry as an AuditEvent.
func (x *deriver) told(e audit.Entry) Entry {
	name := derived.Logged(e.Index)
	if x.names != nil {
		name.Index, name.Hidden = x.names.Name(e.Index), true
	}
	body := derived.AuditEvent(x.about, name, e, func(id record.GrantID) (grant.Grant, bool) {
		n, known := x.grants[id]
		if !known && id == x.v.grant.ID {
			return x.v.grant, true // made after the session brought what it knew
		}
		return n.Grant, known
	})
	return made(name, record.Identity, e.Event.Time, body)
}

// nameHash is where something derived stands among what a search goes through.
func nameHash(ref fhir.Ref) (id record.EntryID) {
	sum := sha256.Sum256([]byte(ref.String()))
	copy(id[:], sum[:])
	return id
}
