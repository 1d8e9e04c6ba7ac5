package keys

import (
	"carehold/crypto"
	"carehold/record"
)

// WholeHold is what a device holds that has opened its keyring: every section in
// every epoch, from the first. It needs no back rows, so it can say whether those
// there are lead where they should. It shares no key with what it is made of.
func WholeHold(p record.PersonID, id crypto.Key, epochs []crypto.Key) *Hold {
	h := &Hold{person: p, epoch: record.Epoch(len(epochs)), id: id.Clone(), ring: make(map[record.Epoch]*sectionKeys)}
	h.mask = h.id.Tagger(crypto.LabelEpoch)
	for i, key := range epochs {
		e := EpochKey{record.Epoch(i + 1), key}
		var sk bySection[crypto.Key]
		for _, s := range record.Sections() {
			sk[s] = e.section(s)
		}
		h.ring[e.Epoch] = newSectionKeys(record.AllSections, sk)
	}
	return h
}

// CheckBack reports whether the back row of an epoch leads, in every section, to the
// keys of the epochs it should lead to.
func (h *Hold) CheckBack(e record.Epoch, row []byte) error {
	newer, way := h.ring[e], steps(e, row)
	if newer == nil || way == nil {
		return crypto.ErrOpen
	}
	for _, to := range way {
		older := h.ring[to]
		if older == nil {
			return crypto.ErrOpen
		}
		for s := range each(newer.set) {
			got, err := follow(h.person, s, e, to, newer.key(s), row)
			if err != nil {
				return err
			}
			same := got.Equal(older.key(s))
			got.Destroy()
			if !same {
				return crypto.ErrOpen
			}
		}
	}
	return nil
}
