package holder

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"carehold/record"
	"carehold/record/audit"
	"carehold/record/statement"
	"carehold/record/wire"
)

// Memory is what a device remembers between two unlockings. It holds no secret,
// and it is what a server cannot talk a device out of: which server this is, how
// far the keyring had come, and what the log was. A device without one (the zero
// Memory) must take the server's word for all of it.
type Memory struct {
	Person   record.PersonID
	Store    record.StoreID
	Verifier string
	Seq      record.Seq     // of the newest keyring seen
	Hash     statement.Hash // of the statement it came with
	Log      Checked        // how far the log was checked

	// Signed is the newest head that the server has signed for this device, so that what
	// goes missing behind the last check is counted too. Each unlocking wants the proof
	// that the log goes on from there. Looked is when the device last had one, by its own
	// clock, as a server may say any time.
	Signed statement.Head
	Looked time.Time

	// Unmet are the heads that were Signed before and came without a proof, with a
	// receipt or the end of a session, until a check has met them. Without them a server
	// that is put back, and then grows past Signed, would take its place by being asked,
	// and what is gone would never be missed.
	Unmet []statement.Head

	// Came are the stores it was at before, as far as this device went along: one of
	// them may be restored a second time.
	Came []record.StoreID
}

// Checked is how far a log was checked: a check can go on from here.
type Checked struct {
	Frontier audit.Frontier
	Seq      record.Seq // the last statement whose entry is among those leaves
	Trail    [32]byte   // the hash over the entries of all those statements
}

// Head is the log as it was last checked.
func (m Memory) Head() statement.Head {
	if m.Log.Frontier.Size == 0 {
		return statement.Head{}
	}
	return m.Log.Frontier.Head()
}

// Newest is as far as this device has seen the log, checked or not.
func (m Memory) Newest() statement.Head {
	if head := m.Head(); head.Size >= m.Signed.Size {
		return head
	}
	return m.Signed
}

// maxUnmet is how many heads are kept that no check has met: of more, every second.
const maxUnmet = 256

// sign takes in a head that the server signed, of a log at least as long as was seen.
// met: of one that goes on from Newest, as was proved.
func (m *Memory) sign(head statement.Head, met bool) {
	if head.Size <= m.Signed.Size {
		return
	}
	if !met && m.Signed.Size > m.Head().Size {
		m.Unmet = append(slices.Clip(m.Unmet), m.Signed)
	}
	if len(m.Unmet) > maxUnmet {
		var thin []statement.Head
		for i := 0; i < len(m.Unmet); i += 2 {
			thin = append(thin, m.Unmet[i])
		}
		m.Unmet = thin
	}
	m.Signed = head
}

// Merge is what two that ended at the same time have seen together, at one store.
func (m Memory) Merge(b Memory) Memory {
	unmet := slices.Concat(m.Unmet, b.Unmet, []statement.Head{m.Signed, b.Signed})
	if b.Seq > m.Seq {
		m.Seq, m.Hash = b.Seq, b.Hash
	}
	if b.Log.Frontier.Size > m.Log.Frontier.Size {
		m.Log = b.Log
	}
	if b.Signed.Size > m.Signed.Size {
		m.Signed = b.Signed
	}
	if b.Looked.After(m.Looked) {
		m.Looked = b.Looked
	}
	slices.SortFunc(unmet, func(a, b statement.Head) int {
		return cmp.Or(cmp.Compare(a.Size, b.Size), bytes.Compare(a.Root[:], b.Root[:]))
	})
	m.Unmet = slices.DeleteFunc(slices.Compact(unmet), func(u statement.Head) bool { return u == m.Signed || u.Size <= m.Log.Frontier.Size })
	return m
}

// follow takes a keyring in that is believed, and goes along to the store it is at.
func (m *Memory) follow(s state) {
	r := s.ring
	if m.Store != r.store && m.Store != (record.StoreID{}) {
		m.Came = append(m.Came, m.Store)
		o := r.origin(m.Store)
		if o == nil || m.Log.Frontier.Size > o.size {
			m.Log = Checked{} // what this device had checked is not all there: from the first entry, then
		}
		if o == nil || m.Signed.Size > o.size {
			m.Signed = statement.Head{}
		}
		m.Unmet = slices.DeleteFunc(slices.Clone(m.Unmet), func(u statement.Head) bool { return o == nil || u.Size > o.size })
	}
	m.Person, m.Store, m.Verifier = r.person, r.store, r.verifier
	m.Seq, m.Hash = r.seq, s.hash
}

// The tags of a memory.
const (
	tagMemPerson = iota + 1
	tagMemStore
	tagMemVerifier
	tagMemSeq
	tagMemHash
	tagMemSize
	tagMemPeaks
	tagMemLogSeq
	tagMemTrail
	tagMemCame // a list
	tagMemSignedSize
	tagMemSignedRoot
	tagMemLooked // Unix seconds
	tagMemUnmet  // a list
)

// Marshal writes the memory for keeping on the device.
func (m Memory) Marshal() []byte {
	var w wire.Builder
	w.Bytes(tagMemPerson, m.Person[:])
	w.Bytes(tagMemStore, m.Store[:])
	w.String(tagMemVerifier, m.Verifier)
	w.Uint(tagMemSeq, uint64(m.Seq))
	w.Bytes(tagMemHash, m.Hash[:])
	w.Uint(tagMemSize, m.Log.Frontier.Size)
	w.Bytes(tagMemPeaks, m.Log.Frontier.Marshal())
	w.Uint(tagMemLogSeq, uint64(m.Log.Seq))
	w.Bytes(tagMemTrail, m.Log.Trail[:])
	for _, s := range m.Came {
		w.Bytes(tagMemCame, s[:])
	}
	if m.Signed.Size > 0 {
		w.Uint(tagMemSignedSize, m.Signed.Size)
		w.Bytes(tagMemSignedRoot, m.Signed.Root[:])
	}
	if !m.Looked.IsZero() {
		w.Uint(tagMemLooked, uint64(m.Looked.Unix()))
	}
	for _, u := range m.Unmet {
		w.Bytes(tagMemUnmet, append(binary.BigEndian.AppendUint64(nil, u.Size), u.Root[:]...))
	}
	return w.Finish()
}

// ParseMemory reads what Marshal wrote.
func ParseMemory(b []byte) (Memory, error) {
	var m Memory
	d := wire.Decode("memory", b)
	d.Fixed(tagMemPerson, m.Person[:])
	d.Fixed(tagMemStore, m.Store[:])
	m.Verifier = d.String(tagMemVerifier)
	m.Seq = record.Seq(d.Uint(tagMemSeq))
	d.Fixed(tagMemHash, m.Hash[:])
	size := d.Uint(tagMemSize)
	var whole bool
	if m.Log.Frontier, whole = audit.ParseFrontier(size, d.Bytes(tagMemPeaks)); !whole {
		d.Fail("frontier")
	}
	m.Log.Seq = record.Seq(d.Uint(tagMemLogSeq))
	d.Fixed(tagMemTrail, m.Log.Trail[:])
	for _, v := range d.List(tagMemCame) {
		if len(v) != len(record.StoreID{}) {
			d.Fail("store")
			break
		}
		m.Came = append(m.Came, record.StoreID(v))
	}
	if m.Signed.Size = d.OptionalUint(tagMemSignedSize); m.Signed.Size > 0 {
		d.Fixed(tagMemSignedRoot, m.Signed.Root[:])
	}
	if at := d.OptionalUint(tagMemLooked); at > 0 {
		m.Looked = time.Unix(int64(at&(1<<62-1)), 0).UTC()
	}
	for _, v := range d.List(tagMemUnmet) {
		if len(v) != 8+len(statement.Hash{}) {
			d.Fail("head")
			break
		}
		m.Unmet = append(m.Unmet, statement.Head{Size: binary.BigEndian.Uint64(v), Root: [32]byte(v[8:])})
	}
	if err := d.Finish(); err != nil {
		return Memory{}, err
	}
	return m, nil
}
