package jose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"math/big"
)

const coordinate = 32 // bytes of a number on P-256

// Signed is a compact JWS by ES256 that nobody has verified yet.
type Signed struct {
	keyID    string
	deflated bool
	content  string // what is signed: header and payload as they were sent
	payload  []byte
	r, s     big.Int
}

// ParseSigned takes a JWS apart.
func ParseSigned(compact string) (*Signed, error) {
	parts, err := split([]byte(compact), 3)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(parts[0])
	if err != nil {
		return nil, err
	}
	if h.Algorithm != "ES256" {
		return nil, ErrAlgorithm
	}
	payload, err := decode(parts[1])
	if err != nil {
		return nil, err
	}
	signature, err := decode(parts[2])
	if err != nil {
		return nil, err
	}
	// RFC 7518 §3.4: r and s, each as 32 bytes; never ASN.1.
	if len(signature) != 2*coordinate {
		return nil, ErrForm
	}
	j := &Signed{keyID: h.KeyID, deflated: h.Zip != "", payload: payload}
	j.content = compact[:len(parts[0])+1+len(parts[1])]
	j.r.SetBytes(signature[:coordinate])
	j.s.SetBytes(signature[coordinate:])
	return j, nil
}

// KeyID is the key that the header names: a claim, to be looked up among keys that
// are known otherwise.
func (j *Signed) KeyID() string { return j.keyID }

// Deflated reports whether the payload was compressed before it was signed.
func (j *Signed) Deflated() bool { return j.deflated }

// Payload is what the object says, of at most limit bytes. Nothing of it is true
// before Verify says so.
func (j *Signed) Payload(limit int) ([]byte, error) {
	if j.deflated {
		return Inflate(j.payload, limit)
	}
	if len(j.payload) > limit {
		return nil, ErrTooLarge
	}
	return j.payload, nil
}

// Verify reports whether the key signed this.
func (j *Signed) Verify(k PublicKey) error {
	hash := sha256.Sum256([]byte(j.content))
	if k.key == nil || !ecdsa.Verify(k.key, hash[:], &j.r, &j.s) {
		return ErrSignature
	}
	return nil
}

// PublicKey is a key on P-256.
type PublicKey struct {
	x, y string
	key  *ecdsa.PublicKey
}

// NewPublicKey takes a JWK's "x" and "y" (RFC 7518 §6.2.1). A point that is not on
// the curve is no key.
func NewPublicKey(x, y string) (PublicKey, error) {
	point := make([]byte, 1, 1+2*coordinate)
	point[0] = 4 // uncompressed (SEC 1 §2.3.3)
	for _, c := range []string{x, y} {
		b, err := decode([]byte(c))
		if err != nil || len(b) != coordinate {
			return PublicKey{}, ErrKey
		}
		point = append(point, b...)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return PublicKey{}, ErrKey
	}
	return PublicKey{x, y, key}, nil
}

// Thumbprint is the name that the key gives itself (RFC 7638 §3.2): whoever knows
// it knows the key, wherever it was found.
func (k PublicKey) Thumbprint() string {
	hash := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + k.x + `","y":"` + k.y + `"}`))
	return b64.EncodeToString(hash[:])
}
