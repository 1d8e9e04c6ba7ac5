package crypto

import "golang.org/x/crypto/argon2"

// The cost of a link's passcode: Argon2id with t = 2, m = 19 MiB, p = 1 (OWASP's
// second choice for a server). The server computes it, for whoever has the link, one
// at a time, and as often as the link has tries.
const (
	linkTime   = 2
	linkMemory = 19 << 10 // KiB
)

// LinkKey returns what seals the inner half of a link's capsule:
//
//	KDF(secret, "link")                                                   without a passcode
//	KDF(Extract(secret, Argon2id(NFKC(passcode), salt)), "link", salt)    with one
//
// So whoever has the link and a copy of the disk, but not the passcode, still has to
// guess it at that cost.
func (c Credential) LinkKey(passcode Secret, salt [16]byte) (k Key) {
	if c.kind != Link {
		panic("crypto: the credential of no link")
	}
	if passcode.IsZero() {
		return c.secret.Derive(LabelLink)
	}
	guarded(func() {
		typed := normal(passcode.Reveal())
		defer clear(typed)
		stretched := argon2.IDKey(typed, salt[:], linkTime, linkMemory, 1, KeySize)
		defer clear(stretched)
		extracted := extract(c.secret.Bytes(), stretched)
		defer extracted.Destroy()
		k = extracted.Derive(LabelLink, salt[:])
	})
	return k
}
