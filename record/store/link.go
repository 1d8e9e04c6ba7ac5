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

// A SMART Health Link is a grant in the form of a URL. What it opens is made on the
// person's device and kept as it came, sealed under a key that is in the link and not
// in its URL; or, where the person said so, it is a summary of the record as it is
// when the link is opened, for which the link holds the grant's key.

// Link is what a link's URL opens.
type Link struct {
	Flags keys.LinkFlags
	Until time.Time

	s       *Store
	url     crypto.Credential
	id      crypto.CapsuleID
	capsule keys.LinkCapsule
}

// NoLink is the one answer to every link that opens nothing: unknown, stopped, run out
// or tried too often.
var NoLink error = record.Safef(record.NotFound, "this link opens nothing: it may be mistyped, have run out or have been stopped; ask the person who gave it to you for another")

// linkDaily is how often a day one link is opened or refused: each time is an entry in
// the log.
const linkDaily = 500

// OpenLink opens the outer half of a link. Nothing is logged yet but that a stopped
// one was tried.
func (s *Store) OpenLink(ctx context.Context, url crypto.Credential) (*Link, error) {
	if url.IsZero() || url.Kind() != crypto.Link {
		return nil, NoLink
	}
	now, err := s.checkClock()
	if err != nil {
		return nil, err
	}
	l := &Link{s: s, url: url, id: url.CapsuleID()}
	sealed, err := s.capsule(l.id)
	if errors.Is(err, errNoCapsule) {
		return nil, NoLink
	}
	if err != nil {
		return nil, err
	}
	key := url.CapsuleKey()
	defer key.KEK.Destroy()
	if l.capsule, err = keys.OpenLink(key, sealed.Capsule); err != nil || !s.ownedBy(sealed, l.capsule.Person) {
		return nil, NoLink
	}
	l.Flags, l.Until = l.capsule.Flags, l.capsule.Until
	var p *person
	err = s.engine.View(kv.Partition(l.capsule.Person), func(r kv.Reader) error {
		p, err = s.load(r, l.capsule.Person)
		return err
	})
	if errors.Is(err, errNoPerson) {
		err = NoLink
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	listed, there := p.Live.Find(l.capsule.Grant)
	switch {
	case !there || listed.Struck:
		err = l.refuse(ctx, audit.Stopped)
	case !p.Live.Valid(l.capsule.Grant, now) || !l.Until.IsZero() && !now.Before(l.Until):
		err = l.refuse(ctx, audit.Expired)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Close overwrites the link's keys.
func (l *Link) Close() { l.capsule.Audit.Destroy() }

// WrongPasscode is the error of a passcode that was another.
type WrongPasscode struct{ Remaining int }

func (e WrongPasscode) Error() string { return "the passcode is another" }

// Opened is a link that was opened. Close it.
type Opened struct {
	Key  crypto.Key // seals what is made now
	View *View      // of the grant; nil where no summary is made

	l     *Link
	inner keys.LinkSecrets
}

// Open opens a link for somebody who says who they are, and logs it. WrongPasscode
// says how many tries are left.
func (l *Link) Open(ctx context.Context, recipient string, passcode crypto.Secret) (*Opened, error) {
	return l.open(ctx, recipient, passcode, &audit.Event{Action: audit.Opened, Text: recipient})
}

// Again opens it for more of what an opening showed, which is in the log.
func (l *Link) Again(ctx context.Context, passcode crypto.Secret) (*Opened, error) {
	return l.open(ctx, "", passcode, nil)
}

func (l *Link) open(ctx context.Context, recipient string, passcode crypto.Secret, e *audit.Event) (*Opened, error) {
	if l.Flags&keys.LinkPasscode != 0 && passcode.IsZero() {
		return nil, l.unasked(ctx)
	}
	if !l.s.daily.take(requests, l.id, l.s.time(), linkDaily) {
		return nil, record.Safef(record.TooMany, "this link was opened %d times today: try again tomorrow", linkDaily)
	}
	tried, leave := false, func() {}
	if l.Flags&keys.LinkPasscode != 0 {
		// One at a time: whoever has the passcode needs no try of those who guess.
		unlock, err := l.s.linkTurns.lock(ctx, record.PersonID(l.id))
		if err != nil {
			return nil, err
		}
		defer unlock()
		if leave, err = l.place(ctx); err != nil {
			return nil, err
		}
		defer leave()
		// From here on to the end, also for a client that goes away: a try that was taken
		// from whoever has the passcode is given back.
		ctx = context.WithoutCancel(ctx)
		if err := l.take(ctx); err != nil {
			return nil, err
		}
		tried = true
	}
	inner, err := l.capsule.Open(l.url, passcode)
	leave() // what follows takes neither memory nor time
	if err != nil {
		return nil, l.wrong(ctx, recipient)
	}
	o := &Opened{Key: inner.Key, l: l, inner: inner}
	if !inner.Grant.IsZero() {
		if o.View, err = l.view(ctx, inner.Grant); err != nil {
			inner.Destroy()
			return nil, err
		}
	}
	err = l.update(ctx, e, func(tx kv.Tx) error {
		if !tried {
			return nil
		}
		used, err := l.tries(tx)
		if err == nil {
			err = l.putTries(tx, used-min(used, 1))
		}
		return err
	})
	if err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

// Close overwrites the keys.
func (o *Opened) Close() {
	if o.View != nil {
		o.View.Close()
	}
	o.inner.Destroy()
}

// view is that of the link's grant.
func (l *Link) view(ctx context.Context, gk crypto.Key) (*View, error) {
	v := &View{s: l.s, capsule: l.id, kind: crypto.Link, person: l.capsule.Person,
		token: keys.TokenCapsule{Person: l.capsule.Person, Grant: l.capsule.Grant, Key: gk.Clone(), Audit: l.capsule.Audit.Clone(), Until: l.Until}}
	now, err := l.s.checkClock()
	if err == nil {
		err = v.load(ctx, now)
	}
	if err != nil {
		v.Close()
		if errors.Is(err, errUnauthorized) {
			err = NoLink
		}
		return nil, err
	}
	return v, nil
}

// update changes what is counted of the link, and logs an event if there is one, while
// the grant is live.
func (l *Link) update(ctx context.Context, e *audit.Event, write func(kv.Tx) error) error {
	now, err := l.s.checkClock()
	if err != nil {
		return err
	}
	return l.s.engine.Update(ctx, kv.Partition(l.capsule.Person), func(tx kv.Tx) error {
		p, err := l.s.load(tx, l.capsule.Person)
		if err != nil {
			return err
		}
		if !p.Live.Valid(l.capsule.Grant, now) {
			return NoLink
		}
		if err := write(tx); err != nil || e == nil {
			return err
		}
		return l.leaf(tx, p, *e)
	})
}

func (l *Link) leaf(tx kv.Tx, p *person, e audit.Event) error {
	e.Time, e.Grant, e.Token = l.s.time(), l.capsule.Grant, tokenMark(l.id)
	e.Text = clip(e.Text, maxRecipient)
	err := p.appendLeaf(tx, func(index uint64) ([]byte, error) {
		return audit.GrantLeaf(l.capsule.Audit, l.capsule.Person, l.capsule.Grant, index, e), nil
	})
	if err == nil {
		l.s.save(tx, p)
	}
	return err
}

// maxRecipient is how much is kept of what somebody says of themself, in bytes: 80
// characters, whichever.
const maxRecipient = 320

// refuse logs that the link was used where it opens nothing, and returns the one
// answer to that.
func (l *Link) refuse(ctx context.Context, why audit.Reason) error {
	if !l.s.daily.take(refusals, l.id, l.s.time(), refusalsDaily) {
		return NoLink
	}
	err := l.s.engine.Update(ctx, kv.Partition(l.capsule.Person), func(tx kv.Tx) error {
		p, err := l.s.load(tx, l.capsule.Person)
		if err != nil {
			return err
		}
		return l.leaf(tx, p, audit.Event{Action: audit.Opened, Outcome: audit.Refused, Reason: why})
	})
	if err != nil && !errors.Is(err, errNoPerson) {
		l.s.log.Warn("a refusal could not be logged", "err", record.SafeText(err))
	}
	return NoLink
}
