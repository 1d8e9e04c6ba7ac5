package holder

import "carehold/crypto"

// BoxPublic is what what waits is sealed to, as the account's row has it.
func (h *Holder) BoxPublic() []byte {
	return crypto.NewBoxKey(h.now.ring.newest().box).Public().Bytes()
}

// Identity signs as the person does.
func (h *Holder) Identity() crypto.SigningKey {
	return crypto.NewSigningKey(h.now.ring.newest().identity)
}
