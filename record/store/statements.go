package store

import (
	"context"
	"errors"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
	"carehold/record/rows"
	"carehold/record/statement"
)

var (
	errBehind     error = record.Safef(record.Conflict, "another device was first: reload the keyring and do it again")
	errOtherStore error = record.Safef(record.Unprocessed, "this statement was signed for another server, or for this one before it was restored")
	errBadSign    error = record.Safef(record.Unauthorized, "the statement is not signed by this record's identity")
	errLogLost    error = record.Safef(record.Integrity, "this device has seen more of the log than this server has: the server was wound back")
)

// Apply carries out a statement: wholly, or not at all. It must follow the
// person's last one, else record.Conflict. The first of a person needs an
// invite. A statement that is sent again after it was applied is answered as it
// was the first time.
func (s *Store) Apply(ctx context.Context, st statement.Signed, invite crypto.Credential) (Receipt, error) {
	now, err := s.checkClock()
	if err != nil {
		return Receipt{}, err
	}
	claimed, err := statement.ParseBody(st.Body)
	if err != nil {
		return Receipt{}, record.Safef(record.Invalid, "this is not a statement: %w", err)
	}
	if claimed.Store != s.id {
		return Receipt{}, errOtherStore
	}
	unlock, err := s.writers.lock(ctx, claimed.Person)
	if err != nil {
		return Receipt{}, err
	}
	defer unlock()

	// The signature comes first: a stranger gets one answer, whether there is such a
	// person or not and however far their statements are.
	known, err := s.person(claimed.Person)
	var identity *crypto.PublicKey
	switch {
	case errors.Is(err, errNoPerson):
		if claimed.Seq != 1 {
			return Receipt{}, errBadSign
		}
	case err != nil:
		return Receipt{}, err
	default:
		identity = &known.Account.Signing
		if again(st, claimed, known.Account) {
			return s.receipt(known)
		}
	}
	body, err := st.Verify(identity)
	if err != nil {
		return Receipt{}, errBadSign
	}
	if identity != nil && (body.Seq != known.Account.Seq+1 || body.Prev != known.Account.Last) {
		return Receipt{}, errBehind
	}
	var quota uint64
	if identity == nil {
		admitted, err := s.claim(ctx, invite, body.Person, now)
		if err != nil {
			return Receipt{}, err
		}
		quota = admitted.Quota
	}
	// A full record still takes statements, and each leaves a log entry and perhaps
	// an epoch: as many a day as nobody needs, and not as many as fill a disk.
	// Of a stranger without an invite nothing is counted: they have as many names as
	// they like.
	if !s.daily.take(statements, body.Person, now, statementsDaily) {
		return Receipt{}, record.Safef(record.TooMany, "this record has made its %d changes of grants and keys for today: try again tomorrow", statementsDaily)
	}
	// Tried first, so that what is against the rules leaves nothing behind: a
	// capsule is outside its person's room until the statement counts it.
	name := statement.HashOf(st.Body)
	err = s.engine.View(kv.Partition(body.Person), func(r kv.Reader) error {
		_, err := s.apply(&trial{Reader: r}, body, name, quota, now)
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	// Capsules before the rest: one that leads to nothing is harmless, and a grant
	// whose token was lost is not.
	if err := s.putCapsules(ctx, body.Person, append(append([]record.Capsule(nil), body.PutSlots...), body.Capsules...)); err != nil {
		return Receipt{}, err
	}
	var after *person
	var ring rows.Ring // of a record that this deletes
	err = s.engine.Update(ctx, kv.Partition(body.Person), func(tx kv.Tx) error {
		after, err = s.apply(tx, body, name, quota, now)
		if err != nil || body.MovedTo != statement.Deleted {
			return err
		}
		if ring, err = after.Ring(tx); err != nil {
			return err
		}
		dropRecord(tx)
		return nil
	})
	if err != nil {
		return Receipt{}, err
	}
	// What an epoch or a grant that ended made useless is not kept.
	s.letGo(body.Person, func(g record.GrantID, e record.Epoch) bool {
		return e == after.Live.Epoch && after.Live.Valid(g, now)
	})
	s.running.stop(body.Person, func(g record.GrantID) bool { return after.Live.Valid(g, now) })
	s.running.changed(body.Person, body.Grants, after.Account.Signing)
	s.cutSlots(context.WithoutCancel(ctx), body.CutSlots, body.Person) // they open nothing any more; this tidies
	if body.MovedTo == statement.Deleted {
		if err := s.clearRecord(context.WithoutCancel(ctx), body.Person, ring); err != nil {
			return Receipt{}, err
		}
	}
	return s.receipt(after)
}

// again reports whether a statement is the last one, sent once more. One that
// brought a new identity is held against that: the key before it is not kept.
func again(st statement.Signed, b statement.Body, a rows.Account) bool {
	if b.Seq != a.Seq || statement.HashOf(st.Body) != a.Last {
		return false
	}
	if b.Identity != nil {
		return a.Signing.Verify(crypto.SignIdentity, st.Body, st.NewSignature) == nil
	}
	_, err := st.Verify(&a.Signing)
	return err == nil
}

// trial is a transaction that is never written.
type trial struct {
	kv.Reader
	rows map[string][]byte // nil: deleted
}

func (t *trial) Get(key []byte) ([]byte, error) {
	switch row, written := t.rows[string(key)]; {
	case !written:
		return t.Reader.Get(key)
	case row == nil:
		return nil, kv.ErrNotFound
	default:
		return row, nil
	}
}

func (t *trial) Put(key, value []byte) {
	if t.rows == nil {
		t.rows = make(map[string][]byte)
	}
	t.rows[string(key)] = append([]byte{}, value...)
}

func (t *trial) Delete(key []byte) {
	t.Put(key, nil)
	t.rows[string(key)] = nil
}

// person reads a person's state as it is on the disk.
func (s *Store) person(id record.PersonID) (p *person, err error) {
	err = s.engine.View(kv.Partition(id), func(r kv.Reader) error {
		p, err = s.load(r, id)
		return err
	})
	return p, err
}

func (s *Store) receipt(p *person) (Receipt, error) {
	cp, err := s.signer.Sign(p.ID, p.Head.Log.Head())
	return Receipt{p.Account.Seq, cp}, err
}
