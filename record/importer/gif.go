package importer

import (
	"bufio"
	"errors"
	"io"
)

// A GIF is a row of blocks between its screen and a trailer. GIF89a §18 and on.

func lookGIF(f file, _ *Document) error {
	g := gifReader{r: bufio.NewReaderSize(f.from(0), piece)}
	err := g.all()
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return truncated("a GIF picture ends with its trailer")
	case err != nil:
		return err
	}
	if g.n < f.size {
		rest, err := f.upTo(g.n, 64)
		if err != nil {
			return err
		}
		return appended(rest)
	}
	return nil
}

type gifReader struct {
	r *bufio.Reader
	n int64
}

func (g *gifReader) byte() (byte, error) {
	b, err := g.r.ReadByte()
	if err == nil {
		g.n++
	}
	return b, err
}

func (g *gifReader) skip(n int) error {
	k, err := g.r.Discard(n)
	g.n += int64(k)
	return err
}

func (g *gifReader) all() error {
	if err := g.skip(6 + 4); err != nil { // GIF89a, width and height
		return err
	}
	flags, err := g.byte()
	if err == nil {
		err = g.skip(2 + table(flags))
	}
	if err != nil {
		return err
	}
	for {
		b, err := g.byte()
		if err != nil {
			return err
		}
		switch b {
		case 0x3b:
			return nil
		case 0x21: // an extension: a label, then blocks
			err = g.skip(1)
		case 0x2c: // a picture: its place, its colours, how it is packed, then blocks
			if err = g.skip(8); err == nil {
				if flags, err = g.byte(); err == nil {
					err = g.skip(table(flags) + 1)
				}
			}
		default:
			return broken("there is a block that GIF has not")
		}
		for n := byte(1); err == nil && n > 0; {
			if n, err = g.byte(); err == nil {
				err = g.skip(int(n))
			}
		}
		if err != nil {
			return err
		}
	}
}

// table is how long a table of colours is.
func table(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}
