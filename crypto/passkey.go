package crypto

import "errors"

// ErrPRF refuses the output of an authenticator that does not do its part.
var ErrPRF = errors.New("this passkey gave no usable secret: use another passkey, the passphrase or the recovery code")

// PasskeySlot returns the credential of the slot that a passkey opens: prf is
// the output of WebAuthn's PRF extension, 32 bytes.
//
//	secret = KDF(Extract(no salt, prf), "prf-output")
func PasskeySlot(prf []byte) (Credential, error) {
	if len(prf) != 32 || allZero(prf) {
		return Credential{}, ErrPRF
	}
	return slotOf(SlotPasskey, extract(nil, prf), LabelPRF), nil
}
