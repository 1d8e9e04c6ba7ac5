package dpop

import (
	"encoding/base64"

	"carehold/httpapi/oauth/dpop/signed"
	"carehold/record"
)

// ParseThumbprint reads a key's thumbprint (RFC 7638), as dpop_jkt and cnf.jkt have it:
// base64url of 32 bytes, in the one way to write them.
func ParseThumbprint(s string) (jkt [32]byte, err error) {
	b, err := signed.Decode(s)
	// Zeros are no key's thumbprint, and mean any key to Check.
	if err != nil || len(b) != len(jkt) || [32]byte(b) == jkt {
		return jkt, record.Safef(record.Invalid, "it is not a key's thumbprint: base64url of the 32 bytes of a SHA-256 (RFC 7638), without padding")
	}
	return [32]byte(b), nil
}

// FormatThumbprint writes it.
func FormatThumbprint(jkt [32]byte) string { return base64.RawURLEncoding.EncodeToString(jkt[:]) }
