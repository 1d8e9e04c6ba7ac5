package store

import (
	"context"
	"errors"
	"time"

	"carehold/crypto"
	"carehold/record/audit"
	"carehold/record/grant"
	"carehold/record/kv"
)

// Introspection is what a client is told of a token of its own (RFC 7662).
type Introspection struct {
	Kind    crypto.Kind // crypto.Access or crypto.Refresh
	Client  string
	Scope   string
	Until   time.Time // zero: with the grant
	Patient string
	Subject string
	Bound   [32]byte    // the key that must be shown with it; zeros: none
	Grant   grant.Grant // as the person signed it
}

// Introspect tells a client of its token; false for one that opens nothing, and for every
// token that is not its own. Nothing of the record is shown, and nothing logged but that a
// token was presented in vain.
func (s *Store) Introspect(ctx context.Context, token crypto.Credential, by Presented) (i Introspection, active bool, err error) {
	i, err = s.introspect(ctx, token, by)
	if errors.Is(err, ErrGrant) {
		return Introspection{}, false, nil
	}
	return i, err == nil, err
}

func (s *Store) introspect(ctx context.Context, token crypto.Credential, by Presented) (i Introspection, err error) {
	v, err := s.presentAny(token)
	if err != nil {
		return i, err
	}
	defer v.Close()
	now, err := s.checkClock()
	if err != nil {
		return i, err
	}
	if v.token.Client == "" || v.token.Client != by.Client {
		return i, v.fail(ctx, audit.NotTheirs)
	}
	v.minting = v.kind == crypto.Refresh // an access token has to suit its grant as it is
	bound := v.token.Bound
	if err := v.stand(ctx, now, bound); err != nil {
		return i, err
	}
	i = Introspection{Kind: v.kind, Client: v.token.Client, Scope: v.token.Scope, Until: v.token.Until, Bound: bound}
	if i.Grant, err = v.full(); err != nil {
		return i, err
	}
	if end := i.Grant.Until; !end.IsZero() && (i.Until.IsZero() || end.Before(i.Until)) {
		i.Until = end
	}
	m := mint{scope: v.token.Scope}
	if i.Scope, err = m.asked(i.Grant); err != nil {
		return i, ErrGrant // nothing is left of it
	}
	if v.hold != nil {
		i.Patient, i.Subject = v.PatientID(), v.hold.Subject(v.token.Client)
	}
	if v.kind == crypto.Refresh {
		return i, s.nextIs(token, v, now)
	}
	return i, nil
}

// nextIs is ErrGrant for a refresh token that would not be taken.
func (s *Store) nextIs(token crypto.Credential, v *View, now time.Time) error {
	again, r, _, err := s.presentRefresh(token)
	if err != nil {
		return err
	}
	defer again.Close()
	return s.engine.View(kv.Partition(v.person), func(rd kv.Reader) error {
		c, err := readChain(rd, v.token.Grant)
		switch {
		case err != nil || r.Backend:
			return err
		case c == nil || now.Sub(c.Used) > refreshIdle:
			return ErrGrant
		}
		if good, _ := follows(*c, r.Number, v.capsule, now); !good {
			return ErrGrant
		}
		return nil
	})
}
