package jose

import "errors"

// What may be wrong. The texts quote nothing.
var (
	ErrForm      = errors.New("not a compact JWE or JWS")
	ErrAlgorithm = errors.New("made with an algorithm or an extension that is not taken here")
	ErrOpen      = errors.New("the key does not open it, or it was changed on its way")
	ErrSignature = errors.New("the signature is not by this key, or what it signs was changed")
	ErrDeflate   = errors.New("its compressed content is damaged")
	ErrTooLarge  = errors.New("its content is larger than the limit")
	ErrKey       = errors.New("not a public key on P-256")
)
