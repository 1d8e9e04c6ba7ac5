package crypto

import "fmt"

// redacted is all that a secret prints, whatever the verb or the encoder.
const redacted = "[secret]"

// redact is embedded in every type that holds a secret: it answers each way of
// printing or encoding that a logger, an error or an encoder may ask for.
//
// It is half of the protection; hidden is the other.
type redact struct{}

func (redact) String() string               { return redacted }
func (redact) GoString() string             { return redacted }
func (redact) Format(f fmt.State, _ rune)   { f.Write([]byte(redacted)) }
func (redact) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (redact) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (redact) GobEncode() ([]byte, error)   { return []byte(redacted), nil }

// hidden is a pointer that no printer follows. The fmt package prints unexported
// fields without asking their methods: it writes an array out, and under a verb
// that does not fit, as in Printf("%t", session), it follows a pointer and
// writes out what is there. What a function holds, reflection cannot see.
//
// Functions cannot be compared, so the compiler refuses k == o, which would say
// nothing of the bytes; Equal does.
type hidden[T any] func() *T

func hide[T any](p *T) hidden[T] { return func() *T { return p } }
