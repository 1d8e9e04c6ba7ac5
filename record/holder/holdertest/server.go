// Package holdertest is a store as a holder.Server, with no HTTP in between. It is
// for tests, and the one place where the person's side and the server's meet
// without a network.
package holdertest

import (
	"context"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
	"carehold/record/statement"
	"carehold/record/store"
)

var _ holder.Asking = Server{}

// Server is an open store as a device sees it.
type Server struct{ *store.Store }

func (s Server) Node(context.Context) (holder.Node, error) {
	return holder.Node{Store: s.ID(), Verifier: s.Verifier(), Time: s.Now()}, nil
}

func (s Server) Ring(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, seen uint64) (holder.RingState, error) {
	r, err := s.Store.Ring(ctx, p, slot, seen)
	out := holder.RingState{Seq: r.Seq, Blob: r.Blob, Wrap: r.Wrap, Hash: r.Hash, Epoch: r.Epoch, Checkpoint: r.Checkpoint, Proof: r.Proof,
		From: r.From, Note: r.Note}
	for _, g := range r.Live {
		out.Live = append(out.Live, holder.LiveGrant(g))
	}
	return out, err
}

func (s Server) RingLog(ctx context.Context, p record.PersonID, slot crypto.CapsuleID, from uint64) (holder.LogPage, error) {
	page, err := s.Store.RingLog(ctx, p, slot, from)
	return holder.LogPage(page), err
}

func (s Server) Submit(ctx context.Context, signed []byte, invite string) (holder.Receipt, error) {
	st, err := statement.Parse(signed)
	if err != nil {
		return holder.Receipt{}, err
	}
	var c crypto.Credential
	if invite != "" {
		if c, err = crypto.ParseToken(invite); err != nil {
			return holder.Receipt{}, err
		}
	}
	r, err := s.Store.Apply(ctx, st, c)
	return holder.Receipt(r), err
}

func (s Server) SignIn(ctx context.Context, p record.PersonID, g record.GrantID, key crypto.Key) (string, time.Time, error) {
	return s.SignInToRead(ctx, p, g, key, nil)
}

func (s Server) SignInToRead(ctx context.Context, p record.PersonID, g record.GrantID, key crypto.Key, reading []byte) (string, time.Time, error) {
	c, until, err := s.Store.SignInToRead(ctx, p, g, key, reading)
	if err != nil {
		return "", until, err
	}
	return c.Token(), until, nil
}

// View opens the View of a token.
func (s Server) View(ctx context.Context, token string) (*store.View, error) {
	c, err := crypto.ParseToken(token)
	if err != nil {
		return nil, err
	}
	return s.Store.Open(ctx, c)
}

func (s Server) Log(ctx context.Context, token string, from uint64) (holder.LogPage, error) {
	v, err := s.View(ctx, token)
	if err != nil {
		return holder.LogPage{}, err
	}
	defer v.Close()
	p, err := v.Log(ctx, from, 0)
	return holder.LogPage(p), err
}

func (s Server) Consistency(ctx context.Context, token string, from statement.Head) ([]audit.Hash, []byte, error) {
	v, err := s.View(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	defer v.Close()
	return v.Consistency(ctx, from)
}

func (s Server) SignOut(ctx context.Context, token string) ([]byte, error) {
	v, err := s.View(ctx, token)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return v.SignOut(ctx)
}

func (s Server) Strike(ctx context.Context, token string, g record.GrantID) error {
	v, err := s.View(ctx, token)
	if err != nil {
		return err
	}
	defer v.Close()
	return v.Strike(ctx, g)
}

// Asked and what follows are the store's part of a holder.Asking. A question with a code
// waits in front of the store, so that none is found here.
func (s Server) Asked(ctx context.Context, token string) (all []holder.Sealed, err error) {
	err = s.with(ctx, token, func(v *store.View) error {
		asks, err := v.Asks(ctx)
		for _, a := range asks {
			all = append(all, holder.Sealed{ID: a.ID, Hour: a.Hour, Box: a.Sealed})
		}
		return err
	})
	return all, err
}

func (s Server) Lookup(context.Context, string, string) (holder.Coded, error) {
	return holder.Coded{}, record.Safef(record.NotFound, "no code leads anywhere here")
}

func (s Server) PutAnswer(ctx context.Context, token string, c record.Capsule) error {
	return s.with(ctx, token, func(v *store.View) error { return v.PutAnswer(ctx, c) })
}

func (s Server) DropAsked(ctx context.Context, token string, request crypto.CapsuleID) error {
	return s.with(ctx, token, func(v *store.View) error { return v.DropAsk(ctx, request) })
}

func (s Server) DropAddress(ctx context.Context, token string, address crypto.CapsuleID) error {
	return s.with(ctx, token, func(v *store.View) error { return v.DropAddress(ctx, address) })
}

// with does something with the View of a token.
func (s Server) with(ctx context.Context, token string, do func(*store.View) error) error {
	v, err := s.View(ctx, token)
	if err != nil {
		return err
	}
	defer v.Close()
	return do(v)
}
