package keys

import (
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/wire"
)

// Contribution is something in the person's inbox. Either it was written under a grant
// to add only, and is all there is of it: sealed to the person's own key, so that no
// server and no other grantee opens it, until the person takes it in. Or it says which
// entries somebody else wrote, which are in the record already.
type Contribution struct {
	Grant record.GrantID
	Time  time.Time // when it was written, to the millisecond

	Entries []string // Type/id/_history/n of what is in the record,
	More    uint64   // and how many besides those, which only the log names; or:

	Type        string         // of the resource that waits
	JSON        []byte         // as it came
	Section     record.Section // where the filing table puts it
	Why         string         // and why
	Certificate []byte         // of the grant, as it was then: who wrote it

	// Opening is the key of the commitment that stands beside it (Commitment): random,
	// and nowhere but in here.
	Opening [32]byte

	NoRoom bool // with Entries: it stands for others, that found no room
}

// NewOpening draws the key of a commitment.
func NewOpening() [32]byte {
	k := crypto.NewKey()
	defer k.Destroy()
	return [32]byte(k.Bytes())
}

// Commitment holds what waits to what was sealed, for a server that cannot open it: who
// sends the content back has opened it, for they have the opening, and has changed
// nothing, for the commitment is of it. It tells nothing to who has not. It holds on
// another server as well, for no key of the first is in it.
func (c Contribution) Commitment(p record.PersonID, id [16]byte) (crypto.MAC, error) {
	k, err := crypto.KeyFrom(c.Opening[:])
	if err != nil {
		return crypto.MAC{}, err
	}
	defer k.Destroy()
	return k.MAC(crypto.LabelContribution, p[:], id[:], c.Grant[:], []byte(c.Type), c.JSON, c.Certificate), nil
}

// SealContribution seals it to the person.
func SealContribution(p record.PersonID, box []byte, id [16]byte, c Contribution) ([]byte, error) {
	to, err := crypto.ParseBoxPublicKey(box)
	if err != nil {
		return nil, err
	}
	var w wire.Builder
	w.Bytes(1, c.Grant[:])
	w.Uint(2, uint64(c.Time.UnixMilli()))
	for _, ref := range c.Entries {
		w.String(3, ref)
	}
	if c.More > 0 {
		w.Uint(9, c.More)
	}
	if c.JSON != nil {
		w.String(4, c.Type)
		w.Bytes(5, c.JSON)
		w.Uint(6, uint64(c.Section))
		w.String(7, c.Why)
		w.Bytes(8, c.Certificate)
		w.Bytes(10, c.Opening[:])
	}
	w.Flag(11, c.NoRoom)
	padded := crypto.Pad(w.Finish())
	defer clear(padded)
	return to.Seal(inboxContext(p, id), padded)
}

// OpenContribution opens it, on the person's device.
func OpenContribution(p record.PersonID, box crypto.BoxKey, id [16]byte, sealed []byte) (c Contribution, err error) {
	padded, err := box.Open(inboxContext(p, id), sealed)
	if err != nil {
		return c, err
	}
	message, err := crypto.Unpad(padded)
	if err != nil {
		return c, err
	}
	d := wire.Decode("contribution", message)
	d.Fixed(1, c.Grant[:])
	c.Time = time.UnixMilli(int64(d.Uint(2))).UTC()
	for _, ref := range d.List(3) {
		if len(ref) == 0 {
			d.Fail("entry")
		}
		c.Entries = append(c.Entries, string(ref))
	}
	if c.Type = d.String(4); c.Type != "" {
		c.JSON = d.Bytes(5)
		c.Section = record.Section(d.Uint32(6))
		c.Why = d.String(7)
		c.Certificate = d.Bytes(8)
		d.Fixed(10, c.Opening[:])
		if !c.Section.Valid() || len(c.JSON) == 0 {
			d.Fail("section")
		}
	}
	c.More, c.NoRoom = d.OptionalUint(9), d.Flag(11)
	if notice := len(c.Entries) > 0; (c.Type == "") != notice || (c.More > 0 || c.NoRoom) && !notice {
		d.Fail("contribution")
	}
	return c, d.Finish()
}

func inboxContext(p record.PersonID, id [16]byte) crypto.Context {
	return crypto.NewContext(crypto.ContextInbox, p[:], id[:])
}

// Subject is OpenID's name of the person for one client: another for each, so that two
// clients cannot tell that theirs is one person. OpenID Connect Core §8.1.
func (h *Hold) Subject(client string) string {
	return FHIRID(h.id.ID(crypto.LabelSubject, []byte(client)))
}
