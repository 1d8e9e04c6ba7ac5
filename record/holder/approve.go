package holder

import (
	"context"
	"errors"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/keys"
)

// How long an answer lies there to be fetched.
const (
	coded     = 15 * time.Minute // whoever asked with a code waits at a screen
	addressed = 30 * aDay
)

var (
	errAnswered error = record.Safef(record.Unprocessed, "this request has been answered already: if not by you, somebody else may have seen its code; begin again in the app, for a new one")
	errRanOut   error = record.Safef(record.Unprocessed, "this request has run out: let them ask again")
	errWords    error = record.Safef(record.Invalid, "what you say to it has at most %d characters, in one line", keys.MaxWords)
	errDamaged  error = record.Safef(record.Integrity, "this request cannot be opened, and not be answered: remove it")
)

// open reports whether a request can be answered.
func (r Request) open(now time.Time, words string) error {
	switch {
	case r.Damaged:
		return errDamaged
	case !r.Expires.IsZero() && !now.Before(r.Expires):
		return errRanOut
	case len(words) > keys.MaxWords || !grant.Printable(words):
		return errWords
	}
	return nil
}

// until is when its answer must have been fetched.
func (r Request) until(now time.Time) time.Time {
	if r.Question.Address != [16]byte{} {
		return now.Add(addressed).Truncate(time.Second)
	}
	return now.Add(coded).Truncate(time.Second)
}

// Approve says yes to a request, with what the person gives: one statement makes the
// grant and brings the answer, which who asked fetches. It gives no more than was asked
// for, in sections, scopes or time, but where the person said so (Beyond). words are what
// the person says to it.
func (h *Holder) Approve(ctx context.Context, r Request, req GrantRequest, words string) (grant.Grant, error) {
	var (
		made   grant.Grant // one for all tries, and so is its answer: a server that
		answer keys.Capsule
		under  uint32 // broke off after it had put that takes it again
	)
	return change(ctx, h, func(d *draft) (grant.Grant, error) {
		if err := r.open(d.now, words); err != nil {
			return grant.Grant{}, err
		}
		if d.ring.answered(r.ID) != nil || d.refused > 2 { // it has an answer that is not of this keyring
			return grant.Grant{}, errAnswered
		}
		if made.ID == (record.GrantID{}) {
			g, err := d.grantFor(r, req)
			if err != nil {
				return grant.Grant{}, err
			}
			made = g
		} else if made.Ended(d.now) {
			return grant.Grant{}, errRanOut
		}
		held := d.add(made)
		if answer.Blob == nil || under != held.gen {
			var err error
			if answer, err = d.answer(held, r, words); err != nil {
				return grant.Grant{}, err
			}
			under = held.gen
		}
		d.capsules = append(d.capsules, answer)
		d.did(audit.Approve, "said yes to a request, and gave "+describeGrant(made), made.ID)
		return made, nil
	})
}

// grantFor is the grant for a request, if it may be given.
func (d *draft) grantFor(r Request, req GrantRequest) (grant.Grant, error) {
	g, err := d.grantOf(req)
	if err != nil {
		return g, err
	}
	g.Client, g.Bound, g.Asked = r.Question.Client, r.Question.Bound, r.ID
	if err := g.Check(); err != nil {
		return g, err
	}
	return g, r.may(g, req, d.now)
}

// Allows says why this cannot be given for a request, before anybody is asked whether it
// shall be; nil where it can.
func (r Request) Allows(req GrantRequest, now time.Time) error {
	g := grant.Grant{Client: r.Question.Client, Bound: r.Question.Bound, Asked: r.ID, Sections: grant.With(req.Sections), Scopes: req.Scopes, Until: req.Until}
	if req.Lasts > 0 {
		g.Until = now.Add(req.Lasts)
	}
	return r.may(g, req, now)
}

// may demands that a grant is no more than was asked for, where the person has not said
// that it shall be, and that it suits who asked.
func (r Request) may(g grant.Grant, req GrantRequest, now time.Time) error {
	if err := r.within(g, now); err != nil && !req.Beyond {
		return err
	}
	return Suits(g, req.Unbound)
}

// within demands that a grant is no more than was asked for.
func (r Request) within(g grant.Grant, now time.Time) error {
	_, sections, scopes, err := r.asked()
	if err != nil {
		return err
	}
	if more := g.Sections &^ sections; more != 0 {
		return record.Errorf(record.Unprocessed, "nobody asked for %s: leave that out, or say that you give more than was asked for", more)
	}
	for _, s := range g.Scopes {
		if !grant.Within([]grant.Scope{s}, scopes) {
			return record.Errorf(record.Unprocessed, "nobody asked for %s: leave that out, or say that you give more than was asked for", s)
		}
	}
	if lasts := r.Question.Lasts; lasts > 0 && (g.Until.IsZero() || g.Until.After(now.Add(lasts))) {
		return record.Safef(record.Unprocessed, "this is longer than was asked for: make it shorter, or say that you give more than was asked for")
	}
	return nil
}

// answer is the capsule with the grant's key, for who asked.
func (d *draft) answer(g *held, r Request, words string) (keys.Capsule, error) {
	q, _, _, err := r.asked()
	if err != nil {
		return keys.Capsule{}, err
	}
	scope := grant.Granted(q, g.grant)
	if len(q.Scopes) == 0 && r.Question.Client != "" {
		scope = grant.FormatScopes(g.grant.Scopes)
	}
	given, err := grant.ParseRequested(scope)
	switch {
	case err == nil && len(given.Scopes) == 0 && len(q.Scopes) > 0:
		return keys.Capsule{}, record.Safef(record.Unprocessed, "nothing of what was asked for would be given: choose from it, or refuse")
	case err != nil || len(scope) > keys.MaxScope:
		return keys.Capsule{}, record.Safef(record.Unprocessed, "this app asks in more words than an answer has room for: give fewer of its scopes")
	}
	gen := d.ring.gens[g.gen]
	a := keys.Answer{Person: d.ring.person, Grant: g.grant.ID, Until: r.until(d.now), Ends: g.grant.Until, Scope: scope, Words: words,
		Key: keys.GrantKey(gen.grants, g.grant.ID), Audit: keys.AuditKey(gen.audit, g.grant.ID)}
	defer a.Destroy()
	capsule, err := keys.SealAnswer(r.ID, r.Question.Box, a)
	if err == nil && len(capsule.Blob) > maxAnswer {
		err = record.Safef(record.Unprocessed, "the answer is too long: say less, or give fewer scopes")
	}
	return capsule, err
}

// maxAnswer is the room that a statement has for it: docs/format.md, "Statement".
const maxAnswer = 4<<10 - 20

// Refuse says no to a request, from a session, with what the person says to it.
func (h *Holder) Refuse(ctx context.Context, token string, r Request, words string) error {
	srv, err := h.asking()
	if err != nil {
		return err
	}
	now := h.Now()
	if err := r.open(now, words); err != nil {
		return err
	}
	if h.state().ring.answered(r.ID) != nil {
		return errAnswered
	}
	answer, err := keys.SealAnswer(r.ID, r.Question.Box, keys.Answer{Person: h.Person(), Until: r.until(now), Words: words})
	if err != nil {
		return err
	}
	answered := srv.PutAnswer(ctx, token, answer)
	if answered != nil && !errors.Is(answered, record.Conflict) {
		return answered
	}
	if err := h.dropped(ctx, srv, token, r); err != nil || answered == nil {
		return err
	}
	return errAnswered
}

// Drop removes a request that came in at an address, unanswered.
func (h *Holder) Drop(ctx context.Context, token string, r Request) error {
	srv, err := h.asking()
	if err != nil {
		return err
	}
	return h.dropped(ctx, srv, token, r)
}

// dropped removes what is at rest of a request. One with a code never was.
func (h *Holder) dropped(ctx context.Context, srv Asking, token string, r Request) error {
	if r.Question.Address == [16]byte{} && !r.Damaged {
		return nil
	}
	if err := srv.DropAsked(ctx, token, r.ID); !errors.Is(err, record.NotFound) {
		return err
	}
	return nil
}
