package importer

import (
	"encoding/binary"
)

// A PNG is a row of chunks from IHDR to IEND. W3C PNG §5.

const pngSignature = "\x89PNG\r\n\x1a\n"

func lookPNG(f file, d *Document) error {
	at := int64(len(pngSignature))
	const last = "a PNG picture ends with the chunk IEND"
	for first := true; ; first = false {
		head, err := f.upTo(at, 8)
		if err != nil {
			return err
		}
		if len(head) < 8 {
			return truncated(last)
		}
		length, name := int64(binary.BigEndian.Uint32(head)), string(head[4:])
		switch {
		case length > 1<<31-1:
			return broken("a chunk is longer than there may be")
		case first != (name == "IHDR"):
			return broken("a PNG picture begins with the chunk IHDR, and has one")
		case length+12 > f.size-at:
			return truncated(last)
		}
		if name == "eXIf" && length <= piece && d.Made == "" {
			b, err := f.at(at+8, int(length))
			if err != nil {
				return err
			}
			exifInto(b, d)
		}
		if at += length + 12; name == "IEND" {
			break
		}
	}
	if at < f.size {
		rest, err := f.upTo(at, 64)
		if err != nil {
			return err
		}
		return appended(rest)
	}
	return nil
}
