package keys

import (
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/wire"
)

// Reading is what a device may bring to a session of its own, so that the server can
// read the log to it: without it nothing at the server opens more of the log than the
// leaves of the grant whose token is presented. docs/format.md, "Capsules".
//
// It is not in the grant's row, where every session would have it: which sessions can
// be used to read the log is decided on the device, session by session, and is over
// with the session.
type Reading struct {
	Generations []Generation
	Grants      []Noted
}

// Generation is what opens the log entries of one generation of keys.
type Generation struct {
	Audit crypto.Key // K_audit
	Box   crypto.Key // X-Wing seed: the server's own entries are sealed to it
}

// Noted is a grant as the person's keyring has it.
type Noted struct {
	Grant      grant.Grant
	Generation uint32
	Ended      time.Time // zero while it is live
	Why        uint8     // it ended, as the keyring says it
}

// MaxReading is how large a Reading may be. It is in a capsule, which no quota counts.
const MaxReading = 40 << 10

// Marshal writes the reading: as many of the grants as there is room for, so those
// that matter come first.
func (r Reading) Marshal() []byte {
	var w wire.Builder
	for _, g := range r.Generations {
		var in wire.Builder
		in.Bytes(1, g.Audit.Bytes())
		in.Bytes(2, g.Box.Bytes())
		w.Bytes(1, in.Finish())
	}
	for _, n := range r.Grants {
		var in wire.Builder
		in.Bytes(1, n.Grant.Marshal())
		in.Uint(2, uint64(n.Generation))
		if !n.Ended.IsZero() {
			in.Time(3, n.Ended)
			in.Uint(4, uint64(n.Why))
		}
		b := in.Finish()
		if len(w.Finish())+len(b)+16 > MaxReading {
			break
		}
		w.Bytes(2, b)
	}
	return w.Finish()
}

// ParseReading reads a reading of a person's.
func ParseReading(b []byte, p record.PersonID) (Reading, error) {
	var r Reading
	if len(b) > MaxReading {
		return r, wire.ErrFormat
	}
	key := func(d *wire.Decoder, tag uint16) crypto.Key {
		k, err := crypto.KeyFrom(d.Bytes(tag))
		if err != nil {
			d.Fail("key")
		}
		return k
	}
	d := wire.Decode("reading", b)
	for _, v := range d.List(1) {
		in := wire.Decode("reading", v)
		g := Generation{Audit: key(in, 1), Box: key(in, 2)}
		if r.Generations = append(r.Generations, g); in.Finish() != nil {
			d.Fail("generation")
		}
	}
	for _, v := range d.List(2) {
		in := wire.Decode("reading", v)
		g, err := grant.Parse(in.Bytes(1))
		n := Noted{Grant: g, Generation: in.Uint32(2), Ended: in.Time(3)}
		why := in.OptionalUint(4)
		if n.Why = uint8(why); why > 255 || (why == 0) != n.Ended.IsZero() {
			in.Fail("why it ended")
		}
		if err != nil || in.Finish() != nil || g.Person != p || int(n.Generation) >= len(r.Generations) {
			d.Fail("grant")
			break
		}
		r.Grants = append(r.Grants, n)
	}
	if len(r.Generations) == 0 {
		d.Fail("no generation")
	}
	if err := d.Finish(); err != nil {
		r.Destroy()
		return Reading{}, err
	}
	return r, nil
}

// Destroy overwrites the keys.
func (r Reading) Destroy() {
	for _, g := range r.Generations {
		g.Audit.Destroy()
		g.Box.Destroy()
	}
}
