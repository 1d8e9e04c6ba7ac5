package store

import (
	"context"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
)

// SignIn makes a session of the person's own standing grant: whoever presents
// its key is a device that opened the keyring. Everything else is the same
// refusal.
func (s *Store) SignIn(ctx context.Context, id record.PersonID, g record.GrantID, gk crypto.Key) (crypto.Credential, time.Time, error) {
	return s.SignInToRead(ctx, id, g, gk, nil)
}

// SignInToRead makes a session that reads the log too: the device brings what opens it,
// the message of a keys.Reading, which is sealed in the session's capsule.
func (s *Store) SignInToRead(ctx context.Context, id record.PersonID, g record.GrantID, gk crypto.Key, reading []byte) (crypto.Credential, time.Time, error) {
	fail := func(err error) (crypto.Credential, time.Time, error) { return crypto.Credential{}, time.Time{}, err }
	now, err := s.checkClock()
	if err != nil {
		return fail(err)
	}
	if reading != nil {
		brought, err := keys.ParseReading(reading, id)
		if err != nil {
			return fail(record.Safef(record.Invalid, "what opens the log cannot be read").At("reading"))
		}
		brought.Destroy()
	}
	v := &View{s: s, person: id, token: keys.TokenCapsule{Person: id, Grant: g, Key: gk, Reading: reading}}
	var opened *keys.GrantRow
	err = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		p, err := s.load(r, id)
		if errors.Is(err, errNoPerson) {
			return errUnauthorized
		}
		if err != nil {
			return err
		}
		x, there := p.Live.Find(g)
		if !there || !x.Self {
			return errUnauthorized
		}
		row, err := x.ReadRow(r)
		if err != nil {
			return err
		}
		if opened, err = keys.OpenGrantRow(id, g, gk, row); err != nil {
			return errUnauthorized // another key than the grant's
		}
		return nil
	})
	if err != nil {
		return fail(err)
	}
	v.token.Audit = opened.Audit
	if opened.Hold != nil {
		opened.Hold.Destroy()
	}
	if err := v.load(ctx, now); err != nil {
		return fail(err)
	}
	defer v.hold.Destroy()
	defer v.token.Audit.Destroy()
	defer func() { v.leaf.Destroy() }()
	session := crypto.NewCredential(crypto.Session)
	until := now.Add(sessionMost).Truncate(time.Second)
	v.token.Until, v.capsule = until, session.CapsuleID()
	key := session.CapsuleKey()
	defer key.KEK.Destroy()
	capsule := keys.SealToken(key, v.token)
	if err := v.commit(ctx, audit.Event{Action: audit.SignIn}, nil); err != nil {
		return fail(err)
	}
	if err := s.putCapsule(ctx, id, capsule); err != nil {
		return fail(err)
	}
	s.sessions.touch(session.CapsuleID(), now)
	return session, until, nil
}

// SignOut ends the session the View was opened with. An access token is ended by
// ending its grant.
//
// It returns the checkpoint of the log as it was left, which a device remembers: what
// goes missing of the session later is counted by it. Where that cannot be read, the
// session is over all the same, and there is none.
func (v *View) SignOut(ctx context.Context) (checkpoint []byte, err error) {
	if v.kind != crypto.Session {
		return nil, record.Safef(record.Forbidden, "only a session can be signed out; a token ends with its grant")
	}
	if err := v.s.dropCapsule(ctx, v.capsule); err != nil {
		return nil, err // still there, and still as asleep as it was
	}
	v.s.sessions.forget(v.capsule)
	_ = v.s.engine.View(kv.Partition(v.person), func(r kv.Reader) error {
		p, err := v.s.load(r, v.person)
		if err == nil {
			checkpoint, err = v.s.signer.Sign(v.person, p.Head.Log.Head())
		}
		return err
	})
	return checkpoint, nil
}

// Strike stops a grant at once. Any session of the person can; starting the
// epoch that renews the others' keys needs the root key, on a device. It is not
// counted among the day's requests: whoever used them up must not have a grant go
// on by it. Stopping what is stopped already changes and logs nothing.
func (v *View) Strike(ctx context.Context, g record.GrantID) error {
	if !v.grant.Self {
		return v.onlyPerson(ctx)
	}
	err := v.retry(ctx, func() error {
		return v.uncounted(ctx, audit.Event{Action: audit.Strike, About: []record.GrantID{g}},
			func(tx kv.Tx, p *person, _ *audit.Event) error {
				x, there := p.Live.Find(g)
				switch {
				case !there:
					return record.Safef(record.NotFound, "no live grant has this id")
				case x.Struck:
					return errDone
				case x.Self:
					return record.Safef(record.Unprocessed, "your own access cannot be stopped; remove a device instead")
				}
				for i := range p.Live.Grants {
					if p.Live.Grants[i].Grant == g {
						p.Live.Grants[i].Struck = true
					}
				}
				p.putLive(tx)
				return nil
			})
	})
	if errors.Is(err, errDone) {
		return nil
	}
	if err == nil {
		v.s.letGoGrant(v.person, g)
		v.s.running.stop(v.person, func(x record.GrantID) bool { return x != g })
	}
	return err
}

// errDone: there is nothing to do.
var errDone = errors.New("done already")

// onlyPerson refuses what is for the person themself, and logs that it was tried.
func (v *View) onlyPerson(ctx context.Context) error {
	err := v.retry(ctx, func() error {
		return v.commit(ctx, audit.Event{Action: audit.Used, Outcome: audit.Refused, Reason: audit.WrongPlace}, nil)
	})
	if err != nil {
		return err
	}
	return record.Safef(record.Forbidden, "this is for the person themself, signed in on a device of theirs")
}
