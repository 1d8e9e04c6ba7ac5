package jose

import (
	"errors"

	"carehold/crypto"
	"carehold/crypto/jose/direct"
)

const (
	nonceSize = 12 // RFC 7518 §5.3
	tagSize   = 16
)

// Seal makes a compact JWE under the key itself ("dir"), with a nonce of its own, as
// direct.Seal does, which it deflates for if it is asked to.
func Seal(k crypto.Key, contentType string, plaintext []byte, deflate bool) (string, error) {
	if deflate {
		plaintext = Deflate(plaintext)
	}
	b, err := direct.Seal(k, contentType, plaintext, deflate)
	switch {
	case errors.Is(err, direct.ErrContentType):
		return "", ErrForm
	case errors.Is(err, direct.ErrKey):
		return "", ErrOpen
	}
	return string(b), err
}

// Open opens a compact JWE and returns the content type that its header states,
// "" when it states none. What it inflates to is at most limit bytes.
func Open(k crypto.Key, compact []byte, limit int) (contentType string, plaintext []byte, err error) {
	parts, err := split(compact, 5)
	if err != nil {
		return "", nil, err
	}
	h, err := parseHeader(parts[0])
	if err != nil {
		return "", nil, err
	}
	if h.Algorithm != "dir" || h.Encryption != "A256GCM" {
		return "", nil, ErrAlgorithm
	}
	nonce, err := decode(parts[2])
	if err != nil {
		return "", nil, err
	}
	tag, err := decode(parts[4])
	if err != nil {
		return "", nil, err
	}
	if len(parts[1]) != 0 || len(nonce) != nonceSize || len(tag) != tagSize {
		return "", nil, ErrForm
	}
	if h.Zip == "" && b64.DecodedLen(len(parts[3])) > limit {
		return "", nil, ErrTooLarge
	}
	sealed, err := decode(parts[3])
	if err != nil {
		return "", nil, err
	}
	aead, err := direct.GCM(k)
	if err != nil {
		return "", nil, ErrOpen
	}
	// RFC 7516 §5.2 step 14: the header is authenticated as it was sent.
	sealed = append(sealed, tag...)
	plaintext, err = aead.Open(sealed[:0], nonce, sealed, parts[0])
	if err != nil {
		return "", nil, ErrOpen
	}
	if h.Zip != "" {
		plaintext, err = Inflate(plaintext, limit)
	}
	return h.ContentType, plaintext, err
}
