package signed

import "carehold/record"

// Kind is why a text was refused: itself an error, so that errors.Is(err, dpop.UseNonce)
// reads as it should. Its text is the error code on the wire.
type Kind string

func (k Kind) Error() string { return string(k) }

// Refusal is an error of packages dpop and assertion. Behind it is a record.Error with the
// words, which are safe.
type Refusal struct {
	Kind Kind
	Err  *record.Error
}

func (e *Refusal) Error() string { return e.Err.Error() }

func (e *Refusal) Unwrap() error { return e.Err }

// Is reports whether target is the refusal's kind.
func (e *Refusal) Is(target error) bool { k, ok := target.(Kind); return ok && k == e.Kind }
