package keys

import (
	"carehold/crypto"
	"carehold/record"
	"carehold/record/grant"
	"carehold/record/wire"
)

// The tags of a grant's row. docs/format.md, "Grant row".
const (
	tagEpoch       = 1
	tagID          = 2
	tagSectionKey  = 3 // a list: section(1) || key(32)
	tagAuditKey    = 4
	tagCertificate = 5
	tagStopped     = 6
	tagAdds        = 7 // a grant to add only: there is neither ID nor a section's key
)

// GrantKey is GK_g: it opens one grant's row.
func GrantKey(grants crypto.Key, g record.GrantID) crypto.Key {
	return grants.Derive(crypto.LabelGrant, g[:])
}

// AuditKey is AK_g: it writes and reads the log entries of one grant.
func AuditKey(audit crypto.Key, g record.GrantID) crypto.Key {
	return audit.Derive(crypto.LabelAudit, g[:])
}

// SealGrantRow makes the row of a live grant for one epoch: the keys of its
// sections and no others, padded so that it does not tell how many.
func SealGrantRow(g grant.Grant, certificate []byte, e EpochKey, id, grants, audit crypto.Key) []byte {
	var w wire.Builder
	w.Uint(tagEpoch, uint64(e.Epoch))
	adds := g.WriteOnly()
	if !adds {
		w.Bytes(tagID, id.Bytes())
		for _, s := range g.Sections.List() {
			sk := e.section(s)
			w.Bytes(tagSectionKey, append([]byte{byte(s)}, sk.Bytes()...))
			sk.Destroy()
		}
	}
	ak := AuditKey(audit, g.ID)
	w.Bytes(tagAuditKey, ak.Bytes())
	w.Bytes(tagCertificate, certificate)
	w.Flag(tagAdds, adds)
	return sealRow(g.Person, g.ID, grants, w.Finish())
}

// SealStoppedRow makes the row of a grant that has ended. It holds no key of the
// record: only what a stopped token needs for its refusal to be logged.
func SealStoppedRow(p record.PersonID, g record.GrantID, grants, audit crypto.Key) []byte {
	var w wire.Builder
	ak := AuditKey(audit, g)
	w.Bytes(tagAuditKey, ak.Bytes())
	w.Flag(tagStopped, true)
	return sealRow(p, g, grants, w.Finish())
}

// grantRowPad is the least size of a grant's row before sealing, so that a
// stopped row, or one with a single section, looks like one with them all.
const grantRowPad = 2032 // with two field headers and the length: 2 KiB

func sealRow(p record.PersonID, g record.GrantID, grants crypto.Key, row []byte) []byte {
	var w wire.Builder
	w.Bytes(1, row)
	w.Bytes(2, make([]byte, max(0, grantRowPad-len(row))))
	gk := GrantKey(grants, g)
	wrap := gk.Derive(crypto.LabelWrap)
	defer wrap.Destroy()
	gk.Destroy()
	padded := crypto.Pad(w.Finish())
	defer clear(padded)
	return wrap.Seal(grantRowContext(p, g), padded)
}

// GrantRow is what GK_g opens.
type GrantRow struct {
	Stopped     bool
	Audit       crypto.Key
	Certificate []byte // signature || grant message; not checked yet
	Epoch       record.Epoch
	Hold        *Hold // nil when stopped, and for a grant to add only
}

// Adds reports whether the row is of a grant to add only: it holds no key of the
// record, so that whoever has its token and a copy of the disk reads nothing.
func (r *GrantRow) Adds() bool { return !r.Stopped && r.Hold == nil }

// Destroy overwrites the row's keys.
func (r *GrantRow) Destroy() {
	r.Audit.Destroy()
	if r.Hold != nil {
		r.Hold.Destroy()
	}
}

// OpenGrantRow opens a grant's row. crypto.ErrOpen when gk is not its key.
func OpenGrantRow(p record.PersonID, g record.GrantID, gk crypto.Key, blob []byte) (*GrantRow, error) {
	wrap := gk.Derive(crypto.LabelWrap)
	defer wrap.Destroy()
	padded, err := wrap.Open(grantRowContext(p, g), blob)
	if err != nil {
		return nil, err
	}
	defer clear(padded)
	message, err := crypto.Unpad(padded)
	if err != nil {
		return nil, err
	}
	outer := wire.Decode("grant row", message)
	inner := outer.Bytes(1)
	outer.Bytes(2) // padding
	if err := outer.Finish(); err != nil {
		return nil, err
	}
	d := wire.Decode("grant row", inner)
	row := &GrantRow{Stopped: d.Flag(tagStopped)}
	if row.Audit, err = crypto.KeyFrom(d.Bytes(tagAuditKey)); err != nil {
		d.Fail("audit key")
	}
	if row.Stopped {
		return row, d.Finish()
	}
	row.Certificate = append([]byte(nil), d.Bytes(tagCertificate)...)
	epoch := record.Epoch(d.Uint32(tagEpoch))
	row.Epoch = epoch
	if d.Flag(tagAdds) {
		return row, d.Finish()
	}
	id, err := crypto.KeyFrom(d.Bytes(tagID))
	if err != nil {
		d.Fail("id key")
	}
	hold := &Hold{person: p, epoch: epoch, id: id}
	var set record.SectionSet
	var sk bySection[crypto.Key]
	for _, v := range d.List(tagSectionKey) {
		if len(v) != 1+crypto.KeySize || !record.Section(v[0]).Valid() {
			d.Fail("section key")
			break
		}
		s := record.Section(v[0])
		if set.Has(s) {
			d.Fail("section key")
			break
		}
		if sk[s], err = crypto.KeyFrom(v[1:]); err != nil {
			d.Fail("section key") // a device can write what it likes: zeros are no key
			break
		}
		set = set.With(s)
	}
	if err := d.Finish(); err != nil {
		return nil, err
	}
	hold.prepare(newSectionKeys(set, sk))
	row.Hold = hold
	return row, nil
}
