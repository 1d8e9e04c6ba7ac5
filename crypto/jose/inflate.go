package jose

import (
	"bytes"
	"compress/flate"
	"io"
)

// MaxRatio is how many times its own size something may inflate to, if that is more
// than a mebibyte. Patient summaries shrink to a tenth, a thousand equal readings to
// a hundredth; DEFLATE itself cannot do better than 1,032 to one.
const (
	MaxRatio = 256
	floor    = 1 << 20
)

// Inflate undoes raw DEFLATE (RFC 1951). It goes through b twice: once to count,
// which a bomb pays with time and not with memory, and once into a slice of just
// that size.
func Inflate(b []byte, limit int) ([]byte, error) {
	limit = min(limit, max(floor, MaxRatio*len(b)))
	r := bytes.NewReader(b)
	f := flate.NewReader(r) // r is an io.ByteReader: nothing behind the end is read
	n, err := io.Copy(io.Discard, io.LimitReader(f, int64(limit)+1))
	switch {
	case n > int64(limit):
		return nil, ErrTooLarge
	case err != nil, r.Len() != 0:
		return nil, ErrDeflate
	}
	r.Reset(b)
	if err := f.(flate.Resetter).Reset(r, nil); err != nil {
		return nil, ErrDeflate
	}
	out := make([]byte, n)
	if _, err := io.ReadFull(f, out); err != nil {
		return nil, ErrDeflate
	}
	return out, nil
}

// Deflate is the way there.
func Deflate(b []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		panic("jose: " + err.Error()) // the level is a constant
	}
	w.Write(b) // a bytes.Buffer takes everything
	w.Close()
	return out.Bytes()
}
