package record

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error. A Kind is itself an error, so
// errors.Is(err, record.NotFound) reads as it should. httpapi maps every kind to
// a status and an OperationOutcome in one table.
type Kind string

const (
	Invalid      Kind = "invalid"        // what was sent cannot be understood: mend it
	Unprocessed  Kind = "unprocessable"  // understood, but against a rule of the record or of FHIR
	Unauthorized Kind = "unauthorized"   // the credential opens nothing: unknown, expired, revoked, foreign
	Forbidden    Kind = "forbidden"      // inside the grant's sections, but without the verb
	NotFound     Kind = "not found"      // not there, or not there for this grant
	Gone         Kind = "deleted"        // was there, and was deleted
	NotAllowed   Kind = "not allowed"    // this interaction is never possible here (HTTP 405)
	Conflict     Kind = "conflict"       // somebody else was first: reload and do it again
	Precondition Kind = "precondition"   // If-Match or a conditional did not hold
	Ambiguous    Kind = "ambiguous"      // a condition that one should match, and several do
	TooLarge     Kind = "too large"      // over a stated limit
	TooMany      Kind = "too many"       // over a rate or a quota: wait
	Unavailable  Kind = "unavailable"    // not now: disk full, clock wrong, starting, stopping
	Unsupported  Kind = "not supported"  // a media type or a feature this server does not have
	Integrity    Kind = "integrity"      // what is stored is not what was stored
	Internal     Kind = "internal error" // a fault of ours
)

func (k Kind) Error() string { return string(k) }

// Error is an error with two texts, because messages leak. Safe holds nothing
// from a record and may be logged; Shown may quote what was sent and goes back
// to whoever sent it.
type Error struct {
	Kind  Kind
	Path  string // where in what was sent: a FHIRPath-like element path, may be empty
	Safe  string // for the log; nothing from a record
	Shown string // for the one who sent the data
	Err   error  // the cause; may be nil. Never printed by Error
}

// Error returns the text for whoever sent the data. Logs use SafeText.
func (e *Error) Error() string {
	text := e.Shown
	if text == "" {
		text = e.Safe
	}
	if text == "" {
		text = string(e.Kind)
	}
	if e.Path != "" {
		return e.Path + ": " + text
	}
	return text
}

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool { k, ok := target.(Kind); return ok && k == e.Kind }

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error whose text is shown to the one who sent the data and
// kept from every log: only the kind is safe. A trailing %w is kept as cause.
func Errorf(kind Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Safe: string(kind), Shown: err.Error(), Err: errors.Unwrap(err)}
}

// Safef is Errorf for a text that holds nothing from a record, and so may be
// logged too.
func Safef(kind Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Safe: err.Error(), Shown: err.Error(), Err: errors.Unwrap(err)}
}

// At returns the error with the element path it happened at.
func (e *Error) At(path string) *Error { c := *e; c.Path = path; return &c }

// KindOf returns the kind of err: Internal for an error that has none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if k, ok := errors.AsType[Kind](err); ok {
		return k
	}
	return Internal
}

// SafeText returns what a log may say about err: nothing from a record.
func SafeText(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Safe
	}
	if k, ok := errors.AsType[Kind](err); ok {
		return string(k)
	}
	return string(Internal)
}
