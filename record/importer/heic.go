package importer

import (
	"encoding/binary"
	"slices"
)

// A HEIC picture is a row of boxes: what it is, what is in it and where, and the
// pictures. ISO/IEC 14496-12 and 23008-12.

var heicBrands = []string{"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"}

func isHEIC(head []byte) bool {
	return len(head) >= 12 && string(head[4:8]) == "ftyp" && slices.Contains(heicBrands, string(head[8:12]))
}

const (
	maxBoxes = 10_000
	maxMeta  = 1 << 20
	maxExif  = 64 << 10
)

// box is one of a row.
type box struct {
	name    string
	at, end int64 // of what is in it
}

// nextBox reads the head of the box at a place, which ends by end.
func (f file) nextBox(at, end int64) (b box, ok bool) {
	head, err := f.upTo(at, 16)
	if err != nil || len(head) < 8 {
		return b, false
	}
	size, from := int64(binary.BigEndian.Uint32(head)), at+8
	switch size {
	case 0: // to the end
		size = end - at
	case 1:
		if len(head) < 16 || binary.BigEndian.Uint64(head[8:]) > 1<<62 {
			return b, false
		}
		size, from = int64(binary.BigEndian.Uint64(head[8:])), at+16
	}
	if size < from-at || size > end-at {
		return b, false
	}
	return box{string(head[4:8]), from, at + size}, true
}

func lookHEIC(f file, d *Document) error {
	var meta, data bool
	at := int64(0)
	for n := 0; at < f.size; n++ {
		b, ok := f.nextBox(at, f.size)
		known := ok && slices.Contains([]string{"ftyp", "meta", "mdat", "moov", "free", "skip", "wide", "uuid", "pict", "mpvd"}, b.name)
		switch {
		case n == maxBoxes:
			return broken("its boxes do not end")
		case !known && data && meta:
			rest, err := f.upTo(at, 64)
			if err != nil {
				return err
			}
			return appended(rest)
		case !known:
			return truncated("a part of the picture is missing")
		case b.name == "meta":
			meta = true
			f.heicExif(b, d)
		case b.name == "mdat":
			data = true
		}
		at = b.end
	}
	if !meta || !data {
		return truncated("a part of the picture is missing")
	}
	return nil
}

// heicExif finds the item that is Exif, and reads it. What of it does not read says
// nothing.
func (f file) heicExif(meta box, d *Document) {
	if meta.end-meta.at > maxMeta {
		return
	}
	id, there := uint32(0), false
	var places box
	at := meta.at + 4 // version and flags
	for range maxBoxes {
		b, ok := f.nextBox(at, meta.end)
		if !ok {
			break
		}
		switch b.name {
		case "iinf":
			id, there = f.exifItem(b)
		case "iloc":
			places = b
		}
		at = b.end
	}
	if !there || places.name == "" {
		return
	}
	off, n, ok := f.itemAt(places, id)
	if !ok || n < 4 || n > maxExif {
		return
	}
	b, err := f.at(off, int(n))
	if err != nil {
		return
	}
	// The picture's Exif has in front how far off its TIFF is. ISO/IEC 23008-12 annex A.
	if skip := int64(binary.BigEndian.Uint32(b)); skip < int64(len(b))-4 {
		exifInto(b[4+skip:], d)
	}
}

// exifItem is the number of the item of type Exif.
func (f file) exifItem(iinf box) (id uint32, ok bool) {
	head, err := f.at(iinf.at, 8)
	if err != nil {
		return 0, false
	}
	at := iinf.at + 6
	if head[0] != 0 {
		at = iinf.at + 8
	}
	for range maxBoxes {
		b, ok := f.nextBox(at, iinf.end)
		if !ok {
			break
		}
		if e, err := f.upTo(b.at, 14); err == nil && b.name == "infe" && len(e) == 14 {
			switch {
			case e[0] == 2 && string(e[8:12]) == "Exif":
				return uint32(binary.BigEndian.Uint16(e[4:])), true
			case e[0] == 3 && string(e[10:14]) == "Exif":
				return binary.BigEndian.Uint32(e[4:]), true
			}
		}
		at = b.end
	}
	return 0, false
}

// itemAt is where in the file an item is, if it is in one piece.
func (f file) itemAt(iloc box, id uint32) (at, n int64, ok bool) {
	b, err := f.at(iloc.at, int(min(iloc.end-iloc.at, maxMeta)))
	if err != nil || len(b) < 8 {
		return 0, 0, false
	}
	r := fields{b: b[4:]}
	version := b[0]
	sizes := r.next(2)
	offSize, lenSize, baseSize, indexSize := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	if version == 0 {
		indexSize = 0
	}
	wide := 2
	if version == 2 {
		wide = 4
	}
	for count := r.next(wide); count > 0 && !r.over; count-- {
		item := r.next(wide)
		method := uint64(0)
		if version > 0 {
			method = r.next(2) & 15
		}
		r.next(2)
		base := r.next(baseSize)
		extents := r.next(2)
		for range extents {
			r.next(indexSize)
			from, length := r.next(offSize), r.next(lenSize)
			if r.over {
				return 0, 0, false
			}
			if item == uint64(id) && extents == 1 && method == 0 && base < 1<<40 && from < 1<<40 && length < 1<<40 {
				return int64(base + from), int64(length), true
			}
		}
	}
	return 0, 0, false
}

// fields reads numbers of so many bytes.
type fields struct {
	b    []byte
	over bool
}

func (r *fields) next(n int) (v uint64) {
	if n > len(r.b) || n > 8 {
		r.over = true
		return 0
	}
	for _, c := range r.b[:n] {
		v = v<<8 | uint64(c)
	}
	r.b = r.b[n:]
	return v
}
