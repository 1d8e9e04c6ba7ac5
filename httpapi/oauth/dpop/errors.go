package dpop

import (
	"errors"

	"carehold/record"
)

// Kind is why a proof was refused: itself an error, so that errors.Is(err,
// dpop.UseNonce) reads as it should. Its text is the error code on the wire.
type Kind string

const (
	Invalid  Kind = "invalid_dpop_proof"      // make another, as the words say
	UseNonce Kind = "use_dpop_nonce"          // make another with the nonce that comes with the answer
	Busy     Kind = "temporarily_unavailable" // too many proofs at the moment: wait
)

func (k Kind) Error() string { return string(k) }

// Error is a refusal. Behind it is a record.Error with the words, which are safe.
type Error struct {
	Kind Kind
	Err  *record.Error
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the refusal's kind.
func (e *Error) Is(target error) bool { k, ok := target.(Kind); return ok && k == e.Kind }

func refuse(format string, args ...any) error {
	return &Error{Invalid, record.Safef(record.Unauthorized, format, args...)}
}

// invalid is a refusal with the words of package signed.
func invalid(err error) error {
	if e, ok := errors.AsType[*record.Error](err); ok {
		return &Error{Invalid, e}
	}
	return refuse("the DPoP proof cannot be read")
}
