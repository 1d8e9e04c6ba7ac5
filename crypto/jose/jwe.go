package jose

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"

	"carehold/crypto"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	nonceSize = 12 // RFC 7518 §5.3
	tagSize   = 16
)

// Seal makes a compact JWE under the key itself ("dir"), with a nonce of its own.
// A key may seal 2³² of them before two nonces are likely enough to be the same to
// matter (NIST SP 800-38D §8.3).
func Seal(k crypto.Key, contentType string, plaintext []byte, deflate bool) (string, error) {
	h := []byte(`{"alg":"dir","enc":"A256GCM","cty":`)
	h, err := jsontext.AppendQuote(h, contentType)
	if err != nil {
		return "", ErrForm
	}
	if deflate {
		h = append(h, `,"zip":"DEF"`...)
		plaintext = Deflate(plaintext)
	}
	aead, err := gcm(k)
	if err != nil {
		return "", err
	}
	var nonce [nonceSize]byte
	rand.Read(nonce[:]) // never fails: crypto/rand crashes the process instead

	protected := b64.EncodeToString(append(h, '}'))
	sealed := aead.Seal(nil, nonce[:], plaintext, []byte(protected))
	ciphertext, tag := sealed[:len(plaintext)], sealed[len(plaintext):]

	out := make([]byte, 0, len(protected)+b64.EncodedLen(len(sealed))+32)
	out = append(out, protected...)
	out = append(out, ".."...) // dir: no encrypted key (RFC 7516 §5.1)
	out = b64.AppendEncode(out, nonce[:])
	out = append(out, '.')
	out = b64.AppendEncode(out, ciphertext)
	out = append(out, '.')
	out = b64.AppendEncode(out, tag)
	return string(out), nil
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
	aead, err := gcm(k)
	if err != nil {
		return "", nil, err
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

func gcm(k crypto.Key) (cipher.AEAD, error) {
	if k.IsZero() {
		return nil, ErrOpen
	}
	block, err := aes.NewCipher(k.Bytes())
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
