package store

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"sync"

	"carehold/crypto"
	"carehold/record/kv"
	"carehold/record/rows"
)

// idKey is the key that signs id_tokens, as SMART asks for: RS256. It is the server's, and
// says who somebody is to a client; it opens nothing of a record. It is no part of a
// backup: a server that is restored makes another, and its JWKS has that.
type idKey struct {
	mu  sync.Mutex
	key *rsa.PrivateKey
}

var idTokenKey = []byte{kindNode, 'o'}

// IDTokenKey returns the key. It is made when it is first asked for.
func (s *Store) IDTokenKey(ctx context.Context) (*rsa.PrivateKey, error) {
	s.idKey.mu.Lock()
	defer s.idKey.mu.Unlock()
	if s.idKey.key != nil {
		return s.idKey.key, nil
	}
	seal := s.node.Derive(crypto.LabelIDToken)
	defer seal.Destroy()
	sealed := crypto.NewContext(crypto.ContextIDToken, s.id[:])
	var row []byte
	err := s.engine.View(nodePartition, func(r kv.Reader) (err error) {
		row, err = r.Get(idTokenKey)
		return err
	})
	if errors.Is(err, kv.ErrNotFound) {
		return s.makeIDTokenKey(ctx, seal, sealed)
	}
	if err != nil {
		return nil, err
	}
	der, err := seal.Open(sealed, row)
	if err != nil {
		return nil, rows.Damaged("key of id_tokens")
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, rows.Damaged("key of id_tokens")
	}
	s.idKey.key = key
	return key, nil
}

func (s *Store) makeIDTokenKey(ctx context.Context, seal crypto.Key, c crypto.Context) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	row := seal.Seal(c, der)
	err = s.engine.Update(ctx, nodePartition, func(tx kv.Tx) error {
		tx.Put(idTokenKey, row)
		return nil
	})
	if err == nil {
		s.idKey.key = key
	}
	return key, err
}
