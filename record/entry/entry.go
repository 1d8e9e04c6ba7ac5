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
//
// A Binary with a large content has it behind the JSON, and not in it, under header
// version 2:
//
//	plain = 2 || header length(4) || header || FHIR JSON bytes || content
//
// The JSON is without data, and the header says where in it the base64 of the content
// goes, and between which bytes: what is served is byte for byte what came, and
// neither half needs the other to be read.
package entry

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"carehold/record"
	"carehold/record/wire"
)

// The versions of a header.
const (
	HeaderVersion  = 1
	ContentVersion = 2 // of an entry with a content behind its JSON
)

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
	Content *Content
	Taken   bool // from the inbox, by the person: Author wrote it, under a grant that reads nothing
}

// Content is what a Binary holds, when it is kept behind the JSON.
type Content struct {
	Length int64 // bytes
	SHA256 [32]byte

	At          int    // where in the JSON it goes, in base64
	Lead, Trail []byte // and between what: "data":" and ",
}

// Author is who wrote a version: the grant it was written under, and that
// grant's own words for whom it was made.
type Author struct {
	Grant record.GrantID
	Self  bool
	Name  string

	Organisation, Role string
	Number, Register   string // who they are registered as, and with whom
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
	tagJSON
	tagAt
	tagLength
	tagSHA256
	tagLead
	tagTrail
	tagOrganisation
	tagRole
	tagNumber
	tagRegister
	tagTaken
)

// Marshal returns the plaintext of a version; of one with a content, all that stands
// before it.
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
	version := uint16(HeaderVersion)
	if c := h.Content; c != nil {
		version = ContentVersion
		w.Uint(tagJSON, uint64(len(json)))
		w.Uint(tagAt, uint64(c.At))
		w.Uint(tagLength, uint64(c.Length))
		w.Bytes(tagSHA256, c.SHA256[:])
		w.Bytes(tagLead, c.Lead)
		w.Bytes(tagTrail, c.Trail)
	}
	w.String(tagOrganisation, h.Author.Organisation)
	w.String(tagRole, h.Author.Role)
	w.String(tagNumber, h.Author.Number)
	w.String(tagRegister, h.Author.Register)
	w.Flag(tagTaken, h.Taken)
	header := w.Finish()
	b := make([]byte, 0, 6+len(header)+len(json))
	b = binary.BigEndian.AppendUint16(b, version)
	b = binary.BigEndian.AppendUint32(b, uint32(len(header)))
	b = append(b, header...)
	return append(b, json...)
}

// Parse reads the plaintext of a version. The JSON points into plain. Of one with a
// content, plain is at least all that stands before it; At says where it begins.
func Parse(plain []byte) (Header, []byte, error) {
	h, json, _, err := parse(plain)
	return h, json, err
}

// ContentAt is where in the plaintext of a version its content begins, given all that
// stands before it.
func ContentAt(plain []byte) (int64, error) {
	h, json, at, err := parse(plain)
	if err == nil && h.Content == nil {
		err = wire.ErrFormat
	}
	return int64(at + len(json)), err
}

// Holds reports whether plain, which is all of the version, has the content that its
// header says.
func (h Header) Holds(plain []byte) bool {
	if h.Content == nil {
		return true
	}
	at, err := ContentAt(plain)
	return err == nil && int64(len(plain))-at == h.Content.Length && sha256.Sum256(plain[at:]) == h.Content.SHA256
}

// HasContent reports whether the plaintext that begins so is of a version with a
// content behind the JSON.
func HasContent(plain []byte) bool {
	return len(plain) >= 2 && binary.BigEndian.Uint16(plain) == ContentVersion
}

func parse(plain []byte) (h Header, json []byte, at int, err error) {
	if len(plain) < 6 {
		return h, nil, 0, wire.ErrFormat
	}
	version, n := binary.BigEndian.Uint16(plain), binary.BigEndian.Uint32(plain[2:])
	if version != HeaderVersion && version != ContentVersion || uint64(n) > uint64(len(plain)-6) {
		return h, nil, 0, wire.ErrFormat
	}
	at = 6 + int(n)
	d := wire.Decode("entry header", plain[6:at])
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
	json = plain[at:]
	if version == ContentVersion {
		size := d.Uint(tagJSON)
		c := &Content{At: int(d.Uint32(tagAt)), Length: int64(d.Uint(tagLength))}
		d.Fixed(tagSHA256, c.SHA256[:])
		c.Lead, c.Trail = bytes.Clone(d.Bytes(tagLead)), bytes.Clone(d.Bytes(tagTrail))
		if size > uint64(len(json)) || uint64(c.At) > size || c.Length < 0 || h.Deleted || h.Type != "Binary" {
			d.Fail("content")
			size = 0
		}
		h.Content, json = c, json[:size]
	}
	h.Author.Organisation, h.Author.Role = d.String(tagOrganisation), d.String(tagRole)
	h.Author.Number, h.Author.Register = d.String(tagNumber), d.String(tagRegister)
	h.Taken = d.Flag(tagTaken)
	return h, json, at, d.Finish()
}
