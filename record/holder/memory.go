package holder

import (
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

	// Signed is the newest head that the server has signed for this device, and Looked
	// when it last had one: so that what goes missing behind the last check is counted
	// too. That it goes on from what was seen, the next check finds out.
	Signed statement.Head
	Looked time.Time

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
	if err := d.Finish(); err != nil {
		return Memory{}, err
	}
	return m, nil
}
