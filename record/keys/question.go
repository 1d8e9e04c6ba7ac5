package keys

import (
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/wire"
)

// Asking goes through a credential of kind q, which whoever asks makes and keeps. From
// its secret comes an X-Wing key: the answer is sealed to it and lies under the name
// of the request's capsule, so it opens for nobody but them.
//
//	question   who, what, why, how long, and the request's public key. One that came in
//	           at an address of the person's lies sealed to the person's own X-Wing key
//	answer     the grant's key, or no; sealed to the request's
//
// docs/format.md, "Requests".

// Question is what somebody asks the person for. None of it is proved, but for the
// client's id where the server says so.
type Question struct {
	Box      []byte // X-Wing public key of the request
	To       grant.Party
	Purpose  string            // as in a grant; "" when none was said
	Scope    string            // what was asked, as it was written
	Sections record.SectionSet // what was asked; 0: those that the scopes mean
	Lasts    time.Duration     // how long was asked for; 0: not said
	Words    string            // why, in their own words
	Client   string            // OAuth client's id, "" for a person who asks from a browser
	Bound    [32]byte          // key that the client showed; zeros: none
	Verified bool              // the server's operator has registered the client
	At       time.Time         // when it was asked
	Address  crypto.CapsuleID  // where; zeros for one that came with a code
}

// The longest texts of a question, in bytes.
const (
	MaxWords = 1000
	MaxAsked = 8 << 10 // of a question's message
)

// Check reports what is wrong with it, in words for whoever asks.
func (q Question) Check() error {
	if err := q.To.Check(); err != nil {
		return err
	}
	switch {
	case q.To.Name == "":
		return record.Safef(record.Invalid, "say who is asking")
	case q.Purpose != "" && grant.Purposes[q.Purpose] == "":
		return record.Safef(record.Invalid, "the purpose is a code such as TREAT or CAREMGT")
	case !q.Sections.Valid():
		return record.Safef(record.Invalid, "the sections are %s", record.SectionNames())
	case len(q.Scope) > MaxScope || !grant.Printable(q.Scope):
		return record.Safef(record.Invalid, "the scopes have at most %d characters and no control characters", MaxScope)
	case len(q.Words) > MaxWords || !grant.Printable(q.Words):
		return record.Safef(record.Invalid, "what you say has at most %d characters, in one line", MaxWords)
	case len(q.Client) > grant.MaxClient || !grant.Printable(q.Client):
		return record.Safef(record.Invalid, "the client's id is too long")
	case q.Lasts < 0:
		return record.Safef(record.Invalid, "how long is a time ahead")
	}
	if _, err := crypto.ParseBoxPublicKey(q.Box); err != nil {
		return record.Safef(record.Invalid, "the request has no key that it can be answered to")
	}
	return nil
}

// Marshal writes the question.
func (q Question) Marshal() []byte {
	var w wire.Builder
	w.Bytes(1, q.Box)
	w.String(2, q.To.Name)
	w.String(3, q.To.Organisation)
	w.String(4, q.To.Role)
	w.String(5, q.To.Number)
	w.String(6, q.To.Register)
	w.String(7, q.Purpose)
	w.String(8, q.Scope)
	w.NotZero(9, uint64(q.Sections))
	w.NotZero(10, uint64(q.Lasts/time.Second))
	w.String(11, q.Words)
	w.String(12, q.Client)
	w.OptionalFixed(13, q.Bound[:])
	w.Flag(14, q.Verified)
	w.Time(15, q.At)
	w.OptionalFixed(16, q.Address[:])
	return w.Finish()
}

// ParseQuestion reads one, and checks it.
func ParseQuestion(b []byte) (q Question, err error) {
	d := wire.Decode("question", b)
	q.Box = append([]byte(nil), d.Bytes(1)...)
	q.To = grant.Party{Name: d.String(2), Organisation: d.String(3), Role: d.String(4), Number: d.String(5), Register: d.String(6)}
	q.Purpose, q.Scope = d.String(7), d.String(8)
	sections, lasts := d.NotZero(9), d.NotZero(10)
	q.Words, q.Client = d.String(11), d.String(12)
	d.OptionalFixed(13, q.Bound[:])
	q.Verified = d.Flag(14)
	q.At = d.Time(15)
	d.OptionalFixed(16, q.Address[:])
	if q.Sections = record.SectionSet(sections); uint64(q.Sections) != sections || lasts > maxLasts || len(b) > MaxAsked {
		d.Fail("question")
	}
	q.Lasts = time.Duration(lasts) * time.Second
	if err := d.Finish(); err != nil {
		return Question{}, err
	}
	return q, q.Check()
}

// maxLasts is a hundred years, in seconds.
const maxLasts = 100 * 366 * 24 * 3600

// SealAsked seals a question to the person it is for, under the name of its request.
func SealAsked(p record.PersonID, box []byte, request crypto.CapsuleID, q Question) ([]byte, error) {
	to, err := crypto.ParseBoxPublicKey(box)
	if err != nil {
		return nil, err
	}
	return to.Seal(askedContext(p, request), crypto.Pad(q.Marshal()))
}

// OpenAsked opens it, on the person's device.
func OpenAsked(p record.PersonID, box crypto.BoxKey, request crypto.CapsuleID, sealed []byte) (q Question, err error) {
	padded, err := box.Open(askedContext(p, request), sealed)
	if err != nil {
		return q, err
	}
	message, err := crypto.Unpad(padded)
	if err != nil {
		return q, err
	}
	return ParseQuestion(message)
}

func askedContext(p record.PersonID, request crypto.CapsuleID) crypto.Context {
	return crypto.NewContext(crypto.ContextAsked, p[:], request[:])
}
