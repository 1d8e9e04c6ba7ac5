package rows

import (
	"crypto/sha256"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/kv"
)

// Part names a sort of row, in words for a person.
type Part string

// What can be damaged.
const (
	PartHead      Part = "head"
	PartAccount   Part = "account"
	PartLive      Part = "live list"
	PartGrant     Part = "grant"
	PartRing      Part = "keyring"
	PartEpoch     Part = "link to an earlier epoch"
	PartDirectory Part = "directory"
	PartSegment   Part = "part of the directory"
	PartEntry     Part = "entry"
	PartLog       Part = "log"
	PartSlot      Part = "way to unlock"
	PartVersions  Part = "number of versions"         // more than can be checked
	PartRows      Part = "part in the damaged tables" // told by whoever reads
)

// Finding is one thing that is not what was stored. It names no more than an
// entry's name at rest, which says nothing to whoever has no key.
type Finding struct {
	Part    Part   `json:"part"`
	Missing bool   `json:"missing,omitempty"` // it is not there; else it is another
	Entry   string `json:"entry,omitempty"`   // hexadecimal
	Version uint64 `json:"version,omitempty"` // this one; those before it cannot be told either
	Number  uint64 `json:"number,omitempty"`  // of the epoch or the segment
	From    uint64 `json:"from,omitempty"`    // log entries from here
	To      uint64 `json:"to,omitempty"`      // to before here
}

// MaxVersions is how many versions of entries of one person are verified: each takes
// about a hundred bytes of memory while they are.
const MaxVersions = 1 << 20

// MaxFindings is how many findings of one person are told; the rest are counted.
const MaxFindings = 100

// Verified is what came of verifying one person's rows.
type Verified struct {
	Rows, Bytes       uint64 // that were looked at
	Entries, Versions uint64 // that are what the directory says
	Leaves            uint64
	Used              uint64 // bytes of what is held by the head: entries, log, keyring, epochs

	// LeftOver are rows that nothing names: of a write that was cut off, or of a
	// record as it was before. They do not exist as far as anybody can tell.
	LeftOver uint64

	Damage   uint64 // how many findings there were
	Findings []Finding

	HeadRow Hash // SHA-256 of the head's row as it is; zero when there is none
	Head    Head
	Account Account
	Epoch   record.Epoch
	Slots   []crypto.CapsuleID // whose capsules must be there too
}

// Person reports whether the rows are a person's, whole or not: other partitions
// hold a capsule, or what is left of a record that was never finished.
func (v Verified) Person() bool { return v.HeadRow != (Hash{}) || v.Damage > 0 }

// Add adds a finding of the caller's own.
func (v *Verified) Add(f Finding) {
	v.Damage++
	if len(v.Findings) < MaxFindings {
		v.Findings = append(v.Findings, f)
	}
}

// Check says what is expected of the rows.
type Check struct {
	// Vouch says whether a head's row is believed: by its MAC, where it was
	// written. Without it the head is taken as it is, and HeadRow is for the
	// caller to compare.
	Vouch func(row []byte) bool

	// Copy is for the rows of a backup: no live list and no grants.
	Copy bool

	// LeftOver is told the key of each row that nothing names. It keeps no key.
	LeftOver func(key []byte)
}

// Verifier is given the rows of one person in the order of their keys, and says
// what is wrong with them. It opens nothing. Of entries it remembers about a
// hundred bytes a version, and nothing of what they hold: a record of any size
// is verified in one pass.
type Verifier struct {
	check Check
	got   Verified
	seen  map[byte]bool

	account, dir []byte // they stand before the head that knows them
	headOK       bool
	directory    *Directory
	unsure       [Segments]bool // segments that cannot be read: what is in them is not judged
	segment      [Segments]bool // that were there
	index        index
	parts        partsCheck
	log          logCheck
	grants       map[record.GrantID]Hash
	sent         map[[16]byte]bool // uploads
	backs        backsCheck
	live         bool
	over         bool // more versions than are verified
}

// NewVerifier begins with a person's rows.
func NewVerifier(c Check) *Verifier {
	return &Verifier{check: c, seen: make(map[byte]bool), grants: make(map[record.GrantID]Hash), sent: make(map[[16]byte]bool)}
}

// Verify verifies the rows of one partition. progress is told the size of each
// row, and ends it all with an error.
func Verify(r kv.Reader, c Check, progress func(bytes int) error) (Verified, error) {
	v := NewVerifier(c)
	err := r.Scan(nil, nil, func(key, value []byte) (bool, error) {
		v.Row(key, value)
		return true, progress(len(key) + len(value))
	})
	return v.Finish(0), err
}

// Slots are those that the keyring row names, once it has come.
func (v *Verifier) Slots() []crypto.CapsuleID { return v.got.Slots }

// Row takes the next row.
func (v *Verifier) Row(key, value []byte) {
	v.got.Rows++
	v.got.Bytes += uint64(len(key) + len(value))
	if len(key) == 0 {
		return
	}
	switch kind := key[0]; {
	case len(key) == 1:
		v.seen[kind] = true
		v.single(kind, value)
	case kind == KindBack:
		v.backs.row(v, key, value)
	case kind == KindEntry && (v.over || len(v.index.versions) == MaxVersions):
		v.over = true
	case kind == KindEntry:
		if !v.index.row(key, value) {
			v.leftOver(key)
		}
	case kind == KindGrant && len(key) == 17 && !v.check.Copy:
		v.grants[record.GrantID(key[1:])] = HashOf(value)
	case kind == KindLeaf:
		v.log.row(v, key, value)
	case kind == KindSegment:
		v.segmentRow(key, value)
	case kind == KindPart:
		v.parts.row(v, key, value)
	case kind == KindInbox && len(key) == 17 && len(value) >= minInbox: // it holds by its seal
		v.got.Used += uint64(len(value))
	case v.check.Copy: // of one store only, or of none
		v.leftOver(key)
	case v.beside(kind, key):
	default:
		v.leftOver(key)
	}
}

// beside reports whether a row is of what lies beside the record: no head answers for
// it, and it is nobody's damage. A part of an upload that is not there is left over.
func (v *Verifier) beside(kind byte, key []byte) bool {
	switch {
	case kind == KindSent && len(key) == 17:
		if len(v.sent) < maxSent {
			v.sent[[16]byte(key[1:])] = true
		}
		return true
	case kind == KindSentRow && len(key) == 21:
		return v.sent[[16]byte(key[1:])] || len(v.sent) == maxSent // they come after all uploads
	case kind == KindFile:
		return len(key) == 21
	case kind == KindTries, kind == KindMade, kind == KindAsk, kind == KindChain:
		return len(key) == 17
	}
	return false
}

// maxSent is how many uploads are remembered: there are far fewer, and a disk that has
// more was tampered with.
const maxSent = 1024

// single takes a row there is one of.
func (v *Verifier) single(kind byte, row []byte) {
	switch kind {
	case KindAccount:
		v.account = append([]byte{}, row...)
	case KindDir:
		v.dir = append([]byte{}, row...)
	case KindHead:
		v.headRow(row)
	case KindRing:
		v.ringRow(row)
	case KindLive:
		if v.check.Copy {
			v.leftOver(LiveKey)
			return
		}
		v.liveRow(row)
	case KindCapsule: // a partition of its own: not a person's
	default:
		v.leftOver([]byte{kind})
	}
}

// headRow judges what stands before the head, and keeps what it knows of the rest.
func (v *Verifier) headRow(row []byte) {
	v.got.HeadRow = sha256.Sum256(row)
	if len(row) >= HeadMACSize {
		v.got.Head, v.headOK = ParseHead(row[HeadMACSize:])
	}
	if !v.headOK || v.check.Vouch != nil && !v.check.Vouch(row) {
		v.got.Add(Finding{Part: PartHead})
	}
	if !v.headOK {
		return
	}
	v.log.begin(v.got.Head.Log)
	if v.account != nil {
		a, ok := ParseAccount(v.account)
		if _, err := crypto.ParseBoxPublicKey(a.Box); !ok || err != nil || HashOf(v.account) != v.got.Head.Account {
			v.got.Add(Finding{Part: PartAccount})
		} else {
			v.got.Account = a
		}
	}
	if v.dir != nil {
		d, ok := ParseDirectory(v.dir)
		if !ok || DirRoot(v.dir) != v.got.Head.Dir {
			v.got.Add(Finding{Part: PartDirectory})
		} else {
			v.directory = d
		}
	}
}

func (v *Verifier) ringRow(row []byte) {
	if !v.headOK {
		return
	}
	x, ok := ParseRing(row)
	if !ok || HashOf(row) != v.got.Head.Ring {
		v.got.Add(Finding{Part: PartRing})
		return
	}
	v.got.Used += uint64(len(row))
	for _, slot := range x.Slots {
		v.got.Slots = append(v.got.Slots, slot.ID)
	}
}

// liveRow judges the live list, and with it the rows of the grants on it. Rows of
// other grants are those that ended: they hold by their seal.
func (v *Verifier) liveRow(row []byte) {
	if !v.headOK {
		return
	}
	l, ok := ParseLive(row)
	if !ok || HashOf(row) != v.got.Head.Live {
		v.got.Add(Finding{Part: PartLive})
		return
	}
	v.live, v.got.Epoch = true, l.Epoch
	for _, g := range l.Grants {
		if have, there := v.grants[g.Grant]; !there || have != g.Row {
			v.got.Add(Finding{Part: PartGrant, Missing: !there})
		}
	}
}

// segmentRow takes a segment, and finds the versions that its lines name.
func (v *Verifier) segmentRow(key, row []byte) {
	if v.directory == nil || v.over {
		return // not judged
	}
	n := -1
	if len(key) == 2+sha256.Size && key[1] < Segments {
		n = int(key[1])
	}
	if n < 0 || v.directory[n] != Hash(key[2:]) {
		v.leftOver(key)
		return
	}
	v.segment[n] = true
	lines, ok := ParseSegment(row)
	for i, l := range lines {
		ok = ok && SegmentOf(l.Entry) == n && l.Stamp.Version() > 0 && (i == 0 || string(lines[i-1].Entry[:]) < string(l.Entry[:]))
	}
	if !ok || HashOf(row) != v.directory[n] {
		v.got.Add(Finding{Part: PartSegment, Number: uint64(n)})
		v.unsure[n] = true
		return
	}
	for _, l := range lines {
		v.index.line(v, l)
	}
}

// leftOver tells of a row that nothing names.
func (v *Verifier) leftOver(key []byte) {
	v.got.LeftOver++
	if v.check.LeftOver != nil {
		v.check.LeftOver(key)
	}
}

// Finish says what came of it. epoch is the record's, where there is no live list
// to say it.
func (v *Verifier) Finish(epoch record.Epoch) Verified {
	v.parts.end(v)
	begun := v.seen[KindHead] || v.seen[KindAccount] || v.seen[KindLive]
	if !begun {
		return v.unbegun()
	}
	for _, x := range []struct {
		kind byte
		part Part
	}{{KindHead, PartHead}, {KindAccount, PartAccount}, {KindLive, PartLive}, {KindRing, PartRing}, {KindDir, PartDirectory}} {
		if !v.seen[x.kind] && !(v.check.Copy && x.kind == KindLive) {
			v.got.Add(Finding{Part: x.part, Missing: true})
		}
	}
	if v.over {
		v.got.Add(Finding{Part: PartVersions})
	}
	if v.headOK {
		v.log.end(v)
	}
	if v.directory != nil && !v.over {
		for n, h := range v.directory {
			if h != (Hash{}) && !v.segment[n] {
				v.got.Add(Finding{Part: PartSegment, Missing: true, Number: uint64(n)})
				v.unsure[n] = true
			}
		}
		v.index.end(v)
	}
	if v.check.Copy {
		v.got.Epoch = epoch
	}
	if v.check.Copy || v.live {
		v.backs.end(v)
	}
	return v.got
}

// unbegun is a partition without a person: all that is in it, but for a capsule,
// is what is left of a record that was never finished.
func (v *Verifier) unbegun() Verified {
	v.got = Verified{Rows: v.got.Rows, Bytes: v.got.Bytes, LeftOver: v.got.Rows}
	if v.seen[KindCapsule] {
		v.got.LeftOver--
	}
	return v.got
}
