package keys

import (
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/wire"
)

// Answer is what the person said to a request. It is behind the request's credential:
// whoever asked opens it, and nobody else.
type Answer struct {
	Person record.PersonID
	Grant  record.GrantID
	Key    crypto.Key // GK_g; zero where the answer is no
	Audit  crypto.Key // AK_g
	Until  time.Time  // of the answer: it must be fetched by then
	Ends   time.Time  // of the grant; zero: until stopped
	Scope  string     // what was granted of what was asked, as a token response says it
	Words  string     // what the person says to it
}

// Yes reports whether access was given.
func (a Answer) Yes() bool { return !a.Key.IsZero() }

// Destroy overwrites its keys.
func (a Answer) Destroy() {
	a.Key.Destroy()
	a.Audit.Destroy()
}

// SealAnswer makes the capsule of a request's answer.
func SealAnswer(request crypto.CapsuleID, box []byte, a Answer) (c Capsule, err error) {
	to, err := crypto.ParseBoxPublicKey(box)
	if err != nil {
		return c, err
	}
	var w wire.Builder
	w.Bytes(1, a.Person[:])
	if a.Yes() {
		w.Bytes(2, a.Grant[:])
		w.Bytes(3, a.Key.Bytes())
		w.Bytes(4, a.Audit.Bytes())
	}
	w.Time(5, a.Until)
	w.Time(6, a.Ends)
	w.String(7, a.Words)
	w.String(9, a.Scope)
	message := w.Finish()
	padded := crypto.Pad(message)
	defer clear(padded)
	defer clear(message)
	hour := ExpiryHour(a.Until)
	blob, err := to.Seal(answerContext(request, hour), padded)
	return Capsule{ID: request, Hour: hour, Blob: blob}, err
}

// OpenAnswer opens it with the request.
func OpenAnswer(request crypto.Credential, c Capsule) (a Answer, err error) {
	padded, err := request.BoxKey().Open(answerContext(request.CapsuleID(), c.Hour), c.Blob)
	if err != nil {
		return a, err
	}
	defer clear(padded)
	message, err := crypto.Unpad(padded)
	if err != nil {
		return a, err
	}
	d := wire.Decode("answer", message)
	d.Fixed(1, a.Person[:])
	if g := d.Optional(2); g != nil {
		if len(g) != len(a.Grant) {
			d.Fail("grant")
		} else {
			copy(a.Grant[:], g)
		}
		if a.Key, err = crypto.KeyFrom(d.Bytes(3)); err != nil {
			d.Fail("key")
		}
		if a.Audit, err = crypto.KeyFrom(d.Bytes(4)); err != nil {
			d.Fail("audit key")
		}
	}
	a.Until, a.Ends = d.Time(5), d.Time(6)
	a.Words, a.Scope = d.String(7), d.String(9)
	if a.Until.IsZero() || len(a.Words) > MaxWords || len(a.Scope) > MaxScope || !grant.Printable(a.Words) || !grant.Printable(a.Scope) {
		d.Fail("answer")
	}
	if err := d.Finish(); err != nil {
		a.Destroy()
		return Answer{}, err
	}
	return a, nil
}

func answerContext(request crypto.CapsuleID, hour uint32) crypto.Context {
	return crypto.NewContext(crypto.ContextAnswer, request[:], crypto.U32(hour))
}
