// Package direct writes a compact JWE under a key of its own: "alg":"dir",
// "enc":"A256GCM" (RFC 7516, RFC 7518 §4.5 and §5.3). It is apart from package jose so
// that the browser's core, which has no room for a reader of JSON, writes the files of a
// link as the command line does. It reads nothing.
package direct

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"

	"carehold/crypto"
)

var b64 = base64.RawURLEncoding

// ErrKey is of a key that is zero, ErrContentType of a content type with something in it
// that no media type has.
var (
	ErrKey         = errors.New("jose: there is no key")
	ErrContentType = errors.New("jose: this is no media type")
)

// Seal makes a compact JWE of a body, with a nonce of its own. deflated says that the
// body was deflated. A key may seal 2³² of them before two nonces are likely enough to
// be the same to matter (NIST SP 800-38D §8.3).
func Seal(k crypto.Key, contentType string, body []byte, deflated bool) ([]byte, error) {
	if strings.ContainsFunc(contentType, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return nil, ErrContentType // it goes into JSON as it is
	}
	aead, err := GCM(k)
	if err != nil {
		return nil, err
	}
	head := `{"alg":"dir","enc":"A256GCM","cty":"` + contentType + `"`
	if deflated {
		head += `,"zip":"DEF"`
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails: crypto/rand crashes the process instead

	out := make([]byte, 0, b64.EncodedLen(len(head)+1)+b64.EncodedLen(len(body))+64)
	out = b64.AppendEncode(out, []byte(head+"}"))
	sealed := aead.Seal(nil, nonce, body, out)
	at := len(sealed) - aead.Overhead()
	out = append(out, ".."...) // dir: no encrypted key (RFC 7516 §5.1)
	out = append(b64.AppendEncode(out, nonce), '.')
	out = append(b64.AppendEncode(out, sealed[:at]), '.')
	return b64.AppendEncode(out, sealed[at:]), nil
}

// GCM is the cipher that a JWE of A256GCM is opened with.
func GCM(k crypto.Key) (cipher.AEAD, error) {
	if k.IsZero() {
		return nil, ErrKey
	}
	block, err := aes.NewCipher(k.Bytes())
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
