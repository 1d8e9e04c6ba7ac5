package store

import "context"

// KeepVerified is what Keep does now and then.
func (s *Store) KeepVerified(ctx context.Context) { s.keepVerified(ctx) }

// VerifyEvery is how often the store verifies itself.
const VerifyEvery = verifyEvery
