package store

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/keys"
	"carehold/record/kv"
	"carehold/record/rows"
)

// At an address of a person's anybody who has it can ask for access. What they ask waits,
// sealed to the person, until the person looks. Whoever asks learns nothing by asking: an
// address that is unknown, closed or full is asked at as any other is, with the same
// answer and the same work, down to the commit.

// AskLasts is how long what was asked at an address waits for an answer.
const AskLasts = 30 * 24 * time.Hour

const (
	askedMost     = 50                      // that wait for one person
	askedOfOne    = 20                      // of them, that came in at one address
	asksDaily     = 20                      // at one address
	answerMost    = 8 << 10                 // bytes of an answer, sealed
	answerLongest = AskLasts + 24*time.Hour // for the clock of a device that is fast
	fetchedMost   = 4096
)

// asking remembers which of the requests that wait came in at which address: nothing at
// rest says so but what is sealed. After a restart those that wait are nobody's, and
// count for their person alone.
type asking struct {
	mu    sync.Mutex
	at    map[crypto.CapsuleID][]crypto.CapsuleID
	decoy []byte // public key of nobody

	fetched map[crypto.CapsuleID]time.Time // whose answer was fetched, and when that is forgotten
}

// tookIt remembers that an answer was fetched. When there is no room, another is
// forgotten, and looks again like a request that nobody knows.
func (a *asking) tookIt(request crypto.CapsuleID, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fetched == nil {
		a.fetched = make(map[crypto.CapsuleID]time.Time)
	}
	if len(a.fetched) >= fetchedMost {
		maps.DeleteFunc(a.fetched, func(_ crypto.CapsuleID, until time.Time) bool { return !now.Before(until) })
	}
	for id := range a.fetched {
		if len(a.fetched) < fetchedMost {
			break
		}
		delete(a.fetched, id)
	}
	a.fetched[request] = now.Add(AskLasts)
}

// wasTaken reports whether an answer was fetched.
func (a *asking) wasTaken(request crypto.CapsuleID, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return now.Before(a.fetched[request])
}

// of are the requests of an address that wait, as far as is known.
func (a *asking) of(address crypto.CapsuleID) []crypto.CapsuleID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.at[address])
}

// set remembers them.
func (a *asking) set(address crypto.CapsuleID, waiting []crypto.CapsuleID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at == nil {
		a.at = make(map[crypto.CapsuleID][]crypto.CapsuleID)
	}
	a.at[address] = waiting
}

// nobody is a public key whose private half is gone.
func (a *asking) nobody() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.decoy == nil {
		seed := crypto.NewKey()
		defer seed.Destroy()
		a.decoy = crypto.NewBoxKey(seed).Public().Bytes()
	}
	return a.decoy
}

// Ask puts a question to the person whose address it is, under the name of the request
// that waits for the answer. nil also where nobody is there to be asked, or too many have
// been: whoever asks is not told which.
func (s *Store) Ask(ctx context.Context, address crypto.Credential, request crypto.CapsuleID, q keys.Question) error {
	now, err := s.checkClock()
	if err != nil {
		return err
	}
	if address.IsZero() || address.Kind() != crypto.Address {
		address = crypto.NewCredential(crypto.Address) // nobody's
		defer address.Destroy()
	}
	q.Address, q.At = address.CapsuleID(), now.Truncate(time.Second)
	if err := q.Check(); err != nil {
		return err
	}
	if len(q.Marshal()) > keys.MaxAsked {
		return record.Safef(record.TooLarge, "what you ask is longer than %d bytes: say less", keys.MaxAsked)
	}
	// One at a time at an address, so that what waits is counted right.
	leave, err := s.linkTurns.lock(ctx, record.PersonID(q.Address))
	if err != nil {
		return err
	}
	defer leave()
	p, err := s.askable(address, now)
	if err != nil {
		return err
	}
	box, id := s.asks.nobody(), record.PersonID{}
	if p != nil {
		box, id = p.Account.Box, p.ID
	}
	sealed, err := keys.SealAsked(id, box, request, q)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // who goes away in the middle learns nothing by it
	if p == nil || !s.daily.take(asks, q.Address, s.time(), asksDaily) {
		return s.asDeaf(ctx, request, q)
	}
	row := append(binary.BigEndian.AppendUint32(nil, keys.ExpiryHour(now.Add(AskLasts))), sealed...)
	err = s.nodeLeafIf(ctx, id, audit.Event{Action: audit.Asked}, func(tx kv.Tx, p *person) error {
		return s.addAsk(tx, p, q.Address, request, row)
	})
	if errors.Is(err, errDone) || errors.Is(err, errNoPerson) {
		return s.asDeaf(ctx, request, q)
	}
	return err
}

// askable is whose address it is, if they can be asked there; nil if nobody can.
func (s *Store) askable(address crypto.Credential, now time.Time) (*person, error) {
	key := address.CapsuleKey()
	defer key.KEK.Destroy()
	c, err := s.capsule(key.ID)
	if errors.Is(err, errNoCapsule) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a, err := keys.OpenAddress(key, c.Capsule)
	if err != nil || !s.ownedBy(c, a.Person) || !a.Until.IsZero() && !now.Before(a.Until) {
		return nil, nil
	}
	p, err := s.person(a.Person)
	if errors.Is(err, errNoPerson) {
		return nil, nil
	}
	if err == nil && (p.Account.Waiting() || p.Account.Moved != "") {
		return nil, nil
	}
	return p, err
}

// asDeaf does what asking takes where nobody is asked: a leaf is sealed, and something is
// written and synced, which is the time the clock has seen.
func (s *Store) asDeaf(ctx context.Context, request crypto.CapsuleID, q keys.Question) error {
	if _, err := keys.SealAsked(record.PersonID{}, s.asks.nobody(), request, q); err != nil {
		return err
	}
	s.clock.mu.Lock()
	mark := s.clock.mark
	s.clock.mu.Unlock()
	return s.putMark(ctx, mark, func(kv.Tx) {})
}

// addAsk puts a request where it waits; errDone where it does not.
func (s *Store) addAsk(tx kv.Tx, p *person, address, request crypto.CapsuleID, row []byte) error {
	if p.Account.Waiting() || p.Account.Moved != "" || p.full(uint64(len(row))) {
		return errDone
	}
	there := make(map[crypto.CapsuleID]bool)
	hour := uint32(s.time().Unix() / 3600)
	err := tx.Scan([]byte{rows.KindAsk}, nil, func(key, row []byte) (bool, error) {
		if len(key) == 17 && len(row) > 4 && binary.BigEndian.Uint32(row) >= hour {
			there[crypto.CapsuleID(key[1:])] = true
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	waiting := slices.DeleteFunc(s.asks.of(address), func(id crypto.CapsuleID) bool { return !there[id] })
	if there[request] || len(there) >= askedMost || len(waiting) >= askedOfOne {
		return errDone
	}
	s.asks.set(address, append(waiting, request)) // if the commit fails, it is not there the next time
	return p.keep(tx, rows.AskKey(request), row)
}

// nodeLeafIf is nodeLeaf for a change that may not be made after all.
func (s *Store) nodeLeafIf(ctx context.Context, id record.PersonID, e audit.Event, change func(kv.Tx, *person) error) error {
	return s.engine.Update(ctx, kv.Partition(id), func(tx kv.Tx) error {
		p, err := s.load(tx, id)
		if err != nil {
			return err
		}
		if err := change(tx, p); err != nil {
			return err
		}
		return s.appendNodeLeaf(tx, p, e)
	})
}

// dropAsk removes a request that waited, if it did.
func (p *person) dropAsk(tx kv.Tx, request crypto.CapsuleID) error {
	return p.dropRow(tx, rows.AskKey(request))
}

// dropRow is the other way round of keep.
func (p *person) dropRow(tx kv.Tx, key []byte) error {
	old, err := tx.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil
	}
	if err == nil {
		p.Head.Used -= min(uint64(len(old)), p.Head.Used)
		tx.Delete(key)
	}
	return err
}
