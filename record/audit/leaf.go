package audit

import (
	"encoding/binary"
	"errors"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/keys"
)

// Writer says who wrote a leaf: its first byte.
type Writer byte

const (
	ByDevice Writer = 1 // sequence(8) || blob
	ByGrant  Writer = 2 // hint(8) || blob
	ByNode   Writer = 3 // box
)

// ErrLeaf is for a leaf that no key of the person opens.
var ErrLeaf = errors.New("a log entry that none of your keys opens")

// GrantLeaf seals an event under AK_g, for its place in the log. The hint lets
// the person find which grant wrote it without trying them all.
func GrantLeaf(ak crypto.Key, p record.PersonID, g record.GrantID, index uint64, e Event) []byte {
	k := keys.TokenCapsule{Audit: ak}.LeafKeys()
	defer k.Destroy()
	return SealGrantLeaf(k, p, g, index, e)
}

// SealGrantLeaf is GrantLeaf with what is derived from AK_g at hand: of what a log
// waits for, as little as can be.
func SealGrantLeaf(k keys.LeafKeys, p record.PersonID, g record.GrantID, index uint64, e Event) []byte {
	hint := k.Hint.AsTagger().Tag(p, index)
	blob := k.Seal.Seal(keys.GrantLeafContext(p, g, index), crypto.Pad(e.Marshal()))
	leaf := make([]byte, 0, 1+len(hint)+len(blob))
	return append(append(append(leaf, byte(ByGrant)), hint[:]...), blob...)
}

// DeviceLeaf seals an event that travels inside a statement.
func DeviceLeaf(audit crypto.Key, p record.PersonID, seq record.Seq, e Event) []byte {
	key := audit.Derive(crypto.LabelOwner).Derive(crypto.LabelLeaf)
	blob := key.Seal(keys.OwnerLeafContext(p, seq), crypto.Pad(e.Marshal()))
	return append(binary.BigEndian.AppendUint64([]byte{byte(ByDevice)}, uint64(seq)), blob...)
}

// NodeLeaf seals an event of the server's own to the person.
func NodeLeaf(to crypto.BoxPublicKey, p record.PersonID, index uint64, e Event) ([]byte, error) {
	box, err := to.Seal(keys.NodeLeafContext(p, index), crypto.Pad(e.Marshal()))
	if err != nil {
		return nil, err
	}
	return append([]byte{byte(ByNode)}, box...), nil
}

// DeviceSeq tells the sequence a device's leaf claims; a server checks that a
// statement brings its own leaf and no other.
func DeviceSeq(leaf []byte) (record.Seq, bool) {
	if len(leaf) < 9 || Writer(leaf[0]) != ByDevice {
		return 0, false
	}
	return record.Seq(binary.BigEndian.Uint64(leaf[1:9])), true
}

// Reader opens leaves: it is made by the holder from the keyring.
type Reader struct {
	person record.PersonID
	owners []crypto.Key // one for each generation of K_audit
	boxes  []crypto.BoxKey
	grants []grantReader
}

type grantReader struct {
	id   record.GrantID
	ak   crypto.Key
	hint crypto.Tagger
}

// NewReader makes a reader for one person.
func NewReader(p record.PersonID) *Reader { return &Reader{person: p} }

// AddGeneration adds one K_audit with the grants made under it.
func (r *Reader) AddGeneration(audit crypto.Key, grants []record.GrantID) {
	r.owners = append(r.owners, audit.Derive(crypto.LabelOwner))
	for _, g := range grants {
		ak := keys.AuditKey(audit, g)
		r.grants = append(r.grants, grantReader{g, ak, ak.Tagger(crypto.LabelHint)})
	}
}

// AddGrant adds one grant by its own key: what a grantee has.
func (r *Reader) AddGrant(g record.GrantID, ak crypto.Key) {
	ak = ak.Clone()
	r.grants = append(r.grants, grantReader{g, ak, ak.Tagger(crypto.LabelHint)})
}

// Destroy overwrites the keys that were made for reading. Those of boxes stay.
func (r *Reader) Destroy() {
	for _, k := range r.owners {
		k.Destroy()
	}
	for _, g := range r.grants {
		g.ak.Destroy()
	}
}

// AddBox adds a key the node seals to.
func (r *Reader) AddBox(b crypto.BoxKey) { r.boxes = append(r.boxes, b) }

// Entry is an opened leaf.
type Entry struct {
	Index  uint64
	Writer Writer
	Seq    record.Seq // of the statement, for the device's
	Event  Event

	by record.GrantID // whose key opened it
}

// Open opens the leaf at a place in the log. ErrLeaf if no key does.
func (r *Reader) Open(index uint64, leaf []byte) (Entry, error) {
	en := Entry{Index: index}
	plain, err := r.open(&en, leaf)
	if err != nil {
		return en, ErrLeaf
	}
	message, err := crypto.Unpad(plain)
	if err != nil {
		return en, ErrLeaf
	}
	if en.Event, err = ParseEvent(message); err != nil {
		return en, ErrLeaf
	}
	// Whose key it is and whom it names cannot be two.
	if en.Event.Grant != en.by {
		return en, ErrLeaf
	}
	return en, nil
}

func (r *Reader) open(en *Entry, leaf []byte) ([]byte, error) {
	if len(leaf) < 9 {
		return nil, ErrLeaf
	}
	en.Writer = Writer(leaf[0])
	switch en.Writer {
	case ByDevice:
		en.Seq, _ = DeviceSeq(leaf)
		for _, k := range r.owners {
			if plain, err := k.Derive(crypto.LabelLeaf).Open(keys.OwnerLeafContext(r.person, en.Seq), leaf[9:]); err == nil {
				return plain, nil
			}
		}
	case ByGrant:
		for _, g := range r.grants {
			if g.hint.Tag(r.person, en.Index) != crypto.Tag(leaf[1:9]) {
				continue
			}
			plain, err := g.ak.Derive(crypto.LabelLeaf).Open(keys.GrantLeafContext(r.person, g.id, en.Index), leaf[9:])
			if err == nil {
				en.by = g.id
				return plain, nil
			}
		}
	case ByNode:
		for _, b := range r.boxes {
			if plain, err := b.Open(keys.NodeLeafContext(r.person, en.Index), leaf[1:]); err == nil {
				return plain, nil
			}
		}
	}
	return nil, ErrLeaf
}
