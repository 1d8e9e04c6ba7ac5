package store

import (
	"encoding/binary"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/fhir"
	"carehold/record/keys"
	"carehold/record/rows"
)

// What a memo is made of, before it is sealed. Numbers are big endian; nothing of
// this is ever at rest.
//
//	table   for each page:  count(4) || bytes(4) || len(type)(1) || type
//	page    ids(4) || FHIR ids, one after the other || for each entry:
//	        entry(16) || stamp(8) || section(1) || flags(1) || time(8) || body(4) || len(id)(1) || len(index)(4) || index || author(16) if it is not the person
//	        || len(source)(1) || source if it came from somewhere
//	lines   for each entry of the segment, in order: entry(16) || stamp(8) || hash(32) || page(4)
//
// A page holds entries of one type, so a search by type opens what it needs.
const (
	inTable = 't'
	inPage  = 'p'
	inLines = 'l'

	pageMost   = 64 << 10 // bytes of a page, unless it has one entry
	headerSize = 16 + 8 + 1 + 1 + 8 + 4 + 1 + 4
	placeSize  = 16 + 8 + 32 + 4

	isDeleted = 1
	byGrant   = 2
	hasSource = 4

	nowhere = 1<<32 - 1 // the page of an entry that is not the View's
)

// header is what a search needs of one entry.
type header struct {
	entry   record.EntryID
	stamp   stamp
	section record.Section
	deleted bool
	author  record.GrantID // zeros: the person
	time    int64          // Unix milliseconds
	body    uint32         // bytes of JSON
	ref     fhir.Ref
	index   []byte // of package search; points into what was opened
	source  []byte // where it came from, in words: of an import, or who wrote it; none of the person's own
}

func (h *header) updated() time.Time { return time.UnixMilli(h.time).UTC() }

func (h *header) size() int {
	n := headerSize + len(h.ref.ID) + len(h.index)
	if h.author != (record.GrantID{}) {
		n += len(h.author)
	}
	if len(h.source) > 0 {
		n += 1 + len(h.source)
	}
	return n
}

// place is a line of the directory, and where its header is.
type place struct {
	line
	page uint32
}

// pageInfo is what the table says of a page.
type pageInfo struct {
	typ   string
	count uint32
	bytes uint32
}

// memoSeal seals and opens the pieces of one memo.
type memoSeal struct {
	key   crypto.Key
	memo  memoKey
	epoch record.Epoch
}

func (v *View) memoSeal() memoSeal {
	return memoSeal{v.token.MemoKey(), memoKey{v.person, v.token.Grant}, v.hold.Epoch()}
}

func (s memoSeal) context(what byte, number int) crypto.Context {
	return keys.MemoContext(s.memo.person, s.memo.grant, s.epoch, what, uint32(number))
}

func (s memoSeal) seal(what byte, number int, plain []byte) []byte {
	return s.key.Seal(s.context(what, number), plain)
}

// open appends to dst, which has room for it: else what is in the clear would be
// left behind where it was.
func (s memoSeal) open(dst []byte, what byte, number int, sealed []byte) ([]byte, error) {
	out, err := s.key.OpenTo(dst, s.context(what, number), sealed)
	if err != nil {
		return dst, errMemo
	}
	return out, nil
}

// errMemo: what is in memory is not what was put there. It is a fault of the
// machine's or ours, and no damage at rest.
var errMemo error = record.Safef(record.Internal, "what a search keeps in memory does not open")

func marshalTable(pages []pageInfo) []byte {
	var b []byte
	for _, p := range pages {
		b = binary.BigEndian.AppendUint32(b, p.count)
		b = binary.BigEndian.AppendUint32(b, p.bytes)
		b = append(b, byte(len(p.typ)))
		b = append(b, p.typ...)
	}
	return b
}

func parseTable(b []byte) (pages []pageInfo) {
	for len(b) > 0 {
		n := 9 + int(b[8])
		pages = append(pages, pageInfo{string(b[9:n]), binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])})
		b = b[n:]
	}
	return pages
}

// pageSize is what a page of these headers takes.
func pageSize(headers []header) int {
	n := 4
	for i := range headers {
		n += headers[i].size()
	}
	return n
}

func marshalPage(headers []header) []byte {
	b := make([]byte, 4, pageSize(headers))
	for i := range headers {
		b = append(b, headers[i].ref.ID...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	for i := range headers {
		h := &headers[i]
		b = append(b, h.entry[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(h.stamp))
		b = append(b, byte(h.section), 0)
		if h.deleted {
			b[len(b)-1] |= isDeleted
		}
		if h.author != (record.GrantID{}) {
			b[len(b)-1] |= byGrant
		}
		if len(h.source) > 0 {
			b[len(b)-1] |= hasSource
		}
		b = binary.BigEndian.AppendUint64(b, uint64(h.time))
		b = binary.BigEndian.AppendUint32(b, h.body)
		b = append(b, byte(len(h.ref.ID)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(h.index)))
		b = append(b, h.index...)
		if h.author != (record.GrantID{}) {
			b = append(b, h.author[:]...)
		}
		if len(h.source) > 0 {
			b = append(b, byte(len(h.source)))
			b = append(b, h.source...)
		}
	}
	return b
}

// parsePage gives the headers of a page one after the other. Their indexes point
// into b; their ids do not.
func parsePage(b []byte, typ string, fn func(*header)) {
	n := 4 + binary.BigEndian.Uint32(b)
	ids := string(b[4:n])
	b = b[n:]
	var h header
	for len(b) > 0 {
		copy(h.entry[:], b)
		h.stamp = stamp(binary.BigEndian.Uint64(b[16:]))
		h.section, h.deleted = record.Section(b[24]), b[25]&isDeleted != 0
		h.time = int64(binary.BigEndian.Uint64(b[26:]))
		h.body = binary.BigEndian.Uint32(b[34:])
		h.ref = fhir.Ref{Type: typ, ID: ids[:b[38]]}
		ids = ids[b[38]:]
		end := headerSize + int(binary.BigEndian.Uint32(b[39:]))
		h.index = b[headerSize:end:end]
		h.author = record.GrantID{}
		if b[25]&byGrant != 0 {
			end += copy(h.author[:], b[end:])
		}
		h.source = nil
		if b[25]&hasSource != 0 {
			from := end + 1
			end = from + int(b[end])
			h.source = b[from:end:end]
		}
		b = b[end:]
		fn(&h)
	}
}

func marshalPlaces(places []place) []byte {
	b := make([]byte, 0, len(places)*placeSize)
	for _, p := range places {
		b = append(b, p.Entry[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(p.Stamp))
		b = append(b, p.Hash[:]...)
		b = binary.BigEndian.AppendUint32(b, p.page)
	}
	return b
}

func parsePlaces(b []byte) []place {
	places := make([]place, len(b)/placeSize)
	for i := range places {
		p := b[i*placeSize:]
		places[i] = place{rows.Line{Entry: record.EntryID(p[:16]), Stamp: stamp(binary.BigEndian.Uint64(p[16:])), Hash: hash(p[24:56])},
			binary.BigEndian.Uint32(p[56:])}
	}
	return places
}
