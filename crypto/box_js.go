//go:build js

package crypto

// The agreement without crypto/hpke.

type (
	boxPrivate = xwingPrivate
	boxPublic  = xwingPublic
)

func newBoxPrivate(seed []byte) (*boxPrivate, error) { return newXWingPrivate(seed) }

func newBoxPublic(b []byte) (*boxPublic, error) { return newXWingPublic(b) }
