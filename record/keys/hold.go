package keys

import (
	"encoding/binary"

	"carehold/crypto"
	"carehold/record"
)

// Hold is what one grant holds while a request runs: the ID key and the keys of
// its sections. It recognises, opens and seals; it hands out no key. A Hold is
// for one goroutine.
type Hold struct {
	person record.PersonID
	epoch  record.Epoch
	id     crypto.Key

	mask crypto.Tagger
	ring map[record.Epoch]*sectionKeys // by epoch, filled as they are needed
	wipe []byte                        // what the newest are taken from

	// Back returns the back row of an epoch. The store sets it.
	Back func(record.Epoch) ([]byte, error)
}

func (h *Hold) prepare(newest *sectionKeys) {
	h.mask = h.id.Tagger(crypto.LabelEpoch)
	h.ring = map[record.Epoch]*sectionKeys{h.epoch: newest}
}

// Epoch is the epoch the hold was sealed for, and the one it seals under.
func (h *Hold) Epoch() record.Epoch { return h.epoch }

// Sections are the sections the hold has keys of.
func (h *Hold) Sections() record.SectionSet {
	return h.ring[h.epoch].set
}

// EntryID is the name of an entry's rows: KDF(ID, "entry-id", type, FHIR id)[:16].
// It does not depend on the section: one lookup finds any id.
func (h *Hold) EntryID(typ, id string) record.EntryID {
	return h.id.ID(crypto.LabelEntryID, []byte(typ), []byte(id))
}

// PatientID is the FHIR id of the record's own Patient: 26 characters of base32,
// the same for every grant of the record and known to nobody else.
func (h *Hold) PatientID() string { return patientID(h.id) }

// at returns the section keys of an epoch, walking back where need be.
func (h *Hold) at(e record.Epoch) (*sectionKeys, error) {
	if k, done := h.ring[e]; done {
		return k, nil
	}
	if e == 0 || e > h.epoch || h.Back == nil {
		return nil, crypto.ErrOpen
	}
	// From the earliest known epoch after it, by the longest link each time.
	from := h.epoch
	for x := e + 1; x < h.epoch; x++ {
		if _, done := h.ring[x]; done {
			from = x
			break
		}
	}
	for from > e {
		row, err := h.Back(from)
		if err != nil {
			return nil, err
		}
		to := from
		for _, step := range steps(from, row) {
			if step >= e {
				to = step
				break
			}
		}
		if to == from {
			return nil, crypto.ErrOpen
		}
		newer := h.ring[from]
		var older bySection[crypto.Key]
		for s := range each(newer.set) {
			if older[s], err = follow(h.person, s, from, to, newer.key(s), row); err != nil {
				for _, key := range older {
					key.Destroy()
				}
				return nil, err
			}
		}
		from = to
		h.ring[from] = newSectionKeys(newer.set, older)
	}
	return h.ring[e], nil
}

// Destroy overwrites every key.
func (h *Hold) Destroy() {
	for _, k := range h.ring {
		k.destroy()
	}
	h.id.Destroy()
	clear(h.wipe)
}

// A hint stands beside each version of an entry: the epoch, masked with ID, and
// the tag of its section's key. Without keys it is twelve random-looking bytes;
// with ID alone it tells the epoch; with the section's key it says "mine".
const hintSize = 4 + 8

// Hint returns the hint of a version sealed now in a section.
func (h *Hold) hint(s record.Section, entry record.EntryID, v record.Version) []byte {
	b := binary.BigEndian.AppendUint32(nil, h.mask.Mask(entry, uint64(v), uint32(h.epoch)))
	tag := h.ring[h.epoch].tags(s).Tag(entry, uint64(v))
	return append(b, tag[:]...)
}

// Reach tells whether a version's hint names an epoch that the hold can walk to.
// An error is damage, of the hint or of a link on the way, and never means that
// the version is another section's: that is for Recognise to say, which cannot
// tell the two apart.
func (h *Hold) Reach(entry record.EntryID, v record.Version, row []byte) error {
	if len(row) < hintSize {
		return crypto.ErrOpen
	}
	_, err := h.at(record.Epoch(h.mask.Mask(entry, uint64(v), binary.BigEndian.Uint32(row))))
	return err
}

// Recognise tells which of the hold's sections a version is in, and from which
// epoch. ok is false for a section that is not the hold's, which is
// indistinguishable from noise.
func (h *Hold) Recognise(entry record.EntryID, v record.Version, row []byte) (s record.Section, e record.Epoch, ok bool) {
	if len(row) < hintSize {
		return 0, 0, false
	}
	e = record.Epoch(h.mask.Mask(entry, uint64(v), binary.BigEndian.Uint32(row)))
	k, err := h.at(e)
	if err != nil {
		return 0, 0, false
	}
	want := crypto.Tag(row[4:hintSize])
	for _, s := range commonFirst {
		if k.set.Has(s) && k.tags(s).Tag(entry, uint64(v)) == want {
			return s, e, true
		}
	}
	return 0, 0, false
}

// Miss is as much work as recognising that a row is in no section: an entry that
// does not exist is not to be refused sooner for it than one that is not shared.
func (h *Hold) Miss() {
	k := h.ring[h.epoch]
	for s := range each(k.set) {
		k.tags(s).Tag(record.EntryID{}, 0)
	}
}
