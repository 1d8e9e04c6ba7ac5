package dpop

import (
	"errors"

	"carehold/httpapi/oauth/dpop/signed"
	"carehold/record"
)

// Kind is why a proof was refused.
type Kind = signed.Kind

const (
	Invalid  Kind = "invalid_dpop_proof"      // make another, as the words say
	UseNonce Kind = "use_dpop_nonce"          // make another with the nonce that comes with the answer
	Busy     Kind = "temporarily_unavailable" // too many proofs at the moment: wait
)

// Error is a refusal.
type Error = signed.Refusal

func refuse(format string, args ...any) error {
	return &Error{Kind: Invalid, Err: record.Safef(record.Unauthorized, format, args...)}
}

// invalid is a refusal with the words of package signed.
func invalid(err error) error {
	if e, ok := errors.AsType[*record.Error](err); ok {
		return &Error{Kind: Invalid, Err: e}
	}
	return refuse("the DPoP proof cannot be read")
}
