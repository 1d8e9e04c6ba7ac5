package store

import (
	"carehold/crypto"
	"carehold/record/keys"
)

// Opened is what is kept of tokens, by their capsules.
func (s *Store) Opened() map[crypto.CapsuleID][]byte {
	s.opened.mu.Lock()
	defer s.opened.mu.Unlock()
	all := map[crypto.CapsuleID][]byte{}
	for _, generation := range []map[crypto.CapsuleID]*opened{s.opened.newer, s.opened.old} {
		for id, x := range generation {
			all[id] = x.sealed
		}
	}
	return all
}

// ForgetOpened drops it all.
func (s *Store) ForgetOpened() { s.opened.clear() }

// MostOpened sets how many are kept in a generation.
func (s *Store) MostOpened(n int) { s.opened.most = n }

// HoldOpened returns what puts back what is kept of a token now, as if it had never
// been dropped.
func (s *Store) HoldOpened(id crypto.CapsuleID) (putBack func()) {
	x, _ := s.opened.get(id)
	return func() { s.opened.keep(id, x) }
}

// PutOpened puts what is kept of one token in the place of another's, or what is
// altered in its own.
func (s *Store) PutOpened(id crypto.CapsuleID, sealed []byte) {
	x, _ := s.opened.get(id)
	y := *x
	y.sealed = sealed
	s.opened.keep(id, &y)
}

// Reopens reports whether the next request with a token takes up what is kept.
func (s *Store) Reopens(c crypto.Credential) bool {
	t, o, _, err := s.openToken(c, c.CapsuleID())
	if err != nil {
		return false
	}
	t.Destroy()
	o.Destroy()
	return o != nil
}

// OpensTo opens what is kept with a credential.
func (s *Store) OpensTo(c crypto.Credential, id crypto.CapsuleID) (keys.Opened, error) {
	return keys.OpenOpened(keys.OpenedKey(c), id, s.Opened()[id])
}
