package crypto

import (
	"fmt"
	"log/slog"
)

// redacted is all that a secret prints, whatever the verb or the encoder.
const redacted = "[secret]"

// redact is embedded in every type that holds a secret: it answers each way of
// printing or encoding that a logger, an error or an encoder may ask for.
//
// It is half of the protection. The fmt package prints the unexported fields of
// a struct without asking their methods, so each such type also keeps its bytes
// behind a pointer, of which fmt prints no more than the address.
//
// The empty array makes these types incomparable: k == o would compare
// addresses, so the compiler refuses it and Equal is the way.
type redact struct{ _ [0]func() }

func (redact) String() string               { return redacted }
func (redact) GoString() string             { return redacted }
func (redact) Format(f fmt.State, _ rune)   { f.Write([]byte(redacted)) }
func (redact) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (redact) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (redact) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (redact) GobEncode() ([]byte, error)   { return []byte(redacted), nil }
