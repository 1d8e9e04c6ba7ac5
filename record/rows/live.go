package rows

import (
	"encoding/binary"
	"time"

	"carehold/record"
	"carehold/record/kv"
	"carehold/record/wire"
)

// Live is the list of the grants valid now: the only thing that makes a grant
// valid.
type Live struct {
	Epoch  record.Epoch
	Grants []LiveGrant
}

// LiveGrant is a line of the list, with the hash of the grant's row, so that
// whether that is damaged shows without its key.
type LiveGrant struct {
	Grant     record.GrantID
	Until     time.Time // zero: until stopped
	Self      bool
	Struck    bool // stopped from a session or by its client; the next statement ends it
	Suspended bool // by the person: its row is a stopped one until they let it go on
	Row       Hash
}

// Find looks a grant up.
func (l Live) Find(g record.GrantID) (LiveGrant, bool) {
	for _, x := range l.Grants {
		if x.Grant == g {
			return x, true
		}
	}
	return LiveGrant{}, false
}

// Valid reports whether a grant opens anything now.
func (l Live) Valid(g record.GrantID, now time.Time) bool {
	x, there := l.Find(g)
	return there && !x.Struck && !x.Suspended && (x.Until.IsZero() || now.Before(x.Until))
}

// ReadRow reads a live grant's row.
func (g LiveGrant) ReadRow(r kv.Reader) ([]byte, error) {
	return Checked(r, GrantKey(g.Grant), g.Row, "grant")
}

const (
	flagSelf      = 1
	flagStruck    = 2
	flagSuspended = 4
	liveSize      = 16 + 8 + 1 + 32
)

// Marshal writes the live list's row.
func (l Live) Marshal() []byte {
	var w wire.Builder
	w.Uint(1, uint64(l.Epoch))
	for _, g := range l.Grants {
		line := append([]byte(nil), g.Grant[:]...)
		until := uint64(0)
		if !g.Until.IsZero() {
			until = uint64(g.Until.Unix())
		}
		line = binary.BigEndian.AppendUint64(line, until)
		flags := byte(0)
		if g.Self {
			flags |= flagSelf
		}
		if g.Struck {
			flags |= flagStruck
		}
		if g.Suspended {
			flags |= flagSuspended
		}
		w.Bytes(2, append(append(line, flags), g.Row[:]...))
	}
	return w.Finish()
}

// ParseLive reads a live list's row.
func ParseLive(b []byte) (l Live, ok bool) {
	d := wire.Decode("live list", b)
	l.Epoch = record.Epoch(d.Uint32(1))
	for _, line := range d.List(2) {
		if len(line) != liveSize || line[24]&^(flagSelf|flagStruck|flagSuspended) != 0 {
			return l, false
		}
		g := LiveGrant{Grant: record.GrantID(line[:16]), Self: line[24]&flagSelf != 0, Struck: line[24]&flagStruck != 0, Suspended: line[24]&flagSuspended != 0, Row: Hash(line[25:])}
		if until := binary.BigEndian.Uint64(line[16:24]); until != 0 {
			g.Until = time.Unix(int64(until), 0).UTC()
		}
		l.Grants = append(l.Grants, g)
	}
	return l, d.Finish() == nil
}
