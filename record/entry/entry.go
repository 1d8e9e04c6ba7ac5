// Package entry is what is sealed in a version of an entry: a header that can be
// read without parsing JSON, and the FHIR resource as it came.
//
//	plain = header version(2) || header length(4) || header || FHIR JSON bytes
//
// The JSON is the resource as it is served: the bytes that came, with id,
// meta.versionId and meta.lastUpdated spliced in when the version was written, so
// reading one is opening it and nothing more. A deleted version has no JSON. The
// header is derived and never frozen: it says nothing that the JSON and the
// version's place do not, and a later version of it is rebuilt from them.
package entry

import (
	"encoding/binary"
	"time"

	"carehold/record"
	"carehold/record/wire"
)

// HeaderVersion is the version that this program writes.
const HeaderVersion = 1

// Header is what is known of a version without its JSON.
type Header struct {
	Type    string    // FHIR resource type
	ID      string    // FHIR id
	Time    time.Time // when it was written, to the millisecond: meta.lastUpdated
	Deleted bool
	Author  Author
	Origin  Origin
	Why     string // the filing rule that chose the section, for the first version in it
	Moved   bool   // the person filed it here themselves
}

// Author is who wrote a version: the grant it was written under, and that
// grant's own words for whom it was made.
type Author struct {
	Grant record.GrantID
	Self  bool
	Name  string
}

// Origin is where an imported version came from. It is empty for one that was
// written here.
type Origin struct {
	Import record.ImportID
	Source string // the words of the one who imported: "GP practice export"
}

// IsZero reports whether the version was not imported.
func (o Origin) IsZero() bool { return o == Origin{} }

const (
	tagType = iota + 1
	tagID
	tagTime
	tagDeleted
	tagGrant
	tagSelf
	tagName
	tagImport
	tagSource
	tagWhy
	tagMoved
)

// Marshal returns the plaintext of a version.
func Marshal(h Header, json []byte) []byte {
	var w wire.Builder
	w.String(tagType, h.Type)
	w.String(tagID, h.ID)
	w.Uint(tagTime, uint64(h.Time.UnixMilli()))
	w.Flag(tagDeleted, h.Deleted)
	w.Bytes(tagGrant, h.Author.Grant[:])
	w.Flag(tagSelf, h.Author.Self)
	w.String(tagName, h.Author.Name)
	if !h.Origin.IsZero() {
		w.Bytes(tagImport, h.Origin.Import[:])
		w.String(tagSource, h.Origin.Source)
	}
	w.String(tagWhy, h.Why)
	w.Flag(tagMoved, h.Moved)
	header := w.Finish()
	b := make([]byte, 0, 6+len(header)+len(json))
	b = binary.BigEndian.AppendUint16(b, HeaderVersion)
	b = binary.BigEndian.AppendUint32(b, uint32(len(header)))
	b = append(b, header...)
	return append(b, json...)
}

// Parse reads the plaintext of a version. The JSON points into plain.
func Parse(plain []byte) (Header, []byte, error) {
	var h Header
	if len(plain) < 6 {
		return h, nil, wire.ErrFormat
	}
	version, n := binary.BigEndian.Uint16(plain), binary.BigEndian.Uint32(plain[2:])
	if version != HeaderVersion || uint64(n) > uint64(len(plain)-6) {
		return h, nil, wire.ErrFormat
	}
	d := wire.Decode("entry header", plain[6:6+n])
	h.Type, h.ID = d.String(tagType), d.String(tagID)
	h.Time = time.UnixMilli(int64(d.Uint(tagTime))).UTC()
	h.Deleted = d.Flag(tagDeleted)
	d.Fixed(tagGrant, h.Author.Grant[:])
	h.Author.Self, h.Author.Name = d.Flag(tagSelf), d.String(tagName)
	if id := d.Optional(tagImport); id != nil {
		if len(id) != len(h.Origin.Import) {
			d.Fail("import id")
		}
		copy(h.Origin.Import[:], id)
	}
	h.Origin.Source = d.String(tagSource)
	h.Why, h.Moved = d.String(tagWhy), d.Flag(tagMoved)
	return h, plain[6+n:], d.Finish()
}
