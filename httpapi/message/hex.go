package message

import (
	"encoding/hex"

	"carehold/record"
)

// ID is 16 bytes, written as 32 hexadecimal digits.
type ID [16]byte

// MarshalText writes the id.
func (id ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText reads the one way of writing it.
func (id *ID) UnmarshalText(b []byte) error { return parse(b, id[:]) }

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Hash is 32 bytes, written as 64 hexadecimal digits.
type Hash [32]byte

// MarshalText writes the hash.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads the one way of writing it.
func (h *Hash) UnmarshalText(b []byte) error { return parse(b, h[:]) }

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

func parse(b, into []byte) error {
	bad := record.Safef(record.Invalid, "an id here has %d characters, 0 to 9 and a to f", 2*len(into))
	if len(b) != 2*len(into) {
		return bad
	}
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return bad
		}
	}
	_, err := hex.Decode(into, b)
	return err
}
