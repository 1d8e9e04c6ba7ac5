package message

import (
	"errors"
	"io"

	"github.com/go-json-experiment/json"

	"carehold/record"
)

// Read reads one request body. Members that are unknown, in other letters, or
// there twice are refused, and so is anything after the value. No error quotes
// what was sent: it may be a key.
func Read(r io.Reader, into any) error {
	err := json.UnmarshalRead(r, into, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	// The body being too long, or an id ill-written, is an error of its own.
	if e, ok := errors.AsType[*record.Error](err); ok {
		return e
	}
	if errors.Is(err, json.ErrUnknownName) {
		return record.Safef(record.Invalid, "the body has a member that is not known here")
	}
	path := ""
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		path = string(e.JSONPointer)
	}
	return record.Safef(record.Invalid, "the body is not the JSON that is expected here").At(path)
}

// ReadAnswer reads an answer of a server, which may know more than we do.
func ReadAnswer(r io.Reader, into any) error { return json.UnmarshalRead(r, into) }

// Write writes one message.
func Write(w io.Writer, m any) error { return json.MarshalWrite(w, m) }
