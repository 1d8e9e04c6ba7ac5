package importer

import (
	"encoding/binary"
	"strings"
)

// A TIFF is a header and directories that lead to everything else. TIFF 6.0 §2. What
// cameras write about a picture (Exif) is one too, inside of the picture.

const (
	maxDirectories = 1000
	maxTags        = 4096
	maxStrips      = 1 << 18

	tagDateTime      = 0x0132
	tagStrips        = 0x0111
	tagStripCounts   = 0x0117
	tagTiles         = 0x0144
	tagTileCounts    = 0x0145
	tagExif          = 0x8769
	tagTaken         = 0x9003 // DateTimeOriginal
	tagDigitized     = 0x9004
	tagZone          = 0x9010
	tagTakenZone     = 0x9011
	tagDigitizedZone = 0x9012
)

// sizes of a TIFF's types, by their number.
var tiffSizes = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4}

type tiff struct {
	file
	order binary.ByteOrder
	end   int64 // of what its directories lead to
}

type tiffTag struct {
	typ   uint16
	count uint32
	value [4]byte // or where it is
}

func newTIFF(f file) (t *tiff, first int64, err error) {
	b, err := f.at(0, 8)
	if err != nil {
		return nil, 0, truncated("it has no directory")
	}
	t = &tiff{file: f, order: binary.LittleEndian, end: 8}
	if b[0] == 'M' {
		t.order = binary.BigEndian
	}
	if string(b[:2]) != "II" && string(b[:2]) != "MM" || t.order.Uint16(b[2:]) != 42 {
		return nil, 0, broken("it is no TIFF")
	}
	return t, int64(t.order.Uint32(b[4:])), nil
}

// directory reads one, and where the next is.
func (t *tiff) directory(at int64) (tags map[uint16]tiffTag, next int64, err error) {
	cut := truncated("a part of the picture is missing")
	b, err := t.at(at, 2)
	if err != nil {
		return nil, 0, cut
	}
	n := int(t.order.Uint16(b))
	if n > maxTags {
		return nil, 0, broken("a directory is larger than any is")
	}
	if b, err = t.at(at+2, 12*n+4); err != nil {
		return nil, 0, cut
	}
	t.end = max(t.end, at+2+int64(len(b)))
	tags = make(map[uint16]tiffTag, n)
	for i := range n {
		e := b[12*i:]
		tag := tiffTag{typ: t.order.Uint16(e[2:]), count: t.order.Uint32(e[4:]), value: [4]byte(e[8:12])}
		if int(tag.typ) < len(tiffSizes) {
			if size := tiffSizes[tag.typ] * int64(tag.count); size > 4 {
				t.end = max(t.end, min(int64(t.order.Uint32(tag.value[:]))+size, t.size))
			}
		}
		tags[t.order.Uint16(e)] = tag
	}
	return tags, int64(t.order.Uint32(b[12*n:])), nil
}

// number is the only value of a tag.
func (t *tiff) number(tag tiffTag) int64 {
	if tag.typ == 3 {
		return int64(t.order.Uint16(tag.value[:]))
	}
	return int64(t.order.Uint32(tag.value[:]))
}

// numbers are the values of a tag.
func (t *tiff) numbers(tag tiffTag) ([]int64, error) {
	if tag.typ != 3 && tag.typ != 4 || tag.count > maxStrips {
		return nil, broken("it is cut in pieces in a way that TIFF has not")
	}
	size := tiffSizes[tag.typ] * int64(tag.count)
	b := tag.value[:]
	if size > 4 {
		var err error
		if b, err = t.at(int64(t.order.Uint32(tag.value[:])), int(size)); err != nil {
			return nil, truncated("a part of the picture is missing")
		}
	}
	all := make([]int64, tag.count)
	for i := range all {
		if tag.typ == 3 {
			all[i] = int64(t.order.Uint16(b[2*i:]))
		} else {
			all[i] = int64(t.order.Uint32(b[4*i:]))
		}
	}
	return all, nil
}

// text is a text of a tag, short as they are.
func (t *tiff) text(tag tiffTag) string {
	if tag.typ != 2 || tag.count > 64 {
		return ""
	}
	b := tag.value[:min(tag.count, 4)]
	if tag.count > 4 {
		var err error
		if b, err = t.at(int64(t.order.Uint32(tag.value[:])), int(tag.count)); err != nil {
			return ""
		}
	}
	text, _, _ := strings.Cut(string(b), "\x00")
	return text
}

func lookTIFF(f file, d *Document) error {
	t, at, err := newTIFF(f)
	if err != nil {
		return err
	}
	pictures := 0
	for n := 0; at != 0; n++ {
		if n == maxDirectories {
			return broken("its directories do not end")
		}
		tags, next, err := t.directory(at)
		if err != nil {
			return err
		}
		for _, pair := range [][2]uint16{{tagStrips, tagStripCounts}, {tagTiles, tagTileCounts}} {
			where, there := tags[pair[0]]
			if !there {
				continue
			}
			pictures++
			if err := t.whole(where, tags[pair[1]]); err != nil {
				return err
			}
		}
		t.dated(tags, d)
		at = next
	}
	if pictures == 0 {
		return broken("there is no picture in it")
	}
	if rest, err := f.upTo(t.end, 64); err != nil || len(rest) > 0 && magic("PK\x03\x04", "%PDF-", "<", "\xff\xd8\xff", pngSignature, "GIF8", "II*\x00", "MM\x00*")(rest) {
		return appended(rest)
	}
	return nil
}

// whole reports whether all pieces of a picture are there.
func (t *tiff) whole(where, long tiffTag) error {
	at, err := t.numbers(where)
	if err != nil {
		return err
	}
	sizes, err := t.numbers(long)
	if err != nil {
		return err
	}
	if len(at) != len(sizes) || len(at) == 0 {
		return broken("there are other pieces than it says")
	}
	for i := range at {
		if sizes[i] > t.size || at[i] > t.size-sizes[i] {
			return truncated("a part of the picture is missing")
		}
		t.end = max(t.end, at[i]+sizes[i])
	}
	return nil
}

// dated takes the first date that the picture was taken, or scanned.
func (t *tiff) dated(tags map[uint16]tiffTag, d *Document) {
	if d.Made != "" {
		return
	}
	if e, there := tags[tagExif]; there {
		if inside, _, err := t.directory(t.number(e)); err == nil {
			for _, pair := range [][2]uint16{{tagTaken, tagTakenZone}, {tagDigitized, tagDigitizedZone}} {
				if d.Made = exifDate(t.text(inside[pair[0]]), t.text(inside[pair[1]])); d.Made != "" {
					d.From = "the picture"
					return
				}
			}
		}
	}
	if d.Type == "image/tiff" {
		if d.Made = exifDate(t.text(tags[tagDateTime]), ""); d.Made != "" {
			d.From = "the picture"
		}
	}
}

// exifInto reads what a camera wrote. What of it does not read says nothing.
func exifInto(b []byte, d *Document) {
	t, at, err := newTIFF(file{strings.NewReader(string(b)), int64(len(b))})
	if err != nil {
		return
	}
	if tags, _, err := t.directory(at); err == nil {
		t.dated(tags, d)
	}
}

// exifDate reads 2026:03:02 10:00:00 and a zone. Exif 2.32 §4.6.5.
func exifDate(text, zone string) string {
	if len(text) < 10 {
		return ""
	}
	digits := strings.NewReplacer(":", "", " ", "", "-", "").Replace(text)
	return dateTime(digits, zoneOf(zone))
}
