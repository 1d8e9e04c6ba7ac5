package assertion

import (
	"errors"

	"carehold/httpapi/oauth/dpop/signed"
	"carehold/record"
)

// Kind is why an assertion was refused.
type Kind = signed.Kind

const (
	InvalidClient Kind = "invalid_client"
	Busy          Kind = "temporarily_unavailable" // wait, and make a new assertion
)

// Error is a refusal.
type Error = signed.Refusal

func refuse(format string, args ...any) error {
	return &Error{Kind: InvalidClient, Err: record.Safef(record.Unauthorized, format, args...)}
}

func busy(words string) error {
	return &Error{Kind: Busy, Err: record.Safef(record.Unavailable, "%s", words)}
}

// invalid is a refusal for another package's reason, when that is safe to say.
func invalid(what string, err error) error {
	if e, ok := errors.AsType[*record.Error](err); ok {
		return refuse("%s: %s", what, e.Safe)
	}
	return refuse("%s", what)
}
