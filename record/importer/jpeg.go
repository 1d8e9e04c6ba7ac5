package importer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// A JPEG is a row of segments between SOI and EOI, with the picture in scans between
// them. ISO/IEC 10918-1 annex B.

// maxPictures is how many one file may have: the large one, a thumbnail, the light of
// it, two eyes of a pair.
const maxPictures = 16

func lookJPEG(f file, d *Document) error {
	j := jpegReader{r: bufio.NewReaderSize(f.from(0), piece)}
	for n := 1; ; n++ {
		if err := j.picture(d); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return truncated("a JPEG picture ends with the marker EOI")
			}
			return err
		}
		rest, err := f.upTo(j.n, 4096)
		if err != nil {
			return err
		}
		// Cameras fill up with zeros.
		left := bytes.TrimLeft(rest, "\x00")
		switch {
		case len(left) == 0 && int64(len(rest)) == f.size-j.n:
			return nil
		case !j.several || n == maxPictures || !bytes.HasPrefix(left, []byte("\xff\xd8\xff")):
			return appended(left)
		}
		if err := j.skip(len(rest) - len(left)); err != nil {
			return err
		}
	}
}

type jpegReader struct {
	r       *bufio.Reader
	n       int64 // read
	begun   bool  // the FF of a marker is read already
	several bool  // it says that other pictures follow: CIPA DC-007
}

func (j *jpegReader) byte() (byte, error) {
	b, err := j.r.ReadByte()
	if err == nil {
		j.n++
	}
	return b, err
}

func (j *jpegReader) skip(n int) error {
	k, err := j.r.Discard(n)
	j.n += int64(k)
	return err
}

// picture reads one, from SOI to EOI.
func (j *jpegReader) picture(d *Document) error {
	var soi [2]byte
	n, err := io.ReadFull(j.r, soi[:])
	if j.n += int64(n); err != nil {
		return err
	}
	scans := 0
	for {
		marker, err := j.marker()
		if err != nil {
			return err
		}
		switch {
		case marker == 0xd9: // EOI
			if scans == 0 {
				return broken("there is no picture in it")
			}
			return nil
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd8: // TEM, RST, SOI: no segments
			if marker == 0xd8 {
				return broken("a picture begins inside of another")
			}
			continue
		}
		var size [2]byte
		n, err := io.ReadFull(j.r, size[:])
		if j.n += int64(n); err != nil {
			return err
		}
		length := int(binary.BigEndian.Uint16(size[:])) - 2
		if length < 0 {
			return broken("a segment has no length")
		}
		if err := j.segment(marker, length, d); err != nil {
			return err
		}
		if marker == 0xda { // SOS: the scan follows
			scans++
			if err := j.scan(); err != nil {
				return err
			}
		}
	}
}

// marker reads the next, which follows at once.
func (j *jpegReader) marker() (byte, error) {
	b, err := byte(0xff), error(nil)
	if !j.begun {
		b, err = j.byte()
	}
	j.begun = false
	if err == nil && b != 0xff {
		return 0, broken("where a segment should begin there is something else")
	}
	for err == nil && b == 0xff { // fill bytes
		b, err = j.byte()
	}
	return b, err
}

// segment reads what says when it was taken, and that pictures follow.
func (j *jpegReader) segment(marker byte, length int, d *Document) error {
	if marker != 0xe1 && marker != 0xe2 {
		return j.skip(length)
	}
	b := make([]byte, length)
	n, err := io.ReadFull(j.r, b)
	j.n += int64(n)
	switch {
	case err != nil:
		return err
	case marker == 0xe1 && bytes.HasPrefix(b, []byte("Exif\x00\x00")) && d.Made == "":
		exifInto(b[6:], d)
	case marker == 0xe2 && bytes.HasPrefix(b, []byte("MPF\x00")):
		j.several = true
	}
	return nil
}

// scan goes to the next marker that is not part of a scan.
func (j *jpegReader) scan() error {
	for {
		b, err := j.r.ReadSlice(0xff)
		j.n += int64(len(b))
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return err
		}
		next, err := j.r.Peek(1)
		if err != nil {
			return err
		}
		switch c := next[0]; {
		case c == 0xff: // fill
		case c == 0 || c >= 0xd0 && c <= 0xd7:
			if err := j.skip(1); err != nil {
				return err
			}
		default:
			j.begun = true
			return nil
		}
	}
}
