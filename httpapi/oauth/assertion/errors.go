package assertion

import (
	"errors"

	"carehold/record"
)

// Kind is the class of a refusal: itself an error, for errors.Is. Its text is OAuth's
// error code.
type Kind string

const (
	InvalidClient Kind = "invalid_client"
	Busy          Kind = "temporarily_unavailable" // wait, and make a new assertion
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
	return &Error{InvalidClient, record.Safef(record.Unauthorized, format, args...)}
}

func busy(words string) error {
	return &Error{Busy, record.Safef(record.Unavailable, "%s", words)}
}

// invalid is a refusal for another package's reason, when that is safe to say.
func invalid(what string, err error) error {
	if e, ok := errors.AsType[*record.Error](err); ok {
		return refuse("%s: %s", what, e.Safe)
	}
	return refuse("%s", what)
}
